"""The columns of the three lists as SQL expressions. Each gives what `serializers` or `places` shows, also of orders
that came another way."""

from functools import partial
from zoneinfo import ZoneInfo

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    F,
    FloatField,
    Func,
    IntegerField,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import (
    Cast,
    Coalesce,
    Concat,
    ExtractHour,
    ExtractMinute,
    Length,
    NullIf,
    Substr,
    TruncDate,
)
from django.db.models.lookups import Exact, IsNull

from integrations.magiclane import words
from integrations.magiclane.filters import Build, Expression, Table, as_text
from integrations.magiclane.places import CUSTOMERS, DEPOTS
from orders.models import Order, OrderItem
from orders.statuses import Failure, Status


def _location(lat: Expression, lng: Expression) -> Expression:
    return Concat(as_text(lat), Value(",", TextField()), as_text(lng))


# --- Orders ---------------------------------------------------------------------------------------------------------
def _ours(name: str) -> Expression:
    return KeyTextTransform(name, KeyTransform(words.DIALECT, "extras"))


def _number(name: str, default: int) -> Expression:
    return Coalesce(Cast(_ours(name), IntegerField()), Value(default))


def _here(column: str) -> Expression:
    """A column of the stop at which the order's location is."""
    collected = Exact(_ours("type"), Value(str(words.PICKUP)))
    field = JSONField() if column == "parts" else FloatField() if column in ("lat", "lng") else TextField()
    return Case(When(collected, then=F(f"pickup_{column}")), default=F(f"dropoff_{column}"), output_field=field)


def _part(name: str) -> Expression:
    names = filter(None, (name, words.OTHERS_ADDRESS.get(name)))
    return Coalesce(*(KeyTextTransform(one, _here("parts")) for one in names), Value(""))


def _extra() -> Expression:
    came_another_way = IsNull(KeyTextTransform("streetName", _here("parts")), True)
    whole = Case(When(came_another_way, then=_here("address")), default=Value(""), output_field=TextField())
    return Coalesce(KeyTextTransform(words.EXTRA, _here("parts")), whole)


def _as_given(name: str, mark: str, column: str, otherwise: Expression) -> Expression:
    """What was given, if the stop is still what it was then."""
    same = Exact(_ours(mark), _here(column))
    return Case(When(same, then=_ours(name)), default=otherwise, output_field=TextField())


def _first() -> Expression:
    return Func(_here("name"), Value(" "), Value(1), function="split_part", output_field=TextField())


def _pair(number: int) -> Expression:
    """Status (0) or state (1), as `words.pair` says."""
    said = KeyTextTransform(number, KeyTransform(words.DIALECT, "said_status"))
    table = [(Q(), status, pair) for status, pair in words.OUT.items()]
    table.append((Q(failure=Failure.DISPATCH), Status.FAILED, words.OUT_FAILED[Failure.DISPATCH]))
    table.append((Q(), Status.FAILED, words.OUT_FAILED[Failure.DELIVERY]))
    cases = [
        When(
            condition & (Q(status=status) | Q(status=Status.CANCELLING, status_before=status)), then=Value(pair[number])
        )
        for condition, status, pair in table
    ]
    return Coalesce(Cast(said, IntegerField()), Case(*cases, output_field=IntegerField()))


def _minute(number: int, tz: ZoneInfo) -> Expression:
    """Start (0) or end (1) of the time window."""
    given = KeyTextTransform(number, KeyTransform("timeWindow", KeyTransform(words.DIALECT, "extras")))
    column = ("window_start", "window_end")[number]
    minute: Expression = ExtractHour(column, tzinfo=tz) * 60 + ExtractMinute(column, tzinfo=tz)
    if number == 1:
        first_day = Exact(TruncDate("window_start", tzinfo=tz), TruncDate("window_end", tzinfo=tz))
        minute = Case(When(Q(window_start=None) | Q(first_day), then=minute), output_field=IntegerField())
    return Coalesce(Cast(given, IntegerField()), minute, Value(words.ANY_TIME[number]))


def _milliseconds() -> Expression:
    template = "floor(extract(epoch FROM %(expressions)s) * 1000)::bigint"
    return Func(F("created_at"), template=template, output_field=BigIntegerField())


def _customer_id() -> Expression:
    saved = KeyTextTransform("id", KeyTransform("customer", "extras"))
    ours = Case(When(extras__has_key=words.DIALECT, then=saved), output_field=TextField())
    return Coalesce(Cast(ours, BigIntegerField()), Value(0), output_field=BigIntegerField())


def _always(build: partial[Expression] | Expression) -> Build:
    return lambda tz: build()


_ORDER_COLUMNS: dict[str, Build] = {
    "id": lambda tz: F("pk"),
    "alias": lambda tz: Coalesce(
        _ours("alias"), NullIf("external_id", Value("")), "reference", output_field=TextField()
    ),
    "firstName": lambda tz: _as_given("firstName", "stopName", "name", _first()),
    "lastName": lambda tz: _as_given(
        "lastName", "stopName", "name", Substr(_here("name"), Length(_first()) + 2, output_field=TextField())
    ),
    "location": lambda tz: _location(Coalesce(_here("lat"), Value(0.0)), Coalesce(_here("lng"), Value(0.0))),
    "latitude": lambda tz: Coalesce(_here("lat"), Value(0.0)),
    "longitude": lambda tz: Coalesce(_here("lng"), Value(0.0)),
    **{name: _always(partial(_part, name)) for name in words.ADDRESS},
    words.EXTRA: lambda tz: _extra(),
    "phoneNumber": lambda tz: _as_given("phoneNumber", "stopPhone", "phone", _here("phone")),
    "type": lambda tz: _number("type", words.DELIVERY),
    "status": lambda tz: _pair(0),
    "orderState": lambda tz: _pair(1),
    "timeWindowStart": partial(_minute, 0),
    "timeWindowEnd": partial(_minute, 1),
    "creationTime": lambda tz: _milliseconds(),
    "priority": lambda tz: _number("priority", 0),
    "serviceTime": lambda tz: _number("serviceTime", 0),
    "customData": lambda tz: F("notes"),
    "customerId": lambda tz: _customer_id(),
    "depotId": lambda tz: Coalesce("depot_id", Value(0)),
}
_ADDRESS = dict.fromkeys((*words.ADDRESS, words.EXTRA), "address")
_POINT = dict.fromkeys(("latitude", "longitude"), "location")

ORDERS = Table(
    columns=_ORDER_COLUMNS,
    hidden=frozenset({"latitude", "longitude", "serviceTime"}),
    unsorted=frozenset({"location", "status", "orderState"}),
    included={
        **{
            name: name
            for name in (
                "id", "alias", "firstName", "lastName", "phoneNumber", "type", "serviceTime", "revenue", "cube",
                "weight", "priority", "status", "depotId",
            )
        },
        "timeWindowStart": "timeWindow",
        "timeWindowEnd": "timeWindow",
        "creationTime": "creationTimestamp",
        "packages": "numberOfPackages",
        "orderState": "state",
        "customerId": "customerInfo",
        **_POINT,
        **_ADDRESS,
    },
    exact={
        "id": lambda number: Q(pk=number),
        "depotId": lambda number: Q(depot_id=number) if number else Q(depot_id=None),
    },
)  # fmt: skip


def with_items_weight(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Brings along what the items weigh of an order whose own weight nobody gave, if each of them has a weight."""
    complete = Case(When(Exact(Count("pk"), Count("weight_kg")), then=Sum(F("weight_kg") * F("quantity"))))
    weights = OrderItem.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(total=complete)
    return orders.annotate(items_weight=Case(When(weight_kg=None, then=Subquery(weights.values("total")))))


# --- Customers and misc. locations ----------------------------------------------------------------------------------
def _address_part(name: str) -> Expression:
    return Coalesce(KeyTextTransform(name, "address"), Value(""))


_PLACE_COLUMNS: dict[str, Build] = {
    "id": lambda tz: F("pk"),
    "alias": lambda tz: F("alias"),
    "location": lambda tz: _location(F("lat"), F("lng")),
    "latitude": lambda tz: F("lat"),
    "longitude": lambda tz: F("lng"),
    **{name: _always(partial(_address_part, name)) for name in _ADDRESS},
}
_PERSON_COLUMNS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phoneNumber": "phone",
    "customData": "custom_data",
}
_PLACE_INCLUDED = {"id": "id", "alias": "alias", "location": "location", **_POINT, **_ADDRESS}
_BY_NUMBER = {"id": lambda number: Q(pk=number)}

PLACES = {
    CUSTOMERS.name: Table(
        columns=_PLACE_COLUMNS | {name: _always(partial(F, column)) for name, column in _PERSON_COLUMNS.items()},
        hidden=frozenset(_POINT),
        unsorted=frozenset({"location"}),
        included=_PLACE_INCLUDED | {name: name for name in _PERSON_COLUMNS},
        exact=_BY_NUMBER,
    ),
    DEPOTS.name: Table(
        columns=_PLACE_COLUMNS | {"isDepot": lambda tz: F("is_depot")},
        hidden=frozenset(_POINT),
        unsorted=frozenset({"location"}),
        included=_PLACE_INCLUDED | {"isDepot": "isDepot"},
        exact=_BY_NUMBER,
    ),
}
