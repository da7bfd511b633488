"""What Magic Lane's document promises, tried from outside. Each sentence is the document's, or what it comes to."""

import re
import time
from collections.abc import Callable
from typing import Any

from integrations.conformance import Broken, Caller, Promises, want


def authorize(key: Any, url: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    return url, headers | {"Authorization": str(key)}


PROMISES = Promises("magiclane", authorize)

ADDRESS = dict.fromkeys(("country", "state", "county", "city", "postalCode", "streetName", "streetNumber"), "")
CUSTOMER = {
    "alias": "Magic Customer",
    "firstName": "Magic",
    "lastName": "Customer",
    "address": ADDRESS,
    "email": "magiccustomer@example.com",
    "phoneNumber": "+1202555018",
    "location": [48.870852, 2.356148],
    "customData": "",
}
DONE = {"message": "Operation done successfully"}
MESSAGE = {"message": str}
NUMBER = re.compile(r"\d+")


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def customer(caller: Caller) -> dict[str, Any]:
    made = want(caller.call("POST", "/v1/customers", [CUSTOMER]), 200, {"customers": [{"id": int, **CUSTOMER}]})
    return made["customers"][0]


def depot(caller: Caller, location: list[float]) -> int:
    sent = {"isDepot": True, "alias": "Depot", "location": location, "address": ADDRESS}
    wanted = {"miscLocations": [{"id": int, **sent}]}
    return want(caller.call("POST", "/v1/misc-locations", [sent]), 200, wanted)["miscLocations"][0]["id"]


# The document's.
SAMPLE: dict[str, Any] = {
    "customerId": 1838721,
    "location": [48.870852, 2.356148],
    "alias": "Magic Order",
    "firstName": "Magic",
    "lastName": "Order",
    "address": ADDRESS,
    "phoneNumber": "+1202555018",
    "customData": "",
    "type": 0,
    "status": 0,
    "state": 1,
    "priority": 0,
    "numberOfPackages": 3,
    "weight": 5.1,
    "cube": 2.5,
    "revenue": 12,
    "timeWindow": [420, 1086],
    "serviceTime": 0,
    "depotId": 0,
}


def body(customer_id: int, **changes: Any) -> dict[str, Any]:
    """The document's sample."""
    return SAMPLE | {"customerId": customer_id} | changes


def shown(sent: dict[str, Any], of: dict[str, Any]) -> dict[str, Any]:
    """What an order is answered as: `customerId` is replaced by the whole customer."""
    rest = {name: value for name, value in sent.items() if name != "customerId"}
    return {"id": int, "creationTimestamp": int, "customerInfo": of, **rest}


def create(caller: Caller, **changes: Any) -> dict[str, Any]:
    of = customer(caller)
    sent = body(of["id"], **changes)
    return want(caller.call("POST", "/v1/orders", [sent]), 200, {"orders": [shown(sent, of)]})["orders"][0]


def listed(caller: Caller, query: str) -> list[dict[str, Any]]:
    return want(caller.call("GET", f"/v1/orders?{query}"), 200, {"orders": list})["orders"]


def found(caller: Caller, query: str) -> list[int]:
    return [order["id"] for order in listed(caller, query)]


# --- 1. Create ------------------------------------------------------------------------------------------------------
@PROMISES("POST /orders adds a list of orders; each comes back with its id and its customerInfo")
def create_answers(caller: Caller) -> None:
    of = customer(caller)
    sent = [body(of["id"]), body(of["id"], alias="Magic Order2", numberOfPackages=2, weight=4.5, cube=1.1, revenue=16)]
    want(caller.call("POST", "/v1/orders", sent), 200, {"orders": [shown(one, of) for one in sent]})


@PROMISES("creationTimestamp is when the order was created, in milliseconds")
def create_timestamp(caller: Caller) -> None:
    stamp = create(caller)["creationTimestamp"]
    if abs(stamp / 1000 - time.time()) > 600:
        raise Broken(str(stamp))


@PROMISES("Only the customer and the coordinates are needed")
def create_minimal(caller: Caller) -> None:
    sent = {"customerId": customer(caller)["id"], "location": [48.870852, 2.356148]}
    want(caller.call("POST", "/v1/orders", [sent]), 200)


def refusal(name: str, sentence: str, change: Callable[[dict[str, Any]], Any]) -> None:
    def keep(caller: Caller) -> None:
        sent = body(customer(caller)["id"])
        change(sent)
        want(caller.call("POST", "/v1/orders", [sent]), 400, MESSAGE)

    keep.__name__ = name
    PROMISES(sentence)(keep)


refusal("customer_unknown", "400: customer not found", lambda sent: sent.update(customerId=999_999_999_999))
refusal("location_missing", "400: coordinates not set", lambda sent: sent.pop("location"))
refusal("location_unset", "400: coordinates not set ([0, 0])", lambda sent: sent.update(location=[0, 0]))
refusal(
    "window_order", "400: time window in the wrong format (start behind end)", lambda s: s.update(timeWindow=[9, 8])
)
refusal("window_form", "400: time window in the wrong format (no pair)", lambda sent: sent.update(timeWindow=[420]))
refusal("packages_negative", "400: number of packages negative", lambda sent: sent.update(numberOfPackages=-1))
refusal("packages_maximum", "400: number of packages above the maximum", lambda s: s.update(numberOfPackages=10**12))
refusal("weight_negative", "400: weight negative", lambda sent: sent.update(weight=-0.1))
refusal("weight_maximum", "400: weight above the maximum", lambda sent: sent.update(weight=10**12))
refusal("cube_negative", "400: cubic volume negative", lambda sent: sent.update(cube=-1))
refusal("cube_maximum", "400: cubic volume above the maximum", lambda sent: sent.update(cube=10**12))
refusal("phone_form", "400: phone number in the wrong format", lambda sent: sent.update(phoneNumber="call me"))
refusal("type_values", "type: 0 pickup, 1 delivery", lambda sent: sent.update(type=2))
refusal("status_values", "status: 0 unscheduled, 1 scheduled", lambda sent: sent.update(status=2))
refusal("state_values", "state: 0 to 5", lambda sent: sent.update(state=6))
refusal("priority_values", "priority: 0 low, 1 high", lambda sent: sent.update(priority=2))


@PROMISES("A list is created all or nothing")
def create_all_or_nothing(caller: Caller) -> None:
    of, alias = customer(caller)["id"], caller.number()
    want(caller.call("POST", "/v1/orders", [body(of, alias=alias), body(of, weight=-1)]), 400, MESSAGE)
    if listed(caller, f"alias={alias}:exact"):
        raise Broken("the first of the list is there")


@PROMISES("The body is an array: an object is a 400")
def create_array(caller: Caller) -> None:
    want(caller.call("POST", "/v1/orders", body(customer(caller)["id"])), 400, MESSAGE)
    want(caller.call("POST", "/v1/orders", b"[{"), 400, MESSAGE)


# --- 2. Get All -----------------------------------------------------------------------------------------------------
def filtering(name: str, parameter: str, part: str, whole: str, **values: Any) -> None:
    def keep(caller: Caller) -> None:
        mark = caller.number()
        number = create(caller, alias=mark, **values)["id"]
        for query in (f"{parameter}={part}", f"{parameter}={whole}:exact"):
            if found(caller, f"{query}&alias={mark}") != [number]:
                raise Broken(f"{query} does not find it")
        if part != whole and found(caller, f"{parameter}={part}:exact&alias={mark}"):
            raise Broken(f"{parameter}={part}:exact finds it")

    keep.__name__ = f"filter_{name}"
    PROMISES(f"Filter by {parameter}, and {parameter}=value:exact for an exact match")(keep)


filtering("first_name", "firstName", "agi", "Magic")
filtering("last_name", "lastName", "rde", "Order")
filtering("phone_number", "phoneNumber", "202555", "%2B1202555018")
filtering("custom_data", "customData", "door", "back%20door", customData="back door")
for _part in ("country", "state", "county", "city", "postalCode", "streetName", "streetNumber", "extra"):
    filtering(_part, _part, "ab", "abc", address=ADDRESS | {_part: "abc"})
filtering("time_window_start", "timeWindowStart", "42", "420")
filtering("time_window_end", "timeWindowEnd", "108", "1086")
filtering("type", "type", "0", "0")
filtering("priority", "priority", "1", "1", priority=1)
filtering("status", "status", "0", "0")
filtering("order_state", "orderState", "1", "1")


@PROMISES("Filter by id, creationTime, customerId, depotId, location")
def filter_numbers(caller: Caller) -> None:
    place = depot(caller, [48.9, 2.4])
    order = create(caller, depotId=place)
    for query in (
        f"id={order['id']}:exact",
        f"creationTime={order['creationTimestamp']}:exact",
        f"customerId={order['customerInfo']['id']}:exact",
        f"depotId={place}:exact",
        "location=48.870852",
    ):
        if order["id"] not in found(caller, query):
            raise Broken(f"{query} does not find it")


@PROMISES("search: a general search term across orders")
def search(caller: Caller) -> None:
    mark = caller.number()
    number = create(caller, alias=mark)["id"]
    if found(caller, f"search={mark}") != [number]:
        raise Broken("it is not found")


@PROMISES("sort=column1:asc/desc,column2:asc/desc")
def sort(caller: Caller) -> None:
    mark = caller.number()
    made = [
        create(caller, alias=mark, firstName=name, priority=rank)["id"] for name, rank in (("a", 1), ("a", 0), ("b", 1))
    ]
    first, second, third = made
    for order, wanted in (
        ("firstName:asc,priority:desc", [first, second, third]),
        ("firstName:desc,priority:asc", [third, second, first]),
        ("id:desc", [third, second, first]),
    ):
        if (got := found(caller, f"alias={mark}&sort={order}")) != wanted:
            raise Broken(f"{order}: wanted {wanted}, got {got}")
    want(caller.call("GET", "/v1/orders?sort=colour:asc"), 400, MESSAGE)


@PROMISES("includeColumns: which columns to include; packages and orderState are the body's numberOfPackages and state")
def include_columns(caller: Caller) -> None:
    mark = caller.number()
    number = create(caller, alias=mark)["id"]
    wanted = {"id": number, "numberOfPackages": 3, "state": 1}
    want(
        caller.call("GET", f"/v1/orders?alias={mark}&includeColumns=id,packages,orderState"), 200, {"orders": [wanted]}
    )


@PROMISES("page and per_page; without a page all rows, by id")
def pages(caller: Caller) -> None:
    mark = caller.number()
    numbers = [create(caller, alias=mark)["id"] for _ in range(3)]
    if found(caller, f"alias={mark}") != numbers:
        raise Broken("all of them are not by id")
    if found(caller, f"alias={mark}&page=2&per_page=2") != numbers[2:]:
        raise Broken("the second page")


@PROMISES("400: page and per_page should be greater than 0")
def pages_positive(caller: Caller) -> None:
    for query in ("page=0", "page=1&per_page=0", "page=-1", "page=one"):
        want(caller.call("GET", f"/v1/orders?{query}"), 400, MESSAGE)


# --- 3. Get One -----------------------------------------------------------------------------------------------------
@PROMISES("GET /orders/{id} retrieves a specific order")
def one_answers(caller: Caller) -> None:
    order = create(caller)
    want(caller.call("GET", f"/v1/orders/{order['id']}"), 200, order)


@PROMISES("404: order not found in database")
def one_unknown(caller: Caller) -> None:
    want(caller.call("GET", "/v1/orders/999999999999"), 404, MESSAGE)


@PROMISES("An order is seen by its own merchant only")
def one_stranger(caller: Caller) -> None:
    number = create(caller)["id"]
    want(caller.call("GET", f"/v1/orders/{number}", who="stranger"), 404, MESSAGE)
    want(caller.call("DELETE", "/v1/orders", {"ids": [number]}, who="stranger"), 404, MESSAGE)
    want(caller.call("GET", f"/v1/orders/{number}"), 200)


# --- 4. Update ------------------------------------------------------------------------------------------------------
@PROMISES("PUT /orders/{id} updates the record and answers it")
def update_answers(caller: Caller) -> None:
    order = create(caller, type=1)
    sent = order | {"alias": "Changed", "numberOfPackages": 4, "timeWindow": [0, 60]}
    want(caller.call("PUT", f"/v1/orders/{order['id']}", sent), 200, sent)


@PROMISES("customerInfo cannot be changed once saved")
def update_customer_frozen(caller: Caller) -> None:
    order = create(caller)
    sent = order | {"customerInfo": order["customerInfo"] | {"alias": "Another"}}
    want(caller.call("PUT", f"/v1/orders/{order['id']}", sent), 200, order)


@PROMISES("autoAssignDepot=1: the closest depot is assigned; 0 (default): none is")
def update_depot(caller: Caller) -> None:
    order = create(caller, location=[10.0, 10.0])
    depot(caller, [20.0, 20.0])
    near = depot(caller, [10.001, 10.001])
    path = f"/v1/orders/{order['id']}"
    want(caller.call("PUT", path, order), 200, order)
    answer = want(caller.call("PUT", f"{path}?autoAssignDepot=1", order), 200)
    if answer["location"] != [10.0, 10.0] or not answer["depotId"]:
        raise Broken(f"wanted depot {near}, got {answer['depotId']}")


@PROMISES("404: the order to update is not found")
def update_unknown(caller: Caller) -> None:
    want(caller.call("PUT", "/v1/orders/999999999999", body(1)), 404, MESSAGE)


# --- 5. Delete ------------------------------------------------------------------------------------------------------
@PROMISES("DELETE /orders with ids answers “Operation done successfully”")
def delete_answers(caller: Caller) -> None:
    numbers = [create(caller)["id"] for _ in range(2)]
    want(caller.call("DELETE", "/v1/orders", {"ids": numbers}), 200, DONE)
    for number in numbers:
        want(caller.call("GET", f"/v1/orders/{number}"), 404, MESSAGE)


@PROMISES("404: can't delete orders because at least one of them does not exist; then none is deleted")
def delete_all_or_nothing(caller: Caller) -> None:
    number = create(caller)["id"]
    want(caller.call("DELETE", "/v1/orders", {"ids": [number, 999_999_999_999]}), 404, MESSAGE)
    want(caller.call("GET", f"/v1/orders/{number}"), 200)


@PROMISES("400: invalid input or missing required fields")
def delete_invalid(caller: Caller) -> None:
    for sent in ({}, {"ids": "1"}, {"ids": ["one"]}):
        want(caller.call("DELETE", "/v1/orders", sent), 400, MESSAGE)


# --- Customers and misc. locations ----------------------------------------------------------------------------------
@PROMISES("/v1/customers: create, list, get, update, delete (a bare array)")
def customers(caller: Caller) -> None:
    made = customer(caller)
    path = f"/v1/customers/{made['id']}"
    want(caller.call("GET", path), 200, made)
    want(caller.call("PUT", path, made | {"alias": "Changed"}), 200, DONE)
    want(caller.call("GET", path), 200, made | {"alias": "Changed"})
    want(caller.call("GET", f"/v1/customers?id={made['id']}:exact"), 200, {"customers": [made | {"alias": "Changed"}]})
    want(caller.call("DELETE", "/v1/customers", [made["id"]]), 200, DONE)
    want(caller.call("GET", path), 404, MESSAGE)


@PROMISES("400: a customer without coordinates, or with e-mail or phone in the wrong format")
def customers_refused(caller: Caller) -> None:
    for change in ({"location": None}, {"email": "nobody"}, {"phoneNumber": "call me"}):
        want(caller.call("POST", "/v1/customers", [CUSTOMER | change]), 400, MESSAGE)


@PROMISES("/v1/misc-locations: create, list, get, update, delete; deleting a depot sets depotId 0 in its orders")
def misc_locations(caller: Caller) -> None:
    place = depot(caller, [48.9, 2.4])
    path = f"/v1/misc-locations/{place}"
    row = want(caller.call("GET", path), 200)
    want(caller.call("PUT", path, row | {"alias": "Changed"}), 200, DONE)
    want(
        caller.call("GET", f"/v1/misc-locations?id={place}:exact"), 200, {"miscLocations": [row | {"alias": "Changed"}]}
    )
    number = create(caller, depotId=place)["id"]
    want(caller.call("DELETE", "/v1/misc-locations", [place]), 200, DONE)
    if want(caller.call("GET", f"/v1/orders/{number}"), 200)["depotId"] != 0:
        raise Broken("its order still has it")


# --- All calls ------------------------------------------------------------------------------------------------------
@PROMISES("401: the key is missing or invalid; it stands alone, without Bearer")
def unauthorized(caller: Caller) -> None:
    want(caller.call("GET", "/v1/orders?page=1", who="nobody"), 401, MESSAGE)
    want(caller.call("GET", "/v1/orders?page=1", who="nobody", headers={"Authorization": "wrong"}), 401, MESSAGE)


@PROMISES("405: incorrect method type")
def wrong_method(caller: Caller) -> None:
    want(caller.call("PATCH", "/v1/orders", {}), 405, MESSAGE)


@PROMISES("An unknown path is a 404 in the same shape")
def unknown_path(caller: Caller) -> None:
    want(caller.call("GET", "/v1/nothing"), 404, MESSAGE)
