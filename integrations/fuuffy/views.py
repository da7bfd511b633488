"""Fuuffy's calls. Each finds its order through the key's merchant and makes one call into the domain."""

from typing import Any

from django.conf import settings
from rest_framework.exceptions import NotFound, Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from integrations import throttle
from integrations.bodies import FormParser
from integrations.dialect import DialectView, UnknownPath
from integrations.fuuffy import auth, serializers, words
from integrations.fuuffy.errors import answer_error
from orders import actions
from orders.models import Order

_WINDOW_SECONDS = 60


class FuuffyView(DialectView):
    """Every call is counted, and every answer says how many are left."""

    authentication_classes = [auth.TokenAuthentication]
    answer_error = staticmethod(answer_error)
    allowance: throttle.Allowance | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            super().initial(request, *args, **kwargs)
        finally:  # bad credentials are counted too, and end in a 429
            who = f"key:{request.auth.pk}" if request.auth else f"address:{throttle.address_of(request._request)}"
            self.allowance = throttle.count(f"{auth.DIALECT}:{who}", settings.FUUFFY_RATE_LIMIT, _WINDOW_SECONDS)
            if self.allowance.exceeded:
                raise Throttled(self.allowance.wait)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        if now := self.allowance:
            response["X-RateLimit-Limit"] = str(now.limit)
            response["X-RateLimit-Remaining"] = str(now.remaining)
            response["X-RateLimit-Reset"] = str(now.reset)
        return super().finalize_response(request, response, *args, **kwargs)

    def find_order(self, number: str) -> Order:
        """By its id or tracking number."""
        order = None
        if match := words.ORDER_ID.fullmatch(number):
            order = self.orders.filter(public_hex=match[1]).first()
        elif match := words.TRACKING_NUMBER.fullmatch(number):
            order = self.orders.filter(pk=int(match[1])).first()
        if order is None or number not in (words.order_id(order), words.tracking_number(order)):
            raise NotFound("Order not found")
        return order


class Orders(FuuffyView):
    def post(self, request: Request) -> Response:
        body: Any = request.data

        def place() -> dict[str, Any]:
            key = self.api_key
            draft = serializers.draft_of(body, key.source)
            [order] = actions.place_orders(key.source, [draft], actor=self.actor, is_test=key.is_test)
            return serializers.order(order)

        return self.once("orders", body, place, status=201)


class OneOrder(FuuffyView):
    def get(self, request: Request, number: str) -> Response:
        return Response(serializers.order(self.find_order(number)))


class Cancel(FuuffyView):
    def post(self, request: Request, number: str) -> Response:
        order = self.find_order(number)

        def cancel() -> dict[str, Any]:
            [cancelled] = actions.cancel_orders([order], self.actor)
            return serializers.order(cancelled, "cancelled")

        return self.once(f"orders/{order.pk}/cancel", None, cancel)


class Token(FuuffyView):
    """Client credentials → an access token."""

    authentication_classes = []
    permission_classes = []
    parser_classes = [FormParser]

    def post(self, request: Request) -> Response:
        form: dict[str, str] = request.data  # type: ignore[assignment]  # the parser's
        wrong = {name: [f"{name} is required"] for name in ("client_id", "client_secret") if not form.get(name)}
        if form.get("grant_type") != "client_credentials":
            wrong = {"grant_type": ["grant_type must be client_credentials"], **wrong}
        if wrong:
            raise ValidationError(wrong)
        token = auth.new_token(form["client_id"], form["client_secret"])
        data = {"access_token": token, "token_type": "Bearer", "expires_in": auth.TOKEN_SECONDS}
        return Response({"data": data}, headers={"Cache-Control": "no-store"})


class Unknown(UnknownPath, FuuffyView):
    """Every other path of the dialect."""
