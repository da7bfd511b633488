"""iDeliver's calls. Each finds its order through the key's merchant and makes one call into the domain."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from destinations import coverage
from destinations.models import CoverageZone
from integrations import health, idempotency
from integrations.dialect import DialectView, UnknownPath, validate
from integrations.ideliver import answers, auth, endpoint, queries, serializers, words
from integrations.ideliver.errors import answer_error
from orders import actions
from orders.errors import DuplicateOrder, InvalidDraft, OrderError
from orders.events import Actor
from orders.models import Order, OrderEvent, OrderQuerySet
from orders.statuses import Mark, Status


class IDeliverView(DialectView):
    """`scopes`: what a key must be allowed to do, by method."""

    authentication_classes = [auth.KeyAuthentication]
    answer_error = staticmethod(answer_error)
    scopes: ClassVar[dict[str, str]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        scope = self.scopes.get(request.method or "")
        if scope and not self.api_key.allows(scope):
            raise PermissionDenied(f"This key lacks the scope {scope}.")

    def json_object(self) -> dict[str, Any]:
        if not isinstance(self.request.data, dict):
            raise ValidationError("The body must be a JSON object.")
        return self.request.data

    def place(self, endpoint: str, given: dict[str, Any], read: Callable[[], serializers.Wanted]) -> Response:
        """Stores the order that `read` finds in the body `given`: once for each `Idempotency-Key`, and once for each
        source and external_order_id."""
        key = self.api_key

        def perform() -> idempotency.Answer:
            wanted = read()
            try:
                draft = serializers.to_draft(wanted, key.source)
                if draft.window.pickup_at and draft.window.pickup_at <= timezone.now():
                    raise InvalidDraft("Must be in the future.", path="window.pickup_at")
                [order] = actions.place_orders(key.source, [draft], actor=self.actor, is_test=key.is_test)
            except OrderError:
                # One that is there already is answered whatever has changed since: its time may have come.
                twin = (
                    self.orders.filter(
                        dialect=words.DIALECT,
                        unique_scope=serializers.unique_scope(wanted.channel),
                        external_id=wanted.external_id,
                    )
                    .select_related("rider")
                    .first()
                )
                if twin is None:
                    raise
                if twin.extras.get("body_digest") != idempotency.body_digest(wanted.body):
                    raise DuplicateOrder("There is such an order.", path="external_id") from None
                return 200, {"order": answers.order(twin), "idempotent": True}
            return 201, {"order": answers.order(order), "idempotent": False}

        name = self.request.headers.get("Idempotency-Key")
        status, answer, replayed = idempotency.once(key, endpoint, name, given, perform)
        return Response(answer | {"idempotent": True} if replayed else answer, status=status)


def found(orders: OrderQuerySet, number: str) -> Order:
    """The order of this id among these."""
    wanted = words.order_uuid(number)
    order = orders.select_related("rider").filter(uuid=wanted).first() if wanted else None
    if order is None:
        raise NotFound("Order not found")
    return order


@transaction.atomic
def cancel(orders: OrderQuerySet, number: str, actor: Actor, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a cancel, the merchant's or the staff's."""
    valid = validate(serializers.CancelSerializer, body)
    order = found(orders.select_for_update(no_key=True, of=("self",)), number)
    already = order.status in (Status.CANCELLED, Status.CANCELLING)
    reason = " · ".join(filter(None, (valid.get("reason"), valid.get("notes"))))
    policy = settings.ADMIN_ORDER_CANCEL_PRE_PICKUP_ONLY
    [cancelled] = actions.cancel_orders([order], actor, reason=reason, before_pickup=policy)
    answer = {"order": answers.order(cancelled, words.CANCELLED)}
    return answer | {"already_cancelled": True} if already else answer


# --- Orders ---------------------------------------------------------------------------------------------------------
class Orders(IDeliverView):
    scopes = {"GET": "orders:read", "POST": "orders:write"}

    def get(self, request: Request) -> Response:
        page, cursor = queries.page_of_orders(self.api_key, request.query_params.dict())
        return Response({"orders": [answers.order(order) for order in page], "next_cursor": cursor})

    def post(self, request: Request) -> Response:
        body = self.json_object()
        return self.place("orders", body, lambda: serializers.wanted(body))


class Simulator(IDeliverView):
    scopes = {"POST": "orders:write"}

    def post(self, request: Request) -> Response:
        if not self.api_key.is_test:
            raise PermissionDenied("The simulator is for test keys.")
        body = self.json_object()
        return self.place("simulator", body, lambda: serializers.simulated(body))


class OneOrder(IDeliverView):
    scopes = {"GET": "orders:read", "PATCH": "orders:write"}

    def get(self, request: Request, number: str) -> Response:
        return Response({"order": answers.order(found(self.orders, number))})

    def patch(self, request: Request, number: str) -> Response:
        order = found(self.orders, number)
        valid = validate(serializers.PatchSerializer, self.json_object())
        merchant = self.api_key.source.merchant
        with transaction.atomic():  # all of it or nothing
            if "payment_verified" in valid:
                actions.verify_payment(order, self.actor, verified=valid["payment_verified"])
            if "rider_id" in valid:
                rider = serializers.find_rider(merchant, valid["rider_id"], "rider_id")
                actions.assign_rider(order, rider, self.actor)
            if valid.get("status") == words.CANCELLED:
                return Response(cancel(self.orders, number, self.actor, {}))
            if word := valid.get("status"):
                actions.say_status(
                    order,
                    self.actor,
                    dialect=words.DIALECT,
                    said=word,
                    status=words.SAID.get(word),
                    mark=Mark.DELAYED if word == words.DELAYED else "",
                    usual=word in words.SAID,
                )
        return self.get(request, number)


class Cancel(IDeliverView):
    scopes = {"POST": "orders:write"}

    def post(self, request: Request, number: str) -> Response:
        return Response(cancel(self.orders, number, self.actor, self.json_object()))


class AdminCancel(IDeliverView):
    """Break-glass: our own people cancel any merchant's order, and the history names them."""

    authentication_classes = [auth.StaffAuthentication]
    permission_classes = [IsAuthenticated]

    def post(self, request: Request, number: str) -> Response:
        person = Actor(OrderEvent.ActorKind.USER, request.user.get_username())
        return Response(cancel(Order.objects.all(), number, person, self.json_object()))


# --- Where ----------------------------------------------------------------------------------------------------------
class Coverage(IDeliverView):
    """Of several points the one that decides is shown above the others: the first that is not covered, if one is
    not."""

    scopes = {"GET": "orders:read"}

    def get(self, request: Request) -> Response:
        asked = queries.points(request.query_params.dict())
        checked = {name: self._check(lat, lng) for name, (lat, lng) in asked.items()}
        decides = next((one for one in checked.values() if not one["covered"]), next(iter(checked.values())))
        return Response(decides | {name: one for name, one in checked.items() if name})

    def _check(self, lat: float, lng: float) -> dict[str, Any]:
        merchant = self.api_key.source.merchant
        around = coverage.zones_of(merchant).around(lat, lng)
        return {
            "covered": coverage.covers(merchant, lat, lng),
            "zones": [{"id": str(number), "name": name} for number, name in around],
            "point": {"lat": lat, "lng": lng},
        }


class Zones(IDeliverView):
    scopes = {"GET": "orders:read"}

    def get(self, request: Request) -> Response:
        zones = CoverageZone.objects.filter(merchant=self.api_key.source.merchant, is_active=True)
        features = [
            {
                "type": "Feature",
                "id": str(zone.uuid),
                "geometry": {name: zone.geojson[name] for name in ("type", "coordinates")},
                "properties": {"id": str(zone.uuid), "name": zone.name},
            }
            for zone in zones
        ]
        return Response({"type": "FeatureCollection", "features": features})


# --- The caller -----------------------------------------------------------------------------------------------------
class OutboundWebhook(IDeliverView):
    scopes = {"GET": "webhooks:manage", "PATCH": "webhooks:manage"}

    def get(self, request: Request) -> Response:
        return Response(endpoint.read(self.api_key))

    def patch(self, request: Request) -> Response:
        valid = validate(serializers.WebhookSerializer, self.json_object())
        return Response(endpoint.write(self.api_key, valid), headers={"Cache-Control": "no-store"})


class Token(IDeliverView):
    """A key → an access token. The body is `{}`, and does not matter."""

    authentication_classes = [auth.KeyHeaderAuthentication]

    def post(self, request: Request) -> Response:
        answer = {
            "access_token": auth.new_token(self.api_key),
            "token_type": "Bearer",
            "expires_in": auth.TOKEN_SECONDS,
            "scopes": auth.scopes_of(self.api_key),
        }
        return Response(answer, headers={"Cache-Control": "no-store"})


class Me(IDeliverView):
    def get(self, request: Request) -> Response:
        key = self.api_key
        merchant = {"id": str(key.source.merchant_id), "name": key.source.merchant.name}
        return Response(
            {"merchant_id": merchant["id"], "merchant": merchant, "is_test": key.is_test, "scopes": auth.scopes_of(key)}
        )


# --- Everybody ------------------------------------------------------------------------------------------------------
class Public(IDeliverView):
    authentication_classes = []
    permission_classes = []


class Health(Public):
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class Ready(Public):
    def get(self, request: Request) -> Response:
        status, body = health.readiness()
        response = Response(body, status=status)
        response._has_been_logged = True  # type: ignore[attr-defined]  # 503 is the answer, not an error in the log
        return response


class Unknown(UnknownPath, Public):
    """Every other path of the dialect."""
