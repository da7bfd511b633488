"""Magic Lane's calls. Everything is found through the key's merchant; each makes one call into the domain."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from destinations import places as writer
from destinations.models import Customer, Depot, Merchant
from integrations.dialect import DialectView, UnknownPath, dump_json
from integrations.magiclane import columns, filters, places, serializers, words
from integrations.magiclane.auth import KeyAuthentication
from integrations.magiclane.errors import answer_error
from integrations.magiclane.nearest import nearest_depot
from orders import actions
from orders.drafts import OrderDraft
from orders.errors import OutOfCoverage, WrongStatus
from orders.models import Order, OrderQuerySet
from orders.statuses import Status

_BATCH = 200
_ROWS_AT_A_TIME = 2000


class MagicLaneView(DialectView):
    authentication_classes = [KeyAuthentication]
    answer_error = staticmethod(answer_error)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if "WWW-Authenticate" in response:  # the key stands alone, and "Bearer" would be wrong
            response["WWW-Authenticate"] = "ApiKey"
        return response

    @property
    def merchant(self) -> Merchant:
        return self.api_key.source.merchant

    @property
    def orders(self) -> OrderQuerySet:
        return super().orders.kept()

    def show(self, order: Order, said: tuple[int, int] | None = None) -> dict[str, Any]:
        order.merchant = self.merchant  # whose time zone may be needed: not a query for each order
        return serializers.order(order, said)

    def asked(self) -> dict[str, str]:
        """The parameters of the address; the last one of each name."""
        found = self.request.query_params.dict()
        if any("\x00" in value for value in found.values()):
            raise ValidationError("NUL characters are not allowed.")
        return found

    def answer_list(
        self, name: str, table: filters.Table, rows: QuerySet, show: Callable[[Any], dict[str, Any]]
    ) -> HttpResponseBase:
        """The rows that are asked for, sent while they are read: there may be a great many."""
        asked, tz = self.asked(), self.merchant.tz
        try:
            rows = table.sort(table.narrow(rows, asked, tz), asked.get("sort", ""), tz)
            kept = table.include(asked.get("includeColumns", ""))
            rows = rows[filters.page(asked)]
        except ValueError as error:
            raise ValidationError(str(error)) from error
        found = rows.iterator(chunk_size=_ROWS_AT_A_TIME)
        first = list(islice(found, _BATCH))  # what goes wrong goes wrong before the answer has begun
        objects = (filters.only(show(row), kept) for row in chain(first, found))
        return StreamingHttpResponse(_stream(name, objects), content_type="application/json")


def _stream(name: str, objects: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    before = b'{"%b":[' % name.encode()
    while batch := list(islice(objects, _BATCH)):
        yield before + b",".join(map(dump_json, batch))
        before = b","
    yield b"]}" if before == b"," else before + b"]}"


def _number(text: str) -> int:
    """The id in a path. One that no row can have is not found, what is no number is invalid."""
    if not (text.isascii() and text.isdecimal()):
        raise ValidationError("id: Must be an integer.")
    return int(text) if len(text) <= 18 else -1


def _ids(found: Any) -> set[int]:
    if not isinstance(found, list) or not found or not all(type(number) is int for number in found):
        raise ValidationError("ids: Must be an array of integers.")
    if len(found) > words.MAX_IDS:
        raise ValidationError(f"ids: At most {words.MAX_IDS} in one request.")
    return {number if 0 <= number < 2**63 else -1 for number in found}


# --- Orders ---------------------------------------------------------------------------------------------------------
class Orders(MagicLaneView):
    def get(self, request: Request) -> HttpResponseBase:
        rows = self.orders
        if text := self.asked().get("search"):
            rows &= Order.objects.search(self.merchant, text)
        rows = rows.defer("raw_payload", "routing", "search_text")
        return self.answer_list("orders", columns.ORDERS, columns.with_items_weight(rows), self.show)

    def post(self, request: Request) -> Response:
        body: Any = request.data

        def place() -> dict[str, Any]:
            valid = serializers.read_all(serializers.NewOrderSerializer, body, "orders")
            drafts = self._drafts(valid, body)
            try:
                orders = actions.place_orders(
                    self.api_key.source, drafts, actor=self.actor, is_test=self.api_key.is_test
                )
            except OutOfCoverage as error:
                raise _outside(error, drafts) from error
            return {"orders": [self.show(order) for order in orders]}

        return self.once("orders", body, place)

    def _drafts(self, valid: list[dict[str, Any]], body: list[Any]) -> list[OrderDraft]:
        customers = self._found(Customer, {one["customerId"] for one in valid})
        depots = self._found(Depot, {one["depotId"] for one in valid if one.get("depotId")})
        drafts = []
        for number, (one, sent) in enumerate(zip(valid, body, strict=True)):
            customer, depot = customers.get(one["customerId"]), depots.get(one.get("depotId", 0))
            if customer is None:
                raise ValidationError({f"orders[{number}]": {"customerId": "Customer not found."}})
            if depot is None and one.get("depotId"):
                raise ValidationError({f"orders[{number}]": {"depotId": "Depot not found."}})
            drafts.append(serializers.new_draft(one, sent, customer, depot, self.api_key.source))
        return drafts

    def _found(self, kind: type[Any], ids: Iterable[int]) -> dict[int, Any]:
        """The merchant's rows of these ids: one query, none without ids."""
        return kind.objects.filter(merchant=self.merchant).in_bulk(list(ids)) if ids else {}

    def delete(self, request: Request) -> Response:
        body: Any = request.data

        def delete() -> dict[str, str]:
            ids = _ids(body.get("ids") if isinstance(body, dict) else None)
            orders = list(self.orders.filter(pk__in=ids).only("pk"))
            try:
                if len(orders) != len(ids):
                    raise NotFound(words.CANNOT_DELETE.format(things="orders"))
                actions.delete_orders(orders, self.actor, cancelled=True)
            except WrongStatus as error:
                raise NotFound(words.CANNOT_DELETE.format(things="orders")) from error
            return words.DONE

        return self.once("orders/delete", body, delete)


def _outside(error: OutOfCoverage, drafts: list[OrderDraft]) -> ValidationError:
    """A point that the merchant does not deliver to, as the element and the field that it came from."""
    for number, draft in enumerate(drafts):
        stop = draft.pickup if error.path == "pickup" else draft.dropoff
        if (stop.lat, stop.lng) == (error.lat, error.lng):
            return ValidationError({f"orders[{number}]": _outside_field(error, draft)})
    return ValidationError(error.message)


def _outside_field(error: OutOfCoverage, draft: OrderDraft) -> dict[str, str]:
    here, _ = words.ends(draft.extras[words.DIALECT].get("type", words.DELIVERY))
    return {"location" if error.path == here else "depotId": error.message}


class OneOrder(MagicLaneView):
    def get(self, request: Request, number: str) -> Response:
        return Response(self.show(self._found(self.orders, number)))

    def put(self, request: Request, number: str) -> Response:
        body: Any = request.data
        order = self._find(number)
        assign = self.asked().get("autoAssignDepot", "0")
        if assign not in ("0", "1"):
            raise ValidationError("autoAssignDepot: Must be 0 or 1.")
        shown = self.show(order)
        valid = serializers.read(serializers.OrderSerializer, serializers.differing(body, shown))
        if assign == "1":
            lat, lng = valid.get("location", shown["location"])
            # A request to another machine: before anything is locked.
            if (lat or lng) and (depot := nearest_depot(self.merchant, (lat, lng))):
                valid["depotId"] = depot

        def update() -> dict[str, Any]:
            changes = {name: value for name, value in valid.items() if value != shown[name]}
            said = self._update(order, shown, changes, body)
            return self.show(self._find(number), said)

        return self.once(f"orders/{order.pk}", {"assign": assign, "order": body}, update)

    def _find(self, number: str) -> Order:
        return self._found(self.orders.select_related("customer", "depot", "rider", "source"), number)

    def _found(self, rows: OrderQuerySet, number: str) -> Order:
        order = rows.filter(pk=_number(number)).first()
        if order is None:
            raise NotFound("Order not found in database.")
        return order

    @transaction.atomic
    def _update(
        self, order: Order, shown: dict[str, Any], changes: dict[str, Any], body: Any
    ) -> tuple[int, int] | None:
        """Changes the order where it differs from what is shown, and does what a changed state asks for. Returns the
        pair to be answered when a cancel is only on its way."""
        contents = {name: value for name, value in changes.items() if name not in ("status", "state")}
        if contents:
            draft = serializers.changed_draft(order, shown, contents, body, self._depot(order, contents))
            try:
                actions.edit_order(order, draft, self.actor)
            except OutOfCoverage as error:
                raise ValidationError(_outside_field(error, draft)) from error
        if len(contents) == len(changes):
            return None
        said = changes.get("status", shown["status"]), changes.get("state", shown["state"])
        if changes.get("state") == words.REJECTED:
            actions.cancel_orders([order], self.actor)
            return said
        status: Status | None = words.ASKED.get(changes.get("state", 0))
        actions.say_status(order, self.actor, dialect=words.DIALECT, said=list(said), status=status)
        return None

    def _depot(self, order: Order, contents: dict[str, Any]) -> Depot | None:
        if "depotId" not in contents:
            return order.depot
        if not contents["depotId"]:
            return None
        depot = Depot.objects.filter(merchant=self.merchant, pk=contents["depotId"]).first()
        if depot is None:
            raise ValidationError({"depotId": "Depot not found."})
        return depot


# --- Customers and misc. locations ----------------------------------------------------------------------------------
class PlacesView(MagicLaneView):
    resource: places.Resource = places.CUSTOMERS

    def rows(self) -> QuerySet[Any]:
        return self.resource.model._default_manager.filter(merchant=self.merchant)


class Places(PlacesView):
    def get(self, request: Request) -> HttpResponseBase:
        table, rows = columns.PLACES[self.resource.name], self.rows()
        if text := self.asked().get("search"):
            rows = table.search(rows, text, self.merchant.tz)
        return self.answer_list(self.resource.name, table, rows, self.resource.show)

    def post(self, request: Request) -> Response:
        name, body = self.resource.name, request.data

        def add() -> dict[str, Any]:
            unset = "The coordinates are not set."
            valid = serializers.read_all(self.resource.serializer, body, name, location=unset)
            model = self.resource.model
            rows = [model(merchant=self.merchant, **places.fields(one)) for one in valid]
            return {name: [self.resource.show(row) for row in writer.add_places(model, rows)]}

        return self.once(name, body, add)

    def delete(self, request: Request) -> Response:
        name, body = self.resource.name, request.data

        def delete() -> dict[str, str]:
            try:
                writer.delete_places(self.resource.model, self.merchant, _ids(body))
            except writer.UnknownPlace as error:
                raise NotFound(words.CANNOT_DELETE.format(things=name)) from error
            return words.DONE

        return self.once(f"{name}/delete", body, delete)


class OnePlace(PlacesView):
    def get(self, request: Request, number: str) -> Response:
        return Response(self.resource.show(self._find(number)))

    def put(self, request: Request, number: str) -> Response:
        place, body = self._find(number), request.data

        def change() -> dict[str, str]:
            writer.change_place(place, **places.fields(serializers.read(self.resource.serializer, body)))
            return words.DONE

        return self.once(f"{self.resource.name}/{place.pk}", body, change)

    def _find(self, number: str) -> Any:
        place = self.rows().filter(pk=_number(number)).first()
        if place is None:
            raise NotFound(f"{self.resource.title} not found in database.")
        return place


class Unknown(UnknownPath, MagicLaneView):
    """Every other path of the dialect."""
