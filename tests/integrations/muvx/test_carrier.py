"""Wasl as a client of Muvx."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from integrations import accounts
from integrations.models import Dispatch
from integrations.muvx import words
from integrations.signing import hex_signature
from orders.models import Order
from orders.statuses import Attention, Status
from tests.carriers import CarrierContract, Fault, Wire, answers
from tests.clockwork import work
from tests.factories import Shop
from tests.handovers import fresh


class TestMuvxAsACarrier(CarrierContract):
    provider = "muvx"

    def reference(self, order: Order) -> str:
        return words.order_id(order)

    def unknown_word(self, reference: str) -> Fault:
        return answers(200, {"success": True, "id": reference, "status": "on_the_moon"})

    def test_refusals_name_their_field(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        refused = {"success": False, "error": "validation_error", "message": "Missing required field: dropoff.phone"}
        wire.faults = [answers(400, refused)]
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == Dispatch.State.REFUSED
        assert (order.status, order.attention) == (Status.FAILED, Attention.CARRIER_REFUSED)
        assert order.attention_path == "dropoff.phone"

    def test_another_currency_is_refused_on_the_money(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop, cod_amount=Decimal(5), currency="IQD")
        work()
        order, _ = fresh(order)
        assert order.attention_path == "cod_amount"
        assert not wire.calls

    # --- Callbacks ----------------------------------------------------------------------------------------------
    def called_back(self, shop: Shop, news: dict[str, Any], secret: str = "shared") -> Any:
        body = json.dumps(news).encode()
        return Client().post(
            f"/callbacks/{shop.destination.account.callback_token}",
            body,
            content_type="application/json",
            headers={"X-Muvx-Signature": hex_signature(secret, body)},
        )

    @pytest.fixture
    def listening(self, shop: Shop) -> Shop:
        accounts.save(shop.destination, callback_secret="shared")
        return shop

    def news(self, dispatch: Dispatch, status: str, **more: Any) -> dict[str, Any]:
        return {
            "id": dispatch.reference,
            "integration_order_id": dispatch.key,
            "status": status,
            "timestamp": "2025-07-16T09:42:00Z",
            **more,
        }

    def test_hears_what_is_signed(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        assert self.called_back(listening, self.news(dispatch, "picked_up")).status_code == 200
        assert fresh(order)[0].status == Status.PICKED_UP

    def test_a_replay_changes_nothing(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        for status in ("picked_up", "in_transit", "picked_up", "picked_up"):
            assert self.called_back(listening, self.news(dispatch, status)).status_code == 200
        assert fresh(order)[0].status == Status.IN_TRANSIT
        assert order.events.filter(kind="progress").count() == 2

    def test_what_is_not_signed_is_refused(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        assert self.called_back(listening, self.news(dispatch, "delivered"), secret="another").status_code == 401
        assert fresh(order)[0].status == Status.ACCEPTED

    def test_without_a_secret_nothing_is_believed(self, shop: Shop) -> None:
        _order, dispatch = self.booked(shop)
        assert self.called_back(shop, self.news(dispatch, "delivered"), secret="").status_code == 401

    def test_strangers_find_no_door(self, listening: Shop) -> None:
        assert Client().post("/callbacks/unknown", b"{}", content_type="application/json").status_code == 404
        assert self.called_back(listening, {"id": "MOV1", "status": "delivered"}).status_code == 404
        assert self.called_back(listening, ["no object"]).status_code == 400  # type: ignore[arg-type]

    def test_a_callback_is_the_answer_that_was_lost(self, listening: Shop, wire: Wire) -> None:
        order = self.placed(listening)
        wire.faults = [answers(409, {"success": False, "error": "duplicate_order", "message": "exists"})]
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == Dispatch.State.UNKNOWN
        news = self.news(dispatch, "picked_up", id="MOV77")
        assert self.called_back(listening, news).status_code == 200
        order, dispatch = fresh(order)
        assert (dispatch.reference, order.status) == ("MOV77", Status.PICKED_UP)

    def test_a_dead_order_is_no_yes(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [answers(200, {"success": True, "id": "MOV5", "status": "cancelled"})]
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == Dispatch.State.BOOKED
        assert dispatch.epoch == 2
        assert dispatch.reference == self.reference(self.at_peer(peer))
