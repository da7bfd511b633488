import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from orders import actions
from orders.events import SYSTEM
from orders.models import Order
from orders.search import normalise, searchable
from tests.factories import Shop, make_draft, make_order, make_shop


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
        ("۰۱۲۳", "0123"),
        ("أحمد إبراهيم آدم", "احمد ابراهيم ادم"),
        ("مصطفى", "مصطفي"),
        ("فاطمة", "فاطمه"),
        ("مُحَمَّد", "محمد"),
        ("  Ça\tVa ", "ca va"),
        ("STRASSE", "strasse"),
    ],
)
def test_one_spelling(written: str, plain: str) -> None:
    assert normalise(written) == plain


@given(st.text(max_size=50))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_a_phone_is_found_as_digits_too() -> None:
    assert searchable(["+965 5000-1001"]) == "+965 5000-1001\n96550001001"


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop()


def found(shop: Shop, text: str) -> set[str]:
    return set(Order.objects.search(shop.merchant, text).values_list("external_id", flat=True))


def test_any_part_in_any_spelling(shop: Shop) -> None:
    stop = make_draft().dropoff
    make_order(shop, "SHOP-77", dropoff=type(stop)("أحمد الراشد", "+965 5000 1001", stop.address))
    make_order(shop, "OTHER-1")
    make_order(make_shop(), "SHOP-77")
    for text in ("shop-77", "HOP-7", "احمد", "الراشد", "٥٠٠٠١٠٠١", "50001001", "7"):
        assert found(shop, text) == {"SHOP-77"}, text
    assert found(shop, "") == {"SHOP-77", "OTHER-1"}
    for nothing in ("SHOP-78", "100%", "_HOP", "\\"):
        assert found(shop, nothing) == set(), nothing


def test_the_index_is_used(shop: Shop) -> None:
    drafts = [make_draft(f"SHOP-{number}") for number in range(3000)]
    actions.place_orders(shop.source, drafts, actor=SYSTEM, is_test=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('orders_search')")
        cursor.execute("ANALYZE orders_order")
    plan = Order.objects.search(shop.merchant, "OP-1234").explain()
    assert "orders_search" in plan, plan
