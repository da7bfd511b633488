"""A carrier's refusal comes back to the shop under the shop's own name of the field, in every dialect, and without the
carrier's own words."""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import registry
from integrations.dialect import dump_json
from integrations.modon.words import NONE, REFUSED, REFUSED_FIELD
from integrations.reference import openapi
from integrations.refusals import MESSAGE, NO_FIELD, field_of
from orders import actions, reports
from orders.changes import locked
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Status
from tests.clockwork import work
from tests.factories import Shop, make_order, make_shop
from tests.integrations.callers import CALLERS, Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]
DIALECTS = tuple(registry.DIALECTS)
# The carrier's field → what each dialect calls it; None where it has nothing of the kind.
NAMES = {
    "dropoff.phone": {
        "muvx": "dropoff.phone",
        "ideliver": "standardized.customer_phone",
        "fuuffy": "recipient.phone",
        "magiclane": "phoneNumber",
        "modon": "client_mobile",
    },
    "dropoff.address.city": {
        "muvx": "dropoff.address",
        "ideliver": "standardized.dropoff_address",
        "fuuffy": "recipient.city",
        "magiclane": "address.city",
        "modon": "city_id",
    },
    "cod_amount": {
        "muvx": "cod_amount",
        "ideliver": "standardized.cod_amount_minor",
        "fuuffy": None,
        "magiclane": None,
        "modon": "price",
    },
}


def refusing(field: str, dialect: str = "muvx") -> Shop:
    return make_shop(dialect=dialect, settings={"scenario": "refuse", "field": field})


def answer(dialect: str, order: Order) -> Any:
    program = Program(dialect, order.source)
    response = program.send(*program.caller.read(program.caller.number(order)))
    assert response.status_code == 200, response.content
    assert "not acceptable" not in response.content.decode(), "the carrier's own words"
    return response.json()


def told(field: str | None) -> dict[str, str]:
    return {"field": field, "message": MESSAGE} if field else {"message": NO_FIELD}


def muvx(answer: Any) -> Any:
    return answer.get("error")


def ideliver(answer: Any) -> Any:
    error = answer["order"].get("last_error")
    if error is None:
        return None
    assert error["error"] == "carrier_refused"
    return {"message": error["message"], **error.get("details", {})}


def fuuffy(answer: Any) -> Any:
    if "error" not in answer:
        return None
    assert answer["error"]["code"] == "carrier_refused"
    [one] = answer["error"].get("details") or [{"message": answer["error"]["message"]}]
    assert one["message"] == answer["error"]["message"]
    return one


def modon(answer: Any) -> Any:
    notes = answer["data"][0]["issue_notes"]
    if notes == NONE:
        return None
    assert notes.endswith((REFUSED, REFUSED_FIELD))
    field, _, sentence = notes.rpartition(": ")
    assert (sentence == REFUSED_FIELD) == bool(field)
    return told(field or None)


ERROR: dict[str, Callable[[Any], Any]] = {
    "muvx": muvx,
    "ideliver": ideliver,
    "fuuffy": fuuffy,
    "magiclane": muvx,
    "modon": modon,
}


@pytest.mark.parametrize("field", NAMES)
@pytest.mark.parametrize("through", DIALECTS)
def test_each_caller_hears_of_it_in_its_own_words(through: str, field: str) -> None:
    shop = refusing(field, through)
    Program(through, shop.source).place()
    order = Order.objects.get()
    for dialect in DIALECTS:
        assert ERROR[dialect](answer(dialect, order)) is None, "nobody has refused it yet"
    work()
    order.refresh_from_db()
    assert (order.status, order.attention_path) == (Status.FAILED, field)
    assert "not acceptable" in order.attention_detail  # for staff
    for dialect, name in NAMES[field].items():
        assert ERROR[dialect](answer(dialect, order)) == told(name), dialect

    shop.destination.settings = {}
    shop.destination.save()
    actions.retry_order(order, SYSTEM)
    for dialect in DIALECTS:
        assert ERROR[dialect](answer(dialect, order)) is None, "it is being tried again"
    work()
    order.refresh_from_db()
    assert order.status == Status.ACCEPTED
    for dialect in DIALECTS:
        assert ERROR[dialect](answer(dialect, order)) is None, dialect


@pytest.mark.parametrize("end_of_it", [actions.cancel_orders, actions.delete_orders])
def test_what_is_cancelled_is_refused_no_more(end_of_it: Callable[..., Any]) -> None:
    order = make_order(refusing("dropoff.phone"))
    work()
    end_of_it([order], SYSTEM)
    assert muvx(answer("muvx", order)) is None
    assert ideliver(answer("ideliver", order)) is None
    assert fuuffy(answer("fuuffy", order)) is None


def test_an_edit_sends_it_out_again_without_the_error() -> None:
    shop = refusing("dropoff.phone", "modon")
    program = Program("modon", shop.source)
    number = program.place()
    work()
    body = program.caller.create[1](shop.source) | {"qr_id": number, "client_mobile": "+9647711111111"}
    assert program.send("post", "/modon/v1/merchant/edit-order", body).status_code == 200
    assert modon(answer("modon", Order.objects.get())) is None


def test_a_refusal_without_a_field_adds_nothing() -> None:
    order = make_order(refusing(""))
    work()
    order.refresh_from_db()
    assert order.status == Status.FAILED
    for dialect in DIALECTS:
        assert ERROR[dialect](answer(dialect, order)) is None, dialect


def test_magic_lane_names_the_end_at_which_its_location_is() -> None:
    shop = refusing("pickup.phone", "magiclane")
    program = Program("magiclane", shop.source)
    [body] = program.caller.create[1](shop.source)
    program.send("post", program.caller.create[0], [body | {"type": 0}])
    order = Order.objects.get()
    work()
    assert answer("magiclane", order)["error"] == told("phoneNumber")
    # The other end is the source's pick-up point, which is none of this dialect's.
    Order.objects.update(attention_path="dropoff.address")
    assert answer("magiclane", order)["error"] == told(None)
    foreign = make_order(refusing("pickup.phone"))
    work()
    assert answer("magiclane", foreign)["error"] == told("customerInfo.phoneNumber")


def test_a_program_may_send_back_all_that_it_was_shown() -> None:
    """Magic Lane's PUT takes the whole order, and with it our error."""
    shop = refusing("dropoff.phone", "magiclane")
    program = Program("magiclane", shop.source)
    number = program.place()
    work()
    path = f"/magiclane/v1/orders/{number}"
    shown = program.send("get", path).json()
    assert program.send("put", path, shown).json()["error"] == told("phoneNumber"), "nothing has changed"
    mended = program.send("put", path, shown | {"phoneNumber": "+96599999999"})
    assert mended.status_code == 200
    assert "error" not in mended.json()
    assert Order.objects.get().status == Status.DISPATCHED


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if CALLERS[name].listing])
def test_lists_say_so_too_with_no_more_queries(dialect: str) -> None:
    shop = refusing("dropoff.phone")
    program = Program(dialect, shop.source)
    [make_order(shop, f"SHOP-{number}") for number in range(3)]
    assert program.caller.listing
    with CaptureQueriesContext(
        connection,
    ) as before:
        program.send("get", program.caller.listing).getvalue()
    work()
    with CaptureQueriesContext(connection) as after:
        listed = program.send("get", program.caller.listing).getvalue().decode()
    assert listed.count(NAMES["dropoff.phone"][dialect] + (": " if dialect == "modon" else '"')) >= 3
    assert "not acceptable" not in listed
    assert len(after) <= len(before)


# --- The tables -----------------------------------------------------------------------------------------------------
def known_fields(schema: dict[str, Any], schemas: dict[str, Any], path: str = "") -> set[str]:
    """Every path in a schema, with `*` for the elements of an array."""
    if "$ref" in schema:
        return known_fields(schemas[schema["$ref"].rpartition("/")[2]], schemas, path)
    found = {path} if path else set()
    for part in schema.get("anyOf", ()):
        found |= known_fields(part, schemas, path)
    for name, inner in schema.get("properties", {}).items():
        found |= known_fields(inner, schemas, f"{path}.{name}".lstrip("."))
    if isinstance(schema.get("items"), dict):
        found |= known_fields(schema["items"], schemas, f"{path}.*")
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_name_in_the_tables_is_a_field_of_the_dialect(dialect: str) -> None:
    document = openapi(dialect)
    schemas = document["components"]["schemas"]
    known: set[str] = set()
    for calls in document["paths"].values():
        for call in calls.values():
            for content in call.get("requestBody", {}).get("content", {}).values():
                found = known_fields(content["schema"], schemas)
                known |= {field.removeprefix("*.") for field in found}  # some bodies are arrays of orders
    errors = import_module(f"integrations.{dialect}.errors")
    tables = [value for name, value in vars(errors).items() if name in ("_REFUSED", "_HERE")]
    assert tables
    for field in {field for table in tables for field in table.values() if field}:
        parts = field.split(".address.")  # of which Muvx lists none
        assert field in known or (dialect == "muvx" and f"{parts[0]}.address" in known), field
    if dialect == "magiclane":
        shown = known_fields(schemas["Order"], schemas)
        assert set(errors._CUSTOMER.values()) <= shown


def test_the_nearest_known_field_is_told() -> None:
    fields = {
        "dropoff": "to",
        "dropoff.address": "to.where",
        "items": "goods",
        "items.*.name": "goods.*.what",
        "cod": "",
    }
    for path, field in {
        "dropoff.address.city": "to.where",
        "dropoff.email": "to",
        "dropoff": "to",
        "items.12.name": "goods.12.what",
        "items.3.colour": "goods",
        "items.price": "goods",
        "cod.amount": "",
        "nothing.like.it": "",
        "": "",
        "..": "",
    }.items():
        assert field_of(path, fields) == field, path


def test_a_field_of_any_length_ends_in_a_visible_state() -> None:
    order = make_order(make_shop())
    reports.record_not_booked(locked(order), SYSTEM, attention="carrier_refused", detail="no", path="x." * 200)
    order.refresh_from_db()
    assert order.status == Status.FAILED
    assert (
        dump_json(answer("muvx", order)["error"]) == json.dumps({"message": NO_FIELD}, separators=(",", ":")).encode()
    )
