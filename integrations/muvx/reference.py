"""Muvx's API as data. Source: the document "Order Management APIs"; what is ours is marked."""

from integrations.muvx import words
from integrations.muvx.promises import SAMPLE
from integrations.reference import (
    BOOLEAN,
    OUR_IDEMPOTENCY_KEY,
    STRING,
    Call,
    Reference,
    array,
    body,
    const,
    nullable,
    obj,
    one_of,
    ours,
    ref,
    text,
)  # fmt: skip

STATUSES = tuple(dict.fromkeys(words.OUT.values()))
ORDER_ID = {"type": "string", "pattern": "^MOV[1-9][0-9]*$", "examples": ["MOV123"]}
REFUSED = {"description": "A carrier refused the order, because of this field of it if one is named."}
UTC_TIME = {"type": "string", "format": "date-time", "pattern": "Z$", "examples": ["2025-07-16T15:00:00Z"]}


def error(*codes: str) -> dict:
    return obj({"success": const(False), "error": one_of(*codes), "message": STRING})


SCHEMAS = {
    "Address": {
        "description": "A text, or its parts: area, block, street, building, floor, flat …",
        "anyOf": [
            text(minLength=1, maxLength=1000),
            {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "integer", "null"]}},
        ],
    },
    "Stop": body(
        {
            "name": text(minLength=1, maxLength=255),
            "address": ref("Address"),
            "lat": {"type": ["number", "null"], "minimum": -90, "maximum": 90},
            "lng": {"type": ["number", "null"], "minimum": -180, "maximum": 180},
            "phone": text(minLength=1, maxLength=64),
        },
        required=("name", "address", "phone"),
        description="lat and lng belong together.",
    ),
    "Item": body(
        {
            "name": text(minLength=1, maxLength=500),
            "quantity": {"type": ["integer", "null"], "minimum": 1, "maximum": 1_000_000, "default": 1},
            "price": {
                "type": ["number", "null"],
                "minimum": 0,
                "description": "Per piece, in the merchant's currency.",
            },
            "weight": {"type": ["number", "null"], "minimum": 0, "description": "Kilograms per piece."},
        },
        required=("name",),
    ),
    "NewOrder": body(
        {
            "integration_order_id": text(minLength=1, maxLength=255, description="Your own id; not twice."),
            "pickup": ref("Stop"),
            "dropoff": ref("Stop"),
            "items": nullable(array(ref("Item"), maxItems=500)),
            "notes": text(nullable=True, maxLength=2000),
            "cod_amount": {"type": ["number", "null"], "minimum": 0, "description": "What is paid at the door."},
            "destination_id": text(nullable=True, maxLength=64, description="Without it: the source's default."),
            "auto_pickup": {
                "type": ["boolean", "null"],
                "default": False,
                "description": "false: held until the pickup is triggered.",
            },
            "scheduled_pickup_time": nullable(UTC_TIME),
        },
        required=("integration_order_id", "pickup", "dropoff"),
    ),
    "Destination": obj(
        {
            "id": text(pattern="^[a-z0-9]{32}$"),
            "name": STRING,
            "is_default": BOOLEAN,
            "environment": one_of("sandbox", "production"),
            "provider": STRING,
        }
    ),
}


def done(*statuses: str) -> dict:
    return obj({"success": const(True), "id": ORDER_ID, "status": one_of(*statuses)})


NOT_FOUND = error("not_found")

REFERENCE = Reference(
    title="Muvx: Order Management APIs",
    version="1",
    description="These endpoints allow your system to create, update and track delivery orders.",
    security={"type": "http", "scheme": "bearer", "description": "Your source's key. Also as X-API-Key: …"},
    schemas=SCHEMAS,
    errors={
        400: error("validation_error"),
        401: ours(error("unauthorized")),
        404: NOT_FOUND,
        405: ours(error("method_not_allowed")),
        413: ours(error("too_large")),
        500: ours(error("internal_error")),
    },
    calls=(
        Call(
            "post",
            "/v1/orders",
            "Create an order",
            {
                200: obj(
                    {
                        "success": const(True),
                        "id": ORDER_ID,
                        "status": const("created"),
                        "tracking_url": text(format="uri"),
                        "status_url": text(format="uri"),
                    }
                ),
                409: error("duplicate_order", "idempotency_conflict"),
                415: ours(error("unsupported_media_type")),
            },
            body=ref("NewOrder"),
            sample=SAMPLE,
            headers=OUR_IDEMPOTENCY_KEY,
        ),
        Call(
            "post",
            "/v1/orders/{id}/cancel",
            "Cancel an order",
            {
                200: done("cancelled"),
                400: error("invalid_action", "validation_error"),
                409: ours(error("idempotency_conflict")),
            },
            headers=OUR_IDEMPOTENCY_KEY,
        ),
        Call(
            "get",
            "/v1/orders/{id}/status",
            "Get an order's status",
            {
                200: obj(
                    {
                        "success": const(True),
                        "id": ORDER_ID,
                        "integration_order_id": STRING,
                        "status": one_of(*STATUSES),
                        "last_updated": UTC_TIME,
                        "error": ours(obj({"field": STRING, "message": STRING}, optional=("field",)) | REFUSED),
                    },
                    optional=("error",),
                )
            },
        ),
        Call(
            "post",
            "/v1/orders/{id}/pickup",
            "Trigger a pickup",
            {
                200: done("dispatched", "created"),
                400: error("invalid_status", "validation_error"),
                409: ours(error("idempotency_conflict")),
            },
            body=ours(body({"scheduled_pickup_time": nullable(UTC_TIME)}, description="Adjusts the time instead.")),
            body_optional=True,
            headers=OUR_IDEMPOTENCY_KEY,
        ),
        Call(
            "get",
            "/v1/destinations",
            "List the destinations",
            {200: obj({"success": const(True), "destinations": array(ref("Destination"))})},
        ),
    ),
)
