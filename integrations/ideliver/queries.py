"""What stands behind the `?` of the calls that read: the list's filters and cursor, and the coverage check's points."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError

from integrations.bodies import check_storable
from integrations.ideliver import words
from integrations.ideliver.serializers import TimeField
from integrations.models import ApiKey
from orders.models import Order

_YES_NO = {"true": True, "1": True, "false": False, "0": False}


# --- The list -------------------------------------------------------------------------------------------------------
def page_of_orders(key: ApiKey, query: Mapping[str, str]) -> tuple[list[Order], str | None]:
    """One page, newest first, and the cursor of the next one if there is one: two queries, with what the answers
    need. Raises `ValidationError` for a parameter that cannot be understood."""
    limit = _limit(query.get("limit"))
    newest = _filtered(key, query).order_by("-created_at", "-id")
    if query.get("status"):
        # Each part comes in its order out of an index; together, no index would do for them.
        parts = [newest.filter(part).values("pk")[: limit + 1] for part in words.shown_as(query["status"])]
        newest = newest.filter(pk__in=parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0])
    shown = newest.select_related("rider").prefetch_related("items").defer("routing", "search_text")
    found = list(shown[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.pk}".encode()).decode()


def _filtered(key: ApiKey, query: Mapping[str, str]) -> QuerySet[Order]:
    merchant = key.source.merchant
    for name, value in query.items():
        try:
            check_storable(value)
        except ValueError as error:
            raise ValidationError({name: "Must be a text."}) from error
    number = query.get("external_order_id")
    orders: QuerySet[Order] = Order.objects.of(merchant)
    if number:  # through the search's index; nothing else is indexed by it for all dialects
        orders = Order.objects.search(merchant, number).filter(
            Q(external_id=number) | Q(external_id="", reference=number)
        )
    orders = orders.filter(is_test=key.is_test)
    if query.get("source"):
        orders = orders.filter(channel=query["source"])
    if since := _time(query, "created_from"):
        orders = orders.filter(created_at__gte=since)
    if until := _time(query, "created_to"):
        orders = orders.filter(created_at__lt=until)
    if query.get("cursor"):
        orders = orders.filter(_after(query["cursor"]))
    if query.get("is_test"):
        wanted = _YES_NO.get(query["is_test"].lower())
        if wanted is None:
            raise ValidationError({"is_test": "Must be true or false."})
        if wanted != key.is_test:  # there are none that this key may see
            return orders.none()
    return orders


def _limit(text: str | None) -> int:
    if not text:
        return words.DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise ValidationError({"limit": f"Must be a number from 1 to {words.MAX_LIMIT}."})
    return min(int(text[:9]), words.MAX_LIMIT)


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    if not query.get(name):
        return None
    try:
        # A plus sign that was not escaped arrives as a space.
        return TimeField().run_validation(query[name].replace(" ", "+"))
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error


def _after(cursor: str) -> Q:
    try:
        at, _, number = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        created, last = datetime.fromisoformat(at), int(number)
        if created.tzinfo is None or not 1 < created.year < 9999 or not 0 <= last < 2**63:
            raise ValueError
    except (ValueError, binascii.Error) as error:
        raise ValidationError({"cursor": "Must be the next_cursor of an earlier answer."}) from error
    # The first condition says nothing new, but the index can begin there.
    return Q(created_at__lte=created) & (Q(created_at__lt=created) | Q(id__lt=last))


# --- The coverage check ---------------------------------------------------------------------------------------------
def points(query: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """The points that are asked about, by name: "" (`lat`, `lng`), "pickup", "dropoff"; at least one. Raises
    `ValidationError`."""
    asked = {}
    for name in ("", "pickup", "dropoff"):
        lat, lng = (f"{name}_{part}".lstrip("_") for part in ("lat", "lng"))
        if query.get(lat) or query.get(lng):
            asked[name] = (_degrees(query, lat, 90), _degrees(query, lng, 180))
    if not asked:
        raise ValidationError({"lat": "Give lat and lng."})
    return asked


def _degrees(query: Mapping[str, str], name: str, most: int) -> float:
    try:
        value: Any = Decimal(query.get(name, ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not -most <= value <= most:
        raise ValidationError({name: f"Must be a number from {-most} to {most}."})
    return float(value)
