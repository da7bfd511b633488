"""Wasl as a sender of signed JSON, to a receiver that follows our documentation."""

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from integrations import accounts, dispatching
from integrations.generic.carrier import SIGNATURE, TIMESTAMP, signed_text
from integrations.models import Dispatch
from integrations.signing import hex_signature
from orders.drafts import Item, Parcel, Window
from orders.models import Order
from orders.statuses import Attention, Mark, Status
from tests.carriers import CarrierContract, Fault, Wire, answers, broken, cut_after
from tests.clockwork import later, work
from tests.factories import Shop, make_shop
from tests.handovers import fresh
from tests.integrations.generic.receiver import SECRET, Receiver, documented
from tests.integrations.muvx.test_hostile import anything


class TestGenericAsACarrier(CarrierContract):
    provider = "generic"
    marks = {mark: mark for mark in Mark}

    @pytest.fixture
    def receiver(self, httpserver: HTTPServer) -> Receiver:
        return Receiver(httpserver)

    @pytest.fixture
    def peer(self, transactional_db: None, receiver: Receiver) -> Shop:
        self.there = receiver
        return make_shop()  # nobody: the receiver is no Wasl

    def address(self, server: str) -> str:
        return self.there.url

    def credentials(self, peer: Shop) -> dict[str, str]:
        return {"secret": SECRET}

    def reference(self, order: Any) -> str:
        return order.reference

    def at_peer(self, peer: Shop) -> Any:
        [parcel] = self.there.alive
        return parcel

    def bring(self, peer: Shop, status: str, **fields: Any) -> None:
        self.there.bring(status, **fields)

    def parcels(self, peer: Shop) -> int:
        return len(self.there.parcels)

    def retell(self, peer: Shop) -> None:
        for parcel in self.there.parcels.values():
            parcel.body["order"]["notes"] = "changed"

    def is_over(self, peer: Shop) -> bool:
        return not self.there.alive

    def unknown_word(self, reference: str) -> Fault:
        return answers(200, {"status": "On the moon"})

    # --- What is sent -------------------------------------------------------------------------------------------
    def test_the_whole_order(self, shop: Shop, receiver: Receiver) -> None:
        order, dispatch = self.booked(
            shop,
            notes="Ring twice",
            cod_amount=Decimal(7),
            currency="KWD",
            items=(Item("Product A", 2, Decimal("3.5"), Decimal("0.25")),),
            parcel=Parcel(Decimal("2.5"), Decimal(30), pieces=3),
            window=Window(start=datetime(2030, 1, 1, 6, 30, tzinfo=UTC)),
        )
        [(body, headers)] = receiver.heard
        assert body == {
            "schema": "wasl.order.1",
            "action": "book",
            "key": dispatch.key,
            "test": True,
            "order": {
                "external_id": "SHOP-1",
                "pickup": {
                    "name": "Store",
                    "phone": "+96500000000",
                    "email": "",
                    "address": {"text": "789 Elm St, Kuwait City", "parts": {}},
                    "location": None,
                },
                "dropoff": {
                    "name": "Customer",
                    "phone": "+96511111111",
                    "email": "",
                    "address": {"text": "Salmiya, Block 3", "parts": {"area": "Salmiya", "block": "3"}},
                    "location": {"lat": 29.3, "lng": 48.0},
                },
                "items": [{"name": "Product A", "quantity": 2, "price": "3.500", "weight_kg": "0.250"}],
                "parcel": {
                    "pieces": 3,
                    "weight_kg": "2.500",
                    "length_cm": "30.000",
                    "width_cm": None,
                    "height_cm": None,
                },
                "cod_amount": "7.000",
                "currency": "KWD",
                "notes": "Ring twice",
                "window": {"pickup_at": None, "start": "2030-01-01T06:30:00+00:00", "end": None},
            },
        }
        assert "Authorization" not in headers
        assert order.carrier_tracking_url == f"https://carrier.example/{dispatch.key}"
        assert {fate["outcome"] for fate in dispatch.losses} == {"kept"}

    def test_dinars_of_iraq_are_written_without_fils(self, shop: Shop, receiver: Receiver) -> None:
        self.booked(shop, cod_amount=Decimal(25000), currency="IQD")
        assert receiver.heard[0][0]["order"]["cod_amount"] == "25000"

    # --- Refusals -----------------------------------------------------------------------------------------------
    @pytest.mark.parametrize(
        ("field", "path"),
        [
            ("dropoff.phone", "dropoff.phone"),
            ("order.dropoff.address.text", "dropoff.address.text"),
            ("cod_amount", "cod_amount"),
            ("<script>", ""),
            ("dropoff" + ".x" * 200, ""),
            (5, ""),
        ],
    )
    def test_refusals_name_their_field(self, shop: Shop, wire: Wire, field: Any, path: str) -> None:
        order = self.placed(shop)
        wire.faults = [answers(422, {"field": field, "message": "No."})]
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention) == (Dispatch.State.REFUSED, Attention.CARRIER_REFUSED)
        assert (order.attention_path, order.attention_detail) == (path, "No.")

    def test_a_yes_without_a_reference_is_none(self, shop: Shop, wire: Wire, receiver: Receiver) -> None:
        for number, status in enumerate((200, 409)):
            order = self.placed(shop, external_id=f"S-{number}")
            wire.faults = [answers(status, {"message": "have it"})]
            work()
            assert fresh(order)[1].state == Dispatch.State.UNKNOWN
        assert not receiver.parcels

    def test_a_dead_parcel_is_no_yes(self, shop: Shop, wire: Wire, receiver: Receiver) -> None:
        order = self.placed(shop)
        wire.faults = [cut_after]
        work()
        receiver.bring("cancelled")
        later(100)
        dispatching.sweep()
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, dispatch.epoch) == (Dispatch.State.BOOKED, 2)
        assert len(receiver.parcels) == 2

    def test_a_look_at_what_was_booked_that_fails_is_no_refusal(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [cut_after, None, broken]  # type: ignore[list-item]
        work()
        later(100)
        dispatching.sweep()
        work()
        assert fresh(order)[1].state == Dispatch.State.UNKNOWN

    def test_somebody_else_at_its_address_refuses_nothing(self, shop: Shop, receiver: Receiver) -> None:
        receiver.server.clear()
        receiver.server.no_handler_status_code = 404
        order = self.placed(shop)
        work()
        assert fresh(order)[1].state == Dispatch.State.PLANNED

    # --- Following ----------------------------------------------------------------------------------------------
    def test_its_own_words(self, shop: Shop, receiver: Receiver, wire: Wire) -> None:
        shop.destination.settings = {"words": {"  On The  ROAD ": "in_transit", "zzz": "in_transit+delayed"}}
        accounts.check_settings(shop.destination)
        shop.destination.save()
        order, dispatch = self.booked(shop)
        receiver.bring("on the road")
        self.poll(dispatch)
        assert (fresh(order)[0].status, fresh(order)[0].mark) == (Status.IN_TRANSIT, "")
        receiver.bring("ZZZ")
        self.poll(dispatch)
        assert (fresh(order)[0].status, fresh(order)[0].mark) == (Status.IN_TRANSIT, Mark.DELAYED)

    def test_what_is_not_to_be_asked_is_not_asked(self, shop: Shop, wire: Wire) -> None:
        shop.destination.settings = {"tracks": False}
        shop.destination.save()
        _order, dispatch = self.booked(shop)
        asked = len(wire.calls)
        self.poll(dispatch)
        assert len(wire.calls) == asked

    # --- Callbacks ----------------------------------------------------------------------------------------------
    def called_back(
        self, shop: Shop, news: Any, *, secret: str = SECRET, age: float = 0, stamp: str | None = None
    ) -> Any:
        body = news if isinstance(news, bytes) else json.dumps(news).encode()
        stamp = str(int(time.time() - age)) if stamp is None else stamp
        headers = {TIMESTAMP: stamp, SIGNATURE: hex_signature(secret, signed_text(stamp, body))}
        address = f"/callbacks/{shop.destination.account.callback_token}"
        return Client().post(address, body, content_type="application/json", headers=headers)

    def test_hears_what_the_documented_program_says(self, shop: Shop) -> None:
        order, dispatch = self.booked(shop)
        address = accounts.callback_url(shop.destination.account)
        live = shop.live_url + address[address.index("/callbacks/") :]  # type: ignore[attr-defined]
        news = {"key": dispatch.key, "status": "delayed", "text": "Rain", "at": "2030-01-01T09:30:00Z", "id": "e1"}
        assert documented["report"](live, SECRET, news) == 200
        order, _ = fresh(order)
        assert (order.status, order.mark, order.status_text) == (Status.IN_TRANSIT, Mark.DELAYED, "Rain")

    @pytest.fixture
    def shop(self, peer: Shop, live_server: Any, settings: Any) -> Shop:
        shop = CarrierContract.shop.__wrapped__(self, peer, live_server, settings)  # type: ignore[attr-defined]
        shop.live_url = live_server.url
        return shop

    @pytest.mark.parametrize("named", [{"id": "e1"}, {"at": "2030-01-01T09:30:00Z"}, {}])
    def test_a_replay_changes_nothing(self, shop: Shop, named: dict[str, str]) -> None:
        order, dispatch = self.booked(shop)
        stamp = str(int(time.time()))
        first = {"reference": dispatch.reference, "status": "picked_up", **named}
        moved = {"reference": dispatch.reference, "status": "in_transit", "id": "e2"}
        for news in (first, moved, first, first):
            assert self.called_back(shop, news, stamp=stamp).status_code == 200
        assert fresh(order)[0].status == Status.IN_TRANSIT
        assert order.events.filter(kind="progress").count() == 2
        assert not order.events.filter(kind="recorded").exists()

    @pytest.mark.parametrize(
        "how",
        [{"secret": "another"}, {"secret": ""}, {"age": 301}, {"age": -330}, {"stamp": ""}, {"stamp": "now"},
         {"stamp": "9" * 40}, {"stamp": "-5"}],
    )  # fmt: skip
    def test_what_is_not_genuine_is_refused(self, shop: Shop, how: dict[str, Any]) -> None:
        order, dispatch = self.booked(shop)
        news = {"reference": dispatch.reference, "status": "delivered"}
        assert self.called_back(shop, news, **how).status_code == 401
        assert fresh(order)[0].status == Status.ACCEPTED

    def test_a_secret_of_their_own_for_callbacks(self, shop: Shop) -> None:
        accounts.save(shop.destination, callback_secret="theirs")
        order, dispatch = self.booked(shop)
        news = {"reference": dispatch.reference, "status": "delivered"}
        assert self.called_back(shop, news).status_code == 401
        assert self.called_back(shop, news, secret="theirs").status_code == 200
        assert fresh(order)[0].status == Status.DELIVERED

    def test_an_unknown_word_that_is_called_back(self, shop: Shop) -> None:
        order, dispatch = self.booked(shop)
        news = {"reference": dispatch.reference, "status": "On the moon", "text": "far"}
        assert self.called_back(shop, news).status_code == 200
        order, _ = fresh(order)
        assert (order.status, order.attention) == (Status.ACCEPTED, Attention.UNKNOWN_WORD)
        assert order.status_text == "On the moon · far"

    def test_what_makes_no_sense_or_is_not_ours(self, shop: Shop) -> None:
        _order, dispatch = self.booked(shop)
        for news in ([], {"status": "delivered"}, {"reference": dispatch.reference}, b"{", b"\xff"):
            assert self.called_back(shop, news).status_code == 400, news
        assert self.called_back(shop, {"reference": "P-77", "status": "delivered"}).status_code == 404

    def test_a_callback_is_the_answer_that_was_lost(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [cut_after]
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == Dispatch.State.UNKNOWN
        assert (
            self.called_back(shop, {"reference": "P-1", "key": dispatch.key, "status": "picked_up"}).status_code == 200
        )
        order, dispatch = fresh(order)
        assert (dispatch.reference, order.status) == ("P-1", Status.PICKED_UP)

    @settings(
        max_examples=150, deadline=None, database=None, derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(
        st.fixed_dictionaries({}, optional=dict.fromkeys(("reference", "status", "text", "at", "id", "more"), anything))
    )
    def test_any_value_anywhere(self, shop: Shop, news: dict[str, Any]) -> None:
        dispatch = Dispatch.objects.filter(destination=shop.destination).first()
        if dispatch is None:
            dispatch = self.booked(shop)[1]
        status = self.called_back(shop, {"key": dispatch.key, **news}).status_code
        assert status in (200, 400, 404)
        assert Order.objects.filter(pk=dispatch.order_id).exists()
