"""What each dialect shows of an order of which little is known, or whose money is foreign: never anything invented."""

import json
from decimal import Decimal
from typing import Any

import pytest

from integrations import registry
from integrations.modon.words import NONE, UNSET_TIME
from orders.drafts import Address, Item, Stop
from orders.models import Order
from orders.statuses import Status
from tests.factories import make_order, make_shop
from tests.integrations.callers import Program
from tests.integrations.test_edited_elsewhere import shown

pytestmark = pytest.mark.django_db
NOBODY = Stop("", "", Address(""))


def test_an_order_of_which_nothing_is_known() -> None:
    order = make_order(make_shop(currency="IQD"), "", dialect="portal", pickup=NOBODY, dropoff=NOBODY, items=())
    assert shown(order, "muvx")["integration_order_id"] == ""
    ideliver = shown(order, "ideliver")
    assert (ideliver["source"], ideliver["external_order_id"]) == ("portal", "")
    assert ideliver["unified_json"]["standardized"] == {}
    assert "rider" not in ideliver
    fuuffy = shown(order, "fuuffy")
    assert fuuffy.keys() == {
        "id", "tracking_number", "status", "sender", "recipient", "package", "created_at", "updated_at",
    }  # fmt: skip
    assert fuuffy["sender"] == fuuffy["recipient"] == fuuffy["package"] == {}
    lane = shown(order, "magiclane")
    assert lane["location"] == lane["customerInfo"]["location"] == [0, 0]
    assert not any([*lane["address"].values(), *lane["customerInfo"]["address"].values()])
    assert (lane["customerInfo"]["id"], lane["depotId"], lane["type"]) == (0, 0, 1)
    row = shown(order, "modon")
    names = ("price", "city_id", "region_id", "items_number", "type_name", "merchant_notes", "merchant_invoice_id")
    assert [row[name] for name in names] == ["0", "0", "0", "0", "", NONE, "-1"]
    assert row["urgent_datetime_to_deliver"] == row["deliver_estimation_datetime"] == UNSET_TIME


@pytest.mark.parametrize(
    ("currency", "amount", "minor", "price"),
    [
        ("KWD", "3.5", 3500, "3.500"),
        ("NGN", "2500.25", 250_025, "2500.25"),
        ("JPY", "2500", 2500, "2500"),
        ("IQD", "25000", 25_000_000, "25000"),
    ],
)
def test_money(currency: str, amount: str, minor: int, price: str) -> None:
    item = Item("Lamp", 2, Decimal(amount))
    order = make_order(make_shop(currency=currency), cod_amount=Decimal(amount), items=(item,))
    standard = shown(order, "ideliver")["unified_json"]["standardized"]
    assert (standard["cod_amount_minor"], standard["cod_currency"]) == (minor, currency)
    assert standard["items"] == [{"name": "Lamp", "quantity": 2, "price_minor": minor}]
    row = shown(order, "modon")
    assert (row["price"], row.get("currency", "IQD")) == (price, currency)
    # Neither a declared value nor a revenue is what is paid at the door.
    assert "value" not in shown(order, "fuuffy")["package"]
    assert shown(order, "magiclane")["revenue"] == 0


@pytest.mark.parametrize(
    ("status", "deleted"),
    [(Status.CANCELLED, False), (Status.CANCELLED, True), (Status.RETURNED, False), (Status.LOST, False)],
)
@pytest.mark.parametrize("dialect", ["ideliver", "magiclane", "modon"])
def test_what_has_ended_is_listed_until_it_is_deleted(dialect: str, status: Status, deleted: bool) -> None:
    order = make_order(make_shop())
    Order.objects.filter(pk=order.pk).update(status=status, deleted_at=order.created_at if deleted else None)
    reader = Program(dialect, order.source)
    assert reader.listed() == ([] if deleted and reader.caller.forgets else [reader.caller.number(order)])


@pytest.mark.parametrize("dialect", list(registry.DIALECTS))
def test_a_repeated_cancel(dialect: str) -> None:
    """The same answer again where a cancelled order is still there, and no more than one cancel."""
    order = make_order(make_shop())
    program = Program(dialect, order.source)
    answers: list[Any] = [program.send(*program.caller.cancel(program.caller.number(order))) for _ in range(2)]
    assert answers[0].status_code == 200
    gone = {"magiclane": 404, "modon": 400}
    assert answers[1].status_code == gone.get(dialect, 200)
    if dialect in ("muvx", "fuuffy"):
        assert json.loads(answers[1].content) == json.loads(answers[0].content)
    assert [event.kind for event in order.events.all()].count("cancelled") == 1
