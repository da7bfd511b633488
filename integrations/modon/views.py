"""Modon's calls. Each finds its orders through the key's merchant and makes one call into the domain."""

import re
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.exceptions import ParseError, PermissionDenied, Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from integrations import throttle
from integrations.bodies import check_storable
from integrations.dialect import DialectView, UnknownPath, validate
from integrations.modon import auth, invoices, receipt, rows, serializers, words
from integrations.modon.errors import answer_error
from integrations.modon.parsing import AnyBodyParser, AnyType
from integrations.modon.places import places
from orders import actions
from orders.events import Actor
from orders.models import Order, OrderEvent, OrderQuerySet

_WINDOW_SECONDS = 30
# Of orders in one call that changes them, so that none holds them all locked.
_MAX_CHANGED = 1000
_NUMBER = re.compile(r"[0-9]{1,18}")
# Where callers put the numbers of orders: the documents', and those that programs in use send.
_NUMBERS = ("qr_ids", "ids", "qr_id", "order_id", "id")


class ModonView(DialectView):
    """Every call is counted. `changes`: only for those who may work on orders; `merchant`: only with a merchant's
    token."""

    authentication_classes = [auth.TokenAuthentication]
    parser_classes = [AnyBodyParser]
    content_negotiation_class = AnyType
    http_method_names = ["get", "post"]
    answer_error = staticmethod(answer_error)
    changes = False
    merchant = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            super().initial(request, *args, **kwargs)
        finally:  # bad tokens are counted too, and end in a 429
            who = self.caller.name if request.auth else f"address:{throttle.address_of(request._request)}"
            allowance = throttle.count(f"{auth.DIALECT}:{who}", settings.MODON_RATE_LIMIT, _WINDOW_SECONDS)
            if allowance.exceeded:
                raise Throttled(allowance.wait)
        if (self.changes and not self.caller.may_operate) or (self.merchant and not self.caller.is_merchant):
            raise PermissionDenied

    @property
    def caller(self) -> auth.Caller:
        return self.request.user  # type: ignore[return-value]

    @property
    def actor(self) -> Actor:
        person = self.caller.membership
        return Actor(OrderEvent.ActorKind.USER, person.user.get_username()) if person else super().actor

    @property
    def orders(self) -> OrderQuerySet:
        return super().orders.kept()

    @cached_property
    def fields(self) -> dict[str, Any]:
        """What was sent, in the body or in the query, without the token. A GET's body is ignored."""
        fields = self.request.query_params.dict()
        try:
            check_storable(fields)
        except ValueError as error:
            raise ParseError("The query is not valid text") from error
        if self.request.method != "GET":
            fields |= self.request.data
        return {name: value for name, value in fields.items() if name != "token"}

    def numbers(self, first: str) -> list[str]:
        """The orders that are asked for, as written, each once. `first`: where the call's document puts them; other
        names count only where that one is not sent."""
        given = next((self.fields[name] for name in (first, *_NUMBERS) if self.fields.get(name)), "")
        listed = given if isinstance(given, list) else str(given).split(",")
        return list(dict.fromkeys(text for one in listed if (text := str(one).strip())))

    def find_orders(self, first: str = "qr_ids") -> list[Order]:
        """All the orders that are asked for. Raises `ValidationError` when one of them is not the merchant's."""
        numbers = self.numbers(first)
        if not 0 < len(numbers) <= _MAX_CHANGED:
            raise ValidationError({"qr_ids": f"Name 1 to {_MAX_CHANGED} orders by their numbers."})
        wanted = {int(number) for number in numbers if _NUMBER.fullmatch(number)}
        found = list(self.orders.filter(pk__in=wanted))
        if len(found) < len(numbers):
            raise ValidationError({"qr_ids": "There is no such order."})
        return found

    def find_order(self) -> Order:
        found = self.find_orders("qr_id")
        if len(found) > 1:
            raise ValidationError({"qr_id": "Name one order."})
        return found[0]

    def invoice_number(self) -> str:
        number = str(self.fields.get("invoice_id") or "")
        if not number:
            raise ValidationError({"invoice_id": "This field is required."})
        return number

    def reply(self, order: dict[str, Any]) -> Response:
        """Some programs only understand the array that is documented, others only the object itself."""
        return ok(order if self.api_key.source.settings.get("modon_create_reply") == "object" else [order])


def ok(data: Any, **options: Any) -> Response:
    return Response({"status": True, "errNum": "S000", "msg": "ok", "data": data}, **options)


# --- Who ------------------------------------------------------------------------------------------------------------
class LogIn(ModonView):
    authentication_classes = []
    permission_classes = []

    def post(self, request: Request) -> Response:
        given = {name: self.fields.get(name) for name in ("username", "password")}
        for name, value in given.items():
            if value in (None, "") or not isinstance(value, str | int) or len(str(value)) > 1024:
                raise ValidationError({name: "This field is required, as a text."})
        token = auth.log_in(str(given["username"]), str(given["password"]), request)
        return ok({"token": token}, headers={"Cache-Control": "no-store"})


# --- Where ----------------------------------------------------------------------------------------------------------
class OpenView(ModonView):
    authentication_classes = [auth.OpenAuthentication]
    permission_classes = []


class Cities(OpenView):
    def get(self, request: Request) -> Response:
        return ok([{"id": str(number), "city_name": name} for number, name in places().cities.items()])


class Regions(OpenView):
    def get(self, request: Request) -> Response:
        city = str(self.fields.get("city_id", "")).strip()
        if not re.fullmatch(r"[0-9]{1,9}", city):
            raise ValidationError({"city_id": "It must be the number of a city."})
        regions = places().regions.items()
        return ok([{"id": str(number), "region_name": name} for number, (of, name) in regions if of == int(city)])


class PackageSizes(OpenView):
    def get(self, request: Request) -> Response:
        return ok([{"id": str(number), "size": name} for number, name in places().sizes.items()])


class Statuses(ModonView):
    def get(self, request: Request) -> Response:
        return ok([{"id": str(number), "status": text} for number, text in words.STATUSES.items()])


# --- Orders ---------------------------------------------------------------------------------------------------------
class CreateOrder(ModonView):
    changes = True

    def post(self, request: Request) -> Response:
        def place() -> dict[str, Any]:
            key = self.api_key
            valid = validate(serializers.OrderSerializer, self.fields)
            draft = serializers.new_draft(valid, self.fields, key.source)
            [order] = actions.place_orders(key.source, [draft], actor=self.actor, is_test=key.is_test)
            return serializers.placed(order, valid)

        return self.reply(self.once("create-order", self.fields, place).data)


class EditOrder(ModonView):
    changes = True

    def post(self, request: Request) -> Response:
        order = self.find_order()
        valid = validate(serializers.OrderSerializer, self.fields)
        draft = serializers.edited_draft(valid, self.fields, order)
        return self.reply(serializers.placed(actions.edit_order(order, draft, self.actor), valid))


class DeleteOrders(ModonView):
    changes = True

    def post(self, request: Request) -> Response:
        actions.delete_orders(self.find_orders(), self.actor)
        return ok([])


class MerchantOrders(ModonView):
    def get(self, request: Request) -> StreamingHttpResponse:
        return StreamingHttpResponse(rows.stream(self.orders), content_type="application/json")


class OrdersByIds(ModonView):
    """Unknown numbers are left out, and those beyond the limit are not looked at."""

    def get(self, request: Request) -> Response:
        asked = self.numbers("ids")
        if not asked:
            raise ValidationError({"ids": "This field is required."})
        wanted = [int(number) for number in asked[: words.MAX_LOOKED_UP] if _NUMBER.fullmatch(number)]
        found = {order.id: order for order in rows.listed(self.orders.filter(pk__in=wanted))}
        return ok([rows.row(found[number], places()) for number in wanted if number in found])

    post = get


# --- Invoices -------------------------------------------------------------------------------------------------------
class InvoiceView(ModonView):
    merchant = True


class Invoices(InvoiceView):
    def get(self, request: Request) -> Response:
        key = self.api_key
        return ok(invoices.of(key.source.merchant, is_test=key.is_test))


class InvoiceOrders(InvoiceView):
    def get(self, request: Request) -> Response:
        key = self.api_key
        return ok(invoices.with_orders(key.source.merchant, self.invoice_number(), is_test=key.is_test))


class ReceiveInvoice(InvoiceView):
    def get(self, request: Request) -> Response:
        key = self.api_key
        invoices.receive(key.source.merchant, self.invoice_number(), is_test=key.is_test)
        return ok([])


# --- The rest -------------------------------------------------------------------------------------------------------
class Receipt(OpenView):
    """The page that goes onto the parcel: for any token of its merchant, or the one that its link carries."""

    def get(self, request: Request) -> HttpResponse:
        number = str(self.fields.get("id", "")).strip()
        pk = int(number) if _NUMBER.fullmatch(number) else 0
        if request.auth:
            found = self.orders
        elif auth.opens_receipt(request.query_params.get("token", ""), pk):
            found = Order.objects.kept().filter(merchant__is_active=True)
        else:
            raise PermissionDenied
        order = found.filter(pk=pk).prefetch_related("items").first()
        if order is None:
            raise ValidationError({"id": "There is no such order."})
        headers = {"Content-Disposition": f'inline; filename="receipt-{pk}.pdf"', "Cache-Control": "private"}
        return HttpResponse(receipt.draw(order), content_type="application/pdf", headers=headers)


class Unknown(UnknownPath, ModonView):
    """Every other path of the dialect."""

    http_method_names = DialectView.http_method_names
