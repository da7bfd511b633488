"""Where an order is, said in the words of each dialect: one row for each state that there is, one column a dialect."""

import json
from typing import Any

import pytest

from integrations import registry
from integrations.modon.words import LOST, NONE
from orders import actions, reports
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Failure, Mark, Status
from tests.factories import make_order, make_shop
from tests.integrations.callers import CALLERS, Program

pytestmark = pytest.mark.django_db
DIALECTS = tuple(registry.DIALECTS)
Columns = tuple[str, str, str, tuple[int, int], str]  # Muvx, iDeliver, Fuuffy, Magic Lane, Modon

PENDING: Columns = ("dispatched", "pending", "pending", (0, 0), "1")
MOVING: Columns = ("in_transit", "in_transit", "in_transit", (1, 1), "3")
REPLACEMENT = {"extras": {"replacement": "1"}}
TABLE: list[tuple[str, dict[str, Any], Columns]] = [
    ("created", {"status": Status.CREATED}, ("created", "pending", "pending", (0, 0), "1")),
    ("dispatched", {"status": Status.DISPATCHED}, PENDING),
    ("accepted", {"status": Status.ACCEPTED}, ("accepted", "accepted", "pending", (1, 0), "1")),
    ("picked up", {"status": Status.PICKED_UP}, ("picked_up", "picked_up", "picked_up", (1, 1), "2")),
    ("in transit", {"status": Status.IN_TRANSIT}, MOVING),
    (
        "delayed",
        {"status": Status.IN_TRANSIT, "mark": Mark.DELAYED},
        ("in_transit", "in_transit_delayed", "in_transit", (1, 1), "29"),
    ),
    ("attempt failed", {"status": Status.IN_TRANSIT, "mark": Mark.ATTEMPT_FAILED}, (*MOVING[:4], "25")),
    ("returning", {"status": Status.IN_TRANSIT, "mark": Mark.RETURNING}, (*MOVING[:4], "16")),
    ("delivered", {"status": Status.DELIVERED}, ("delivered", "delivered", "delivered", (1, 4), "4")),
    (
        "replacement delivered",
        {"status": Status.DELIVERED, **REPLACEMENT},
        ("delivered", "delivered", "delivered", (1, 4), "21"),
    ),
    ("replacement on its way", {"status": Status.IN_TRANSIT, **REPLACEMENT}, MOVING),
    ("cancelled", {"status": Status.CANCELLED}, ("cancelled", "cancelled", "cancelled", (0, 3), "0")),
    (
        "not handed over",
        {"status": Status.FAILED, "failure": Failure.DISPATCH},
        ("failed", "failed", "pending", (0, 5), "1"),
    ),
    (
        "not delivered",
        {"status": Status.FAILED, "failure": Failure.DELIVERY},
        ("failed", "failed", "in_transit", (1, 5), "32"),
    ),
    ("returned", {"status": Status.RETURNED}, ("failed", "returned_to_merchant", "cancelled", (1, 5), "17")),
    ("lost", {"status": Status.LOST}, ("failed", "lost_in_transit", "cancelled", (1, 5), "0")),
    # What a caller has said: in its own dialect only, until the status changes.
    (
        "said in iDeliver",
        {"status": Status.IN_TRANSIT, "said_status": {"ideliver": "At the gate"}},
        (MOVING[0], "At the gate", *MOVING[2:]),
    ),
    (
        "said in Magic Lane",
        {"status": Status.IN_TRANSIT, "said_status": {"magiclane": [0, 2]}},
        (*MOVING[:3], (0, 2), MOVING[4]),
    ),
]
OVER = (Status.DELIVERED, Status.CANCELLED, Status.RETURNED, Status.LOST)
# A carrier may have all but these: a cancel asks it first, and meanwhile the words stay.
ASKED_FIRST = [row for row in TABLE if row[1]["status"] not in OVER and row[1].get("failure") != Failure.DISPATCH]


def placed(state: dict[str, Any], **more: Any) -> Order:
    order = make_order(make_shop())
    Order.objects.filter(pk=order.pk).update(**state, **more)
    order.refresh_from_db()
    return order


def answer(order: Order, dialect: str) -> Any:
    reader = Program(dialect, order.source)
    response = reader.send(*reader.caller.read(reader.caller.number(order)))
    assert response.status_code == 200, response.content
    return response.json()


def words(order: Order) -> dict[str, Any]:
    """What each dialect says, by its name."""
    return {dialect: CALLERS[dialect].status(answer(order, dialect)) for dialect in DIALECTS}


def columns(expected: Columns) -> dict[str, Any]:
    return dict(zip(("muvx", "ideliver", "fuuffy", "magiclane", "modon"), expected, strict=True))


def test_every_state_has_a_row() -> None:
    rows = [state for _, state, _ in TABLE]
    assert {state["status"] for state in rows} == set(Status) - {Status.CANCELLING}
    assert {state["mark"] for state in rows if "mark" in state} == set(Mark)
    assert {state["failure"] for state in rows if "failure" in state} == set(Failure)


@pytest.mark.parametrize(("state", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_word_in_each_dialect(state: dict[str, Any], expected: Columns) -> None:
    assert words(placed(state)) == columns(expected)


@pytest.mark.parametrize(("state", "expected"), [row[1:] for row in ASKED_FIRST], ids=[row[0] for row in ASKED_FIRST])
def test_the_word_before_it_while_the_carrier_is_asked_to_cancel(state: dict[str, Any], expected: Columns) -> None:
    order = placed(state, with_carrier=True)
    [order] = actions.cancel_orders([order], SYSTEM)
    assert order.status == Status.CANCELLING
    assert words(order) == columns(expected)


def test_what_failed_at_the_door_of_a_carrier_that_never_said_its_reference() -> None:
    order = make_order(make_shop())
    assert reports.begin_handover(order)
    reports.record_progress(order, SYSTEM, status=Status.FAILED, text="Nobody there")
    before = words(order)
    [order] = actions.cancel_orders([order], SYSTEM)
    assert (order.status, order.carrier_reference) == (Status.CANCELLING, "")
    assert words(order) == before == columns(("failed", "failed", "in_transit", (1, 5), "32"))


@pytest.mark.parametrize(("state", "expected"), [row[1:] for row in ASKED_FIRST], ids=[row[0] for row in ASKED_FIRST])
def test_the_word_is_listed_as_it_is_read(state: dict[str, Any], expected: Columns) -> None:
    """The lists find by the same words, which are worked out in SQL there."""
    order = placed(state, with_carrier=True)
    for cancelling in (False, True):
        if cancelling:
            actions.cancel_orders([order], SYSTEM)
        for number, path in (
            (str(order.uuid), f"/ideliver/v1/orders?status={expected[1]}"),
            (str(order.pk), f"/magiclane/v1/orders?status={expected[3][0]}:exact&orderState={expected[3][1]}:exact"),
        ):
            reader = Program(path.split("/")[1], order.source)
            assert reader.caller.listed(json.loads(reader.send("get", path).getvalue())) == [number], (cancelling, path)


def test_what_was_said_outlives_a_cancel_that_is_refused_and_no_progress() -> None:
    order = placed({"status": Status.PICKED_UP, "said_status": {"ideliver": "At the gate"}}, with_carrier=True)
    [order] = actions.cancel_orders([order], SYSTEM)
    order = reports.record_cancel_refused(order, SYSTEM, detail="Too late")
    assert (order.status, words(order)["ideliver"]) == (Status.PICKED_UP, "At the gate")
    [order] = actions.cancel_orders([order], SYSTEM)
    order = reports.record_progress(order, SYSTEM, status=Status.IN_TRANSIT)
    assert (order.status, words(order)["ideliver"]) == (Status.CANCELLING, "in_transit")


@pytest.mark.parametrize("carriers_text", ["", "The road is closed"])
@pytest.mark.parametrize(
    ("state", "silent"),
    [
        ({"status": Status.IN_TRANSIT}, True),
        ({"status": Status.DELIVERED}, True),
        ({"status": Status.IN_TRANSIT, "mark": Mark.ATTEMPT_FAILED}, False),
        ({"status": Status.FAILED, "failure": Failure.DELIVERY}, False),
        ({"status": Status.RETURNED}, False),
        ({"status": Status.LOST}, False),
    ],
)
def test_modon_says_what_is_wrong(state: dict[str, Any], silent: bool, carriers_text: str) -> None:
    [row] = answer(placed(state, status_text=carriers_text), "modon")["data"]
    otherwise = LOST if state["status"] == Status.LOST else NONE
    assert row["issue_notes"] == (NONE if silent else carriers_text or otherwise)
