"""Modon Express's API as data. Source: the merchant API document, and what its other programs rely on (paths, log-in,
edits, deletion, limits); what is ours is marked."""

from integrations.modon import words
from integrations.modon.promises import SAMPLE
from integrations.reference import (
    FORM,
    JSON,
    MULTIPART,
    OUR_IDEMPOTENCY_KEY,
    STRING,
    Call,
    Reference,
    Schema,
    array,
    body,
    const,
    obj,
    one_of,
    ours,
    ref,
    text,
)  # fmt: skip

ANY_BODY = (MULTIPART, FORM, JSON)
NUMBER = text(pattern="^[0-9]+$", examples=["1"])
AMOUNT = text(pattern=r"^[0-9]+(\.[0-9]+)?$", examples=["25000"])
BIT: Schema = {"type": "integer", "enum": [0, 1]}
FLAG = one_of("0", "1")
MOBILE = text(pattern=r"^\+9647[0-9]{9}$", examples=["+9647700000000"])
TIME = text(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$", examples=["2023-08-13 22:12:18"])
INVOICE_ID = {"invoice_id": text(pattern=r"^\s*[0-9]{1,18}\s*$", examples=["3"])}
ORDERS = text(pattern="^[0-9]{1,18}(,[0-9]{1,18}){0,30}$", examples=["11,23,75,29"])


def ok(data: Schema) -> Schema:
    return obj({"status": const(True), "errNum": const("S000"), "msg": const("ok"), "data": data})


def whole(least: int, most: int, **more: object) -> Schema:
    """A whole number in a text, as forms have it, or a JSON number."""
    digits = f"^[{least}-9]$" if most < 10 else f"^[{1 if least else 0}-9][0-9]{{0,{len(str(most)) - 2}}}$"
    return {"anyOf": [text(pattern=digits), {"type": "integer", "minimum": least, "maximum": most}], **more}


def filled(longest: int) -> Schema:
    return text(minLength=1, maxLength=longest, pattern=r"\S")


_SENT: dict[str, Schema] = {
    "client_name": filled(255),
    "client_mobile": MOBILE,
    "client_mobile2": text(nullable=True, maxLength=64, description="Empty when there is none."),
    "city_id": whole(1, 2_147_483_647, description="One of `citys`."),
    "region_id": whole(1, 2_147_483_647, description="One of this city's `regions`."),
    "location": text(nullable=True, maxLength=1000, description="Where in the region."),
    "type_name": filled(500) | {"description": "What the goods are."},
    "items_number": whole(1, 2_147_483_647),
    "price": whole(0, 999_999_999_999, description="In dinars, with the delivery fee: what is paid at the door."),
    "package_size": whole(1, 2_147_483_647, description="One of `package-sizes`."),
    "merchant_notes": text(nullable=True, maxLength=2000),
    "replacement": one_of("0", "1", 0, 1),
    "company_order_id": text(nullable=True, maxLength=255, description="Your own number; need not be unique."),
    "promo_code": text(nullable=True, maxLength=255),
}
_REQUIRED = (
    "client_name", "client_mobile", "city_id", "region_id", "type_name", "items_number", "price", "package_size",
    "replacement",
)  # fmt: skip

# What an order has wherever it is listed, in the document's order.
_ROW: dict[str, Schema] = {
    "client_name": STRING,
    "client_mobile": STRING,
    "items_number": NUMBER,
    "created_at": TIME,
    "city_name": STRING,
    "region_name": STRING,
    "status_id": one_of(*map(str, words.STATUSES)),
    "status": one_of(*words.STATUSES.values()),
    "price": AMOUNT,
    "location": STRING,
    "issue_notes": text(
        minLength=1, description=f'{words.NONE}: none. "client_mobile: …" when no carrier takes the order as it is.'
    ),
    "merchant_notes": text(minLength=1, description=f"{words.NONE}: none."),
    "client_mobile2": STRING,
    "updated_at": TIME,
    "city_id": NUMBER | {"description": "0: not one of ours."},
    "region_id": NUMBER | {"description": "0: not one of ours."},
    "replacement": FLAG,
    "type_name": STRING,
    "id": NUMBER,
    "has_merchant_fin_record": BIT,
    "deliver_confirmed_fin": BIT,
    "delivery_price": AMOUNT,
    "package_size": text(description="The size in words."),
    "merchant_invoice_id": text(pattern="^(-1|[0-9]+)$"),
    "urgent": FLAG,
    "urgent_datetime_to_deliver": TIME,
    "deliver_estimation_datetime": TIME,
}
_NOT_OF_INVOICES = (
    "has_merchant_fin_record", "deliver_confirmed_fin", "urgent", "urgent_datetime_to_deliver",
    "deliver_estimation_datetime",
)  # fmt: skip
_OURS = {
    "qr_id": ours(NUMBER | {"description": "The same as id."}),
    "currency": ours(text(pattern="^[A-Z]{3}$", description="Of an order that is not in dinars.")),
}

SCHEMAS = {
    "NewOrder": body(_SENT, required=_REQUIRED, examples=[SAMPLE]),
    "EditedOrder": body(
        {"qr_id": whole(1, 999_999_999_999), **_SENT},
        required=("qr_id", *_REQUIRED),
        examples=[{"qr_id": "38799216", **SAMPLE}],
    ),
    "Placed": obj(
        {
            "client_name": STRING,
            "client_mobile": MOBILE,
            "client_mobile2": STRING,
            "city_id": NUMBER,
            "region_id": NUMBER,
            "type_id": const(1),
            "merchant_mobile": text(description="In national form."),
            "items_number": NUMBER,
            "price": NUMBER,
            "package_size": NUMBER,
            "cash_fee": {"type": "integer", "minimum": 0, "description": "Above 1,000,000 dinars."},
            "location": STRING,
            "merchant_id": NUMBER,
            "current_city": NUMBER | {"description": "0: only the address is known."},
            "merchant_city": NUMBER | {"description": "0: only the address is known."},
            "company_price": {"type": "integer", "minimum": 0, "description": "The delivery fee."},
            "merchant_price": {"type": "integer", "description": "The price without the delivery fee."},
            "type_name": STRING,
            "merchant_created_at": TIME,
            "merchant_notes": text(minLength=1),
            "qr_id": {"type": "integer", "minimum": 1, "description": "What the order is known by."},
            "pickup_id": const("0") | {"description": "Nobody has picked it up yet."},
            "pickup_created_at": const(words.UNSET_TIME),
            "id": NUMBER,
            "qr_link": text(format="uri", description="The receipt, a PDF."),
        }
    ),
    "PlacedAnswer": {
        "description": "An array of one; the object itself where the source's setting modon_create_reply says so.",
        "anyOf": [ok(array(ref("Placed"), minItems=1, maxItems=1)), ours(ok(ref("Placed")))],
    },
    "Order": obj({**_ROW, **_OURS}, optional=("currency",)),
    "Invoice": obj(
        {
            "id": NUMBER,
            "merchant_price": AMOUNT,
            "delivered_orders_count": NUMBER,
            "replacement_delivered_orders_count": NUMBER,
            "status": STRING,
            "merchant_id": NUMBER,
            "updated_at": TIME,
        }
    ),
    "InvoiceOrder": obj(
        {name: schema for name, schema in _ROW.items() if name not in _NOT_OF_INVOICES} | _OURS, optional=("currency",)
    ),
    "NoAccess": obj({"status": const(False), "errNum": const("21"), "msg": const(words.NO_ACCESS)}),
    "Refused": obj({"status": const(False), "errNum": const("999"), "msg": text(minLength=1)}),
}
REFUSED = ref("Refused")
NUMBERED = "Orders by their numbers, with commas between them, in qr_ids, ids, order_id or qr_id."
DELETION = body(
    {"qr_ids": ORDERS, "ids": ORDERS, "order_id": ORDERS, "qr_id": ORDERS},
    description=NUMBERED,
    examples=[{"qr_ids": "11,23"}],
)

_BASE = "/v1/merchant"
REFERENCE = Reference(
    title="Modon Express: merchant API",
    version="1",
    description=(
        "Modon Express, the same platform as Al-Waseet. Bodies may be multipart, urlencoded or JSON, whatever they "
        "are announced as. 60 calls in 30 seconds for each user, over all endpoints."
    ),
    security={
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "A merchant's begins with @@, a merchant user's does not. Also in the body, or as a Bearer.",
    },
    schemas=SCHEMAS,
    errors={
        400: {"anyOf": [ref("NoAccess"), REFUSED]},
        404: ours(REFUSED),
        405: ours(REFUSED),
        413: ours(REFUSED),
        429: REFUSED,
        500: ours(REFUSED),
    },
    calls=(
        Call(
            "post",
            f"{_BASE}/login",
            "Log in",
            {200: ok(obj({"token": text(minLength=1)}))},
            body=body({"username": filled(150), "password": filled(128)}, required=("username", "password")),
            body_types=ANY_BODY,
            open=True,
            description="Lasts 30 days, and ends with the password.",
        ),
        Call(
            "get",
            f"{_BASE}/citys",
            "List the cities",
            {200: ok(array(obj({"id": NUMBER, "city_name": STRING})))},
            open=True,
        ),
        Call(
            "get",
            f"{_BASE}/regions",
            "List a city's regions",
            {200: ok(array(obj({"id": NUMBER, "region_name": STRING})))},
            query={"city_id": text(pattern="^[0-9]{1,9}$", examples=["1"])},
            required=("city_id",),
            open=True,
        ),
        Call(
            "get",
            f"{_BASE}/package-sizes",
            "List the package sizes",
            {200: ok(array(obj({"id": NUMBER, "size": STRING})))},
            open=True,
        ),
        Call(
            "post",
            f"{_BASE}/create-order",
            "Create an order",
            {200: ref("PlacedAnswer")},
            body=ref("NewOrder"),
            sample=SAMPLE,
            body_types=ANY_BODY,
            headers=OUR_IDEMPOTENCY_KEY,
        ),
        Call(
            "post",
            f"{_BASE}/edit-order",
            "Edit an order",
            {200: ref("PlacedAnswer")},
            body=ref("EditedOrder"),
            body_types=ANY_BODY,
            description="While its status is 1.",
        ),
        Call("get", f"{_BASE}/merchant-orders", "Retrieve all orders", {200: ok(array(ref("Order")))}),
        Call(
            "get",
            f"{_BASE}/statuses",
            "List the statuses",
            {
                200: ok(
                    array(
                        obj({"id": one_of(*map(str, words.STATUSES)), "status": one_of(*words.STATUSES.values())}),
                        minItems=len(words.STATUSES),
                    )
                )
            },
        ),
        Call(
            "post",
            f"{_BASE}/get-orders-by-ids-bulk",
            "Retrieve specific orders by ids",
            {200: ok(array(ref("Order"), maxItems=words.MAX_LOOKED_UP))},
            body=body({"ids": ORDERS}, required=("ids",)),
            body_types=ANY_BODY,
            description="At most 25 ids; those beyond, and unknown ones, are left out.",
        ),
        Call(
            "get",
            f"{_BASE}/get-orders-by-ids-bulk",
            "Retrieve specific orders by ids",
            {200: ok(array(ref("Order"), maxItems=words.MAX_LOOKED_UP))},
            query={"ids": ORDERS},
            required=("ids",),
            ours=True,
        ),
        Call(
            "get",
            f"{_BASE}/get_merchant_invoices",
            "Retrieve the invoices",
            {200: ok(array(ref("Invoice")))},
            description="With a merchant's token only.",
        ),
        Call(
            "get",
            f"{_BASE}/get_merchant_invoice_orders",
            "Retrieve an invoice and its orders",
            {
                200: ok(
                    obj(
                        {"invoice": array(ref("Invoice"), minItems=1, maxItems=1), "orders": array(ref("InvoiceOrder"))}
                    )
                )
            },
            query=INVOICE_ID,
            required=("invoice_id",),
            description="With a merchant's token only.",
        ),
        Call(
            "get",
            f"{_BASE}/receive_merchant_invoice",
            "Confirm that an invoice has been received",
            {200: ok(array({}, maxItems=0))},
            query=INVOICE_ID,
            required=("invoice_id",),
            description="With a merchant's token only.",
        ),
        *(
            Call(
                "post",
                f"{_BASE}/{path}",
                "Delete orders",
                {200: ok(array({}, maxItems=0))},
                body=DELETION,
                body_types=ANY_BODY,
                description="All of them or none, and only while the status is 1. The document does not name the path.",
            )
            for path in ("delete_orders", "delete-order")
        ),
        Call(
            "get",
            "/merchant/print-single-tcpdf",
            "An order's receipt",
            {200: text(format="binary")},
            query={"id": text(pattern="^[0-9]{1,18}$"), "token": text(description="Any of the merchant's.")},
            required=("id",),
            open=True,
            answer_type="application/pdf",
            description="The address that create-order answers as qr_link: it carries a token for this order alone.",
        ),
    ),
)
