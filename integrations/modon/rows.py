"""An order, wherever it came from, as a row of Modon's lists; and a list of any length, sent while it is read."""

from collections.abc import Generator, Iterator
from contextlib import closing
from decimal import Decimal
from itertools import islice
from typing import Any, cast

from django.db.models import JSONField, QuerySet
from django.db.models.expressions import RawSQL

from destinations import money
from integrations.dialect import dump_json
from integrations.modon import words
from integrations.modon.errors import refused
from integrations.modon.places import Places, places
from integrations.modon.serializers import time
from orders.models import Order, OrderQuerySet
from orders.statuses import Status

_COLUMNS = (
    "id", "dropoff_name", "dropoff_phone", "dropoff_address", "dropoff_parts", "notes", "currency", "cod_amount",
    "delivery_fee", "status", "status_before", "status_text", "failure", "mark", "extras", "attention_path",
    "created_at", "updated_at", "goods",
)  # fmt: skip
# Names and quantities of an order's items. Written out, because Django takes as long to write it as for all the rest.
_GOODS = RawSQL(
    """(SELECT coalesce(jsonb_agg(jsonb_build_object('n', item.name, 'q', item.quantity)
                                  ORDER BY item.position, item.id), '[]')
        FROM orders_orderitem item WHERE item.order_id = orders_order.id)""",
    (),
    output_field=JSONField(),
)
_BATCH = 500
_HEAD = b'{"status":true,"errNum":"S000","msg":"ok","data":['


def listed(orders: OrderQuerySet) -> QuerySet[Order, Any]:
    """What `row` needs of each, in one query: named tuples, which take a fraction of the time of whole orders."""
    return orders.annotate(goods=_GOODS).values_list(*_COLUMNS, named=True)


def row(order: Any, known: Places) -> dict[str, Any]:
    """An order of `listed`, with exactly the keys of merchant-orders, and `qr_id`; and its currency, if that is not the
    one that Modon knows."""
    where = known.of(order)
    extras = order.extras
    number = str(order.id)
    status = words.status_id(order)
    shown = {
        "client_name": order.dropoff_name,
        "client_mobile": order.dropoff_phone,
        "items_number": str(sum(one["q"] for one in order.goods)),
        "created_at": time(order.created_at),
        "city_name": where["city_name"],
        "region_name": where["region_name"],
        "status_id": str(status),
        "status": words.STATUSES[status],
        "price": _amount(order.cod_amount, order.currency),
        "location": where["location"],
        "issue_notes": _issue(order),
        "merchant_notes": order.notes or words.NONE,
        "client_mobile2": str(extras.get("client_mobile2") or ""),
        "updated_at": time(order.updated_at),
        "city_id": where["city_id"],
        "region_id": where["region_id"],
        "replacement": "1" if words.is_replacement(order) else "0",
        "type_name": ", ".join(one["n"] for one in order.goods),
        "id": number,
        "has_merchant_fin_record": 0,
        "deliver_confirmed_fin": 0,
        "delivery_price": _amount(order.delivery_fee, order.currency),
        "package_size": known.size_of(order),
        "merchant_invoice_id": "-1",
        "urgent": "0",
        "urgent_datetime_to_deliver": words.UNSET_TIME,
        "deliver_estimation_datetime": words.UNSET_TIME,
        "qr_id": number,
    }
    return shown if order.currency == words.CURRENCY else {**shown, "currency": order.currency}


def stream(orders: OrderQuerySet) -> Iterator[bytes]:
    """The whole answer of merchant-orders, newest first. Its first part is read before this returns, so that what fails
    at once still gets an answer of its own; what fails later leaves JSON that nobody can take for a whole list."""
    parts = _parts(orders)
    return _again(next(parts), parts)


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _parts(orders: OrderQuerySet) -> Iterator[bytes]:
    known = places()
    before = _HEAD
    rows = listed(orders).order_by("-created_at", "-id").iterator(chunk_size=_BATCH)
    with closing(cast(Generator[Any, None, None], rows)) as found:
        while batch := [row(order, known) for order in islice(found, _BATCH)]:
            yield before + dump_json(batch)[1:-1]
            before = b","
    yield b"]}" if before == b"," else before + b"]}"


def _amount(amount: Decimal | None, currency: str) -> str:
    return format(money.written(amount, currency), "f") if amount else "0"


def _issue(order: Order) -> str:
    """What is wrong, when something is: the field that no carrier takes, or the carrier's words about its parcel."""
    if why := refused(order):
        return why
    if order.status == Status.LOST:
        return order.status_text or words.LOST
    wrong = order.mark or order.failure or order.status == Status.RETURNED
    return (order.status_text if wrong else "") or words.NONE
