"""Wasl as a client of iDeliver."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from integrations import accounts, dispatching, keys
from integrations.carrier import Consignment, Transcript
from integrations.http import HttpError
from integrations.ideliver.answers import time
from integrations.ideliver.carrier import IDeliverCarrier
from integrations.models import Dispatch
from integrations.signing import hex_signature
from orders.drafts import Item, Parcel, Window
from orders.models import Order
from orders.statuses import Attention, Mark, Status
from tests.carriers import CarrierContract, Fault, Wire, answers, cut_after, cut_before, put_at
from tests.clockwork import later, work
from tests.factories import Shop, make_shop
from tests.handovers import fresh
from tests.integrations.ideliver.api import SAMPLE, Api, in_time, make_zone, placed

ASKED = datetime(2099, 5, 1, 14, tzinfo=UTC)


class TestIDeliverAsACarrier(CarrierContract):
    provider = "ideliver"
    calls_before_booking = 1
    marks = {Mark.DELAYED: Mark.DELAYED}

    def reference(self, order: Order) -> str:
        return str(order.uuid)

    def unknown_word(self, reference: str) -> Fault:
        return answers(200, {"order": {"id": reference, "unified_json": {"status": "Held at the depot"}}})

    def paths(self, wire: Wire) -> list[str]:
        return [f"{method} {url.rpartition('/v1/')[2].partition('?')[0]}" for method, url, _options in wire.calls]

    # --- Logging in ---------------------------------------------------------------------------------------------
    def test_the_key_is_exchanged_once(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        for number in range(3):
            self.placed(shop, external_id=f"SHOP-{number}")
        work()
        assert self.paths(wire) == ["POST auth/token", *["POST orders"] * 3]
        assert wire.calls[0][2]["headers"]["X-API-Key"] == peer.secret
        token = wire.calls[1][2]["headers"]["Authorization"].removeprefix("Bearer ")
        assert jwt.decode(token, options={"verify_signature": False})["merchant_id"] == str(peer.merchant.pk)

    def test_a_refused_token_is_renewed_once(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        refused = answers(401, {"error": "unauthorized", "message": "Missing or invalid API key."})
        wire.faults = [None, refused]  # type: ignore[list-item]
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        assert self.paths(wire) == ["POST auth/token", "POST orders"] * 2

    @pytest.mark.parametrize("status", [404, 405])
    def test_without_an_exchange_the_key_opens_everything(
        self, shop: Shop, peer: Shop, wire: Wire, status: int
    ) -> None:
        order = self.placed(shop)
        wire.faults = [answers(status, {"error": "not_found"})]
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        assert wire.calls[1][2]["headers"]["Authorization"] == f"Bearer {peer.secret}"

    @pytest.mark.parametrize(
        ("answer", "seconds"),
        [
            ({"expires_in": 3600}, 3600),
            ({"expires_in": "60"}, 60),
            ({"expires_in": 10**9}, 86400),
            ({"expires_in": "nan"}, 0),
            ({}, 600),
            ({"access_token": jwt.encode({"exp": 4_000_000_000}, "k" * 32)}, 86400),
            ({"access_token": jwt.encode({"exp": 1_000_000_000}, "k" * 32)}, 0),
            ({"access_token": jwt.encode({}, "k" * 32)}, 600),
        ],
    )
    def test_a_token_lives_as_long_as_it_says(
        self, shop: Shop, wire: Wire, answer: dict[str, Any], seconds: int
    ) -> None:
        carrier = IDeliverCarrier(shop.destination, Transcript())
        wire.faults = [answers(200, {"access_token": "a", **answer})]
        assert carrier.log_in()[1] == timedelta(seconds=seconds)

    def test_a_key_that_may_not_write_is_noticed(self, shop: Shop, peer: Shop) -> None:
        peer.key.scopes = ["orders:read"]
        peer.key.save()
        keys._cache.clear()
        order = self.placed(shop)
        work()
        dispatch = fresh(order)[1]
        assert dispatch.state == Dispatch.State.PLANNED
        assert "credentials" in dispatch.last_error

    def test_the_connection_names_the_merchant(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        assert accounts.check(shop.destination) == (True, peer.merchant.name)
        wire.faults = [answers(404, {})]
        assert accounts.check(shop.destination) == (True, "It answers.")

    # --- Booking ------------------------------------------------------------------------------------------------
    def test_what_the_document_shows_is_sent_as_it_shows_it(self, shop: Shop, wire: Wire) -> None:
        """An order that came in this dialect goes out in the same words, but for its names."""
        shop.key, shop.secret = keys.issue(shop.source, "ideliver", is_test=True)
        sample = in_time(json.loads(SAMPLE))
        order = placed(Api(shop).create(sample))
        work()
        dispatch = fresh(order)[1]
        assert dispatch.state == Dispatch.State.BOOKED
        sent = json.loads(wire.calls[1][2]["body"])
        notes = sent["standardized"].pop("notes").split("\n")
        assert notes == ["Gate code 1234", "Pick up from Shop", "Order store-order-8842"]
        wanted = sample["standardized"] | {"vehicle_type_hint": "motorcycle"}
        del wanted["notes"]
        assert sent == sample | {"source": "wasl", "external_order_id": dispatch.key, "standardized": wanted}
        assert wire.calls[1][2]["headers"]["Idempotency-Key"] == dispatch.key

    def test_what_nobody_asked_for_is_set_and_said(self, shop: Shop, peer: Shop) -> None:
        _order, dispatch = self.booked(shop)
        theirs = self.at_peer(peer)
        soonest = timezone.now() + timedelta(minutes=5)
        assert abs(theirs.pickup_at - soonest) < timedelta(minutes=1)
        assert (theirs.window_start, theirs.window_end) == (theirs.pickup_at, theirs.pickup_at + timedelta(hours=4))
        fates = {fate["path"]: (fate["outcome"], fate["note"]) for fate in dispatch.losses}
        assert fates["window.pickup_at"] == ("defaulted", time(theirs.pickup_at))
        assert fates["window.start"][0] == fates["window.end"][0] == "defaulted"
        assert fates["pickup.name"][0] == fates["external_id"][0] == "text"
        assert theirs.channel == "wasl"

    @pytest.mark.parametrize(
        ("asked", "start", "end", "defaulted"),
        [
            (0, 1, 4, ""),
            (None, 1, 4, "pickup_at"),
            (0, None, 4, "start"),
            (0, 1, None, "end"),
            (0, None, None, "start end"),
            (0, -2, -1, "start end"),
            (3, 1, 2, "start end"),
        ],
    )
    def test_times_that_were_asked_for_are_kept(
        self, shop: Shop, peer: Shop, asked: int | None, start: int | None, end: int | None, defaulted: str
    ) -> None:
        given = [None if hours is None else ASKED + timedelta(hours=hours) for hours in (asked, start, end)]
        _order, dispatch = self.booked(shop, window=Window(*given))
        theirs = self.at_peer(peer)
        fates = {fate["path"]: fate["outcome"] for fate in dispatch.losses}
        found = zip(
            ("pickup_at", "start", "end"),
            (theirs.pickup_at, theirs.window_start, theirs.window_end),
            given,
            strict=True,
        )
        for name, sent, wanted in found:
            is_default = name in defaulted.split()
            assert (sent == wanted) != is_default
            assert fates[f"window.{name}"] == ("defaulted" if is_default else "kept")

    def test_a_time_that_has_passed_is_now(self, shop: Shop, peer: Shop) -> None:
        past = timezone.now() - timedelta(days=1)
        self.booked(shop, window=Window(past, past, past + timedelta(hours=1)))
        assert self.at_peer(peer).pickup_at > timezone.now()

    def test_a_repetition_is_the_same_while_it_can_be(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None, cut_before, cut_before]  # type: ignore[list-item]
        for _ in range(3):
            work()
            later(100)
            dispatching.sweep()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        bodies = {options["body"] for method, url, options in wire.calls if (method, url[-6:]) == ("POST", "orders")}
        assert len(bodies) == 1

    def test_a_pickup_that_has_become_too_late_is_moved(self, shop: Shop, peer: Shop) -> None:
        order = self.placed(shop)
        dispatching.plan(order)
        dispatch = fresh(order)[1]
        carrier = dispatching.carrier_for(dispatch, Transcript())
        old = carrier.prepare(Consignment(dispatch.key, order)).body
        old["standardized"]["scheduled_pickup_at"] = "2024-01-01T00:00:00.000Z"
        Dispatch.objects.filter(pk=dispatch.pk).update(body=old, attempts=1)
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        assert self.at_peer(peer).pickup_at > timezone.now()

    def test_money_in_its_smallest_unit(self, shop: Shop, wire: Wire) -> None:
        for number, (amount, currency) in enumerate([("3.5", "KWD"), ("25000", "IQD"), ("2500", "NGN")]):
            items = (Item("A", 2, Decimal(amount)),)
            self.booked(shop, external_id=f"S-{number}", cod_amount=Decimal(amount), currency=currency, items=items)
        sent = [json.loads(options["body"])["standardized"] for _, _, options in wire.calls[1:]]
        assert [(one["cod_amount_minor"], one["cod_currency"]) for one in sent] == [
            (3500, "KWD"),
            (25000000, "IQD"),
            (250000, "NGN"),
        ]
        assert sent[0]["items"] == [{"name": "A", "quantity": 2, "price_minor": 3500}]

    def test_measures_within_its_limits(self, shop: Shop, peer: Shop) -> None:
        parcel = Parcel(Decimal("500.001"), Decimal(500), Decimal("500.001"), Decimal(1))
        _order, dispatch = self.booked(shop, parcel=parcel)
        theirs = self.at_peer(peer)
        assert (theirs.weight_kg, theirs.length_cm, theirs.width_cm, theirs.height_cm) == (None, 500, None, 1)
        fates = {fate["path"]: (fate["outcome"], fate["note"]) for fate in dispatch.losses}
        assert fates["parcel.weight_kg"] == ("lost", "It is not between 0 and 500 kg.")
        assert fates["parcel.dimensions"] == ("lost", "A side is not between 0 and 500 cm.")

    def test_the_source_of_the_destination(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        shop.destination.settings = {"source": "api"}
        shop.destination.save()
        order = self.placed(shop)
        wire.faults = [None, cut_after]  # type: ignore[list-item]
        work()
        self.poll(fresh(order)[1])
        assert fresh(order)[1].reference == self.reference(self.at_peer(peer))
        assert self.at_peer(peer).channel == "api"

    @pytest.mark.parametrize("stored", [{"source": ""}, {"source": 1}, {"source": "x" * 129}, {"x": 1}])
    def test_wrong_settings_are_refused(self, stored: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="source"):
            IDeliverCarrier.check_settings(stored)

    # --- Refusals -----------------------------------------------------------------------------------------------
    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"error": "validation_error", "details": {"field": "standardized.customer_phone"}}, "dropoff.phone"),
            ({"error": "validation_error", "details": {"field": "standardized.cod_amount_minor"}}, "cod_amount"),
            ({"error": "validation_error", "details": {"field": "standardized.items.0.name"}}, "items"),
            ({"error": "missing_pickup_time", "message": "required"}, "window.pickup_at"),
            ({"error": "missing_delivery_window"}, "window.start"),
            ({"error": "OUT_OF_COVERAGE_AREA", "point": "dropoff", "lat": 1, "lng": 2}, "dropoff.location"),
            ({"error": "OUT_OF_COVERAGE_AREA", "details": {"point": "pickup"}}, "pickup.location"),
            ({"error": "validation_error"}, ""),
        ],
    )
    def test_refusals_name_their_field(self, shop: Shop, wire: Wire, body: dict[str, Any], path: str) -> None:
        order = self.placed(shop)
        wire.faults = [None, answers(400, body)]  # type: ignore[list-item]
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention) == (Dispatch.State.REFUSED, Attention.CARRIER_REFUSED)
        assert order.attention_path == path

    def test_out_of_its_zones(self, shop: Shop, peer: Shop) -> None:
        make_zone(peer)
        order = self.placed(shop)
        work()
        assert fresh(order)[0].attention_path == "dropoff.location"

    @pytest.mark.parametrize("code", ["duplicate_order", "idempotency_conflict"])
    def test_a_conflict_is_looked_into(self, shop: Shop, peer: Shop, wire: Wire, code: str) -> None:
        order = self.placed(shop)

        def conflict(reach: Any) -> Any:
            reach()
            return answers(409, {"error": code, "message": "another payload"})(reach)

        wire.faults = [None, conflict]  # type: ignore[list-item]
        work()
        assert fresh(order)[1].state == Dispatch.State.UNKNOWN
        self.poll(fresh(order)[1])
        assert fresh(order)[1].reference == self.reference(self.at_peer(peer))
        assert self.paths(wire)[-1] == "GET orders"

    # --- Exactly one --------------------------------------------------------------------------------------------
    def test_a_dead_order_is_no_yes(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        """Its answer was lost, and it has been cancelled there since: another key is needed."""
        order = self.placed(shop)

        def lost(reach: Any) -> Any:
            reach()
            put_at(self.at_peer(peer), Status.CANCELLED)
            raise HttpError("the connection was reset")

        wire.faults = [None, lost]  # type: ignore[list-item]
        work()
        self.poll(fresh(order)[1])
        order, dispatch = fresh(order)
        assert (dispatch.state, dispatch.epoch) == (Dispatch.State.BOOKED, 2)
        assert dispatch.reference == self.reference(self.at_peer(peer))

    def test_an_order_of_another_source_is_not_ours(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        dispatching.plan(order)
        dispatch = fresh(order)[1]
        stranger = {"external_order_id": dispatch.key, "source": "shopify", "id": "x", "unified_json": {}}
        Dispatch.objects.filter(pk=dispatch.pk).update(state=Dispatch.State.UNKNOWN, body={})
        wire.faults = [None, answers(200, {"orders": [stranger]})]  # type: ignore[list-item]
        work()
        assert fresh(order)[1].reference == self.reference(self.at_peer(peer))

    # --- Following ----------------------------------------------------------------------------------------------
    @pytest.mark.parametrize(
        ("word", "status", "mark"),
        [
            ("pending", Status.ACCEPTED, ""),
            (" Picked_Up ", Status.PICKED_UP, ""),
            ("in_transit_delayed", Status.IN_TRANSIT, Mark.DELAYED),
            ("returned_to_merchant", Status.RETURNED, ""),
            ("lost_in_transit", Status.LOST, ""),
            ("failed", Status.FAILED, ""),
        ],
    )
    def test_each_word(self, shop: Shop, wire: Wire, word: str, status: str, mark: str) -> None:
        order, dispatch = self.booked(shop)
        wire.faults = [answers(200, {"order": {"id": dispatch.reference, "unified_json": {"status": word}}})]
        later(400)
        dispatching.sweep()
        work()
        order, _ = fresh(order)
        assert (order.status, order.mark) == (status, mark)

    def test_a_cancel_that_was_one_already(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        put_at(self.at_peer(peer), Status.CANCELLED)
        carrier = dispatching.carrier_for(dispatch, Transcript())
        carrier.cancel(Consignment(dispatch.key, order), dispatch.reference)

    # --- Callbacks ----------------------------------------------------------------------------------------------
    @pytest.fixture
    def listening(self, shop: Shop) -> Shop:
        accounts.save(shop.destination, callback_secret="shared")
        return shop

    def called_back(self, shop: Shop, news: Any, secret: str = "shared") -> int:
        body = json.dumps(news).encode()
        url = f"/callbacks/{shop.destination.account.callback_token}"
        headers = {"X-Ideliver-Signature": hex_signature(secret, body), "X-Ideliver-Delivery": "d-1"}
        return Client().post(url, body, content_type="application/json", headers=headers).status_code

    @pytest.mark.parametrize(
        ("event", "word", "status"),
        [
            ("order.status_updated", "in_transit", Status.IN_TRANSIT),
            ("order.rider_assigned", "pending", Status.ACCEPTED),
            ("order.picked_up", None, Status.PICKED_UP),
            ("order.delivered", None, Status.DELIVERED),
            ("order.created", None, Status.ACCEPTED),
            ("order.accepted", "accepted", Status.ACCEPTED),
        ],
    )
    def test_hears_each_event(self, listening: Shop, event: str, word: str | None, status: str) -> None:
        order, dispatch = self.booked(listening)
        assert self.called_back(listening, news(dispatch, event, word)) == 200
        assert fresh(order)[0].status == status

    def test_a_replay_changes_nothing(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        for number, word in [(1, "picked_up"), (2, "in_transit"), (1, "picked_up"), (2, "in_transit")]:
            said = news(dispatch, "order.status_updated", word) | {"event_id": f"e-{number}"}
            assert self.called_back(listening, said) == 200
        assert fresh(order)[0].status == Status.IN_TRANSIT
        assert order.events.filter(kind="progress").count() == 2

    def test_a_callback_is_the_answer_that_was_lost(self, listening: Shop, wire: Wire) -> None:
        order = self.placed(listening)
        wire.faults = [None, cut_after]  # type: ignore[list-item]
        work()
        _, dispatch = fresh(order)
        said = news(dispatch, "order.picked_up", "picked_up")
        said["order"]["id"] = "their-id"
        assert self.called_back(listening, said) == 200
        order, dispatch = fresh(order)
        assert (dispatch.reference, order.status) == ("their-id", Status.PICKED_UP)

    def test_what_is_not_signed_is_refused(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        said = news(dispatch, "order.delivered", "delivered")
        assert self.called_back(listening, said, secret="another") == 401
        accounts.save(listening.destination, callback_secret="")
        assert self.called_back(listening, said, secret="") == 401
        assert fresh(order)[0].status == Status.ACCEPTED

    def test_strangers_are_not_found(self, listening: Shop) -> None:
        _order, dispatch = self.booked(listening)
        other = make_shop()
        other.destination = accounts.connect(
            other.source,
            "ideliver",
            name="Theirs",
            base_url="https://carrier.example/v1",
            credentials={"api_key": "ilv_test_x"},
            callback_secret="shared",
        )
        assert self.called_back(other, news(dispatch, "order.delivered", "delivered")) == 404
        assert self.called_back(listening, {"event": "order.rider_assigned"}) == 400
        assert self.called_back(listening, ["no object"]) == 400


def news(dispatch: Dispatch, event: str, word: str | None) -> dict[str, Any]:
    return {
        "event": event,
        "event_id": f"evt-{event}",
        "delivery_id": "d-1",
        "occurred_at": "2026-05-01T14:00:00.000Z",
        "merchant_id": "1",
        "order": {
            "id": dispatch.reference,
            "merchant_id": "1",
            "source": "wasl",
            "external_order_id": dispatch.key,
            "unified_json": {"schema_version": "1", "status": word, "standardized": {}},
            "tracking_token": "t",
        },
    }
