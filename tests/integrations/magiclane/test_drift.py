"""A Magic Lane whose answers are no longer as its document has them: each field of its sample lost, emptied, of another
kind or new, one at a time. Nothing but a `CarrierError` comes of it, and what still has a meaning is understood."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations import accounts, http
from integrations.carrier import CarrierError, Consignment, Transcript
from integrations.http import Reply
from integrations.magiclane.carrier import MagicLaneCarrier
from integrations.models import RemoteName
from orders.models import Order
from orders.statuses import Status
from tests.factories import make_order, make_shop
from tests.integrations.magiclane.api import example

pytestmark = pytest.mark.django_db
Path = tuple[str | int, ...]

ORDER = example("created")["orders"][0]
KEY, NUMBER = ORDER["alias"], str(ORDER["id"])
LISTED = {"orders": [ORDER]}
CUSTOMERS = {"customers": [ORDER["customerInfo"]]}
LOST = object()
CHANGES: dict[str, Callable[[Any], Any]] = {
    "lost": lambda value: LOST,
    "nulled": lambda value: None,
    "a text": lambda value: str(value) if isinstance(value, int | float) else "text",
    "a number": lambda value: 7,
    "a list": lambda value: [value],
    "an object": lambda value: {"value": value},
    "true": lambda value: True,
}


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*path, name)
        yield from places(one, (*path, name))


def changed(answer: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    answer = copy.deepcopy(answer)
    inner = answer
    for step in path[:-1]:
        inner = inner[step]
    value = change(inner[path[-1]])
    if value is LOST:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return answer


def added(answer: Any) -> Iterator[Any]:
    """With something new in each of its objects."""
    for path in [(), *places(answer)]:
        wider = copy.deepcopy(answer)
        inner = wider
        for step in path:
            inner = inner[step]
        if isinstance(inner, dict):
            inner["isNew"] = {"surprise": [1]}
            yield wider


def variants(answer: Any) -> Iterator[tuple[Path, str, Any]]:
    for path in places(answer):
        for name, change in CHANGES.items():
            yield path, name, changed(answer, path, change)
    for wider in added(answer):
        yield (), "added", wider


@pytest.fixture
def order() -> Order:
    return make_order(make_shop())


@pytest.fixture
def carrier(order: Order) -> MagicLaneCarrier:
    destination = accounts.connect(
        order.source, "magiclane", base_url="https://carrier.example", credentials={"api_key": "k"}
    )
    return MagicLaneCarrier(destination, Transcript())


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the next calls are answered, the last of them for ever."""

    def set_answers(*answers: Any) -> None:
        left = [item if isinstance(item, tuple) else (200, item) for item in answers]

        def send(method: str, url: str, **options: Any) -> Reply:
            status, body = left.pop(0) if len(left) > 1 else left[0]
            return Reply(status, {}, json.dumps(body).encode())

        monkeypatch.setattr(http, "send", send)

    return set_answers


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, or its CarrierError; anything else fails the test."""
    try:
        return call()
    except CarrierError as error:
        return error


def understood(path: Path, *needed: Path) -> bool:
    """Whether nothing that is needed was changed."""
    return not any(path and one[: len(path)] == path for one in needed)


def test_what_is_booked(order: Order, carrier: MagicLaneCarrier, answering: Callable[..., None]) -> None:
    consignment = Consignment(KEY, order, body={"alias": KEY, "customerId": 1})
    for path, change, answer in variants(LISTED):
        answering(answer)
        found = outcome(lambda: carrier.book(consignment))
        if understood(path, ("orders", 0, "id")) or (path[-1:] == ("id",) and change == "a text"):
            assert found.reference == NUMBER, (path, change)
        elif isinstance(found, CarrierError):
            assert found.unknown, (path, change)
            assert not found.permanent, (path, change)
        else:
            assert change in ("a number", "a list"), (path, change)  # an id all the same


def test_what_is_found(order: Order, carrier: MagicLaneCarrier, answering: Callable[..., None]) -> None:
    """Never None: what has been booked would be booked once more."""
    for path, change, answer in variants(LISTED):
        if (path, change) == (("orders", 0), "lost"):  # a list with nothing in it
            continue
        answering(answer)
        found = outcome(lambda: carrier.find(Consignment(KEY, order)))
        assert found is not None, (path, change)
        if understood(path, ("orders", 0, "id"), ("orders", 0, "alias")):
            assert found.reference == NUMBER, (path, change)
        elif isinstance(found, CarrierError):
            assert not found.permanent, (path, change)
            assert not found.burnt, (path, change)


def test_where_it_is(order: Order, carrier: MagicLaneCarrier, answering: Callable[..., None]) -> None:
    for path, change, answer in variants(ORDER):
        answering(answer)
        found = outcome(lambda: carrier.track([(Consignment(KEY, order), NUMBER)]))
        [reports] = found.values()
        if understood(path, ("state",)) or change == "a text":
            assert [report.status for report in reports] == [Status.IN_TRANSIT], (path, change)
        else:
            assert [report.status for report in reports] in ([], [None]), (path, change)


def test_another_answer_altogether(order: Order, carrier: MagicLaneCarrier, answering: Callable[..., None]) -> None:
    consignment = Consignment(KEY, order, body={"alias": KEY, "customerId": 1})
    calls: dict[str, Callable[[], Any]] = {
        "book": lambda: carrier.book(consignment),
        "find": lambda: carrier.find(consignment),
        "track": lambda: carrier.track([(consignment, NUMBER)]),
        "prepare": lambda: carrier.prepare(Consignment(KEY, order)),
        "check": carrier.check,
    }
    for name, call in calls.items():
        for answer in (None, [], {}, "text", 5, True, [[]], {"orders": {}}, {"orders": [None]}, {"customers": 5}):
            for status in (200, 400, 404, 409, 500):
                answering((status, answer))
                found = outcome(call)
                # An order may have no state, and a list no orders; that is no yes and no end either.
                no_news = not found or found in ({KEY: []}, {})
                asks = isinstance(found, dict) and [one.status for one in found.get(KEY, [])] == [None]
                assert isinstance(found, CarrierError) or no_news or asks, (name, status, answer)


def test_what_is_cancelled(order: Order, carrier: MagicLaneCarrier, answering: Callable[..., None]) -> None:
    """That it could not be deleted is believed of an order that is there, whatever it looks like; never that it is gone
    when the answer is not clear."""
    consignment = Consignment(KEY, order)
    refused = (404, {"message": "used in another operation"})
    for path, change, answer in variants(ORDER):
        answering(refused, answer)
        found = outcome(lambda: carrier.cancel(consignment, NUMBER))
        assert isinstance(found, CarrierError), (path, change)
        assert found.permanent, (path, change)
    for path, change, answer in variants(LISTED):
        answering(refused, refused, answer)
        found = outcome(lambda: carrier.cancel(consignment, NUMBER))
        another = (path, change) in ((("orders", 0), "lost"), (("orders", 0, "id"), "a number"))
        assert isinstance(found, CarrierError) is not another, (path, change)
    for _path, _change, answer in variants({"message": "Operation done successfully"}):
        answering(answer)
        assert carrier.cancel(consignment, NUMBER) is None


def test_customers(order: Order, carrier: MagicLaneCarrier, answering: Callable[..., None]) -> None:
    for path, change, answer in variants(CUSTOMERS):
        for answers in (({"customers": []}, answer), (answer,)):
            RemoteName.objects.all().delete()
            answering(*answers)
            found = outcome(lambda: carrier.prepare(Consignment(KEY, order)))
            if isinstance(found, CarrierError):
                assert not found.permanent, (path, change)
            else:
                assert found.body["customerId"], (path, change)
