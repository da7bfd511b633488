"""Magic Lane's API as data. Source: the document "Order", and Magic Lane's pages about customers and misc. locations;
what is ours is marked."""

from typing import Any

from integrations.magiclane import words
from integrations.magiclane.columns import ORDERS, PLACES
from integrations.magiclane.filters import Table
from integrations.magiclane.places import CUSTOMERS, DEPOTS
from integrations.magiclane.promises import SAMPLE
from integrations.reference import (
    BOOLEAN,
    INTEGER,
    NUMBER,
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

ID = {"type": "integer", "minimum": 0, "examples": [879887]}
PART = text(maxLength=255)
NAME = text(maxLength=127)
PHONE = text(pattern=r"^(\+?[0-9]{3,15})?$", description="Punctuation is allowed.", examples=["+1202555018"])
MINUTE = {"type": "integer", "minimum": 0, "maximum": words.MAX_MINUTE}
# In a list with `includeColumns` an object has less.
PARTLY = "With includeColumns only what was asked for."


def amount(most: int, *, least: int = 0, kind: str = "number") -> Schema:
    return {"type": kind, "minimum": least, "maximum": most}


ADDRESS_PARTS = dict.fromkeys(words.ADDRESS, PART)
LOCATION_SENT = {
    "type": "array",
    "prefixItems": [
        {"type": "number", "minimum": 1, "maximum": 90},
        {"type": "number", "minimum": -180, "maximum": 180},
    ],
    "items": False,
    "minItems": 2,
    "maxItems": 2,
    "description": "[latitude, longitude] in degrees; [0, 0] is not set.",
    "examples": [[48.870852, 2.356148]],
}
LOCATION = array(NUMBER, minItems=2, maxItems=2, description="[latitude, longitude] in degrees; [0, 0]: unknown.")
WINDOW_SENT = {
    "enum": [[420, 1086], [0, 1439], [0, words.MAX_MINUTE], [600, 600]],
    "description": "[start, end] in minutes from midnight, whole numbers.",
}

ORDER_SENT: dict[str, Schema] = {
    "location": LOCATION_SENT,
    "alias": text(maxLength=255),
    "firstName": NAME,
    "lastName": NAME,
    "address": body({**ADDRESS_PARTS, words.EXTRA: PART}),
    "phoneNumber": PHONE,
    "customData": text(maxLength=10_000),
    "type": {**one_of(0, 1), "description": "0 pickup, 1 delivery."},
    "status": {**one_of(0, 1), "description": "0 unscheduled, 1 scheduled."},
    "state": {
        **one_of(0, 1, 2, 3, 4, 5),
        "description": "0 none, 1 on route, 2 servicing, 3 rejected, 4 completed, 5 failed.",
    },
    "priority": {**one_of(0, 1), "description": "0 low, 1 high."},
    "numberOfPackages": amount(words.MAX_PACKAGES, kind="integer"),
    "weight": amount(words.MAX_WEIGHT),
    "cube": amount(words.MAX_CUBE),
    "revenue": amount(words.MAX_REVENUE, least=-words.MAX_REVENUE),
    "timeWindow": WINDOW_SENT,
    "serviceTime": amount(words.MAX_SERVICE_SECONDS, kind="integer") | {"description": "Seconds."},
    "depotId": {**INTEGER, "minimum": 0, "description": "0: none."},
}
CUSTOMER_SENT = {name: ORDER_SENT[name] for name in ("alias", "firstName", "lastName", "address")} | {
    "email": text(maxLength=254, description="Empty, or an e-mail address.", examples=["magiccustomer@example.com"]),
    "phoneNumber": PHONE,
    "location": LOCATION_SENT,
    "customData": text(maxLength=10_000),
}
PLACE_SENT = {
    "isDepot": BOOLEAN,
    "alias": ORDER_SENT["alias"],
    "location": LOCATION_SENT,
    "address": ORDER_SENT["address"],
}

ADDRESS = obj({**dict.fromkeys(words.ADDRESS, STRING), words.EXTRA: STRING}, optional=(words.EXTRA,))
CUSTOMER = {
    "id": ID,
    "alias": STRING,
    "firstName": STRING,
    "lastName": STRING,
    "address": ref("Address"),
    "email": STRING,
    "phoneNumber": STRING,
    "location": LOCATION,
    "customData": STRING,
}
PLACE = {"id": ID, "isDepot": BOOLEAN, "alias": STRING, "location": LOCATION, "address": ref("Address")}
ORDER = {
    "id": ID,
    "creationTimestamp": {**INTEGER, "description": "Milliseconds since 1970.", "examples": [1751445531350]},
    "customerInfo": {"$ref": "#/components/schemas/Customer"},
    "location": LOCATION,
    "alias": STRING,
    "firstName": STRING,
    "lastName": STRING,
    "address": ref("Address"),
    "phoneNumber": STRING,
    "customData": STRING,
    "type": one_of(0, 1),
    "status": one_of(0, 1),
    "state": one_of(0, 1, 2, 3, 4, 5),
    "priority": one_of(0, 1),
    "numberOfPackages": {**INTEGER, "minimum": 0},
    "weight": {**NUMBER, "minimum": 0},
    "cube": {**NUMBER, "minimum": 0},
    "revenue": NUMBER,
    "timeWindow": array(MINUTE, minItems=2, maxItems=2),
    "serviceTime": {**INTEGER, "minimum": 0},
    "depotId": ID,
    "error": ours(
        obj(
            {"field": STRING, "message": STRING},
            optional=("field",),
            description="A carrier refused the order, because of this field of it if one is named.",
        )
    ),
}
PARTLY_ADDRESS = obj(
    {**dict.fromkeys(words.ADDRESS, STRING), words.EXTRA: STRING}, optional=(*words.ADDRESS, words.EXTRA)
)


def partly(shape: dict[str, Schema]) -> Schema:
    """An object of a list, of which columns can be left out."""
    some = {**shape, "address": ref("PartOfAddress")}
    return obj(some, optional=tuple(some), description=PARTLY)


SCHEMAS: dict[str, Schema] = {
    "Address": ADDRESS,
    "PartOfAddress": PARTLY_ADDRESS,
    "Customer": obj(CUSTOMER),
    "MiscLocation": obj(PLACE),
    "Order": obj(ORDER, optional=("error",)),
    "ListedCustomer": partly(CUSTOMER),
    "ListedMiscLocation": partly(PLACE),
    "ListedOrder": partly(ORDER),
    "NewOrder": body({"customerId": {**INTEGER, "minimum": 1}, **ORDER_SENT}, required=("customerId", "location")),
    "ChangedOrder": body(ORDER_SENT),
    "NewCustomer": body(CUSTOMER_SENT, required=("location",)),
    "ChangedCustomer": body(CUSTOMER_SENT),
    "NewMiscLocation": body(PLACE_SENT, required=("location",)),
    "ChangedMiscLocation": body(PLACE_SENT),
    "Message": obj({"message": STRING}),
    "Done": obj({"message": const("Operation done successfully")}),
}


def list_query(table: Table) -> dict[str, Schema]:
    """The parameters of a list: a filter for each of its columns, and how it is cut."""
    names = [name for name in table.columns if name not in table.hidden]
    about = "A part of the value; the whole of it with :exact behind it."
    return {
        "search": text(description="Looked for in all orders' texts."),
        **{name: text(description=about) for name in names},
        "sort": text(description="column1:asc,column2:desc", examples=["id:desc"]),
        "includeColumns": text(description="column1,column2", examples=["id,alias"]),
        "page": {"type": "integer", "minimum": 1},
        "per_page": {"type": "integer", "minimum": 1},
    }


def places(path: str, name: str, one: str, table: Table, *, title: str) -> tuple[Call, ...]:
    """The five calls about customers or misc. locations, which are alike."""
    return (
        Call(
            "post", path, f"Create {title}s", {200: obj({name: array(ref(one))})}, body=array(ref(f"New{one}")),
            headers=OUR_IDEMPOTENCY_KEY,
        ),
        Call("get", path, f"Get all {title}s", {200: obj({name: array(ref(f"Listed{one}"))})}, query=list_query(table)),
        Call("get", f"{path}/{{id}}", f"Get a {title} by id", {200: ref(one)}, parameters={"id": ID}),
        Call(
            "put", f"{path}/{{id}}", f"Update a {title}", {200: ref("Done")}, body=ref(f"Changed{one}"),
            parameters={"id": ID}, headers=OUR_IDEMPOTENCY_KEY,
        ),
        Call(
            "delete", path, f"Delete {title}s", {200: ref("Done")}, body=array(INTEGER, minItems=1),
            headers=OUR_IDEMPOTENCY_KEY,
        ),
    )  # fmt: skip


MESSAGE: Any = ref("Message")

REFERENCE = Reference(
    title="Magic Lane: Fleet Management, orders",
    version="1",
    description="You can create, retrieve, update and delete order records, with filtering, sorting and pagination.",
    security={"type": "apiKey", "in": "header", "name": "Authorization", "description": "The key alone, no scheme."},
    schemas=SCHEMAS,
    errors={
        400: MESSAGE,
        401: MESSAGE,
        404: MESSAGE,
        405: MESSAGE,
        409: ours(MESSAGE),
        413: ours(MESSAGE),
        415: ours(MESSAGE),
        500: MESSAGE,
    },
    calls=(
        Call(
            "post",
            "/v1/orders",
            "Create orders",
            {200: obj({"orders": array(ref("Order"))})},
            body=array(ref("NewOrder")),
            sample=[SAMPLE],
            headers=OUR_IDEMPOTENCY_KEY,
        ),
        Call(
            "get",
            "/v1/orders",
            "Get all orders",
            {200: obj({"orders": array(ref("ListedOrder"))})},
            query=list_query(ORDERS),
        ),
        Call("get", "/v1/orders/{id}", "Get an order by id", {200: ref("Order")}, parameters={"id": ID}),
        Call(
            "put",
            "/v1/orders/{id}",
            "Update an order",
            {200: ref("Order")},
            body=ref("ChangedOrder"),
            query={"autoAssignDepot": {**one_of(0, 1), "description": "1: the closest depot in time."}},
            parameters={"id": ID},
            headers=OUR_IDEMPOTENCY_KEY,
        ),
        Call(
            "delete",
            "/v1/orders",
            "Delete orders",
            {200: ref("Done")},
            body=body({"ids": array(INTEGER, minItems=1)}, required=("ids",)),
            headers=OUR_IDEMPOTENCY_KEY,
        ),
        *places("/v1/customers", CUSTOMERS.name, "Customer", PLACES[CUSTOMERS.name], title="customer"),
        *places("/v1/misc-locations", DEPOTS.name, "MiscLocation", PLACES[DEPOTS.name], title="misc. location"),
    ),
)
