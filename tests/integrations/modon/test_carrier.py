"""Wasl as a client of Modon Express."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from destinations.models import Role
from integrations import accounts, dispatching
from integrations.carrier import Consignment, Transcript
from integrations.models import Dispatch, Exchange, RemoteName
from integrations.modon.carrier import ModonCarrier, mark_of
from orders import actions
from orders.drafts import Address, Item, Stop
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Attention, Mark, Status
from tests.carriers import CarrierContract, Fault, Wire, answers, broken, cut_after, put_at
from tests.clockwork import later, work
from tests.factories import MembershipFactory, Shop, UserFactory, make_order
from tests.handovers import fresh
from tests.integrations.modon.api import NO_ACCESS, example

State = Dispatch.State
PASSWORD = "a sentence that is a password"


class TestModonAsACarrier(CarrierContract):
    provider = "modon"
    currency = "IQD"
    calls_before_booking = 3  # cities, regions, log-in
    marks = {one: one for one in (Mark.DELAYED, Mark.ATTEMPT_FAILED, Mark.RETURNING)}

    @pytest.fixture(autouse=True)
    def settled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Time does not pass in these tests, but for the one that is about it."""
        monkeypatch.setattr(ModonCarrier, "settles", timedelta())

    def prepare_peer(self, peer: Shop) -> None:
        peer.merchant.name = "Modon's own"
        user = UserFactory(username=f"courier{peer.merchant.pk}", password=PASSWORD)
        MembershipFactory(merchant=peer.merchant, user=user, role=Role.OWNER)

    def credentials(self, peer: Shop) -> dict[str, str]:
        return {"username": f"courier{peer.merchant.pk}", "password": PASSWORD}

    def reference(self, order: Order) -> str:
        return str(order.pk)

    def prepare_order(self, shop: Shop, **changes: Any) -> Order:
        address = Address("قرب المطعم، المنصور، بغداد", {"city": "بغداد", "area": "المنصور"})
        here = Stop("محمد", "+9647712345678", address)
        return make_order(shop, **{"dropoff": here, "currency": "IQD", **changes})

    def unknown_word(self, reference: str) -> Fault:
        row = {**example("orders")["data"][0], "id": reference, "status_id": "99", "status": "في القمر"}
        return answers(200, {**example("orders"), "data": [row]})

    def going(self, shop: Shop, **changes: Any) -> tuple[Order, Dispatch]:
        order = self.placed(shop, **changes)
        work()
        return fresh(order)

    def to(self, phone: str = "+9647712345678", text: str = "بغداد، المنصور", **parts: str) -> Stop:
        return Stop("محمد", phone, Address(text, parts))

    def sent(self, dispatch: Dispatch) -> dict[str, str]:
        return dispatch.body

    # --- What is sent -------------------------------------------------------------------------------------------
    def test_the_whole_body(self, shop: Shop, peer: Shop) -> None:
        _order, dispatch = self.booked(
            shop,
            notes="عدم فتح القطعة",
            items=(Item("ملابس", 2), Item("حذاء", 1)),
            cod_amount=Decimal(25000),
            extras={"client_mobile2": "07801234567", "replacement": "1", "promo_code": "EID"},
        )
        mark = mark_of(dispatch.key)
        assert dispatch.body == {
            "client_name": "محمد",
            "client_mobile": "+9647712345678",
            "client_mobile2": "+9647801234567",
            "city_id": "1",
            "region_id": "508",
            "location": "قرب المطعم، المنصور، بغداد",
            "type_name": "ملابس, حذاء",
            "items_number": "3",
            "price": "25000",
            "package_size": "1",
            "merchant_notes": f"{mark} · عدم فتح القطعة · Order SHOP-1",
            "replacement": "1",
            "promo_code": "EID",
            "company_order_id": "SHOP-1",
        }
        theirs = self.at_peer(peer)
        assert (theirs.cod_amount, theirs.reference) == (Decimal(25000), "SHOP-1")
        assert theirs.dropoff_parts["region"] == "المنصور"
        fates = {fate["path"]: fate["outcome"] for fate in dispatch.losses}
        assert fates["cod_amount"] == fates["dropoff.phone"] == fates["extras.promo_code"] == "kept"
        assert fates["pickup.address"] == "lost"
        assert fates["extras.package_size"] == "defaulted"

    def test_what_the_order_does_not_say(self, shop: Shop) -> None:
        _order, dispatch = self.booked(shop, items=())
        assert (dispatch.body["type_name"], dispatch.body["items_number"], dispatch.body["price"]) == (
            "بضائع",
            "1",
            "0",
        )
        assert {"path": "items", "outcome": "defaulted", "value": "", "note": "بضائع"} in dispatch.losses

    def test_the_size_is_the_orders_or_the_destinations(self, shop: Shop) -> None:
        shop.destination.settings = {"package_size": "3"}
        shop.destination.save()
        assert self.booked(shop)[1].body["package_size"] == "3"
        assert self.booked(shop, external_id="2", extras={"package_size": "2"})[1].body["package_size"] == "2"

    @pytest.mark.parametrize(
        "phone",
        ["07712345678", "9647712345678", "+9647712345678", "009647712345678", "+964 (0) 771-234-5678", "٠٧٧١٢٣٤٥٦٧٨"],
    )
    def test_phones_of_all_kinds(self, shop: Shop, phone: str) -> None:
        _order, dispatch = self.booked(shop, dropoff=self.to(phone))
        assert dispatch.body["client_mobile"] == "+9647712345678"

    @pytest.mark.parametrize("phone", ["+96511111111", "0771234567", "077123456789", "7712345678", "ask him", ""])
    def test_no_iraqi_mobile_is_refused_before_anybody_is_asked(self, shop: Shop, wire: Wire, phone: str) -> None:
        order, dispatch = self.going(shop, dropoff=self.to(phone))
        assert (dispatch.state, order.attention_path) == (State.REFUSED, "dropoff.phone")
        assert not wire.calls

    @pytest.mark.parametrize(("amount", "currency"), [("5", "KWD"), ("0.250", "IQD")])
    def test_only_whole_dinars_are_collected(self, shop: Shop, wire: Wire, amount: str, currency: str) -> None:
        order, dispatch = self.going(shop, cod_amount=Decimal(amount), currency=currency)
        assert (dispatch.state, order.attention_path) == (State.REFUSED, "cod_amount")
        assert not wire.calls

    def test_another_currency_does_not_matter_where_nothing_is_collected(self, shop: Shop) -> None:
        assert self.booked(shop, currency="KWD", cod_amount=None)[1].body["price"] == "0"

    # --- Log-in -------------------------------------------------------------------------------------------------
    def test_a_log_in_is_kept(self, shop: Shop, wire: Wire) -> None:
        for number in "123":
            self.booked(shop, external_id=number)
        assert [call[1].partition("?")[0].rpartition("/")[2] for call in wire.calls] == [
            "citys", "regions", "login", "create-order", "create-order", "create-order",
        ]  # fmt: skip

    def test_a_stale_token_is_renewed_once(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        wire.calls.clear()
        wire.faults = [answers(400, NO_ACCESS)]
        self.booked(shop, external_id="2")
        assert [call[1].partition("?")[0].rpartition("/")[2] for call in wire.calls] == [
            "create-order", "login", "create-order",
        ]  # fmt: skip

    def test_a_token_that_is_never_taken_is_no_loop(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        wire.calls.clear()
        wire.faults = [answers(400, NO_ACCESS), None, answers(400, NO_ACCESS)]  # type: ignore[list-item]
        _order, dispatch = self.going(shop, external_id="2")
        assert dispatch.state == State.PLANNED
        assert len(wire.calls) == 3

    def test_no_token_is_in_what_went_wrong(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        accounts.save(shop.destination, base_url="http://127.0.0.1:9")
        account = shop.destination.account
        token = accounts.access_token(account, lambda: ("@@very-secret", accounts._SLACK * 100))
        _order, dispatch = self.going(shop, external_id="2")
        kept = dispatch.last_error + "".join(
            f"{one.request}{one.response}{one.error}" for one in Exchange.objects.all()
        )
        assert "127.0.0.1" in dispatch.last_error
        assert "very-secret" not in kept
        assert token == "@@very-secret"

    # --- Answers ------------------------------------------------------------------------------------------------
    def test_the_documents_answer(self, shop: Shop, wire: Wire) -> None:
        wire.faults = [None, None, None, answers(200, example("created"))]  # type: ignore[list-item]
        _order, dispatch = self.going(shop)
        assert (dispatch.state, dispatch.reference) == (State.BOOKED, "38799216")

    def test_the_object_that_some_get(self, shop: Shop, wire: Wire) -> None:
        body = {**example("created"), "data": example("created")["data"][0]}
        wire.faults = [None, None, None, answers(200, body)]  # type: ignore[list-item]
        assert self.going(shop)[1].reference == "38799216"

    def test_a_no_with_200_is_a_no(self, shop: Shop, wire: Wire) -> None:
        no = {"status": False, "errNum": "999", "msg": "price is too low"}
        wire.faults = [None, None, None, answers(200, no)]  # type: ignore[list-item]
        order, dispatch = self.going(shop)
        assert (dispatch.state, dispatch.last_error, order.attention_path) == (
            State.REFUSED,
            "price is too low",
            "cod_amount",
        )

    def test_refusals_keep_their_text(self, shop: Shop, wire: Wire) -> None:
        no = {"status": False, "errNum": "999", "msg": "رقم الزبون محظور"}
        wire.faults = [None, None, None, answers(400, no)]  # type: ignore[list-item]
        order, _dispatch = self.going(shop)
        assert (order.attention, order.attention_detail) == (Attention.CARRIER_REFUSED, "رقم الزبون محظور")

    # --- Finding ------------------------------------------------------------------------------------------------
    def lost(self, shop: Shop, wire: Wire) -> tuple[Order, Dispatch]:
        """Booked, but nobody heard of it."""
        order = self.placed(shop)
        wire.faults = [None, None, None, cut_after]  # type: ignore[list-item]
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == State.UNKNOWN
        return order, dispatch

    def again(self) -> None:
        later(100)
        dispatching.sweep()
        work()

    def test_a_parcel_among_others_is_found(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        for number in range(20):
            make_order(peer, f"other {number}", notes=f"WSL-{number}")
        _order, dispatch = self.lost(shop, wire)
        wire.calls.clear()
        self.again()
        assert fresh(dispatch.order)[1].state == State.BOOKED
        assert [call[1].partition("?")[0].rpartition("/")[2] for call in wire.calls] == ["merchant-orders"]

    def test_a_dead_parcel_is_none(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        _order, dispatch = self.lost(shop, wire)
        dead = self.at_peer(peer)
        put_at(dead, Status.CANCELLED)
        self.again()
        _order, dispatch = fresh(dispatch.order)
        assert dispatch.state == State.BOOKED
        assert dispatch.reference == self.reference(self.at_peer(peer)) != str(dead.pk)

    def test_a_call_that_was_given_up_may_still_be_at_work(
        self, shop: Shop, peer: Shop, wire: Wire, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ModonCarrier, "settles", timedelta(seconds=15))
        order = self.placed(shop)
        wire.faults = [None, None, None, broken]  # type: ignore[list-item]
        work()
        for _ in range(2):
            self.again()
            assert fresh(order)[1].state == State.UNKNOWN
        assert not Order.objects.of(peer.merchant).exists()
        Exchange.objects.update(created_at=timezone.now() - timedelta(seconds=16))
        self.again()
        assert fresh(order)[1].reference == self.reference(self.at_peer(peer))

    def test_a_list_that_cannot_tell_decides_nothing(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        _order, dispatch = self.lost(shop, wire)
        rows = example("orders")["data"]
        bare = [{name: value for name, value in row.items() if name != "merchant_notes"} for row in rows]
        bodies = [
            answers(200, {**example("orders"), "data": bare}),
            answers(200, {**example("orders"), "data": None}),
            answers(200, {"status": False, "errNum": "999", "msg": "later"}),
            lambda reach: type(reply := reach())(reply.status, reply.headers, reply.body[:-3]),
        ]
        for fault in bodies:
            wire.faults = [fault]
            self.again()
            assert fresh(dispatch.order)[1].state == State.UNKNOWN
        self.again()
        assert fresh(dispatch.order)[1].reference == self.reference(self.at_peer(peer))
        assert Order.objects.of(peer.merchant).count() == 1

    def test_fifty_thousand_rows_are_read(self, shop: Shop, wire: Wire) -> None:
        """Only what may be ours is kept."""
        order, dispatch = self.booked(shop)
        row = example("orders")["data"][0]
        ours = {**row, "id": "77", "merchant_notes": f"x {mark_of(dispatch.key)}"}
        wire.faults = [answers(200, {**example("orders"), "data": [row] * 50_000 + [ours]})]
        transcript = Transcript()
        carrier = dispatching.carrier_for(dispatch, transcript)
        found = carrier.find(Consignment(dispatch.key, order))
        assert found
        assert found.reference == "77"
        assert len(transcript.said[-1].response) <= 16_000

    def test_a_mark_is_no_beginning_of_another(self, shop: Shop, wire: Wire) -> None:
        order, dispatch = self.booked(shop)
        ours = {**example("orders")["data"][0], "merchant_notes": mark_of(f"{order.uuid.hex}-11")}
        wire.faults = [answers(200, {**example("orders"), "data": [ours]})]
        carrier = dispatching.carrier_for(dispatch, Transcript())
        assert carrier.find(Consignment(f"{order.uuid.hex}-1", order)) is None

    # --- Cancelling ---------------------------------------------------------------------------------------------
    def test_one_that_was_picked_up_is_not_given_back(self, shop: Shop, peer: Shop) -> None:
        order, _dispatch = self.booked(shop)
        put_at(self.at_peer(peer), Status.PICKED_UP)
        actions.cancel_orders([order], SYSTEM)
        work()
        assert fresh(order)[0].attention == Attention.CANCEL_REFUSED

    def test_one_that_was_deleted_there_can_be_cancelled_here(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        actions.delete_orders([self.at_peer(peer)], SYSTEM)
        self.poll(dispatch)
        assert fresh(order)[0].status == Status.ACCEPTED  # that it is not in the answer is no news
        actions.cancel_orders([order], SYSTEM)
        work()
        assert fresh(order)[0].status == Status.CANCELLED

    def test_an_answer_without_it_is_not_enough(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order, _dispatch = self.booked(shop)
        actions.cancel_orders([order], SYSTEM)
        no = {"status": False, "errNum": "999", "msg": "no"}
        wire.faults = [answers(400, no), answers(200, {**example("orders"), "data": []})]
        work()
        assert fresh(order)[0].attention == Attention.CANCEL_REFUSED

    # --- Following ----------------------------------------------------------------------------------------------
    def test_25_are_asked_about_in_one_call(self, shop: Shop, wire: Wire) -> None:
        for number in range(3):
            _order, dispatch = self.booked(shop, external_id=str(number))
        wire.calls.clear()
        self.poll(dispatch)
        assert len(wire.calls) == 1

    def row(self, dispatch: Dispatch, **changes: Any) -> dict[str, Any]:
        return {**example("orders")["data"][0], "id": dispatch.reference, **changes}

    def heard_of(self, wire: Wire, dispatch: Dispatch, **changes: Any) -> Order:
        wire.faults = [answers(200, {**example("orders"), "data": [self.row(dispatch, **changes)]})]
        self.poll(dispatch)
        return fresh(dispatch.order)[0]

    def test_a_change_of_the_price_is_no_status(self, shop: Shop, wire: Wire) -> None:
        _order, dispatch = self.booked(shop)
        order = self.heard_of(wire, dispatch, status_id="18", status="تغيير سعر", price="15000")
        assert (order.status, order.attention) == (Status.ACCEPTED, "")

    def test_the_drivers_notes_are_shown(self, shop: Shop, wire: Wire) -> None:
        _order, dispatch = self.booked(shop)
        order = self.heard_of(wire, dispatch, status_id=25, status="لا يرد", issue_notes="هاتفه مغلق")
        assert (order.status, order.mark) == (Status.IN_TRANSIT, Mark.ATTEMPT_FAILED)
        assert order.status_text == "لا يرد · هاتفه مغلق"

    def test_a_replacement_that_was_delivered(self, shop: Shop, wire: Wire) -> None:
        _order, dispatch = self.booked(shop)
        assert self.heard_of(wire, dispatch, status_id="21").status == Status.DELIVERED

    # --- Labels -------------------------------------------------------------------------------------------------
    def test_its_label_is_a_pdf(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order, dispatch = self.booked(shop)
        carrier = dispatching.carrier_for(dispatch, Transcript())
        here = shop.destination.account.base_url
        for url in (f"{here}/merchant/print-single-tcpdf?id={dispatch.reference}&token={{}}", ""):
            token = accounts.access_token(carrier.account, carrier.log_in)  # type: ignore[attr-defined]
            assert carrier.label(Consignment(dispatch.key, order), dispatch.reference, url.format(token)).startswith(
                b"%PDF"
            )

    def test_what_is_no_pdf_is_no_label(self, shop: Shop, wire: Wire) -> None:
        order, dispatch = self.booked(shop)
        carrier = dispatching.carrier_for(dispatch, Transcript())
        wire.faults = [answers(200, {"status": False})]
        with pytest.raises(Exception, match="no PDF"):
            carrier.label(Consignment(dispatch.key, order), dispatch.reference, "http://127.0.0.1/x")

    # --- Callbacks ----------------------------------------------------------------------------------------------
    @pytest.fixture
    def listening(self, shop: Shop) -> Shop:
        accounts.save(shop.destination, callback_secret="X-Our-Key:shared secret")
        return shop

    def called_back(self, shop: Shop, news: Any, **headers: str) -> int:
        given = headers or {"X-Our-Key": "shared secret"}
        address = f"/callbacks/{shop.destination.account.callback_token}"
        return Client().post(address, json.dumps(news), content_type="application/json", headers=given).status_code

    def test_hears_what_has_the_token(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        assert self.called_back(listening, self.row(dispatch, deliver_done=0)) == 200
        assert fresh(order)[0].status == Status.PICKED_UP
        assert self.called_back(listening, self.row(dispatch, status_id="4", deliver_done=1)) == 200
        assert self.called_back(listening, self.row(dispatch, status_id="4", deliver_done=1)) == 200
        assert fresh(order)[0].status == Status.DELIVERED
        assert order.events.filter(kind="progress").count() == 2

    def test_what_has_not_is_refused(self, listening: Shop) -> None:
        order, dispatch = self.booked(listening)
        for headers in ({"X-Our-Key": "another"}, {"X-Other": "shared secret"}, {"X-Our-Key": "ключ"}):
            assert self.called_back(listening, self.row(dispatch), **headers) == 401
        for secret in ("", "X-Our-Key:", ":", "X-Our-Key"):
            accounts.save(listening.destination, callback_secret=secret)
            assert self.called_back(listening, self.row(dispatch), **{"X-Our-Key": ""}) == 401
        assert fresh(order)[0].status == Status.ACCEPTED

    def test_what_makes_no_sense(self, listening: Shop) -> None:
        _order, dispatch = self.booked(listening)
        assert self.called_back(listening, ["no object"]) == 400
        assert self.called_back(listening, {}) == 400
        assert self.called_back(listening, self.row(dispatch, client_name="\x00")) == 200  # cleaned, not refused
        assert self.called_back(listening, self.row(dispatch, id="1")) == 404
        assert self.called_back(listening, self.row(dispatch, status_id="18")) == 200

    def test_a_callback_is_the_answer_that_was_lost(self, listening: Shop, peer: Shop, wire: Wire) -> None:
        _order, dispatch = self.lost(listening, wire)
        theirs = self.at_peer(peer)
        news = self.row(dispatch, id=str(theirs.pk), merchant_notes=theirs.notes)
        assert self.called_back(listening, news) == 200
        order, dispatch = fresh(dispatch.order)
        assert (dispatch.reference, order.status) == (str(theirs.pk), Status.PICKED_UP)

    # --- Places -------------------------------------------------------------------------------------------------
    def test_an_order_of_the_same_dialect_keeps_its_place(self, shop: Shop) -> None:
        parts = {"city": "البصرة", "region": "اخرى", "location": "السوق", "city_id": "5", "region_id": "5429"}
        stop = Stop("محمد", "+9647712345678", Address("البصرة, اخرى, السوق", parts))
        body = self.booked(shop, dropoff=stop)[1].body
        assert (body["city_id"], body["region_id"], body["location"]) == ("5", "5429", "السوق")

    def test_numbers_that_mean_something_else_here_do_not_count(self, shop: Shop) -> None:
        parts = {"city": "بغداد", "region": "المنصور", "location": "السوق", "city_id": "5", "region_id": "5429"}
        stop = Stop("محمد", "+9647712345678", Address("بغداد, المنصور, السوق", parts))
        body = self.booked(shop, dropoff=stop)[1].body
        assert (body["city_id"], body["region_id"]) == ("1", "508")

    @pytest.mark.parametrize(
        ("text", "parts", "path"),
        [
            ("Salmiya, Block 3", {}, "dropoff.address.city"),
            ("بغداد او البصرة", {}, "dropoff.address.city"),
            ("بغداد", {"country": "KW", "city": "بغداد"}, "dropoff.address.city"),
            ("بغداد، حي لا يعرفه احد", {}, "dropoff.address.region"),
        ],
    )
    def test_what_cannot_be_told_is_left_to_a_person(
        self, shop: Shop, peer: Shop, text: str, parts: dict[str, str], path: str
    ) -> None:
        order, dispatch = self.going(shop, dropoff=self.to(text=text, **parts))
        assert (order.status, order.attention) == (Status.FAILED, Attention.CARRIER_REFUSED)
        assert (dispatch.state, order.attention_path) == (State.REFUSED, path)
        assert not Order.objects.of(peer.merchant).exists()

    def test_elsewhere_in_the_city_where_the_merchant_says_so(self, shop: Shop) -> None:
        shop.destination.settings = {"other_region": True}
        shop.destination.save()
        _order, dispatch = self.booked(shop, dropoff=self.to(text="البصرة، حي لا يعرفه احد"))
        assert dispatch.body["region_id"] == "5429"
        fates = {fate["path"]: fate["outcome"] for fate in dispatch.losses}
        assert fates["dropoff.address.region"] == "defaulted"

    def test_the_lists_are_kept_for_a_day(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        wire.calls.clear()
        RemoteName.objects.update(updated_at="2020-01-01T00:00Z")
        self.booked(shop, external_id="2")
        assert [call[1].partition("?")[0].rpartition("/")[2] for call in wire.calls][:2] == ["citys", "regions"]
        assert RemoteName.objects.filter(kind="city").count() == 18

    def test_without_an_answer_the_old_lists_will_do(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        RemoteName.objects.update(updated_at="2020-01-01T00:00Z")
        nonsense = answers(200, {"status": True, "errNum": "S000", "msg": "ok", "data": "soon"})
        wire.faults = [nonsense, nonsense]
        self.booked(shop, external_id="2")

    def test_what_would_be_sent_before_anybody_was_asked(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        carrier = ModonCarrier(shop.destination, Transcript())
        body = carrier.translate(Consignment(f"{order.uuid.hex}-1", order)).body
        assert (body["location"], body.get("city_id")) == (order.dropoff_address, None)
        assert not wire.calls
        carrier.places().refresh()
        carrier.places().names("region/1")
        wire.calls.clear()
        body = carrier.translate(Consignment(f"{order.uuid.hex}-1", order)).body
        assert (body["city_id"], body["region_id"]) == ("1", "508")
        assert not wire.calls

    def test_settings_are_checked(self, shop: Shop) -> None:
        check = type(dispatching.carrier_for(self.booked(shop)[1], Transcript())).check_settings
        check({"package_size": "2", "other_region": True})
        for wrong in ({"other_region": "yes"}, {"package_size": "big"}, {"size": "1"}):
            with pytest.raises(ValueError):
                check(wrong)
