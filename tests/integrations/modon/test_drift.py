"""The document's answers with one field lost, nulled, retyped or added: nothing breaks, and what is clear goes on."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import accounts, lanes
from integrations.bodies import check_storable
from integrations.carrier import Booking, Callback, CarrierError, Consignment, NotGenuine, Transcript
from integrations.modon.carrier import ModonCarrier, mark_of
from orders.models import Order
from orders.statuses import Status
from tests.factories import make_order
from tests.integrations.modon.api import example
from tests.integrations.modon.vendor import OK, Vendor, connected, vendor
from tests.integrations.muvx.test_hostile import anything

pytestmark = pytest.mark.django_db
STRANGE = (None, "", "x", 7, -1, 1.5, True, [], ["x"], {}, {"x": 1}, "\x00", "\ud800", "9" * 400, "🙂")


def changed(body: Any) -> Iterator[tuple[str, Any]]:
    """Each field in turn, in everything that a field can become."""

    def paths(found: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
        for name, value in inner:
            yield (*before, name)
            yield from paths(value, (*before, name))

    for path in paths(body):
        for strange in STRANGE:
            one = deepcopy(body)
            reduce(getitem, path[:-1], one)[path[-1]] = strange
            yield f"{path} = {strange!r}", one
        lost = deepcopy(body)
        del reduce(getitem, path[:-1], lost)[path[-1]]
        yield f"{path} lost", lost
    yield "added", {**body, "new": {"deep": [1]}}
    yield from ((f"whole = {strange!r}", strange) for strange in ("x", 7, [], [1], {}, True))


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    monkeypatch.setattr(lanes, "pace", lambda *limit, **options: None)
    made = vendor(monkeypatch)
    original = made.__call__

    def call(method: str, url: str, **options: Any) -> Any:
        name = url.partition("?")[0].rpartition("/")[2]
        body = made.answers.get(name)
        if name != "regions" and not isinstance(body, dict):  # no envelope at all
            made.answers[name], kept = {"status": True}, body
            reply = original(method, url, **options)
            made.answers[name] = kept
            return type(reply)(200, {}, json.dumps(kept).encode())
        return original(method, url, **options)

    monkeypatch.setattr("integrations.http.send", call)
    return made


@pytest.fixture
def order(there: Vendor) -> Order:
    shop, _destination = connected(callback_secret="X-Key:token")
    return make_order(shop, currency="IQD")


def carrier(order: Order) -> ModonCarrier:
    return ModonCarrier(order.destination, Transcript())


def consignment(order: Order) -> Consignment:
    return Consignment(f"{order.uuid.hex}-1", order, body={"client_name": "محمد"})


def attempt(call: Any, *allowed: type[Exception]) -> Any:
    try:
        return call()
    except (CarrierError, *allowed) as error:
        check_storable(str(error))
        return error


def test_booking(order: Order, there: Vendor) -> None:
    for what, body in changed(example("created")):
        there.answers["create-order"] = body
        found = attempt(lambda: carrier(order).book(consignment(order)))
        if isinstance(found, Booking):
            assert found.reference.isdigit(), what
            assert found.label_url == "" or found.label_url.startswith("https://"), what
        else:  # it is looked for, unless it was said to be a no
            assert any(name in what for name in ("'qr_id'", "'errNum'", "('status',)", "('data'", "whole")), what
            assert found.unknown or any(name in what for name in ("'status'", "'errNum'")), (what, found)
    there.answers["create-order"] = {**example("created"), "status": None}
    assert carrier(order).book(consignment(order)).reference == "38799216"


def test_finding(order: Order, there: Vendor) -> None:
    rows = deepcopy(example("orders"))
    rows["data"].append({**rows["data"][0], "id": "104", "merchant_notes": f"{mark_of(consignment(order).key)} · x"})
    for what, body in changed(rows):
        there.answers["merchant-orders"] = body
        found = attempt(lambda: carrier(order).find(consignment(order)))
        ours = what.startswith("('data', 1")
        if found is None:  # only when ours is not in it any more, or dead
            gone = ours and ("'merchant_notes'" in what or "1)" in what)
            assert gone or what in ("('data',) = []", "('data', 1) lost"), what
        elif isinstance(found, Booking):
            assert found.reference == "104" or "'id'" in what, what


def test_tracking(order: Order, there: Vendor) -> None:
    asked = [(consignment(order), "103")]
    for what, body in changed(example("orders")):
        there.answers["get-orders-by-ids-bulk"] = body
        found = attempt(lambda: carrier(order).track(asked))
        if isinstance(found, CarrierError):
            continue
        for report in found.get(asked[0][0].key, []):
            assert report.status in (Status.PICKED_UP, None) or "status_id" in what, what
            assert len(report.key) <= 128
            assert report.at is None or report.at.tzinfo
        indifferent = ("client_name", "price", "location", "urgent", "package_size", "merchant_notes")
        usual = not any(odd in what for odd in ("x00", "ud800", "9999"))
        if usual and any(f"'{name}'" in what for name in indifferent):
            assert found[asked[0][0].key][0].status == Status.PICKED_UP, what
    for name in ("status_id", "status"):  # one of the two says it as well as both
        body = deepcopy(example("orders"))
        del body["data"][0][name]
        there.answers["get-orders-by-ids-bulk"] = body
        assert carrier(order).track(asked)[asked[0][0].key][0].status == Status.PICKED_UP


def test_cancelling(order: Order, there: Vendor) -> None:
    for what, body in changed({**OK, "data": []}):
        there.answers["delete_orders"] = body
        found = attempt(lambda: carrier(order).cancel(consignment(order), "103"))
        assert found is None or isinstance(found, CarrierError), what
    there.answers["delete_orders"] = {"status": False, "errNum": "999", "msg": "no"}
    for what, body in changed(example("orders")):  # it is not given up unless it is surely gone or dead
        there.answers["get-orders-by-ids-bulk"] = body
        found = attempt(lambda: carrier(order).cancel(consignment(order), "103"))
        gone = "'id'" in what or "('data'" in what or what.startswith("whole")
        assert isinstance(found, CarrierError) or gone, what


def test_callbacks(order: Order) -> None:
    for what, body in changed({**example("orders")["data"][0], "deliver_done": 0}):
        callback = Callback({"X-Key": "token"}, json.dumps(body).encode())
        heard = attempt(lambda c=callback: carrier(order).read_callback(c), ValueError, NotGenuine)
        assert isinstance(heard, ValueError) or all(one.reference or one.key for one in heard), what


def test_log_in(order: Order, there: Vendor) -> None:
    for what, body in changed({**OK, "data": {"token": "@@token"}}):
        there.answers["login"] = body
        accounts.forget_access_token(order.destination.account)
        there.answers["create-order"] = example("created")
        found = attempt(lambda: carrier(order).book(consignment(order)))
        assert isinstance(found, Booking | CarrierError), what


def test_places(order: Order, there: Vendor) -> None:
    for _what, body in changed(deepcopy(there.answers["citys"])):
        there.answers["citys"] = body
        attempt(lambda: carrier(order).places().names("city", newer_than=timedelta()))


@settings(
    max_examples=100, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(anything)
def test_anything_at_all(order: Order, there: Vendor, body: Any) -> None:
    for call in ("create-order", "merchant-orders", "get-orders-by-ids-bulk", "delete_orders"):
        there.answers[call] = {**OK, "data": body}
    ours, asked = carrier(order), consignment(order)
    attempt(lambda: ours.book(asked))
    attempt(lambda: ours.find(asked))
    attempt(lambda: ours.track([(asked, "103")]))
    attempt(lambda: ours.cancel(asked, "103"))


TEXT = st.text(max_size=60)
WORDS = st.sampled_from(["بغداد", "Basra", "المنصور", "اخرى", "IQ", "1", "508", ""]) | TEXT


@settings(
    max_examples=200, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    st.fixed_dictionaries(
        {
            "dropoff_name": TEXT,
            "dropoff_phone": st.sampled_from(["07712345678", "٠٧٧١٢٣٤٥٦٧٨"]) | TEXT,
            "dropoff_address": WORDS,
            "dropoff_parts": st.dictionaries(st.sampled_from(["city", "area", "region", "country", "location"]), WORDS)
            | st.fixed_dictionaries(dict.fromkeys(["city", "city_id", "region", "region_id", "location"], WORDS)),
            "notes": st.text(max_size=3000),
            "currency": st.sampled_from(["IQD", "KWD"]),
            "cod_amount": st.none() | st.decimals(0, 999_999_999, places=3),
            "extras": st.dictionaries(
                st.sampled_from(["package_size", "client_mobile2", "replacement", "promo_code"]), anything
            ),
            "external_id": TEXT,
        }
    )
)
def test_any_order_can_be_said_or_is_refused(order: Order, there: Vendor, fields: dict[str, Any]) -> None:
    carrier(order).places().refresh()
    asked = Order.objects.get(pk=order.pk)
    for name, value in fields.items():
        setattr(asked, name, value)
    for say in (carrier(order).translate, carrier(order).prepare):
        found = attempt(lambda say=say: say(consignment(asked)))
        if isinstance(found, CarrierError):
            assert found.permanent
            assert found.path
        else:
            assert all(isinstance(value, str) for value in found.body.values())
            assert len(found.body["merchant_notes"]) <= 1000
            assert mark_of(consignment(asked).key) in found.body["merchant_notes"]
