"""Reading, patching and cancelling through iDeliver, and one store behind it and the other dialects."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from destinations.models import Rider
from integrations import keys
from orders import actions
from orders.drafts import Address, Item, Parcel, Stop
from orders.events import SYSTEM
from orders.models import Order, OrderEvent
from orders.statuses import Failure, Mark, Status
from tests.contract import strict
from tests.factories import Shop, make_draft, make_order, make_shop
from tests.integrations.ideliver.api import SAMPLE, Api, example, minimal, placed, refused, word
from tests.integrations.muvx.api import Api as MuvxApi
from tests.integrations.muvx.api import put_at

Kind = OrderEvent.Kind


def kinds(order: Order) -> list[str]:
    return list(order.events.order_by("id").values_list("kind", flat=True))[1:]


# --- Reading --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("wrong", ["1", "MOV1000000", "00000000-0000-4000-8000-000000000000", "x", "%00"])
def test_what_is_not_found(api: Api, wrong: str) -> None:
    placed(api.create())
    assert refused(api.get(f"orders/{wrong}"), 404) == ("not_found", None)


def test_an_id_has_one_spelling(api: Api) -> None:
    order = placed(api.create())
    assert api.get(f"orders/{str(order.uuid).upper()}").status_code == 200
    for spelling in (order.uuid.hex, f"{{{order.uuid}}}", order.pk):
        assert api.get(f"orders/{spelling}").status_code == 404


def test_others_and_other_worlds_are_not_found(api: Api, shop: Shop) -> None:
    order = placed(api.create())
    _, live = keys.issue(shop.source, "ideliver", is_test=False)
    for other in (Api(make_shop(dialect="ideliver")), Api(shop, live)):
        for response in (
            other.get(f"orders/{order.uuid}"),
            other.patch(order.uuid, {"status": "delivered"}),
            other.cancel(order.uuid),
        ):
            assert refused(response, 404) == ("not_found", None)
    order.refresh_from_db()
    assert (order.status, kinds(order)) == (Status.DISPATCHED, [])


@pytest.mark.parametrize(
    ("status", "fields", "shown"),
    [
        (Status.CREATED, {}, "pending"),
        (Status.DISPATCHED, {}, "pending"),
        (Status.ACCEPTED, {}, "accepted"),
        (Status.PICKED_UP, {}, "picked_up"),
        (Status.IN_TRANSIT, {}, "in_transit"),
        (Status.IN_TRANSIT, {"mark": Mark.DELAYED}, "in_transit_delayed"),
        (Status.IN_TRANSIT, {"mark": Mark.ATTEMPT_FAILED}, "in_transit"),
        (Status.IN_TRANSIT, {"mark": Mark.RETURNING}, "in_transit"),
        (Status.DELIVERED, {}, "delivered"),
        (Status.CANCELLED, {}, "cancelled"),
        (Status.CANCELLING, {"status_before": "picked_up"}, "picked_up"),
        (Status.CANCELLING, {"status_before": "in_transit", "mark": Mark.DELAYED}, "in_transit_delayed"),
        (Status.FAILED, {"failure": Failure.DISPATCH}, "failed"),
        (Status.FAILED, {"failure": Failure.DELIVERY}, "failed"),
        (Status.RETURNED, {}, "returned_to_merchant"),
        (Status.LOST, {}, "lost_in_transit"),
    ],
)
def test_status_words_and_the_filter_by_them(
    api: Api, shop: Shop, status: str, fields: dict[str, Any], shown: str
) -> None:
    order = make_order(shop)
    make_order(shop, "other", dialect="fuuffy", said_status={"ideliver": "elsewhere"})
    put_at(order, status, **fields)
    assert word(api, order) == shown
    for wanted, there in ((shown, 1), (shown.upper() + " ", 1), ("unheard of", 0)):
        assert (
            len(api.client.get("/ideliver/v1/orders", {"status": wanted}, headers=api.headers).json()["orders"])
            == there
        )
    others = {"pending", "in_transit", "in_transit_delayed", "delivered"} - {shown}
    assert [one for one in others if api.get(f"orders?status={one}").json()["orders"]] == []


def test_a_carriers_words_are_shown_while_something_is_wrong(api: Api, shop: Shop) -> None:
    order = make_order(shop)
    put_at(order, Status.IN_TRANSIT, mark=Mark.ATTEMPT_FAILED, status_text="No answer at the door")
    assert api.read(order.uuid)["unified_json"]["status_text"] == "No answer at the door"
    put_at(order, Status.DELIVERED, mark="", status_text="Delivered")
    assert "status_text" not in api.read(order.uuid)["unified_json"]


# --- Patching -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("accepted", Status.ACCEPTED),
        ("picked_up", Status.PICKED_UP),
        ("in_transit", Status.IN_TRANSIT),
        ("in_transit_delayed", Status.IN_TRANSIT),
        ("delivered", Status.DELIVERED),
        ("returned_to_merchant", Status.RETURNED),
        ("lost_in_transit", Status.LOST),
    ],
)
def test_a_known_word_moves_the_order(api: Api, said: str, status: str) -> None:
    for number, spelling in enumerate((said, f"  {said.upper()} ")):
        order = placed(api.create(minimal(f"A-{number}")))
        response = api.patch(order.uuid, {"status": spelling})
        assert (response.status_code, response.json()["order"]["unified_json"]["status"]) == (200, said)
        order.refresh_from_db()
        assert (order.status, kinds(order)) == (status, [Kind.STATUS_SAID])


def test_a_delay_is_said_and_ended(api: Api) -> None:
    order = placed(api.create())
    for said, mark in (
        ("in_transit_delayed", Mark.DELAYED), ("in_transit_delayed", Mark.DELAYED), ("in_transit", ""),
        ("at the depot", ""), ("in_transit_delayed", Mark.DELAYED), ("picked_up", Mark.DELAYED), ("delivered", ""),
    ):  # fmt: skip
        api.patch(order.uuid, {"status": said})
        assert word(api, order) == said
        order.refresh_from_db()
        assert order.mark == mark
    assert kinds(order) == [Kind.STATUS_SAID] * 6  # once of the two


def test_a_carriers_mark_is_not_taken_away_by_the_word_that_is_shown_anyway(api: Api) -> None:
    order = placed(api.create())
    put_at(order, Status.IN_TRANSIT, mark=Mark.RETURNING)
    api.patch(order.uuid, {"status": "in_transit"})
    order.refresh_from_db()
    assert (order.mark, order.said_status) == (Mark.RETURNING, {})


def test_what_another_dialect_says_beside_it_stays(api: Api) -> None:
    order = placed(api.create())
    actions.say_status(order, SYSTEM, dialect="magiclane", said=[1, 0], status=None)
    api.patch(order.uuid, {"status": "at the depot"})
    order.refresh_from_db()
    assert order.said_status == {"magiclane": [1, 0], "ideliver": "at the depot"}
    api.patch(order.uuid, {"status": "accepted"})
    order.refresh_from_db()
    assert order.said_status == {}


def test_free_text_is_shown_as_it_is_until_the_status_changes(api: Api, shop: Shop) -> None:
    order = placed(api.create())
    text = "  Waiting for the Lift ً" + "x" * 100
    response = api.patch(order.uuid, {"status": text})
    assert response.json()["order"]["unified_json"]["status"] == text
    assert word(api, order) == text
    found = api.client.get("/ideliver/v1/orders", {"status": text}, headers=api.headers).json()["orders"]
    assert [one["id"] for one in found] == [str(order.uuid)]
    assert api.get("orders?status=pending").json()["orders"] == []
    put_at(order, Status.ACCEPTED)
    assert word(api, order) == "accepted"


def test_saying_the_same_again_changes_nothing(api: Api) -> None:
    order = placed(api.create())
    for said in ("at the depot", "at the depot", "accepted", "accepted", "pending", "pending"):
        api.patch(order.uuid, {"status": said})
        assert word(api, order) == said
    assert kinds(order) == [Kind.STATUS_SAID] * 3


def test_a_word_that_leads_back_stays_a_text(api: Api) -> None:
    order = placed(api.create())
    put_at(order, Status.IN_TRANSIT)
    for said in ("picked_up", "pending"):
        api.patch(order.uuid, {"status": said})
        assert word(api, order) == said
    order.refresh_from_db()
    assert order.status == Status.IN_TRANSIT


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"colour": "red"}, None),
        ({"status": ""}, "status"),
        ({"status": "  "}, "status"),
        ({"status": None}, "status"),
        ({"status": "x" * 129}, "status"),
        ({"status": ["delivered"]}, "status"),
        ({"payment_verified": "true"}, "payment_verified"),
        ({"payment_verified": None}, "payment_verified"),
        ({"rider_id": "x"}, "rider_id"),
        ({"rider_id": "00000000-0000-4000-8000-000000000000"}, "rider_id"),
        ([], None),
    ],
)
def test_what_cannot_be_patched(api: Api, body: Any, field: str | None) -> None:
    order = placed(api.create())
    assert refused(api.patch(order.uuid, body)) == ("validation_error", field)
    assert kinds(order) == []


def test_payment_verified_is_a_flag_and_an_event(api: Api) -> None:
    order = placed(api.create())
    for verified in (True, True, False):
        answer = api.patch(order.uuid, {"payment_verified": verified}).json()["order"]
        assert answer["payment_verified"] is verified
    assert kinds(order) == [Kind.PAYMENT_VERIFIED] * 2


def test_a_rider_is_assigned_and_taken_away(api: Api, shop: Shop) -> None:
    order = placed(api.create())
    rider = Rider.objects.create(merchant=shop.merchant, name="Tunde Bello", vehicle_type="car")
    answer = api.patch(order.uuid, {"rider_id": str(rider.uuid)}).json()["order"]
    assert (answer["rider"]["name"], answer["rider"]["vehicle_type"]) == ("Tunde Bello", "car")
    assert answer["unified_json"]["standardized"]["rider_id"] == str(rider.uuid)
    answer = api.patch(order.uuid, {"rider_id": None}).json()["order"]
    assert "rider" not in answer
    assert "rider_id" not in answer["unified_json"]["standardized"]
    assert kinds(order) == [Kind.RIDER_ASSIGNED] * 2


def test_all_of_a_patch_or_nothing(api: Api, shop: Shop) -> None:
    order = placed(api.create())
    stranger = Rider.objects.create(merchant=make_shop().merchant, name="Sola Ade")
    wrong = {"payment_verified": True, "rider_id": str(stranger.uuid), "status": "delivered"}
    assert refused(api.patch(order.uuid, wrong)) == ("validation_error", "rider_id")
    put_at(order, Status.LOST)
    assert refused(api.patch(order.uuid, {"payment_verified": True, "status": "cancelled"}), 409)[0] == "cannot_cancel"
    order.refresh_from_db()
    assert (order.payment_verified, order.rider, order.status) == (False, None, Status.LOST)
    assert kinds(order) == [Kind.PROGRESS]

    rider = Rider.objects.create(merchant=shop.merchant, name="Tunde Bello")
    right = {"payment_verified": True, "rider_id": str(rider.uuid), "status": "returned to the shelf"}
    answer = api.patch(order.uuid, right).json()["order"]
    assert (answer["payment_verified"], answer["rider"]["id"]) == (True, str(rider.uuid))
    assert kinds(order)[1:] == [Kind.PAYMENT_VERIFIED, Kind.RIDER_ASSIGNED, Kind.STATUS_SAID]


def test_patching_cancelled_is_a_cancel(api: Api, settings: Any) -> None:
    order = placed(api.create())
    response = api.patch(order.uuid, {"status": " Cancelled", "payment_verified": True})
    assert response.json()["order"]["unified_json"]["status"] == "cancelled"
    assert response.json()["order"]["payment_verified"] is True
    assert api.patch(order.uuid, {"status": "cancelled"}).json()["already_cancelled"] is True
    assert kinds(order) == [Kind.PAYMENT_VERIFIED, Kind.CANCELLED]
    settings.ADMIN_ORDER_CANCEL_PRE_PICKUP_ONLY = True
    order = placed(api.create(minimal("A-2")))
    put_at(order, Status.PICKED_UP)
    assert refused(api.patch(order.uuid, {"status": "cancelled"}), 409) == ("cannot_cancel", None)


# --- Cancelling -----------------------------------------------------------------------------------------------------
def test_the_documents_cancel_and_again(api: Api) -> None:
    order = placed(api.create(SAMPLE))
    body = b'{"reason":"Customer requested cancel","notes":"optional"}'
    response = api.cancel(order.uuid, body)
    assert response.status_code == 200
    answer = strict(response.content)
    assert list(answer) == ["order"]
    assert answer["order"]["unified_json"]["status"] == "cancelled"
    assert list(answer["order"]) == list(example("created")["order"])
    again = api.cancel(order.uuid)
    assert (again.status_code, again.json()) == (200, answer | {"already_cancelled": True})
    [event] = order.events.filter(kind=Kind.CANCELLED)
    assert event.data["reason"] == "Customer requested cancel · optional"
    assert event.actor_kind == OrderEvent.ActorKind.KEY
    assert kinds(order) == [Kind.CANCELLED]


@pytest.mark.parametrize("body", [None, b"", b"{}", {"reason": None, "notes": ""}, {"other": 1}])
def test_reasons_are_optional(api: Api, body: Any) -> None:
    order = placed(api.create())
    assert api.cancel(order.uuid, body).status_code == 200
    path = f"/ideliver/v1/orders/{order.uuid}/cancel"
    for kind in ("text/plain", ""):
        assert api.client.generic("POST", path, headers=api.headers, content_type=kind).status_code == 200


@pytest.mark.parametrize(("body", "field"), [([], None), ({"reason": 5 * ["x"]}, "reason"), ({"notes": {}}, "notes")])
def test_a_wrong_reason(api: Api, body: Any, field: str | None) -> None:
    order = placed(api.create())
    assert refused(api.cancel(order.uuid, body)) == ("validation_error", field)


def test_a_booked_order_is_answered_cancelled_and_read_as_it_was(api: Api) -> None:
    order = placed(api.create())
    put_at(order, Status.PICKED_UP, with_carrier=True)
    answer = api.cancel(order.uuid).json()
    assert answer["order"]["unified_json"]["status"] == "cancelled"
    assert "already_cancelled" not in answer
    assert word(api, order) == "picked_up"
    again = api.cancel(order.uuid).json()
    assert (again["already_cancelled"], again["order"]["unified_json"]["status"]) == (True, "cancelled")
    order.refresh_from_db()
    assert order.status == Status.CANCELLING


@pytest.mark.parametrize(
    ("status", "fields", "usually", "before_pickup_only"),
    [
        (Status.CREATED, {}, 200, 200),
        (Status.ACCEPTED, {}, 200, 200),
        (Status.FAILED, {"failure": Failure.DISPATCH}, 200, 200),
        (Status.PICKED_UP, {}, 200, 409),
        (Status.IN_TRANSIT, {}, 200, 409),
        (Status.FAILED, {"failure": Failure.DELIVERY}, 200, 409),
        (Status.CANCELLED, {}, 200, 200),
        (Status.CANCELLING, {"status_before": "picked_up"}, 200, 200),
        (Status.DELIVERED, {}, 409, 409),
        (Status.RETURNED, {}, 409, 409),
        (Status.LOST, {}, 409, 409),
    ],
)
def test_the_cancel_policy(
    api: Api, settings: Any, status: str, fields: dict[str, Any], usually: int, before_pickup_only: int
) -> None:
    for number, (policy, wanted) in enumerate(((False, usually), (True, before_pickup_only))):
        settings.ADMIN_ORDER_CANCEL_PRE_PICKUP_ONLY = policy
        order = placed(api.create(minimal(f"A-{number}")))
        put_at(order, status, **fields)
        response = api.cancel(order.uuid)
        assert response.status_code == wanted
        if wanted == 409:
            assert refused(response, 409) == ("cannot_cancel", None)
            order.refresh_from_db()
            assert order.status == status


@pytest.mark.django_db(transaction=True)
def test_of_many_cancels_at_once_one_is_the_first() -> None:
    api = Api(make_shop(dialect="ideliver"))
    order = placed(api.create())
    answers: list[Any] = []
    ready = threading.Barrier(10)

    def send(body: dict[str, str] | None) -> None:
        ready.wait()
        try:
            answers.append(api.patch(order.uuid, body) if body else api.cancel(order.uuid))
        finally:
            connection.close()

    bodies = [None, {"status": "cancelled"}] * 5
    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 10
    assert [answer.json().get("already_cancelled", False) for answer in answers].count(False) == 1
    assert kinds(order) == [Kind.CANCELLED]


def test_wrong_methods(api: Api) -> None:
    order = placed(api.create())
    for method, path in (
        ("PUT", f"orders/{order.uuid}"),
        ("DELETE", f"orders/{order.uuid}"),
        ("GET", f"orders/{order.uuid}/cancel"),
        ("OPTIONS", "orders"),
        ("POST", "coverage/check"),
    ):
        assert refused(api.call(method, f"v1/{path}"), 405) == ("method_not_allowed", None)


# --- One store ------------------------------------------------------------------------------------------------------
def test_another_dialects_order_is_shown_with_what_is_known(api: Api, shop: Shop) -> None:
    _, secret = keys.issue(shop.source, "muvx", is_test=True)
    muvx = MuvxApi(Shop(shop.merchant, shop.source, shop.destination, shop.other, shop.key, secret))
    body = {
        "integration_order_id": "SHOP-7",
        "pickup": {"name": "Store", "address": "789 Elm St", "phone": "+96500000000"},
        "dropoff": {"name": "Customer", "address": {"area": "Salmiya", "city": "Kuwait"}, "phone": "22210000"},
        "items": [{"name": "A", "quantity": 2, "price": 0.25}, {"name": "B"}],
        "cod_amount": 3.5,
    }
    order = Order.objects.get(pk=int(muvx.create(body).json()["id"][3:]))
    answer = api.read(order.uuid)
    assert (answer["source"], answer["external_order_id"]) == ("muvx", "SHOP-7")
    assert answer["unified_json"] == {
        "schema_version": "1",
        "status": "pending",
        "standardized": {
            "pickup_address": "789 Elm St",
            "dropoff_address": "Salmiya, Kuwait",
            "customer_phone": "22210000",
            "customer_name": "Customer",
            "cod_amount_minor": 350,
            "cod_currency": "NGN",
            "items": [{"name": "A", "quantity": 2, "price_minor": 25}, {"name": "B", "quantity": 1}],
        },
        "raw_payload": {},
    }
    assert api.patch(order.uuid, {"status": "cancelled"}).status_code == 200
    assert muvx.get(f"orders/MOV{order.pk}/status").json()["status"] == "cancelled"


def test_what_is_not_known_is_left_out(api: Api, shop: Shop) -> None:
    order = make_order(shop, items=(), parcel=Parcel(Decimal("1.5")), dialect="fuuffy")
    standardized = api.read(order.uuid)["unified_json"]["standardized"]
    assert standardized["weight_kg"] == 1.5
    assert not {"notes", "cod_amount_minor", "cod_currency", "length_cm", "items"} & set(standardized)


def test_an_order_edited_elsewhere_is_shown_as_it_is_now(api: Api) -> None:
    order = placed(api.create(SAMPLE))
    edit = make_draft(
        "ignored",
        dialect="modon",
        dropoff=Stop("Bola Obi", "+2348044455566", Address("1 Marina, Lagos")),
        parcel=Parcel(Decimal(25)),
        currency="NGN",
        cod_amount=Decimal("10.5"),
    )
    actions.edit_order(order, edit, SYSTEM)
    shown = api.read(order.uuid)["unified_json"]["standardized"]
    assert (shown["customer_name"], shown["dropoff_address"]) == ("Bola Obi", "1 Marina, Lagos")
    assert (shown["weight_kg"], shown["cod_amount_minor"]) == (25, 1050)
    assert not {"notes", "length_cm", "dropoff_lat", "scheduled_pickup_at"} & set(shown)


def test_items_are_those_that_were_sent_until_others_take_their_place(api: Api) -> None:
    items = [{"name": " Cake ", "quantity": 2.0, "sku": "C"}, {"sku": "no name"}, {"name": 7, "price_minor": 100}]
    order = placed(api.create(minimal(items=items)))
    api.patch(order.uuid, {"payment_verified": True})
    assert api.read(order.uuid)["unified_json"]["standardized"]["items"] == items
    actions.edit_order(order, make_draft(dialect="modon", currency="NGN", items=()), SYSTEM)
    assert api.read(order.uuid)["unified_json"]["standardized"]["items"] == items
    edit = make_draft(dialect="modon", currency="NGN", items=(Item("Flowers", 3, Decimal("1.5")),))
    actions.edit_order(order, edit, SYSTEM)
    shown = [{"name": "Flowers", "quantity": 3, "price_minor": 150}]
    for answer in (api.read(order.uuid), api.get("orders").json()["orders"][0]):
        assert answer["unified_json"]["standardized"]["items"] == shown
