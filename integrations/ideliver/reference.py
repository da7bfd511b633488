"""iDeliver's API as data. Source: the document "Orders & Deliveries" and the pages that it names; what is ours is
marked."""

from typing import Any

from destinations import money
from destinations.models import Vehicle
from integrations import registry
from integrations.ideliver import words
from integrations.ideliver.promises import SAMPLE
from integrations.reference import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    Call,
    Reference,
    Schema,
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

UUID = {"type": "string", "format": "uuid", "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"}
TIME = text(
    format="date-time",
    pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})$",
    examples=["2026-05-01T14:00:00.000Z"],
)
UTC_TIME = text(format="date-time", pattern=r"\.[0-9]{3}Z$", examples=["2026-05-01T14:00:00.000Z"])
SCOPES = array(one_of(*registry.DIALECTS[words.DIALECT].scopes))
LAT: Schema = {"type": "number", "minimum": -90, "maximum": 90}
LNG: Schema = {"type": "number", "minimum": -180, "maximum": 180}
ORDER_ID = {"id": UUID}
MAX_MINOR = int(money.MAX_AMOUNT)


def filled(limit: int, **more: Any) -> Schema:
    """A text that is not blank."""
    return text(minLength=1, maxLength=limit, pattern=r"\S", **more)


def measure(unit: str, most: int) -> Schema:
    return {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": most, "description": unit}


def error(*codes: str, **details: Schema) -> Schema:
    """`details`: what else an error of this kind has, both beside its code and in its details."""
    about = obj({"field": STRING}) if not details else obj(details)
    shape = {"error": one_of(*codes), "message": STRING, "details": about, **details}
    return obj(shape, optional=() if details else ("details",))


INVALID = error("validation_error")
CANNOT_CANCEL = error("cannot_cancel")
OUT_OF_COVERAGE = error("OUT_OF_COVERAGE_AREA", point=one_of("pickup", "dropoff"), lat=NUMBER, lng=NUMBER)
NOT_CREATED = {
    400: {"anyOf": [error("validation_error", "missing_pickup_time", "missing_delivery_window"), OUT_OF_COVERAGE]},
    409: error("idempotency_conflict", "duplicate_order"),
}
IDEMPOTENCY_KEY = {
    "Idempotency-Key": text(
        minLength=1, maxLength=255, description="The same key and body: the stored answer, with idempotent true."
    )
}

# --- Orders ---------------------------------------------------------------------------------------------------------
_CONTENTS: dict[str, Schema] = {
    "pickup_address": filled(1000),
    "dropoff_address": filled(1000),
    "customer_phone": filled(64),
    "customer_name": text(nullable=True, maxLength=255),
    "pickup_lat": LAT,
    "pickup_lng": LNG,
    "dropoff_lat": LAT,
    "dropoff_lng": LNG,
    "notes": text(nullable=True, maxLength=5000),
    "cod_amount_minor": {
        "type": ["integer", "null"],
        "minimum": 0,
        "maximum": MAX_MINOR,
        "description": "What is paid at the door, in the currency's smallest unit (ISO 4217).",
    },
    "cod_currency": text(nullable=True, pattern="^[A-Z]{3}$", description="Without it: the merchant's."),
    "weight_kg": measure("Kilograms.", words.MAX_WEIGHT_KG),
    "length_cm": measure("Centimetres.", words.MAX_SIDE_CM),
    "width_cm": measure("Centimetres.", words.MAX_SIDE_CM),
    "height_cm": measure("Centimetres.", words.MAX_SIDE_CM),
    "is_fragile": {"type": ["boolean", "null"], "description": "Upgrades the suggested vehicle."},
    "vehicle_type_hint": {
        "enum": [*Vehicle.values, None],
        "description": "Without it: worked out from weight, size and is_fragile.",
    },
    "items": nullable(array(ref("Item"), maxItems=500)),
    "rider_id": nullable(UUID) | {"description": "One of the merchant's own riders."},
}
_TIMES = {
    "scheduled_pickup_at": TIME | {"description": "In the future, and before delivery_window_end."},
    "delivery_window_start": TIME | {"description": "Before delivery_window_end."},
    "delivery_window_end": TIME,
}
_TOGETHER = {
    f"{end}_{one}": [f"{end}_{other}"]
    for end in ("pickup", "dropoff")
    for one, other in (("lat", "lng"), ("lng", "lat"))
}
_REQUIRED = ("pickup_address", "dropoff_address", "customer_phone")

_SHOWN: dict[str, Schema] = {
    **{name: text(nullable=True) for name in ("pickup_address", "dropoff_address", "customer_phone", "customer_name")},
    **{
        name: {"type": ["number", "null"]}
        for name in (
            "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng", "weight_kg", "length_cm", "width_cm", "height_cm",
        )
    },
    **dict.fromkeys(_TIMES, UTC_TIME),
    "notes": text(nullable=True),
    "cod_amount_minor": {"type": ["integer", "null"]},
    "cod_currency": text(nullable=True),
    "is_fragile": {"type": ["boolean", "null"]},
    "vehicle_type_hint": {"enum": [*Vehicle.values, None]},
    "items": nullable(array({"type": "object"})),
    "rider_id": nullable(UUID),
}  # fmt: skip

SCHEMAS = {
    "Item": body(
        {
            "name": text(nullable=True, maxLength=500),
            "quantity": {"type": ["integer", "null"], "minimum": 1, "maximum": 1_000_000},
            "price_minor": {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_MINOR},
        },
        description="As you like; these names are understood.",
    ),
    "NewOrder": body(
        {
            "schema_version": const(words.SCHEMA_VERSION),
            "source": filled(128, description="Ingestion source, e.g. api, shopify."),
            "external_order_id": filled(255, description="Your unique id: natural idempotency with source."),
            "raw_payload": {"type": ["object", "null"], "description": "Opaque object from your system."},
            "standardized": body(_TIMES | _CONTENTS, required=(*_TIMES, *_REQUIRED), dependentRequired=_TOGETHER),
        },
        required=("schema_version", "source", "external_order_id", "standardized"),
    ),
    "SimulatedOrder": body(
        {"external_order_id": filled(255), **_CONTENTS},
        required=("external_order_id", *_REQUIRED),
        dependentRequired=_TOGETHER,
    ),
    "Rider": obj({"id": UUID, "name": STRING, "phone": STRING, "vehicle_type": one_of(*Vehicle.values)}),
    "Order": obj(
        {
            "id": UUID,
            "merchant_id": STRING,
            "source": STRING,
            "external_order_id": STRING,
            "is_test": BOOLEAN,
            "unified_json": obj(
                {
                    "schema_version": const(words.SCHEMA_VERSION),
                    "status": text(minLength=1, maxLength=words.MAX_STATUS, examples=list(words.SAID)),
                    "status_text": ours(text(description="A carrier's own words while something is wrong.")),
                    # What was sent, also under names that are not the document's, and what is known now.
                    "standardized": body(_SHOWN),
                    "raw_payload": {"type": "object"},
                },
                optional=("status_text",),
            ),
            "customer_tracking_url": text(nullable=True, format="uri"),
            "tracking_token": text(minLength=1),
            "payment_verified": BOOLEAN,
            "last_error": ours(
                obj(
                    {"error": const("carrier_refused"), "message": STRING, "details": obj({"field": STRING})},
                    optional=("details",),
                    description="A carrier refused the order, because of this field of it if one is named.",
                )
            ),
            "rider": ref("Rider"),
            "created_at": UTC_TIME,
            "updated_at": UTC_TIME,
        },
        optional=("rider", "last_error"),
    ),
    "Covered": obj(
        {"covered": BOOLEAN, "zones": array(obj({"id": UUID, "name": STRING})), "point": obj({"lat": LAT, "lng": LNG})}
    ),
    "Zone": obj(
        {
            "type": const("Feature"),
            "id": UUID,
            "geometry": obj({"type": one_of("Polygon", "MultiPolygon"), "coordinates": array({"type": "array"})}),
            "properties": obj({"id": UUID, "name": STRING}),
        }
    ),
    "Webhook": obj(
        {
            "url": text(nullable=True),
            "enabled": BOOLEAN,
            "signing_secret": ours(text(minLength=32, description="What we sign with; shown when it is made.")),
        },
        optional=("signing_secret",),
    ),
}


def placed(*, idempotent: Schema) -> Schema:
    return obj({"order": ref("Order"), "idempotent": idempotent})


# 201 again for a key that is used again.
CREATED = {200: placed(idempotent=const(True)), 201: placed(idempotent=BOOLEAN)}
CANCELLED = obj({"order": ref("Order"), "already_cancelled": const(True)}, optional=("already_cancelled",))
REASON = body({"reason": text(nullable=True, maxLength=1000), "notes": text(nullable=True, maxLength=1000)})

REFERENCE = Reference(
    title="iDeliver: Orders & Deliveries",
    version="1",
    description="An order is a tenant-scoped delivery job. Its status is in unified_json.status.",
    security={"type": "http", "scheme": "bearer", "description": "An integration key (ilv_…) or an access token."},
    schemas=SCHEMAS,
    errors={
        400: INVALID,
        401: error("unauthorized"),
        403: error("forbidden"),
        404: error("not_found"),
        405: ours(error("method_not_allowed")),
        413: ours(error("payload_too_large")),
        415: ours(error("unsupported_media_type")),
        429: error("rate_limited"),
        500: ours(error("internal_error")),
    },
    calls=(
        Call(
            "post",
            "/v1/orders",
            "Create an order",
            CREATED | NOT_CREATED,
            body=ref("NewOrder"),
            sample={
                "schema_version": "1",
                "source": "api",
                "external_order_id": "store-order-8842",
                "raw_payload": {},
                "standardized": SAMPLE,
            },
            headers=IDEMPOTENCY_KEY,
            description="Needs the scope orders:write.",
        ),
        Call(
            "get",
            "/v1/orders",
            "List the orders, newest first",
            {200: obj({"orders": array(ref("Order"), maxItems=words.MAX_LIMIT), "next_cursor": text(nullable=True)})},
            query={
                "status": text(maxLength=words.MAX_STATUS, description="As it is shown."),
                "external_order_id": text(maxLength=255),
                "is_test": one_of("true", "false"),
                "source": ours(text(maxLength=128)),
                "created_from": ours(TIME | {"description": "Inclusive."}),
                "created_to": ours(TIME | {"description": "Exclusive."}),
                "limit": ours(
                    {"type": "integer", "minimum": 1, "default": words.DEFAULT_LIMIT, "description": "At most 100."}
                ),
                "cursor": ours(text(description="next_cursor of the page before.")),
            },
            description="Needs the scope orders:read.",
        ),
        Call(
            "get",
            "/v1/orders/{id}",
            "Get one order",
            {200: obj({"order": ref("Order")})},
            parameters=ORDER_ID,
            description="Needs the scope orders:read.",
        ),
        Call(
            "patch",
            "/v1/orders/{id}",
            "Update the status, the payment or the rider",
            {200: CANCELLED, 409: CANNOT_CANCEL},
            body=body(
                {
                    "status": text(
                        minLength=1,
                        maxLength=words.MAX_STATUS,
                        pattern=r"\S",
                        examples=list(words.SAID),
                        description="cancelled is a cancel.",
                    ),
                    "payment_verified": BOOLEAN,
                    "rider_id": nullable(UUID) | {"description": "null takes the order back."},
                },
                anyOf=[{"required": [name]} for name in ("status", "payment_verified", "rider_id")],
            ),
            parameters=ORDER_ID,
            description="Needs the scope orders:write. All of it or nothing.",
        ),
        Call(
            "post",
            "/v1/orders/{id}/cancel",
            "Cancel an order",
            {200: CANCELLED, 409: CANNOT_CANCEL},
            body=REASON,
            body_optional=True,
            parameters=ORDER_ID,
            description="Needs the scope orders:write.",
        ),
        Call(
            "post",
            "/v1/admin/orders/{id}/cancel",
            "Cancel any merchant's order",
            {200: CANCELLED, 409: CANNOT_CANCEL},
            body=REASON,
            body_optional=True,
            parameters=ORDER_ID,
            description="Break-glass: only with a key of the staff (ilv_admin_…), which opens nothing else.",
        ),
        Call(
            "get",
            "/v1/coverage/check",
            "Is a point in an active zone?",
            {
                200: SCHEMAS["Covered"]
                | {
                    "properties": {
                        **SCHEMAS["Covered"]["properties"],
                        "pickup": ours(ref("Covered")),
                        "dropoff": ours(ref("Covered")),
                    }
                }
            },
            query={
                "lat": LAT,
                "lng": LNG,
                "pickup_lat": LAT,
                "pickup_lng": LNG,
                "dropoff_lat": LAT,
                "dropoff_lng": LNG,
            },
            description="Needs the scope orders:read. lat and lng, or those of one stop or both.",
        ),
        Call(
            "get",
            "/v1/me/dispatch/zones",
            "The merchant's active zones, as GeoJSON",
            {200: obj({"type": const("FeatureCollection"), "features": array(ref("Zone"))})},
            description="Needs the scope orders:read.",
        ),
        Call(
            "patch",
            "/v1/me/outbound-webhook",
            "Set where you are told what happens",
            {200: ref("Webhook")},
            body=body(
                {
                    "url": text(
                        format="uri", maxLength=1000, pattern="^https?://[^@\\\\\\s]+$", description="http or https."
                    ),
                    "enabled": BOOLEAN,
                    "rotate_secret": ours({"type": "boolean", "description": "true: makes a new signing secret."}),
                },
                anyOf=[{"required": [name]} for name in ("url", "enabled", "rotate_secret")],
            ),
            description="Needs the scope webhooks:manage.",
        ),
        Call(
            "get",
            "/v1/me/outbound-webhook",
            "Where you are told what happens",
            {200: ref("Webhook")},
            description="Needs the scope webhooks:manage.",
            ours=True,
        ),
        Call(
            "post",
            "/v1/auth/token",
            "Get an access token for a key",
            {
                200: obj(
                    {
                        "access_token": text(minLength=1),
                        "token_type": ours(const("Bearer")),
                        "expires_in": ours(INTEGER),
                        "scopes": ours(SCOPES),
                    }
                ),
                401: error("unauthorized"),
            },
            body={"type": "object"},
            body_optional=True,
            headers={"X-API-Key": STRING},
            required=("X-API-Key",),
            open=True,
        ),
        Call(
            "get",
            "/v1/auth/me",
            "Who calls",
            {
                200: obj(
                    {
                        "merchant_id": STRING,
                        "merchant": obj({"id": STRING, "name": STRING}),
                        "is_test": BOOLEAN,
                        "scopes": SCOPES,
                    }
                )
            },
        ),
        Call(
            "post",
            "/v1/test/simulator/orders",
            "Create a test order",
            CREATED | NOT_CREATED,
            body=ref("SimulatedOrder"),
            headers=IDEMPOTENCY_KEY,
            description="Only with a test key (ilv_test_…). Needs the scope orders:write.",
        ),
        Call("get", "/health", "Are you there?", {200: obj({"status": const("ok")})}, open=True),
        Call(
            "get",
            "/health/ready",
            "Can you work?",
            {
                status: obj({"status": const(word), "database": BOOLEAN, "worker": BOOLEAN})
                for status, word in ((200, "ok"), (503, "unavailable"))
            },
            open=True,
        ),
    ),
)
