"""Wasl as a client of Magic Lane."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from destinations.models import Customer
from integrations import dispatching
from integrations.http import Reply
from integrations.magiclane.carrier import MagicLaneCarrier
from integrations.models import Dispatch, RemoteName
from orders import actions
from orders.drafts import Address, Item, Parcel, Stop, Window
from orders.events import SYSTEM
from orders.models import Order
from orders.statuses import Attention, Status
from tests.carriers import CarrierContract, Fault, Wire, answers, cut_after, put_at
from tests.clockwork import later, work
from tests.factories import Shop, make_order
from tests.handovers import fresh


def posted(wire: Wire, path: str) -> list[Any]:
    """The bodies of the POSTs to `path`, without their array."""
    found = [json.loads(options["body"]) for method, url, options in wire.calls if method == "POST" and path in url]
    return [body[0] for body in found]


class TestMagicLaneAsACarrier(CarrierContract):
    provider = "magiclane"
    calls_before_booking = 2  # the customer: looked for, and made
    says = CarrierContract.says | {Status.PICKED_UP: Status.IN_TRANSIT}

    def reference(self, order: Order) -> str:
        return str(order.pk)

    def unknown_word(self, reference: str) -> Fault:
        return answers(200, {"id": int(reference), "state": 9})

    # --- What is sent -------------------------------------------------------------------------------------------
    def test_the_whole_order_in_its_words(self, shop: Shop, wire: Wire) -> None:
        _order, dispatch = self.booked(
            shop,
            notes="Ring twice",
            cod_amount=Decimal(7),
            currency="KWD",
            parcel=Parcel(Decimal("2.5"), Decimal(30), Decimal(20), Decimal(10), 3),
            window=Window(start=datetime(2030, 1, 1, 6, 30, tzinfo=UTC), end=datetime(2030, 1, 1, 9, tzinfo=UTC)),
        )
        [sent] = posted(wire, "/v1/orders")
        [customer] = Customer.objects.all()
        assert sent == {
            "customerId": customer.pk,
            "location": [29.3, 48],
            "alias": dispatch.key,
            "firstName": "Customer",
            "lastName": "",
            "address": {
                "country": "",
                "state": "",
                "county": "",
                "city": "",
                "postalCode": "",
                "streetName": "",
                "streetNumber": "",
                "extra": "Salmiya, Block 3",
            },
            "phoneNumber": "+96511111111",
            "customData": "Ring twice\nOrder SHOP-1 · COD 7.000 KWD\n2 × Product A\n"
            "deliver from 2030-01-01T06:30:00+00:00 · deliver until 2030-01-01T09:00:00+00:00"
            " · 30.000 × 20.000 × 10.000 cm",
            "type": 1,
            "status": 0,
            "state": 0,
            "priority": 0,
            "numberOfPackages": 3,
            "weight": 2.5,
            "cube": 0.006,
            "revenue": 0,
            "timeWindow": [570, 720],  # in Kuwait
            "serviceTime": 0,
            "depotId": 0,
        }
        fates = {fate["path"]: (fate["outcome"], fate["note"]) for fate in dispatch.losses}
        assert fates["cod_amount"] == ("text", "text only")
        assert fates["pickup.location"] == ("defaulted", "a customer needs one: that of the drop-off")
        assert fates["window.end"] == ("kept", "minute 720 of the day; the date as text")

    def test_what_its_own_dialect_said_of_an_order(self, shop: Shop, wire: Wire) -> None:
        said = {"priority": 1, "cube": 2.5, "serviceTime": 60, "timeWindow": [420, 1086], "revenue": 12, "alias": "A"}
        _order, dispatch = self.booked(shop, extras={"magiclane": said})
        [sent] = posted(wire, "/v1/orders")
        assert {name: sent[name] for name in said} == {**said, "revenue": 0, "alias": dispatch.key}
        fates = {fate["path"]: fate["outcome"] for fate in dispatch.losses}
        assert fates["extras.magiclane.priority"] == "kept"
        assert fates["extras.magiclane.revenue"] == "lost"

    def test_every_item_is_named(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop, items=tuple(Item(f"Product {number}", 2) for number in range(40)))
        assert "2 × Product 39" in posted(wire, "/v1/orders")[0]["customData"]

    def test_its_calls_are_as_documented(self, shop: Shop, wire: Wire, peer: Shop) -> None:
        self.booked(shop)
        assert [(method, url.partition("/magiclane")[2].partition("?")[0]) for method, url, _ in wire.calls] == [
            ("GET", "/v1/customers"),
            ("POST", "/v1/customers"),
            ("POST", "/v1/orders"),
        ]
        assert {options["headers"]["Authorization"] for _, _, options in wire.calls} == {peer.secret}

    def test_a_window_of_two_days_is_clipped_to_its_first(self, shop: Shop, wire: Wire) -> None:
        window = Window(start=datetime(2030, 1, 1, 18, tzinfo=UTC), end=datetime(2030, 1, 2, 6, tzinfo=UTC))
        _order, dispatch = self.booked(shop, window=window)
        assert posted(wire, "/v1/orders")[0]["timeWindow"] == [1260, 1439]
        [fate] = [fate for fate in dispatch.losses if fate["path"] == "window.end"]
        assert (fate["outcome"], fate["note"]) == ("defaulted", "minute 1439: clipped to one day; the date as text")

    def test_without_a_place_the_driver_is_told_so(self, shop: Shop, peer: Shop) -> None:
        order = self.placed(shop, dropoff=Stop("Customer", "+96511111111", Address("Salmiya")))
        work()
        order, dispatch = fresh(order)
        assert dispatch.state == Dispatch.State.BOOKED
        assert dispatch.body["location"] == [pytest.approx(29.3333, abs=0.01), pytest.approx(47.9833, abs=0.01)]
        assert dispatch.body["customData"].startswith("PLACE UNKNOWN")
        [fate] = [fate for fate in dispatch.losses if fate["path"] == "dropoff.location"]
        assert fate["outcome"] == "defaulted"

    def test_without_a_place_nothing_is_sent_where_that_is_wanted(self, shop: Shop, wire: Wire) -> None:
        shop.destination.settings = {"unknown_place": "refuse"}
        shop.destination.save()
        order = self.placed(shop, dropoff=Stop("Customer", "+96511111111", Address("Salmiya")))
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention) == (Dispatch.State.REFUSED, Attention.CARRIER_REFUSED)
        assert order.attention_path == "dropoff.location"
        assert "coordinates are not set" in order.attention_detail
        assert not wire.calls

    @pytest.mark.parametrize(
        ("message", "path"),
        [
            ("Coordinates not set", "dropoff.location"),
            ("Time window in the wrong format", "window.start"),
            ("Number of packages is negative", "parcel.pieces"),
            ("Weight above the maximum", "parcel.weight_kg"),
            ("Cubic volume above the maximum", "parcel.dimensions"),
            ("Phone number in the wrong format", "dropoff.phone"),
            ("Something else", ""),
        ],
    )
    def test_refusals_name_their_field(self, shop: Shop, wire: Wire, message: str, path: str) -> None:
        order = self.placed(shop)
        wire.faults = [None, None, answers(400, {"message": message})]  # type: ignore[list-item]
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention_path) == (Dispatch.State.REFUSED, path)
        assert order.attention_detail == message

    def test_somebody_else_at_its_address_refuses_nothing(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None, None, lambda reach: Reply(404, {}, b"<h1>nginx</h1>")]  # type: ignore[list-item]
        work()
        assert fresh(order)[1].state == Dispatch.State.PLANNED

    # --- Customers ----------------------------------------------------------------------------------------------
    def test_a_customer_is_made_once(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        order = make_order(shop, "SHOP-2")
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        [customer] = Customer.objects.all()
        assert (customer.first_name, customer.phone) == ("Store", "+96500000000")
        assert (customer.lat, customer.lng) == (29.3, 48)
        [known] = RemoteName.objects.filter(destination=shop.destination, kind="customer")
        assert (known.remote_id, known.label) == (str(customer.pk), "Store")
        assert len(posted(wire, "/v1/customers")) == 1

    def test_another_party_is_another_customer(self, shop: Shop) -> None:
        self.booked(shop)
        order = make_order(shop, "SHOP-2", pickup=Stop("Depot 2", "+96522222222", Address("Hawalli"), lat=29.1, lng=48))
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        assert sorted(Customer.objects.values_list("first_name", "lat")) == [("Depot", 29.1), ("Store", 29.3)]

    def test_a_source_has_a_place_of_its_own(self, shop: Shop) -> None:
        shop.source.pickup_lat, shop.source.pickup_lng = 29.2, 48.1
        shop.source.save()
        self.booked(shop)
        assert (Customer.objects.get().lat, Customer.objects.get().lng) == (29.2, 48.1)

    def test_a_customer_whose_making_was_not_heard_of_is_found(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None, cut_after]  # type: ignore[list-item]
        work()
        assert fresh(order)[1].state == Dispatch.State.PLANNED
        self.again()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        assert Customer.objects.count() == 1

    def test_a_customer_that_it_has_lost_is_made_anew(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        Customer.objects.all().delete()
        order = make_order(shop, "SHOP-2")
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        known = RemoteName.objects.get(destination=shop.destination)
        assert known.remote_id == str(Customer.objects.get().pk)

    def test_but_once(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        Customer.objects.all().delete()
        order = make_order(shop, "SHOP-2")
        lost = answers(400, {"message": "orders[0].customerId: Customer not found."})
        wire.faults = [None, None, None, lost]  # type: ignore[list-item]
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention_path) == (Dispatch.State.REFUSED, "pickup.name")
        assert not wire.faults

    def test_another_order_has_made_it_anew_already(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        self.booked(shop)
        Customer.objects.all().delete()
        theirs = Customer.objects.create(merchant=peer.merchant, lat=29, lng=48)

        def meanwhile(reach: Any) -> Reply:
            RemoteName.objects.update(remote_id=str(theirs.pk))
            return reach()

        order = make_order(shop, "SHOP-2")
        wire.faults = [meanwhile]
        work()
        assert fresh(order)[1].state == Dispatch.State.BOOKED
        assert posted(wire, "/v1/orders")[-1]["customerId"] == theirs.pk

    def test_a_customer_that_a_person_has_chosen_stays(self, shop: Shop, wire: Wire) -> None:
        self.booked(shop)
        Customer.objects.all().delete()
        RemoteName.objects.update(by_hand=True)
        order = make_order(shop, "SHOP-2")
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention_path) == (Dispatch.State.REFUSED, "pickup.name")
        assert RemoteName.objects.count() == 1

    def test_a_customer_that_it_refuses(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None, answers(400, {"message": "Phone number in the wrong format"})]  # type: ignore[list-item]
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, order.attention_path) == (Dispatch.State.REFUSED, "pickup.phone")

    def test_a_customer_of_the_settings(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        theirs = Customer.objects.create(merchant=peer.merchant, alias="Ours", lat=29, lng=48)
        shop.destination.settings = {"customer_id": str(theirs.pk)}
        shop.destination.save()
        self.booked(shop)
        assert posted(wire, "/v1/orders")[0]["customerId"] == theirs.pk
        assert len(wire.calls) == 1

    @pytest.mark.parametrize("wrong", [{"customer_id": 5}, {"customer_id": "x"}, {"other": "1"}])
    def test_settings_are_checked(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="customer_id"):
            MagicLaneCarrier.check_settings(wrong)
        MagicLaneCarrier.check_settings({})

    # --- Exactly one --------------------------------------------------------------------------------------------
    def again(self) -> None:
        later(100)
        dispatching.sweep()
        work()

    def test_a_dead_order_is_no_yes(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None, None, answers(200, {"orders": [{"id": 5, "state": 3}]})]  # type: ignore[list-item]
        work()
        order, dispatch = fresh(order)
        assert (dispatch.state, dispatch.epoch) == (Dispatch.State.BOOKED, 2)
        assert dispatch.reference == self.reference(self.at_peer(peer))

    def test_what_is_found_dead_goes_out_under_another_key(self, shop: Shop, peer: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        wire.faults = [None, None, cut_after]  # type: ignore[list-item]
        work()
        put_at(self.at_peer(peer), Status.CANCELLED)
        self.again()
        order, dispatch = fresh(order)
        assert (dispatch.state, dispatch.epoch) == (Dispatch.State.BOOKED, 2)
        assert dispatch.reference == self.reference(self.at_peer(peer))

    def test_a_list_that_was_not_filtered_is_no_answer(self, shop: Shop, wire: Wire) -> None:
        order = self.placed(shop)
        foreign = answers(200, {"orders": [{"id": 1, "alias": "Somebody's"}]})
        wire.faults = [None, None, cut_after, foreign]  # type: ignore[list-item]
        work()
        self.again()
        assert fresh(order)[1].state == Dispatch.State.UNKNOWN
        self.again()
        assert fresh(order)[1].state == Dispatch.State.BOOKED

    # --- Following and cancelling -------------------------------------------------------------------------------
    @pytest.mark.parametrize(
        ("state", "status", "said"),
        [
            (0, Status.ACCEPTED, ""),
            (1, Status.IN_TRANSIT, ""),
            (2, Status.IN_TRANSIT, "servicing"),
            (3, Status.CANCELLED, ""),
            (4, Status.DELIVERED, ""),
            (5, Status.FAILED, ""),
        ],
    )
    def test_states(self, shop: Shop, wire: Wire, state: int, status: str, said: str) -> None:
        order, dispatch = self.booked(shop)
        wire.faults = [answers(200, {"id": int(dispatch.reference), "state": state})]
        self.poll(dispatch)
        order, _ = fresh(order)
        assert (order.status, order.status_text) == (status, said)

    def test_a_second_failure_is_heard_of(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        for status in (Status.FAILED, Status.IN_TRANSIT, Status.FAILED):
            theirs = self.at_peer(peer)
            put_at(theirs, status, failure="delivery" if status == Status.FAILED else "")
            self.poll(dispatch)
            assert fresh(order)[0].status == status

    def test_what_is_deleted_there_is_cancelled(self, shop: Shop, peer: Shop) -> None:
        order, dispatch = self.booked(shop)
        actions.delete_orders([self.at_peer(peer)], SYSTEM, cancelled=True)
        self.poll(dispatch)
        assert fresh(order)[0].status == Status.CANCELLED

    def test_a_wrong_address_is_not_taken_for_deleted_orders(self, shop: Shop, wire: Wire) -> None:
        order, dispatch = self.booked(shop)
        missing = answers(404, {"message": "no such host"})
        wire.faults = [missing, missing]
        self.poll(dispatch)
        assert fresh(order)[0].status == Status.ACCEPTED

    def test_what_is_gone_before_it_is_cancelled_is_cancelled(self, shop: Shop, peer: Shop) -> None:
        order, _dispatch = self.booked(shop)
        actions.delete_orders([self.at_peer(peer)], SYSTEM, cancelled=True)
        actions.cancel_orders([order], SYSTEM)
        work()
        assert fresh(order)[0].status == Status.CANCELLED
