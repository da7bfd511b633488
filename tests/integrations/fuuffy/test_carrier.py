"""Wasl as a client of Fuuffy."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations import accounts, dispatching, keys
from integrations.fuuffy import words
from integrations.fuuffy.carrier import FuuffyCarrier
from integrations.http import HttpError
from integrations.models import Dispatch, Drift, RateWindow
from integrations.signing import hex_signature
from orders.drafts import Address, Item, Parcel, Stop, Window
from orders.models import Order
from orders.statuses import Attention, Mark, Status
from tests.carriers import CarrierContract, Fault, Wire, answers, cut_after, put_at
from tests.clockwork import work
from tests.factories import Shop, make_shop
from tests.handovers import fresh
from tests.integrations.fuuffy.api import SAMPLE, Api, example, placed

EXPIRED = {
    "error": {
        "code": "invalid_token",
        "message": "The access token expired",
        "details": "Please request a new access token",
    }
}


class TestFuuffyAsACarrier(CarrierContract):
    provider = "fuuffy"
    calls_before_booking = 1

    def credentials(self, peer: Shop) -> dict[str, str]:
        return {"client_id": keys.client_id(peer.key), "client_secret": peer.secret}

    def reference(self, order: Order) -> str:
        return words.order_id(order)

    def unknown_word(self, reference: str) -> Fault:
        return answers(200, {"id": reference, "status": "on_the_moon"})

    # --- Logging in ---------------------------------------------------------------------------------------------
    def paths(self, wire: Wire) -> list[str]:
        return [f"{method} {url.rpartition('/v1/')[2]}" for method, url, _options in wire.calls]

    def test_one_token_serves_many_calls(self, shop: Shop, wire: Wire) -> None:
        for number in range(3):
            self.placed(shop, external_id=f"SHOP-{number}")
        work()
        assert self.paths(wire) == ["POST auth/token", *["POST orders"] * 3]
        form = wire.calls[0][2]
        assert form["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
        assert form["body"].startswith(b"grant_type=client_credentials&client_id=fuf_")

    def test_an_expired_token_is_renewed_once(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None, answers(401, EXPIRED)]  # type: ignore[list-item]
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        assert self.paths(wire) == ["POST auth/token", "POST orders"] * 2

    def test_refused_tokens_make_no_loop(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        unauthorized = answers(401, example("error_401"))
        wire.faults = [None, unauthorized, None, unauthorized]  # type: ignore[list-item]
        work()
        assert self.paths(wire) == ["POST auth/token", "POST orders"] * 2
        assert fresh(order)[1].state == Dispatch.State.PLANNED

    def test_a_bad_client_is_said_to_be_one(self, shop: Shop) -> None:
        accounts.save(shop.destination, credentials={"client_id": "fuf_1", "client_secret": "wrong"})
        _works, message = accounts.check(shop.destination)
        assert "Invalid client id or client secret" in message

    # --- Booking ------------------------------------------------------------------------------------------------
    def test_what_the_document_shows_is_sent_as_it_shows_it(self, shop: Shop, wire: Wire) -> None:
        """An order that came in this dialect goes out in the same words."""
        key, secret = keys.issue(shop.source, "fuuffy", is_test=True)
        shop.key, shop.secret = key, secret
        order = placed(Api(shop).create(SAMPLE))
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        sent = json.loads(wire.calls[1][2]["body"])
        assert sent == json.loads(SAMPLE)
        assert wire.calls[1][2]["headers"]["Idempotency-Key"] == fresh(order)[1].key

    def test_money_is_in_the_notes_only(self, shop: Shop, peer: Shop) -> None:
        _order, dispatch = self.booked(shop, cod_amount=Decimal(25000), currency="IQD", notes="Ring twice" * 1000)
        theirs = self.at_peer(peer)
        assert theirs.notes.startswith("COD 25000 IQD\nRing twice")
        assert theirs.cod_amount is None
        fates = {fate["path"]: fate for fate in dispatch.losses}
        assert fates["cod_amount"]["outcome"] == "text"
        assert fates["notes"]["note"].startswith("Cut after")

    def test_what_the_order_does_not_say_is_set_and_said(self, shop: Shop, peer: Shop) -> None:
        _order, dispatch = self.booked(shop)
        theirs = self.at_peer(peer)
        assert (theirs.weight_kg, theirs.dropoff_parts["country"]) == (1, "KW")
        fates = {fate["path"]: (fate["outcome"], fate["note"]) for fate in dispatch.losses}
        assert fates["parcel.weight_kg"] == ("defaulted", "1 kg")
        assert fates["dropoff.address.country"] == ("defaulted", "KW")
        assert fates["dropoff.location"][0] == "lost"
        assert fates["external_id"][0] == "kept"

    def test_the_items_weigh_together(self, shop: Shop, peer: Shop) -> None:
        self.booked(shop, items=(Item("A", 2, weight_kg=Decimal("1.5")), Item("B", 1, weight_kg=Decimal(4))))
        assert self.at_peer(peer).weight_kg == 7

    @pytest.mark.parametrize(
        ("parcel", "path"),
        [
            (Parcel(weight_kg=Decimal(100)), "parcel.weight_kg"),
            (Parcel(length_cm=Decimal(10), width_cm=Decimal(200), height_cm=Decimal(5)), "parcel.width_cm"),
        ],
    )
    def test_what_is_too_large_is_refused_unasked(self, shop: Shop, wire: Wire, parcel: Parcel, path: str) -> None:
        order = self.placed(shop, parcel=parcel)
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention_path) == (Dispatch.State.REFUSED, path)
        assert not wire.calls

    def test_what_is_just_small_enough_goes(self, shop: Shop, peer: Shop) -> None:
        most = Decimal("199.999")
        self.booked(shop, parcel=Parcel(Decimal("99.999"), most, most, most))
        assert self.at_peer(peer).height_cm == most

    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ("+965 1111-1111", "+96511111111"),
            ("0096511111111", "+96511111111"),
            ("11111111", "+96511111111"),
            ("96511111111", "+96511111111"),
            ("١١١١١١١١", "+96511111111"),
        ],
    )
    def test_national_numbers_get_the_merchants_country(self, shop: Shop, peer: Shop, given: str, sent: str) -> None:
        self.booked(shop, dropoff=Stop("Customer", given, Address("Salmiya")))
        assert self.at_peer(peer).dropoff_phone == sent

    @pytest.mark.parametrize("given", ["12345", "011111111", "call me", "11111111 / 22222222", "+96"])
    def test_numbers_that_could_be_anybodys_are_refused(self, shop: Shop, wire: Wire, given: str) -> None:
        order = self.placed(shop, dropoff=Stop("Customer", given, Address("Salmiya")))
        work()
        assert fresh(order)[0].attention_path == "dropoff.phone"
        assert not wire.calls

    def test_a_country_in_words_is_nobodys_code(self, shop: Shop, peer: Shop) -> None:
        stop = Stop("Customer", "+2348011122233", Address("Ikoyi", {"city": "Lagos", "country": "Nigeria"}))
        _order, dispatch = self.booked(shop, dropoff=stop)
        theirs = self.at_peer(peer)
        assert theirs.dropoff_parts == {"address": "Ikoyi, Lagos, Nigeria", "city": "Lagos"}
        assert {fate["path"]: fate["outcome"] for fate in dispatch.losses}["dropoff.address.country"] == "text"

    def test_the_declared_value_is_in_dollars_or_is_not_sent(self, shop: Shop, wire: Wire) -> None:
        for number, currency in enumerate(("USD", "KWD")):
            items = (Item("A", 2, Decimal("1.50")), Item("B", 1, Decimal(4)))
            self.booked(shop, external_id=f"S-{number}", items=items, currency=currency)
        packages = [json.loads(options["body"])["package"] for _, _, options in wire.calls[1:]]
        assert [package.get("value") for package in packages] == [7.0, None]

    def test_the_service_of_the_destination(self, shop: Shop, peer: Shop) -> None:
        shop.destination.settings = {"service_type": "same_day"}
        shop.destination.save()
        self.booked(shop, window=Window(start=timezone.now() + timedelta(hours=1)))
        theirs = self.at_peer(peer)
        assert theirs.extras["service_type"] == "same_day"
        assert "deliver from" in theirs.notes

    @pytest.mark.parametrize("stored", [{"service_type": "pigeon"}, {"x": 1}, {"service_type": []}])
    def test_wrong_settings_are_refused(self, stored: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="service_type"):
            FuuffyCarrier.check_settings(stored)

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            (example("error_400"), "pickup.phone"),
            ({"error": {"code": "validation_error", "details": [{"field": "recipient.city"}]}}, "dropoff.address.city"),
            ({"error": {"code": "validation_error", "details": [{"field": "x"}, {"field": "notes"}]}}, "notes"),
            ({"error": {"code": "validation_error", "details": "?"}}, ""),
        ],
    )
    def test_refusals_name_their_field(self, shop: Shop, wire: Wire, body: Any, path: str) -> None:
        order = self.placed(shop)
        wire.faults = [None, answers(400, body)]  # type: ignore[list-item]
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention) == (Dispatch.State.REFUSED, Attention.CARRIER_REFUSED)
        assert order.attention_path == path

    def test_an_earlier_answer_is_looked_at_again(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        """The stored answer says pending, but the order has been cancelled there since."""
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

    def test_a_look_that_fails_is_no_refusal(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None, cut_after, None, answers(404, {})]  # type: ignore[list-item]
        work()
        self.poll(fresh(order)[1])
        assert fresh(order)[1].state == Dispatch.State.UNKNOWN
        self.poll(fresh(order)[1])
        assert fresh(order)[1].reference == self.reference(self.at_peer(peer))
        assert Order.objects.of(peer.merchant).count() == 1

    def test_what_was_never_sent_is_sent(self, shop: Shop, peer: Shop) -> None:
        """A worker died after it had begun, and before there was a body."""
        order = self.placed(shop)
        dispatching.plan(order)
        Dispatch.objects.filter(order=order).update(state=Dispatch.State.BOOKING, attempts=1)
        work()
        assert fresh(order)[1].reference == self.reference(self.at_peer(peer))

    def test_a_conflict_is_an_attempt_of_ours(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        conflict = {"error": {"code": "409000", "code_reason": "CONFLICT", "message": "another body"}}
        wire.faults = [None, answers(409, conflict)]  # type: ignore[list-item]
        work()
        assert fresh(order)[1].state == Dispatch.State.UNKNOWN

    def test_its_limit_of_calls_is_kept(self, shop: Shop, wire: Wire) -> None:
        order, _ = self.booked(shop)
        [window] = RateWindow.objects.filter(name=f"out:{shop.destination.pk}")
        assert window.count == len(wire.calls) == 2
        window.ends_at += timedelta(hours=1)
        window.save()
        order = self.placed(shop, external_id="SHOP-2")
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == Dispatch.State.PLANNED
        assert "100 calls in 60 s" in dispatch.last_error
        assert len(wire.calls) == 2

    def test_a_new_field_stops_nothing_and_is_noted(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)

        def more(reach: Any) -> Any:
            reply = reach()
            return answers(reply.status, reply.json() | {"carbon": 1, "tracking_number": None})(reach)

        wire.faults = [None, more]  # type: ignore[list-item]
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        found = {(one.path, one.change) for one in Drift.objects.all()}
        assert found == {("carbon", "added"), ("tracking_number", "nulled")}

    # --- Callbacks ----------------------------------------------------------------------------------------------
    @pytest.fixture
    def listening(self, shop: Shop) -> Shop:
        accounts.save(shop.destination, callback_secret="shared")
        return shop

    def called_back(self, shop: Shop, news: Any, secret: str = "shared") -> int:
        body = json.dumps(news).encode()
        url = f"/callbacks/{shop.destination.account.callback_token}"
        headers = {"X-Fuuffy-Signature": hex_signature(secret, body)}
        return Client().post(url, body, content_type="application/json", headers=headers).status_code

    @pytest.mark.parametrize(
        ("event", "word", "status", "mark", "told"),
        [
            ("order.created", "pending", Status.ACCEPTED, "", ""),
            ("order.picked_up", "picked_up", Status.PICKED_UP, "", ""),
            ("order.picked_up", None, Status.PICKED_UP, "", ""),
            ("order.in_transit", "in_transit", Status.IN_TRANSIT, "", ""),
            ("order.out_for_delivery", "in_transit", Status.IN_TRANSIT, "", "Nobody home"),
            ("order.failed_delivery", "in_transit", Status.IN_TRANSIT, Mark.ATTEMPT_FAILED, "Nobody home"),
            ("order.exception", "in_transit", Status.IN_TRANSIT, "", "Nobody home"),
            ("order.delivered", "delivered", Status.DELIVERED, "", ""),
            ("order.cancelled", "cancelled", Status.CANCELLED, "", ""),
            ("order.weighed", "picked_up", Status.PICKED_UP, "", ""),
        ],
    )
    def test_hears_each_event(self, listening: Shop, event: str, word: str, status: str, mark: str, told: str) -> None:
        order, dispatch = self.booked(listening)
        assert self.called_back(listening, news(dispatch, event, word)) == 200
        order, _ = fresh(order)
        assert (order.status, order.mark, order.status_text) == (status, mark, told)

    def test_an_attempt_that_failed_is_heard_after_the_status(self, listening: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(listening)
        put_at(self.at_peer(peer), Status.IN_TRANSIT)
        self.poll(dispatch)
        assert self.called_back(listening, news(dispatch, "order.failed_delivery", "in_transit")) == 200
        assert fresh(order)[0].mark == Mark.ATTEMPT_FAILED

    def test_an_exception_of_an_unknown_kind_is_shown_to_people(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        assert self.called_back(listening, news(dispatch, "order.exception", "held")) == 200
        order, _ = fresh(order)
        assert (order.status, order.attention) == (Status.ACCEPTED, Attention.UNKNOWN_WORD)
        assert order.attention_detail == "Nobody home"

    def test_a_replay_changes_nothing(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        for event in ("picked_up", "in_transit", "picked_up", "in_transit"):
            assert self.called_back(listening, news(dispatch, f"order.{event}", event)) == 200
        assert fresh(order)[0].status == Status.IN_TRANSIT
        assert order.events.filter(kind="progress").count() == 2

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
        stranger = accounts.connect(
            other.source,
            "fuuffy",
            name="Theirs",
            base_url="https://carrier.example",
            credentials={"client_id": "a", "client_secret": "b"},
            callback_secret="shared",
        )
        other.destination = stranger
        assert self.called_back(other, news(dispatch, "order.delivered", "delivered")) == 404
        assert self.called_back(listening, {"data": {}}) == 400
        assert self.called_back(listening, ["no object"]) == 400


def news(dispatch: Dispatch, event: str, word: str | None) -> dict[str, Any]:
    return {
        "event": event,
        "timestamp": "2024-01-15T10:30:00Z",
        "data": {
            "order_id": dispatch.reference,
            "tracking_number": "FUF123456789",
            "status": word,
            "location": {"city": "New York", "state": "NY", "country": "US"},
            "description": "Nobody home",
            "estimated_delivery": "2024-01-18T17:00:00Z",
        },
    }
