"""What every carrier that is spoken to over HTTP promises: subclass `CarrierContract` in the room's own test module.

The carrier is Wasl itself: another merchant, with its own keys, answering in the dialect over real loopback HTTP. So
what a room says as a client is held against what the same room answers, and its answers against its document.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.db import transaction
from pytest_django.live_server_helper import LiveServer

from integrations import accounts, dispatching, http, registry
from integrations.carrier import Consignment, Transcript
from integrations.client import HttpCarrier
from integrations.http import HttpError, Reply
from integrations.models import Dispatch, Drift, Exchange
from orders import actions
from orders.drafts import Item, Parcel
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Attention, Mark, Status
from tests.clockwork import later, work
from tests.factories import Shop, make_order, make_shop
from tests.handovers import fresh
from tests.integrations.muvx import api

State = Dispatch.State


def put_at(order: Order, status: str, **fields: Any) -> Order:
    """The carrier's own order, as if it had been brought there."""
    with transaction.atomic():
        return api.put_at(order, status, **fields)


Fault = Callable[[Callable[[], Reply]], Reply]


class Wire:
    """Between us and the carrier: `faults` are what happens to the next calls, one each; `calls` what was sent."""

    def __init__(self, send: Callable[..., Reply]) -> None:
        self.send, self.faults, self.calls = send, [], []

    def __call__(self, method: str, url: str, **options: Any) -> Reply:
        self.calls.append((method, url, options))
        fault = self.faults.pop(0) if self.faults else None
        reach = lambda: self.send(method, url, **options)  # noqa: E731
        return fault(reach) if fault else reach()


def cut_before(reach: Callable[[], Reply]) -> Reply:
    raise HttpError("it could not be asked: connection refused", sent=False)


def cut_after(reach: Callable[[], Reply]) -> Reply:
    reach()
    raise HttpError("it could not be asked: the connection was reset")


def broken_after(reach: Callable[[], Reply]) -> Reply:
    reach()
    return Reply(500, {}, b"oops")


def garbage_after(reach: Callable[[], Reply]) -> Reply:
    reach()
    return Reply(200, {}, b"<html>maintenance</html>")


def broken(reach: Callable[[], Reply]) -> Reply:
    return Reply(502, {}, b"bad gateway")


def slow_down(reach: Callable[[], Reply]) -> Reply:
    return Reply(429, {"Retry-After": "7"}, b"")


def answers(status: int, body: Any) -> Fault:
    return lambda reach: Reply(status, {}, json.dumps(body).encode())


class CarrierContract:
    """A subclass names the provider and finds things in its own words."""

    provider: ClassVar[str]
    # What a room without certain words cannot say.
    says: ClassVar[dict[str, str]] = {
        Status.ACCEPTED: Status.ACCEPTED,
        Status.PICKED_UP: Status.PICKED_UP,
        Status.IN_TRANSIT: Status.IN_TRANSIT,
        Status.DELIVERED: Status.DELIVERED,
        Status.CANCELLED: Status.CANCELLED,
    }
    currency: ClassVar[str] = "KWD"
    # How many calls a booking is (a log-in, a customer first), where none has been made before.
    calls_before_booking: ClassVar[int] = 0

    # --- For the subclass ---------------------------------------------------------------------------------------
    def credentials(self, peer: Shop) -> dict[str, str]:
        return {"api_key": peer.secret}

    def reference(self, order: Order) -> str:
        """What the carrier calls this order of its own."""
        raise NotImplementedError

    def prepare_peer(self, peer: Shop) -> None:
        """What the carrier's side needs before it can take orders."""

    def prepare_order(self, shop: Shop, **changes: Any) -> Order:
        return make_order(shop, **changes)

    # --- For a carrier that is not Wasl -------------------------------------------------------------------------
    def address(self, server: str) -> str:
        """Where the carrier is reached; `server` is where we are."""
        return f"{server}/{self.provider}"

    def at_peer(self, peer: Shop) -> Any:
        """The one parcel that is alive there."""
        [order] = Order.objects.of(peer.merchant).exclude(status=Status.CANCELLED)
        return order

    def bring(self, peer: Shop, status: str, **fields: Any) -> None:
        """The carrier's parcel gets to this status."""
        put_at(self.at_peer(peer), status, **fields)

    def parcels(self, peer: Shop) -> int:
        """How many it has ever taken."""
        return Order.objects.of(peer.merchant).count()

    def retell(self, peer: Shop) -> None:
        """The carrier changes something that does not concern us."""
        Order.objects.of(peer.merchant).update(status_text="another word")

    def is_over(self, peer: Shop) -> bool:
        """Whether all its parcels are cancelled."""
        return not Order.objects.of(peer.merchant).exclude(status__in=[Status.CANCELLED, Status.CANCELLING]).exists()

    @pytest.fixture(autouse=True)
    def settled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Time does not pass in these tests: what was given up is not at work any more."""
        monkeypatch.setattr(HttpCarrier, "settles", timedelta())

    # --- The two sides ------------------------------------------------------------------------------------------
    @pytest.fixture
    def peer(self, transactional_db: None, unlimited: None) -> Shop:
        peer = make_shop(dialect=self.provider, currency=self.currency, settings={"pace": 1_000_000})
        self.prepare_peer(peer)
        return peer

    @pytest.fixture
    def shop(self, peer: Shop, live_server: LiveServer, settings: Any) -> Shop:
        settings.ALLOW_LOOPBACK = True
        settings.ALLOWED_HOSTS = ["*"]
        shop = make_shop(currency=self.currency)
        shop.destination = accounts.connect(
            shop.source,
            self.provider,
            name="The carrier",
            base_url=self.address(live_server.url),
            credentials=self.credentials(peer),
            default=True,
        )
        return shop

    @pytest.fixture
    def wire(self, monkeypatch: pytest.MonkeyPatch) -> Wire:
        wire = Wire(http.send)
        monkeypatch.setattr(http, "send", wire)
        return wire

    def placed(self, shop: Shop, **changes: Any) -> Order:
        return self.prepare_order(shop, **changes)

    def booked(self, shop: Shop, **changes: Any) -> tuple[Order, Dispatch]:
        order = self.placed(shop, **changes)
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == State.BOOKED, dispatch.last_error
        return order, dispatch

    def poll(self, dispatch: Dispatch) -> None:
        later(100_000)
        dispatching.sweep()
        work()

    # --- The connection -----------------------------------------------------------------------------------------
    def test_connection_is_tried_by_a_real_call(self, shop: Shop, wire: Wire) -> None:
        works, message = accounts.check(shop.destination)
        assert works, message
        assert wire.calls

    def test_wrong_credentials_are_noticed(self, shop: Shop, peer: Shop) -> None:
        wrong = dict.fromkeys(registry.CARRIERS[self.provider].credentials, "wrong")
        accounts.save(shop.destination, credentials=wrong)
        works, message = accounts.check(shop.destination)
        assert not works
        assert message

    def test_nothing_secret_is_kept_readable(self, shop: Shop, peer: Shop) -> None:
        _order, dispatch = self.booked(shop)
        account = shop.destination.account
        account.refresh_from_db()
        kept = f"{account.credentials}{account.access_token}{dispatch.label}"
        kept += "".join(f"{one.request}{one.response}{one.error}" for one in Exchange.objects.filter(dispatch=dispatch))
        for secret in {peer.secret, *self.credentials(peer).values()}:
            assert secret not in kept

    def test_a_booking_survives_no_credentials(self, shop: Shop) -> None:
        """They are mended by a person; the order waits and says why."""
        wrong = dict.fromkeys(registry.CARRIERS[self.provider].credentials, "wrong")
        accounts.save(shop.destination, credentials=wrong)
        order = self.placed(shop)
        work()
        order, dispatch = fresh(order)
        assert order.status == Status.DISPATCHED
        assert dispatch.state == State.PLANNED
        assert "credentials" in dispatch.last_error

    # --- Booking ------------------------------------------------------------------------------------------------
    def test_books_one_parcel(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        theirs = self.at_peer(peer)
        assert order.status == Status.ACCEPTED
        assert order.carrier_reference == dispatch.reference == self.reference(theirs)
        assert theirs.dropoff_name == order.dropoff_name
        assert theirs.dropoff_phone == order.dropoff_phone
        assert order.dropoff_address in theirs.dropoff_address
        assert not Drift.objects.exists(), [str(one) for one in Drift.objects.all()]

    def test_every_fact_has_its_fate(self, shop: Shop) -> None:
        _order, dispatch = self.booked(
            shop,
            notes="Ring twice",
            items=(Item("Product A", 2),),
            parcel=Parcel(pieces=3),
            extras={"nobody_knows": "this"},
        )
        fates = {fate["path"]: fate["outcome"] for fate in dispatch.losses}
        assert fates["dropoff.phone"] == "kept"
        assert fates["notes"] in ("kept", "text")
        assert fates["extras.nobody_knows"] == "lost"
        assert set(fates.values()) <= {"kept", "text", "defaulted", "lost"}

    def test_money_at_the_door(self, shop: Shop, peer: Shop) -> None:
        from_us = self.booked(shop, cod_amount=Decimal(7), currency=self.currency)[0]
        theirs = self.at_peer(peer)
        assert theirs.cod_amount == from_us.cod_amount or f"COD 7.000 {self.currency}" in theirs.notes

    def test_what_is_sent_can_be_seen_before(self, shop: Shop) -> None:
        order, dispatch = self.booked(shop)
        carrier = dispatching.carrier_for(dispatch, Transcript())
        again = carrier.translate(Consignment(dispatch.key, order))
        assert [fate.path for fate in again.fates] == [fate["path"] for fate in dispatch.losses]

    # --- Exactly one --------------------------------------------------------------------------------------------
    @pytest.mark.parametrize("fault", [cut_before, cut_after, broken_after, garbage_after, broken])
    def test_exactly_one_parcel(self, shop: Shop, peer: Shop, wire: Wire, fault: Fault) -> None:
        order = self.placed(shop)
        wire.faults = [None] * self.calls_before_booking + [fault]  # type: ignore[list-item]
        for _ in range(3):
            work()
            later(100)
            dispatching.sweep()
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == State.BOOKED, dispatch.last_error
        assert dispatch.reference == self.reference(self.at_peer(peer))
        assert self.parcels(peer) == 1

    def test_waits_as_long_as_it_is_asked_to(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None] * self.calls_before_booking + [slow_down]  # type: ignore[list-item]
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == State.PLANNED
        assert "429" in dispatch.last_error
        later(6)
        dispatching.sweep()
        work()
        assert fresh(order)[1].state == State.PLANNED
        later(2)
        dispatching.sweep()
        work()
        assert fresh(order)[1].state == State.BOOKED

    # --- Following ----------------------------------------------------------------------------------------------
    def test_follows(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        for theirs, ours in self.says.items():
            if theirs == Status.CANCELLED:
                continue
            self.bring(peer, theirs)
            self.poll(dispatch)
            order, dispatch = fresh(order)
            assert order.status == ours, theirs
        assert dispatch.state == State.DONE

    def test_what_is_no_news_leaves_no_trace(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        self.bring(peer, Status.PICKED_UP)
        self.poll(dispatch)
        events = order.events.count()
        self.retell(peer)
        self.poll(dispatch)
        assert order.events.count() == events

    def test_a_parcel_that_the_carrier_cancelled(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        self.bring(peer, Status.CANCELLED)
        self.poll(dispatch)
        assert fresh(order)[0].status == Status.CANCELLED

    # --- Cancelling ---------------------------------------------------------------------------------------------
    def test_cancels(self, shop: Shop, peer: Shop) -> None:
        order, _dispatch = self.booked(shop)
        actions.cancel_orders([order], SYSTEM)
        work()
        assert fresh(order)[0].status == Status.CANCELLED
        work()
        assert self.is_over(peer)

    def test_a_cancel_that_is_repeated(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order, _dispatch = self.booked(shop)
        actions.cancel_orders([order], SYSTEM)
        wire.faults = [cut_after]
        work()
        assert fresh(order)[0].status == Status.CANCELLING
        later(100)
        dispatching.sweep()
        work()
        assert fresh(order)[0].status == Status.CANCELLED

    def test_a_cancel_that_the_carrier_refuses(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        self.bring(peer, Status.DELIVERED)
        actions.cancel_orders([order], SYSTEM)
        work()
        order, dispatch = fresh(order)
        assert order.attention == Attention.CANCEL_REFUSED
        assert dispatch.state == State.BOOKED

    # --- What it hears ------------------------------------------------------------------------------------------
    def test_an_unknown_word_is_shown_to_people(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        """Subclasses give the answer in `unknown_word`."""
        answer = self.unknown_word(self.booked(shop)[1].reference)
        if answer is None:
            pytest.skip("this carrier has numbers for its states, of which all are known")
        [dispatch] = Dispatch.objects.filter(destination=shop.destination)
        wire.faults = [answer]
        self.poll(dispatch)
        order, _ = fresh(dispatch.order)
        assert order.attention == Attention.UNKNOWN_WORD
        assert order.status == Status.ACCEPTED

    def unknown_word(self, reference: str) -> Fault | None:
        raise NotImplementedError

    def test_marks(self, shop: Shop, peer: Shop) -> None:
        """What the carrier can say beside the status."""
        order, dispatch = self.booked(shop)
        for mark, heard in self.marks.items():
            self.bring(peer, Status.IN_TRANSIT, mark=mark)
            self.poll(dispatch)
            assert fresh(order)[0].mark == heard

    marks: ClassVar[dict[str, str]] = {Mark.DELAYED: ""}
