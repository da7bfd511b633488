"""Muvx's five calls. Each finds its order through the key's merchant and makes one call into the domain."""

from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from destinations import routing
from integrations.bodies import parse_json, read_body
from integrations.dialect import DialectView, UnknownPath, host_dialect, validate
from integrations.muvx import serializers, words
from integrations.muvx.auth import KeyAuthentication
from integrations.muvx.errors import answer_error, pickup_refusal
from orders import actions
from orders.errors import WrongStatus
from orders.models import Order


class MuvxView(DialectView):
    authentication_classes = [KeyAuthentication]
    answer_error = staticmethod(answer_error)

    def find_order(self, number: str) -> Order:
        match = words.ORDER_ID.fullmatch(number)
        order = self.orders.filter(pk=int(match[1])).first() if match else None
        if order is None:
            raise NotFound("Order not found")
        return order


class Orders(MuvxView):
    def post(self, request: Request) -> Response:
        body = request.data
        base = self._base()

        def place() -> dict[str, Any]:
            draft = serializers.draft_of(body, self.api_key.source)
            [order] = actions.place_orders(self.api_key.source, [draft], actor=self.actor, is_test=self.api_key.is_test)
            return serializers.created(order, base)

        return self.once("orders", body, place)

    def _base(self) -> str:
        """The address before `/v1` that the caller came to, so that a link leads back the same way."""
        request = self.request._request
        if host_dialect(request):
            return f"{settings.WASL_URL.partition('://')[0]}://{request.get_host()}"
        return settings.WASL_URL + request.path.partition("/v1/")[0]


class Cancel(MuvxView):
    def post(self, request: Request, number: str) -> Response:
        order = self.find_order(number)

        def cancel() -> dict[str, Any]:
            actions.cancel_orders([order], self.actor)
            return serializers.answer(order, "cancelled")

        return self.once(f"orders/{order.pk}/cancel", None, cancel)


class Status(MuvxView):
    def get(self, request: Request, number: str) -> Response:
        return Response(serializers.status(self.find_order(number)))


class Pickup(MuvxView):
    def post(self, request: Request, number: str) -> Response:
        order = self.find_order(number)
        at = self._wanted_time(request)

        def go() -> dict[str, Any]:
            if at:
                return serializers.answer(actions.reschedule_order(order, at, self.actor), "created")
            return serializers.answer(actions.release_order(order, self.actor), "dispatched")

        try:
            return self.once(f"orders/{order.pk}/pickup", at, go)
        except WrongStatus:
            raise pickup_refusal(words.status_word(self.find_order(number))) from None

    def _wanted_time(self, request: Request) -> datetime | None:
        """The document describes no body: only a JSON object that names a time means anything, and it must be right."""
        try:
            body = parse_json(read_body(request._request))
        except ParseError:
            return None
        if not isinstance(body, dict) or "scheduled_pickup_time" not in body:
            return None
        return validate(serializers.PickupSerializer, body).get("scheduled_pickup_time")


class Destinations(MuvxView):
    def get(self, request: Request) -> Response:
        found = routing.candidates_of(self.api_key.source)
        return Response(
            {"success": True, "destinations": [serializers.destination(one) for one in found if one.is_active]}
        )


class Unknown(UnknownPath, MuvxView):
    """Every other path of the dialect."""
