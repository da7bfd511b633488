"""Fuuffy's API as data. Source: the document "Create Order" and Fuuffy's pages about tokens; what is ours is marked."""

from integrations.fuuffy import words
from integrations.fuuffy.promises import SAMPLE
from integrations.reference import (
    FORM,
    INTEGER,
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

TIME = {"type": "string", "format": "date-time", "pattern": "Z$", "examples": ["2024-01-18T17:00:00Z"]}
IDEMPOTENCY_KEY = {"Idempotency-Key": text(maxLength=255, description="Prevents duplicate orders.")}
STATUSES = tuple(dict.fromkeys(words.OUT.values()))


def error(code: str, reason: str) -> Schema:
    return obj({"error": obj({"code": const(code), "code_reason": const(reason), "message": STRING})})


def person(*, required: bool) -> Schema:
    fields: dict[str, Schema] = {
        "name": text(minLength=1, maxLength=255),
        "phone": text(pattern=r"^\+[0-9]{6,15}$", description="Punctuation is allowed.", examples=["+1234567890"])
        if required
        else STRING,
        "email": text(nullable=True, maxLength=254, format="email"),
        "address": text(minLength=1, maxLength=1000),
        "city": text(nullable=True, maxLength=255),
        "postal_code": text(nullable=True, maxLength=64),
        "country": {"enum": [*sorted(words.COUNTRIES), None], "description": "ISO 3166-1 alpha-2."}
        if required
        else text(nullable=True),
    }
    # Those of other dialects may know less than the document asks for.
    return body(fields, required=("name", "phone", "address") if required else ())


def measure(below: int) -> Schema:
    return {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": below}


DIMENSIONS = body({name: measure(words.MAX_SIDE_CM) for name in words.DIMENSIONS}, required=words.DIMENSIONS)

SCHEMAS = {
    "NewOrder": body(
        {
            "sender": person(required=True),
            "recipient": person(required=True),
            "package": body(
                {
                    "weight": measure(words.MAX_WEIGHT_KG) | {"description": "Kilograms."},
                    "dimensions": nullable(DIMENSIONS) | {"description": "Centimetres."},
                    "description": text(nullable=True, maxLength=500),
                    "value": {"type": ["number", "null"], "minimum": 0, "description": "Declared value in USD."},
                },
                required=("weight",),
            ),
            "service_type": {"enum": [*words.SERVICES, None], "default": words.DEFAULT_SERVICE},
            "reference": text(nullable=True, maxLength=255),
            "notes": text(nullable=True, maxLength=2000),
        },
        required=("sender", "recipient", "package"),
    ),
    "Order": obj(
        {
            "id": text(pattern="^order_[0-9a-f]{12}$", examples=["order_1a2b3c4d5e6f"]),
            "tracking_number": text(pattern="^FUF[0-9]{9,}$", examples=["FUF123456789"]),
            "status": one_of(*STATUSES),
            "sender": person(required=False),
            "recipient": person(required=False),
            "package": {"type": "object"},
            "service_type": one_of(*words.SERVICES),
            "reference": STRING,
            "notes": STRING,
            "estimated_delivery": TIME,
            "created_at": TIME,
            "updated_at": TIME,
            "error": ours(
                obj(
                    {
                        "code": const("carrier_refused"),
                        "message": STRING,
                        "details": array(obj({"field": STRING, "message": STRING}), minItems=1),
                    },
                    optional=("details",),
                    description="A carrier refused the order, because of this field of it if one is named.",
                )
            ),
        },
        optional=("service_type", "reference", "notes", "estimated_delivery", "error"),
    ),
    "ValidationError": obj(
        {
            "error": obj(
                {
                    "code": const("validation_error"),
                    "message": STRING,
                    "details": array(obj({"field": STRING, "message": STRING}), minItems=1),
                }
            )
        }
    ),
    "Unauthorized": {
        "anyOf": [
            error("401000", "UNAUTHORIZED"),
            error("401021", "invalid_client_id_or_client_secret"),
            obj({"error": obj({"code": const("invalid_token"), "message": STRING, "details": STRING})}),
        ]
    },
}

REFERENCE = Reference(
    title="Fuuffy: Create Order",
    version="1",
    description="Create a new order, and, as our additions, follow and cancel it.",
    security={
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of POST /v1/auth/token, or the client secret itself.",
    },
    schemas=SCHEMAS,
    errors={
        400: ref("ValidationError"),
        401: ref("Unauthorized"),
        403: error("403000", "FORBIDDEN"),
        404: error("404000", "NOT_FOUND"),
        405: ours(error("405000", "METHOD_NOT_ALLOWED")),
        413: ours(error("413000", "PAYLOAD_TOO_LARGE")),
        415: ours(error("415000", "UNSUPPORTED_MEDIA_TYPE")),
        429: obj({"error": obj({"code": const("rate_limit_exceeded"), "message": STRING})}),
        500: error("500999", "API_ERROR"),
    },
    calls=(
        Call(
            "post",
            "/v1/auth/token",
            "Get an access token",
            {
                200: obj(
                    {
                        "data": obj(
                            {"access_token": text(pattern="^sk-"), "token_type": const("Bearer"), "expires_in": INTEGER}
                        )
                    }
                ),
                401: ref("Unauthorized"),
            },
            body=body(
                {"grant_type": const("client_credentials"), "client_id": STRING, "client_secret": STRING},
                required=("grant_type", "client_id", "client_secret"),
            ),
            body_types=(FORM,),
            open=True,
        ),
        Call(
            "post",
            "/v1/orders",
            "Create an order",
            {201: ref("Order"), 409: ours(error("409000", "CONFLICT"))},
            body=ref("NewOrder"),
            sample=SAMPLE,
            headers=IDEMPOTENCY_KEY,
        ),
        Call("get", "/v1/orders/{id}", "Get an order", {200: ref("Order")}, ours=True),
        Call(
            "post",
            "/v1/orders/{id}/cancel",
            "Cancel an order",
            {200: ref("Order"), 409: error("409000", "CONFLICT")},
            headers=IDEMPOTENCY_KEY,
            ours=True,
        ),
    ),
)
