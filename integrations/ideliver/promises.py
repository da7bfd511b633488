"""What iDeliver's document promises, tried from outside. Each sentence is the document's, or what it comes to."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from integrations.conformance import Broken, Caller, Promises, want


def authorize(key: Any, url: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    return url, headers | {"Authorization": f"Bearer {key}"}


PROMISES = Promises("ideliver", authorize)

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def moment(hours: float) -> str:
    """That many hours from now."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# The document's.
SAMPLE: dict[str, Any] = {
    "pickup_address": "12 Bode Thomas Street, Surulere, Lagos",
    "dropoff_address": "14 Awolowo Road, Ikoyi, Lagos",
    "customer_phone": "+2348011122233",
    "customer_name": "Amara Obi",
    "pickup_lat": 6.4969,
    "pickup_lng": 3.3506,
    "dropoff_lat": 6.4474,
    "dropoff_lng": 3.4296,
    "scheduled_pickup_at": "2026-05-01T14:00:00.000Z",
    "delivery_window_start": "2026-05-01T15:00:00.000Z",
    "delivery_window_end": "2026-05-01T18:00:00.000Z",
    "notes": "Gate code 1234",
    "cod_amount_minor": 250000,
    "cod_currency": "NGN",
    "weight_kg": 3.5,
    "length_cm": 30,
    "width_cm": 20,
    "height_cm": 15,
    "is_fragile": False,
}


def body(caller: Caller, **standardized: Any) -> dict[str, Any]:
    """The document's sample, as an order of its own."""
    times = {
        "scheduled_pickup_at": moment(24),
        "delivery_window_start": moment(25),
        "delivery_window_end": moment(28),
    }
    return {
        "schema_version": "1",
        "source": "api",
        "external_order_id": caller.number(),
        "raw_payload": {},
        "standardized": SAMPLE | times | standardized,
    }


def order_like(sent: dict[str, Any], status: Any = str) -> dict[Any, Any]:
    """An order as it is answered; more names than ours are no breach."""
    return {
        "id": ID,
        "merchant_id": str,
        "source": sent["source"],
        "external_order_id": sent["external_order_id"],
        "is_test?": bool,
        "unified_json": {
            "schema_version": "1",
            "status": status,
            "standardized": sent["standardized"] | {...: ...},
            "raw_payload?": sent["raw_payload"],
            ...: ...,
        },
        "customer_tracking_url": lambda found: found is None or str(found).startswith("http"),
        "created_at": TIME,
        "updated_at": TIME,
        ...: ...,
    }


def create(caller: Caller, sent: Any = None, **headers: str) -> dict[str, Any]:
    """The order of a 201."""
    reply = caller.call("POST", "/v1/orders", sent or body(caller), headers=headers)
    return want(reply, 201, {"order": dict, "idempotent?": False})["order"]


def change(caller: Caller, number: str, **changes: Any) -> dict[str, Any]:
    return want(caller.call("PATCH", f"/v1/orders/{number}", changes), 200)["order"]


def on_its_way(caller: Caller) -> dict[str, Any]:
    """An order whose status no carrier changes just now: what is said of it lasts until one does."""
    return change(caller, create(caller)["id"], status="in_transit")


def status_of(caller: Caller, number: str) -> str:
    return want(caller.call("GET", f"/v1/orders/{number}"), 200)["order"]["unified_json"]["status"]


def error(code: str, field: str | None = None, **more: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"details": {"field": field}} if field else {"details?": dict}
    return {"error": code, "message": str, **about, **more}


def refused(caller: Caller, sent: Any, code: str, field: str | None = None) -> None:
    want(caller.call("POST", "/v1/orders", sent), 400, error(code, field))


# --- Creating an order ----------------------------------------------------------------------------------------------
@PROMISES("POST /v1/orders: 201 with order: id (an UUID), customer_tracking_url (or null), unified_json (version 1)")
def create_answers(caller: Caller) -> None:
    sent = body(caller)
    reply = caller.call("POST", "/v1/orders", sent)
    want(reply, 201, {"order": order_like(sent, "pending"), "idempotent": False})


@PROMISES("raw_payload: opaque object from your system, kept as it is")
def create_raw_payload(caller: Caller) -> None:
    sent = body(caller) | {"raw_payload": {"id": 7, "lines": [{"sku": "A", "net": 1.5}], "gift": True}}
    want(caller.call("POST", "/v1/orders", sent), 201, {"order": order_like(sent), ...: ...})


@PROMISES("lat/lng, items, notes, cod_amount_minor / cod_currency and the parcel's measures are optional")
def create_minimal(caller: Caller) -> None:
    names = ("pickup_address", "dropoff_address", "customer_phone")
    sent = body(caller)
    times = {name: value for name, value in sent["standardized"].items() if name.startswith(("sched", "delivery"))}
    sent["standardized"] = {name: sent["standardized"][name] for name in names} | times
    want(caller.call("POST", "/v1/orders", sent), 201, {"order": order_like(sent), ...: ...})


@PROMISES('schema_version must be "1"')
def create_schema_version(caller: Caller) -> None:
    for wrong in ("2", 1, None):
        refused(caller, body(caller) | {"schema_version": wrong}, "validation_error", "schema_version")


def _time_needed(name: str, code: str) -> None:
    def keep(caller: Caller) -> None:
        sent = body(caller)
        del sent["standardized"][name]
        refused(caller, sent, code, f"standardized.{name}")

    keep.__name__ = f"create_{name}_required"
    PROMISES(f"standardized.{name} is validated: without it, 400 {code}")(keep)


_time_needed("scheduled_pickup_at", "missing_pickup_time")
_time_needed("delivery_window_start", "missing_delivery_window")
_time_needed("delivery_window_end", "missing_delivery_window")


def _refusal(name: str, sentence: str, field: str, value: Any) -> None:
    """A value that is a function is called when the promise is tried, because times go by."""

    def keep(caller: Caller) -> None:
        sent = body(caller, **{field: value() if callable(value) else value})
        refused(caller, sent, "validation_error", f"standardized.{field}")

    keep.__name__ = name
    PROMISES(sentence)(keep)


for _name, _sentence, _field, _value in (
    ("create_time_format", "Times are ISO-8601 datetimes", "scheduled_pickup_at", "tomorrow at noon"),
    ("create_future", "Pickup must be in the future", "scheduled_pickup_at", lambda: moment(-1)),
    ("create_window", "Delivery window start must be before end", "delivery_window_start", lambda: moment(29)),
    ("create_pickup_late", "Pickup must be before window end", "scheduled_pickup_at", lambda: moment(30)),
    ("create_phone", "An error's details name its field (standardized.customer_phone)", "customer_phone", ""),
    ("create_rider", "An unknown rider_id: 400", "rider_id", UNKNOWN),
    ("create_hint", "vehicle_type_hint: motorcycle, car, van, truck", "vehicle_type_hint", "drone"),
    ("create_weight", "Optional parcel weight in kg (max 500)", "weight_kg", 500.5),
    ("create_length", "Optional parcel length in cm (max 500)", "length_cm", 500.5),
    ("create_width", "Optional parcel width in cm (max 500)", "width_cm", 500.5),
    ("create_height", "Optional parcel height in cm (max 500)", "height_cm", 500.5),
):
    _refusal(_name, _sentence, _field, _value)


def _hint(caller: Caller, **standardized: Any) -> Any:
    return create(caller, body(caller, **standardized))["unified_json"]["standardized"].get("vehicle_type_hint")


@PROMISES("vehicle_type_hint is set from the dimensions when omitted, and kept when given")
def create_vehicle(caller: Caller) -> None:
    order = ("motorcycle", "car", "van", "truck")
    found = [_hint(caller, weight_kg=weight, length_cm=10) for weight in (1, 500)]
    if any(hint not in order for hint in found) or order.index(found[0]) >= order.index(found[1]):
        raise Broken(f"1 kg: {found[0]}, 500 kg: {found[1]}")
    if (kept := _hint(caller, vehicle_type_hint="van")) != "van":
        raise Broken(f"van was sent, {kept} came back")


@PROMISES("is_fragile upgrades the suggested vehicle (e.g. motorcycle → car)")
def create_fragile(caller: Caller) -> None:
    found = [_hint(caller, weight_kg=1, is_fragile=fragile) for fragile in (False, True)]
    if found != ["motorcycle", "car"]:
        raise Broken(f"not fragile and fragile: {found}")


# --- Idempotency ----------------------------------------------------------------------------------------------------
@PROMISES("Resubmitting the same (source, external_order_id) returns the existing order (200) with idempotent: true")
def natural_again(caller: Caller) -> None:
    sent = body(caller)
    number = create(caller, sent)["id"]
    again = want(caller.call("POST", "/v1/orders", sent), 200, {"order": order_like(sent), "idempotent": True})
    if again["order"]["id"] != number:
        raise Broken("it is another order")


@PROMISES("The same external_order_id with a different payload: 409 duplicate_order")
def natural_conflict(caller: Caller) -> None:
    sent = body(caller)
    create(caller, sent)
    sent["standardized"]["notes"] = "Another gate"
    want(caller.call("POST", "/v1/orders", sent), 409, error("duplicate_order"))


@PROMISES("external_order_id is unique with its source: the same number of another source is another order")
def natural_source(caller: Caller) -> None:
    sent = body(caller)
    if create(caller, sent)["id"] == create(caller, sent | {"source": "shopify"})["id"]:
        raise Broken("it is the same order")


@PROMISES("Same tenant + key + identical JSON body replays the stored response (idempotent: true on 200/201)")
def header_replay(caller: Caller) -> None:
    sent, headers = body(caller), {"Idempotency-Key": caller.number()}
    first = create(caller, sent, **headers)
    change(caller, first["id"], payment_verified=True)  # what is stored is answered, not what has become of it
    again = want(caller.call("POST", "/v1/orders", sent, headers=headers), 201)
    if again != {"order": first, "idempotent": True}:
        raise Broken(f"wanted the first answer with idempotent true, got {again}")


@PROMISES(
    "The same Idempotency-Key with a different body: 409 idempotency_conflict, before the natural key is looked at"
)
def header_conflict(caller: Caller) -> None:
    sent, headers = body(caller), {"Idempotency-Key": caller.number()}
    create(caller, sent, **headers)
    same_number = sent | {"raw_payload": {"a": 1}}
    for other in (body(caller), same_number):
        want(caller.call("POST", "/v1/orders", other, headers=headers), 409, error("idempotency_conflict"))


@PROMISES("Idempotency-Key is independent of (source, external_order_id): a new key, the same pair, the existing order")
def header_and_natural(caller: Caller) -> None:
    sent = body(caller)
    number = create(caller, sent, **{"Idempotency-Key": caller.number()})["id"]
    reply = caller.call("POST", "/v1/orders", sent, headers={"Idempotency-Key": caller.number()})
    if want(reply, 200, {"order": dict, "idempotent": True})["order"]["id"] != number:
        raise Broken("it is another order")


@PROMISES("Idempotency-Key: ≤ 255 characters; a longer one is 400")
def header_length(caller: Caller) -> None:
    longest = caller.number().ljust(255, "x")
    create(caller, **{"Idempotency-Key": longest})
    reply = caller.call("POST", "/v1/orders", body(caller), headers={"Idempotency-Key": longest + "x"})
    want(reply, 400, error("validation_error"))


# --- Reading and listing --------------------------------------------------------------------------------------------
@PROMISES("GET /v1/orders/:id: one order, merchant-scoped")
def read_answers(caller: Caller) -> None:
    sent = body(caller)
    number = create(caller, sent)["id"]
    want(caller.call("GET", f"/v1/orders/{number}"), 200, {"order": order_like(sent)})
    want(caller.call("GET", f"/v1/orders/{UNKNOWN}"), 404, error("not_found"))


@PROMISES("An order is seen, changed and cancelled by its own merchant only")
def read_stranger(caller: Caller) -> None:
    number = create(caller)["id"]
    for method, path, sent in (("GET", "", None), ("PATCH", "", {"status": "x"}), ("POST", "/cancel", {})):
        reply = caller.call(method, f"/v1/orders/{number}{path}", sent, who="stranger")
        want(reply, 404, error("not_found"))


def _listed(caller: Caller, **query: Any) -> dict[str, Any]:
    wanted = {"orders": [{"id": ID, ...: ...}, ...], "next_cursor": lambda found: found is None or str(found)}
    return want(caller.call("GET", f"/v1/orders?{urlencode(query)}"), 200, wanted)


@PROMISES("GET /v1/orders: newest first, in pages")
def list_newest(caller: Caller) -> None:
    made = [create(caller)["id"] for _ in range(3)]
    first = _listed(caller, limit=2)
    second = _listed(caller, limit=1, cursor=first["next_cursor"])
    if (found := [one["id"] for one in first["orders"] + second["orders"]]) != made[::-1]:
        raise Broken(f"made {made}, found {found}")


@PROMISES("GET /v1/orders filters by status, external_order_id, is_test")
def list_filters(caller: Caller) -> None:
    made, text = on_its_way(caller), f"At hub {caller.number()}"
    change(caller, made["id"], status=text)
    number, is_test = {"external_order_id": made["external_order_id"]}, made["is_test"]
    for query, there in (
        (number, True),
        (number | {"is_test": str(is_test).lower()}, True),
        (number | {"is_test": str(not is_test).lower()}, False),
        (number | {"status": "delivered"}, False),
        ({"status": text}, True),
    ):
        if [one["id"] for one in _listed(caller, **query)["orders"]] != [made["id"]] * there:
            raise Broken(f"{query} {'does not find' if there else 'finds'} the order")


# --- Status ---------------------------------------------------------------------------------------------------------
@PROMISES("PATCH /v1/orders/:id updates the status; the typical values take it through its life")
def patch_status(caller: Caller) -> None:
    number = create(caller)["id"]
    for word in ("accepted", "picked_up", "in_transit", "in_transit_delayed", "delivered"):
        if (found := change(caller, number, status=word)["unified_json"]["status"]) != word:
            raise Broken(f"{word} was sent, {found} is shown")


@PROMISES("Statuses are free-form strings up to 128 chars")
def patch_free_text(caller: Caller) -> None:
    number, text = on_its_way(caller)["id"], "Waiting for the lift ".ljust(128, "x")
    if (found := change(caller, number, status=text)["unified_json"]["status"]) != text:
        raise Broken(f"{text} was sent, {found} is shown")
    want(caller.call("PATCH", f"/v1/orders/{number}", {"status": text + "x"}), 400, error("validation_error", "status"))


@PROMISES("PATCH /v1/orders/:id updates payment_verified")
def patch_payment(caller: Caller) -> None:
    number = create(caller)["id"]
    for verified in (True, False):
        change(caller, number, payment_verified=verified)
        if want(caller.call("GET", f"/v1/orders/{number}"), 200)["order"]["payment_verified"] is not verified:
            raise Broken(f"{verified} was sent")


@PROMISES("PATCH with a rider_id that is unknown: 400, and nothing else of the PATCH is done")
def patch_unknown_rider(caller: Caller) -> None:
    number = create(caller)["id"]
    changes = {"payment_verified": True, "rider_id": UNKNOWN}
    want(caller.call("PATCH", f"/v1/orders/{number}", changes), 400, error("validation_error", "rider_id"))
    if want(caller.call("GET", f"/v1/orders/{number}"), 200)["order"]["payment_verified"]:
        raise Broken("the payment is verified")


# --- Cancelling -----------------------------------------------------------------------------------------------------
@PROMISES("POST /v1/orders/:id/cancel with reason and notes: 200, cancelled")
def cancel_answers(caller: Caller) -> None:
    sent = body(caller)
    number = create(caller, sent)["id"]
    reason = {"reason": "Customer requested cancel", "notes": "optional"}
    reply = caller.call("POST", f"/v1/orders/{number}/cancel", reason)
    want(reply, 200, {"order": order_like(sent, "cancelled")})


@PROMISES("200 with already_cancelled: true if it is cancelled already")
def cancel_twice(caller: Caller) -> None:
    sent = body(caller)
    number = create(caller, sent)["id"]
    want(caller.call("POST", f"/v1/orders/{number}/cancel"), 200)
    wanted = {"order": order_like(sent, "cancelled"), "already_cancelled": True}
    want(caller.call("POST", f"/v1/orders/{number}/cancel", {}), 200, wanted)


def _end(status: str) -> None:
    def keep(caller: Caller) -> None:
        number = create(caller)["id"]
        change(caller, number, status=status)
        want(caller.call("POST", f"/v1/orders/{number}/cancel"), 409, error("cannot_cancel"))
        if (found := status_of(caller, number)) != status:
            raise Broken(f"it is {found} now")

    keep.__name__ = f"cancel_{status}"
    PROMISES(f"409 cannot_cancel at a terminal status: {status}")(keep)


for _status in ("delivered", "returned_to_merchant", "lost_in_transit"):
    _end(_status)


@PROMISES("Admin break-glass has separate authentication: a merchant's key is refused")
def cancel_as_admin(caller: Caller) -> None:
    number = create(caller)["id"]
    want(caller.call("POST", f"/v1/admin/orders/{number}/cancel"), 401, error("unauthorized"))
    if status_of(caller, number) == "cancelled":
        raise Broken("it is cancelled")


# --- Coverage -------------------------------------------------------------------------------------------------------
@PROMISES("GET /v1/coverage/check verifies coordinates first: what it covers is accepted, what it does not is refused")
def coverage(caller: Caller) -> None:
    for lat, lng in ((6.4969, 3.3506), (-77.85, 166.67)):
        reply = caller.call("GET", f"/v1/coverage/check?lat={lat}&lng={lng}")
        wanted = {"covered": bool, "zones": [{"id": str, "name": str}, ...], "point": {"lat": lat, "lng": lng}}
        covered = want(reply, 200, wanted)["covered"]
        here = {f"{end}_{name}": value for end in ("pickup", "dropoff") for name, value in (("lat", lat), ("lng", lng))}
        reply = caller.call("POST", "/v1/orders", body(caller, **here))
        if covered:
            want(reply, 201)
        else:
            want(reply, 400, error("OUT_OF_COVERAGE_AREA", point="pickup", lat=lat, lng=lng))


@PROMISES("GET /v1/me/dispatch/zones: the merchant's active zones as GeoJSON")
def zones(caller: Caller) -> None:
    feature = {"type": "Feature", "geometry": {"type": str, "coordinates": list}, "properties": dict, ...: ...}
    wanted = {"type": "FeatureCollection", "features": [feature, ...]}
    want(caller.call("GET", "/v1/me/dispatch/zones"), 200, wanted)


# --- The caller -----------------------------------------------------------------------------------------------------
@PROMISES("POST /v1/auth/token with X-API-Key gives an access token, which is accepted like the key")
def token(caller: Caller) -> None:
    headers = {"X-API-Key": str(caller.credential)}
    reply = caller.call("POST", "/v1/auth/token", {}, who="nobody", headers=headers)
    bearer = {"Authorization": f"Bearer {want(reply, 200)['access_token']}"}
    want(caller.call("GET", "/v1/auth/me", who="nobody", headers=bearer), 200)
    want(caller.call("POST", "/v1/orders", body(caller), who="nobody", headers=bearer), 201)
    wrong = {"X-API-Key": "ilv_test_wrong"}
    want(caller.call("POST", "/v1/auth/token", {}, who="nobody", headers=wrong), 401, error("unauthorized"))


@PROMISES("Without a key, and with a wrong one: 401 unauthorized “Missing or invalid API key.”")
def unauthorized(caller: Caller) -> None:
    wanted = {"error": "unauthorized", "message": "Missing or invalid API key."}
    want(caller.call("GET", "/v1/orders", who="nobody"), 401, wanted)
    wrong = {"Authorization": "Bearer ilv_test_wrong"}
    want(caller.call("POST", "/v1/orders", body(caller), who="nobody", headers=wrong), 401, wanted)


@PROMISES("PATCH /v1/me/outbound-webhook sets url and enabled")
def outbound_webhook(caller: Caller) -> None:
    wanted = {"url": "https://shop.example/hooks", "enabled": False}
    reply = caller.call("PATCH", "/v1/me/outbound-webhook", wanted)
    want(reply, 200, wanted | {...: ...})
    reply = caller.call("PATCH", "/v1/me/outbound-webhook", {"url": "no address"})
    want(reply, 400, error("validation_error", "url"))


@PROMISES("POST /v1/test/simulator/orders: a flat body makes an order with is_test true; only for ilv_test_ keys")
def simulator(caller: Caller) -> None:
    flat = {
        "external_order_id": caller.number(),
        "pickup_address": "12 Bode Thomas Street, Surulere, Lagos",
        "dropoff_address": "14 Awolowo Road, Ikoyi, Lagos",
        "customer_name": "Amara Obi",
        "customer_phone": "+2348011122233",
    }
    reply = caller.call("POST", "/v1/test/simulator/orders", flat)
    if str(caller.credential).startswith("ilv_test_"):
        made = {"external_order_id": flat["external_order_id"], "is_test": True, ...: ...}
        want(reply, 201, {"order": made, ...: ...})
    else:
        want(reply, 403, error("forbidden"))


@PROMISES("GET /health and GET /health/ready answer without a key")
def health(caller: Caller) -> None:
    want(caller.call("GET", "/health", who="nobody"), 200)
    if (status := caller.call("GET", "/health/ready", who="nobody").status) not in (200, 503):
        raise Broken(f"wanted 200 or 503, got {status}")


# --- The rest -------------------------------------------------------------------------------------------------------
@PROMISES("Every error is JSON in the same shape: broken JSON, an unknown path, a wrong method")
def error_shapes(caller: Caller) -> None:
    refused(caller, b'{"schema_version": ', "validation_error")
    want(caller.call("GET", "/v1/nothing"), 404, error("not_found"))
    want(caller.call("DELETE", "/v1/orders"), 405, {"error": str, "message": str, "details?": dict})


@PROMISES("Unknown fields are ignored")
def unknown_fields(caller: Caller) -> None:
    create(caller, body(caller, colour="green") | {"priority": "high"})


@PROMISES("A trailing slash is answered and never redirected")
def trailing_slash(caller: Caller) -> None:
    want(caller.call("POST", "/v1/orders/", body(caller)), 201)
