"""What Muvx's document promises, tried from outside. Each sentence is the document's, or what it comes to."""

import re
import time
from copy import deepcopy
from typing import Any

from integrations.conformance import Broken, Caller, Promises, want


def authorize(key: Any, url: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    return url, headers | {"Authorization": f"Bearer {key}"}


PROMISES = Promises("muvx", authorize)

ID = re.compile(r"MOV\d+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CREATED = {"success": True, "id": ID, "status": "created", "tracking_url?": str, "status_url": str}
MISSING = "MOV999999999999"


# The document's.
SAMPLE: dict[str, Any] = {
    "integration_order_id": "SHOP123456",
    "pickup": {
        "name": "Store Name",
        "address": "789 Elm St, Kuwait City",
        "lat": 29.3375,
        "lng": 48.0286,
        "phone": "+96500000000",
    },
    "dropoff": {
        "name": "Customer Name",
        "address": {
            "area": "Salmiya",
            "block": "3",
            "street": "Al Muqawil",
            "building": "21A",
            "floor": "1",
            "flat": "2",
        },
        "lat": 29.3759,
        "lng": 47.9774,
        "phone": "+96511111111",
    },
    "items": [{"name": "Product A", "quantity": 2, "price": 1.25, "weight": 0.53}],
    "notes": "Leave at the door",
    "cod_amount": 3.5,
    "auto_pickup": False,
}


def body(caller: Caller, **changes: Any) -> dict[str, Any]:
    """The document's sample, as an order of its own."""
    return deepcopy(SAMPLE) | {"integration_order_id": caller.number()} | changes


def create(caller: Caller, **changes: Any) -> str:
    return want(caller.call("POST", "/v1/orders", body(caller, **changes)), 200, CREATED)["id"]


def refused(caller: Caller, sent: Any, message: str | None = None) -> None:
    wanted = {"success": False, "error": "validation_error", "message": message or str}
    want(caller.call("POST", "/v1/orders", sent), 400, wanted)


def status_of(caller: Caller, number: str) -> str:
    return want(caller.call("GET", f"/v1/orders/{number}/status"), 200)["status"]


# --- 1. Create Order ------------------------------------------------------------------------------------------------
@PROMISES(
    "POST /v1/orders creates a new delivery order: 200 with success, id, status created, tracking_url, status_url"
)
def create_answers(caller: Caller) -> None:
    create(caller)


@PROMISES("status_url leads to the order's status")
def create_status_url(caller: Caller) -> None:
    made = want(caller.call("POST", "/v1/orders", body(caller)), 200)
    if not made["status_url"].endswith(f"/v1/orders/{made['id']}/status"):
        raise Broken(made["status_url"])


@PROMISES("All other fields are optional (items, notes, cod_amount, coordinates, scheduled_pickup_time)")
def create_minimal(caller: Caller) -> None:
    stop = {"name": "Store", "address": "789 Elm St", "phone": "+96500000000"}
    sent = {"integration_order_id": caller.number(), "pickup": stop, "dropoff": stop}
    want(caller.call("POST", "/v1/orders", sent), 200, CREATED)


def _required(end: str, name: str) -> None:
    def keep(caller: Caller) -> None:
        sent = body(caller)
        del sent[end][name]
        refused(caller, sent, f"Missing required field: {end}.{name}")

    keep.__name__ = f"create_{end}_{name}_required"
    PROMISES(f"{end}.{name} is required: 400 validation_error “Missing required field: {end}.{name}”")(keep)


for _end in ("pickup", "dropoff"):
    for _name in ("name", "address", "phone"):
        _required(_end, _name)


@PROMISES("integration_order_id is required")
def create_id_required(caller: Caller) -> None:
    sent = body(caller)
    del sent["integration_order_id"]
    refused(caller, sent, "Missing required field: integration_order_id")


@PROMISES("The table of required fields calls it integrationOrderId: accepted too")
def create_other_spelling(caller: Caller) -> None:
    sent = body(caller)
    sent["integrationOrderId"] = sent.pop("integration_order_id")
    want(caller.call("POST", "/v1/orders", sent), 200, CREATED)


@PROMISES("integration_order_id must not be duplicated: 409 duplicate_order")
def create_duplicate(caller: Caller) -> None:
    sent = body(caller)
    want(caller.call("POST", "/v1/orders", sent), 200)
    wanted = {
        "success": False,
        "error": "duplicate_order",
        "message": "An order with this integration_order_id already exists.",
    }
    want(caller.call("POST", "/v1/orders", sent), 409, wanted)


@PROMISES("An address is a text or an object, at either end")
def create_addresses(caller: Caller) -> None:
    stop = {"name": "Store", "address": {"area": "Salmiya", "block": "3"}, "phone": "+96500000000"}
    create(caller, pickup=stop, dropoff=stop | {"address": "789 Elm St"})


@PROMISES("auto_pickup false: stored but not dispatched until Trigger Pickup is called")
def create_held(caller: Caller) -> None:
    number = create(caller, auto_pickup=False)
    if status_of(caller, number) != "created":
        raise Broken("it has gone out")


@PROMISES("auto_pickup true without scheduled_pickup_time: dispatched immediately")
def create_sent_out(caller: Caller) -> None:
    number = create(caller, auto_pickup=True)
    for _ in range(20):
        if (word := status_of(caller, number)) != "created":
            break
        time.sleep(0.25)
    if word == "created":
        raise Broken("it is still held after 5 s")


@PROMISES("auto_pickup true with scheduled_pickup_time: held until the scheduled time")
def create_scheduled(caller: Caller) -> None:
    number = create(caller, auto_pickup=True, scheduled_pickup_time="2099-07-16T15:00:00Z")
    if status_of(caller, number) != "created":
        raise Broken("it has gone out")


@PROMISES("scheduled_pickup_time must use ISO-8601 UTC format")
def create_schedule_format(caller: Caller) -> None:
    for wrong in ("tomorrow", "2099-07-16T15:00:00", "2099-07-16T15:00:00+03:00"):
        refused(caller, body(caller, auto_pickup=True, scheduled_pickup_time=wrong))


@PROMISES("With destination_id, the order is created for that destination; an unknown one is refused")
def create_for_destination(caller: Caller) -> None:
    found = want(caller.call("GET", "/v1/destinations"), 200)["destinations"]
    create(caller, destination_id=found[-1]["id"])
    refused(caller, body(caller, destination_id="k" * 32))


@PROMISES("Broken JSON is a 400 in the same shape")
def create_broken_json(caller: Caller) -> None:
    refused(caller, b'{"integration_order_id": ')


@PROMISES("Unknown fields are ignored")
def create_unknown_fields(caller: Caller) -> None:
    create(caller, colour="green")


# --- 2. Cancel Order ------------------------------------------------------------------------------------------------
@PROMISES("POST /v1/orders/{id}/cancel: 200 with success, id, status cancelled")
def cancel_answers(caller: Caller) -> None:
    number = create(caller)
    wanted = {"success": True, "id": number, "status": "cancelled"}
    want(caller.call("POST", f"/v1/orders/{number}/cancel"), 200, wanted)
    if status_of(caller, number) != "cancelled":
        raise Broken("its status is another")


@PROMISES("A repeated cancel answers 200 with the same body")
def cancel_twice(caller: Caller) -> None:
    number = create(caller)
    for _ in range(2):
        wanted = {"success": True, "id": number, "status": "cancelled"}
        want(caller.call("POST", f"/v1/orders/{number}/cancel"), 200, wanted)


NOT_FOUND = {"success": False, "error": "not_found", "message": "Order not found"}


@PROMISES("Cancelling an unknown order: 404 not_found “Order not found”")
def cancel_unknown(caller: Caller) -> None:
    want(caller.call("POST", f"/v1/orders/{MISSING}/cancel"), 404, NOT_FOUND)


# --- 3. Get Order Status --------------------------------------------------------------------------------------------
@PROMISES("GET /v1/orders/{id}/status: success, id, integration_order_id, status, last_updated in UTC")
def status_answers(caller: Caller) -> None:
    sent = body(caller)
    number = want(caller.call("POST", "/v1/orders", sent), 200)["id"]
    wanted = {
        "success": True,
        "id": number,
        "integration_order_id": sent["integration_order_id"],
        "status": "created",
        "last_updated": TIME,
    }
    want(caller.call("GET", f"/v1/orders/{number}/status"), 200, wanted)


@PROMISES("The status of an unknown order: 404 not_found “Order not found”")
def status_unknown(caller: Caller) -> None:
    want(caller.call("GET", f"/v1/orders/{MISSING}/status"), 404, NOT_FOUND)


@PROMISES("An order is seen by its own merchant only")
def status_stranger(caller: Caller) -> None:
    number = create(caller)
    want(caller.call("GET", f"/v1/orders/{number}/status", who="stranger"), 404, NOT_FOUND)
    want(caller.call("POST", f"/v1/orders/{number}/cancel", who="stranger"), 404, NOT_FOUND)


# --- 4. Trigger Pickup ----------------------------------------------------------------------------------------------
@PROMISES("POST /v1/orders/{id}/pickup: 200 with success, id, status dispatched")
def pickup_answers(caller: Caller) -> None:
    number = create(caller)
    wanted = {"success": True, "id": number, "status": "dispatched"}
    want(caller.call("POST", f"/v1/orders/{number}/pickup"), 200, wanted)


@PROMISES("A pickup of an order that has gone out: 400 invalid_status “Pickup cannot be triggered. Current status: …”")
def pickup_too_late(caller: Caller) -> None:
    number = create(caller)
    want(caller.call("POST", f"/v1/orders/{number}/pickup"), 200)
    message = re.compile(r"Pickup cannot be triggered\. Current status: [a-z_]+")
    wanted = {"success": False, "error": "invalid_status", "message": message}
    want(caller.call("POST", f"/v1/orders/{number}/pickup"), 400, wanted)


@PROMISES("The pickup of an unknown order: 404 not_found “Order not found”")
def pickup_unknown(caller: Caller) -> None:
    want(caller.call("POST", f"/v1/orders/{MISSING}/pickup"), 404, NOT_FOUND)


@PROMISES("Trigger Pickup can adjust the timing: with a scheduled_pickup_time it answers created")
def pickup_rescheduled(caller: Caller) -> None:
    number = create(caller)
    reply = caller.call("POST", f"/v1/orders/{number}/pickup", {"scheduled_pickup_time": "2099-07-16T15:00:00Z"})
    want(reply, 200, {"success": True, "id": number, "status": "created"})


# --- 5. Destinations List -------------------------------------------------------------------------------------------
@PROMISES("GET /v1/destinations: each destination has id, name, is_default, environment, provider")
def destinations_answer(caller: Caller) -> None:
    one = {
        "id": re.compile("[a-z0-9]{32}"),
        "name": str,
        "is_default": bool,
        "environment": re.compile("sandbox|production"),
        "provider": str,
    }
    want(caller.call("GET", "/v1/destinations"), 200, {"success": True, "destinations": [one, ...]})


@PROMISES("Exactly one destination per Source is always marked as is_default: true")
def destinations_default(caller: Caller) -> None:
    found = want(caller.call("GET", "/v1/destinations"), 200)["destinations"]
    if sum(one["is_default"] for one in found) != 1:
        raise Broken(f"{sum(one['is_default'] for one in found)} of {len(found)} are")


# --- All calls ------------------------------------------------------------------------------------------------------
@PROMISES("Without a valid key: 401 in the same shape")
def unauthorized(caller: Caller) -> None:
    wanted = {"success": False, "error": "unauthorized", "message": str}
    want(caller.call("GET", "/v1/destinations", who="nobody"), 401, wanted)
    want(caller.call("POST", "/v1/orders", body(caller), who="nobody"), 401, wanted)


@PROMISES("An unknown path: 404 in the same shape")
def unknown_path(caller: Caller) -> None:
    want(caller.call("GET", "/v1/nothing"), 404, {"success": False, "error": "not_found", "message": str})


@PROMISES("A trailing slash is answered and never redirected")
def trailing_slash(caller: Caller) -> None:
    want(caller.call("POST", "/v1/orders/", body(caller)), 200, CREATED)
