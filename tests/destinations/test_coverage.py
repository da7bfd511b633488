"""Coverage zones: what is an area, what lies in one, and who hears of a change."""

import copy
import math
import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations import coverage, geometry
from destinations.models import CoverageZone, Merchant
from integrations import keys
from integrations.fuuffy import errors as fuuffy
from orders.errors import OutOfCoverage
from orders.models import Order
from tests.factories import MembershipFactory, Shop, make_shop
from tests.integrations.muvx import api as muvx
from tests.orders.test_pages import filled

SQUARE: dict[str, Any] = {"type": "Polygon", "coordinates": [[[47, 29], [48, 29], [48, 30], [47, 30], [47, 29]]]}
FAR: dict[str, Any] = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}


def square(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def circle(lng: float, lat: float, radius: float, points: int) -> dict[str, Any]:
    angles = [2 * math.pi * number / points for number in range(points)]
    ring = [[lng + radius * math.cos(angle), lat + radius * math.sin(angle)] for angle in angles]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def zone(merchant: Merchant, geojson: Any = SQUARE, name: str = "Town", **fields: Any) -> CoverageZone:
    made = CoverageZone.objects.create(merchant=merchant, name=name, geojson=geojson, **fields)
    merchant.refresh_from_db()
    return made


# --- What is an area ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("geojson", "words"),
    [
        (None, "Polygon or MultiPolygon"),
        ([], "Polygon or MultiPolygon"),
        ("Polygon", "Polygon or MultiPolygon"),
        ({"type": "Point", "coordinates": [1, 2]}, "Polygon or MultiPolygon"),
        ({"type": ["Polygon"]}, "Polygon or MultiPolygon"),
        ({"type": "Polygon"}, "cannot be read"),
        ({"type": "Polygon", "coordinates": []}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[]]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": "abc"}, "cannot be read"),
        ({"type": "Polygon", "coordinates": {"0": 1}}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[["1", "2"]] * 4]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[[1]] * 4]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[[True, False]] * 4]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[[None, {}]] * 4]}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [square(0, 0, 1, 1)]}, "cannot be read"),
        ({"type": "MultiPolygon", "coordinates": square(0, 0, 1, 1)}, "cannot be read"),
        ({"type": "Polygon", "coordinates": square(0, 0, float("nan"), 1)}, "leaves the earth"),
        ({"type": "Polygon", "coordinates": square(0, 0, float("inf"), 1)}, "leaves the earth"),
        ({"type": "Polygon", "coordinates": square(0, 0, 10**400, 1)}, "leaves the earth"),
        ({"type": "Polygon", "coordinates": square(170, 0, 190, 1)}, "leaves the earth"),
        ({"type": "Polygon", "coordinates": [[[29, 147], [30, 147], [30, 148], [29, 147]]]}, "leaves the earth"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "the last the same"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "at least four"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]]}, "crosses itself"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "crosses itself"),
        ({"type": "Polygon", "coordinates": [*square(0, 0, 1, 1), *square(5, 5, 6, 6)]}, "crosses itself"),
        ({"type": "MultiPolygon", "coordinates": [square(0, 0, 2, 2), square(1, 1, 3, 3)]}, "crosses itself"),
        (circle(0, 0, 1, geometry.MAX_POINTS + 1), "too many points"),
        ({"type": "MultiPolygon", "coordinates": [square(0, 0, 1, 1)] * 5000}, "too many points"),
    ],
)
def test_what_is_not_an_area_is_explained(geojson: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        geometry.area(geojson)
    with pytest.raises(ValidationError, match=words):
        geometry.validate_area(geojson)


def test_deep_nesting_is_not_an_area() -> None:
    deep: Any = 1
    for _ in range(50_000):
        deep = [deep]
    for kind in ("Polygon", "MultiPolygon"):
        with pytest.raises(ValueError, match="cannot be read"):
            geometry.area({"type": kind, "coordinates": deep})


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=30,
)
_NUMBER = st.floats(-200, 200) | st.integers(-200, 200) | st.just(0)
_RING = st.lists(st.lists(_NUMBER, min_size=2, max_size=3), min_size=3, max_size=8).map(lambda ring: [*ring, ring[0]])
_COORDINATES = _JUNK | st.lists(_RING, max_size=3) | st.lists(st.lists(_RING, max_size=2), max_size=2)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["Polygon", "MultiPolygon", "Feature", "FeatureCollection"]), _COORDINATES, _JUNK)
def test_nothing_but_a_value_error(kind: str, coordinates: Any, junk: Any) -> None:
    wrapped = {"type": kind, "coordinates": coordinates, "geometry": coordinates, "features": junk}
    for geojson in (wrapped, junk, {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": coordinates}}):
        for read in (geometry.area, geometry.joined):
            try:
                read(geojson)
            except ValueError:
                continue


@pytest.mark.parametrize(
    ("lat", "lng", "inside"),
    [(29.5, 47.5, True), (29, 47, True), (29.5, 48, True), (30.000001, 47.5, False), (47.5, 29.5, False)],
)
def test_a_border_belongs_to_its_area(lat: float, lng: float, inside: bool) -> None:
    assert bool(geometry.Areas([("a", geometry.area(SQUARE))]).around(lat, lng)) is inside


def test_holes_parts_and_heights() -> None:
    holed = {"type": "Polygon", "coordinates": [*square(0, 0, 9, 9), *square(3, 3, 6, 6)]}
    parts = {"type": "MultiPolygon", "coordinates": [square(20, 0, 21, 1), square(30, 0, 31, 1)]}
    high = copy.deepcopy(SQUARE)
    for position in high["coordinates"][0]:
        position.append(100)
    areas = geometry.Areas([(name, geometry.area(one)) for name, one in (("h", holed), ("p", parts), ("z", high))])
    assert [areas.around(*point) for point in ((1, 1), (4, 4), (3, 4))] == [["h"], [], ["h"]]
    assert [areas.around(*point) for point in ((0.5, 20.5), (0.5, 25), (0.5, 30.5), (29.5, 47.5))] == [
        ["p"], [], ["p"], ["z"],
    ]  # fmt: skip


def test_an_area_across_the_antimeridian_has_a_part_on_each_side() -> None:
    fiji = {"type": "MultiPolygon", "coordinates": [square(177, -20, 180, -16), square(-180, -20, -178, -16)]}
    areas = geometry.Areas([("fiji", geometry.area(fiji))])
    assert [bool(areas.around(-18, lng)) for lng in (179, 180, -180, -179, 0, 176)] == [
        True, True, True, True, False, False,
    ]  # fmt: skip
    # Drawn as one ring it is what it says: the long way round the earth.
    around = geometry.Areas([("ring", geometry.area({"type": "Polygon", "coordinates": square(-178, -20, 177, -16)}))])
    assert around.around(-18, 0)


def test_areas_are_joined() -> None:
    feature = {"type": "Feature", "properties": {"a": "\x00"}, "geometry": SQUARE, "bbox": [1]}
    assert set(geometry.joined(feature)) == {"type", "coordinates"}
    collection = {"type": "FeatureCollection", "features": [feature, {**feature, "geometry": FAR}]}
    assert geometry.joined(collection)["type"] == "MultiPolygon"
    neighbours = {"type": "MultiPolygon", "coordinates": [square(0, 0, 1, 1), square(2, 0, 3, 1)]}
    between = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": square(1, 0, 2, 1)}}
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": neighbours}, between]}
    one = geometry.area(geometry.joined(collection))
    assert (one.geom_type, one.area) == ("Polygon", 3)
    for wrong in ({"type": "FeatureCollection", "features": []}, {"type": "FeatureCollection", "features": [SQUARE]}):
        with pytest.raises(ValueError, match="area"):
            geometry.joined(wrong)


def test_square_kilometres() -> None:
    degree = 2 * math.pi * 6371.0088 / 360
    expected = degree * degree * math.cos(math.radians(29.5))
    assert geometry.square_km(geometry.area(SQUARE)) == pytest.approx(expected, rel=1e-4)


def test_two_hundred_large_zones_are_looked_through_quickly() -> None:
    apart = geometry.Areas(
        (number, geometry.area(circle(40 + number % 20 * 0.5, 20 + number // 20 * 0.5, 0.2, 1000)))
        for number in range(200)
    )
    assert apart.points > 200_000
    started = time.perf_counter()
    for _ in range(100):
        assert apart.around(20.1, 40.1) == [0]
        assert apart.around(50, 50) == []
    assert (time.perf_counter() - started) / 200 < 0.002, "15 µs on an ordinary machine"


# --- Who delivers where ---------------------------------------------------------------------------------------------
@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop()


def test_without_active_zones_a_merchant_delivers_everywhere(shop: Shop) -> None:
    merchant, other = shop.merchant, make_shop().merchant
    zone(other, FAR)
    assert coverage.covers(merchant, 29.5, 47.5)
    assert not coverage.covers(other, 29.5, 47.5)
    off = zone(merchant, FAR, is_active=False)
    assert coverage.covers(merchant, 29.5, 47.5)
    CoverageZone.objects.filter(pk=off.pk).update(is_active=True)
    merchant.refresh_from_db()
    assert not coverage.covers(merchant, 29.5, 47.5)
    zone(merchant, name="Near")
    assert coverage.covers(merchant, 29.5, 47.5)
    assert coverage.zones_of(merchant).around(29.5, 47.5)[0][1] == "Near"


@pytest.mark.parametrize(
    "change",
    [
        lambda one, other: CoverageZone.objects.filter(pk=one.pk).update(geojson=FAR),
        lambda one, other: CoverageZone.objects.filter(pk=one.pk).update(is_active=False),
        lambda one, other: CoverageZone.objects.filter(pk=one.pk).update(merchant=other),
        lambda one, other: one.delete(),
        lambda one, other: one.merchant.zones.bulk_create([CoverageZone(merchant=one.merchant, name="b", geojson=FAR)]),
    ],
)  # fmt: skip
def test_every_change_counts(shop: Shop, change: Any) -> None:
    one, other = zone(shop.merchant), make_shop().merchant
    before = shop.merchant.zones_version
    change(one, other)
    shop.merchant.refresh_from_db()
    assert shop.merchant.zones_version > before


def test_zones_are_read_once_and_anew_after_a_change(shop: Shop, django_assert_num_queries: Any) -> None:
    zone(shop.merchant)
    with django_assert_num_queries(1):
        assert coverage.covers(shop.merchant, 29.5, 47.5)
    with django_assert_num_queries(0):
        assert not coverage.covers(shop.merchant, 31, 47.5)
    zone(shop.merchant, FAR, "Far")
    with django_assert_num_queries(1):
        assert coverage.covers(shop.merchant, 0.5, 0.5)


def test_memory_is_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_POINTS_KEPT", 12)
    monkeypatch.setattr(coverage, "_kept", {})
    merchants = [shop.merchant, *(make_shop().merchant for _ in range(5))]
    for merchant in merchants:
        zone(merchant)
        assert coverage.covers(merchant, 29.5, 47.5)
        assert sum(areas.points for _version, areas in coverage._kept.values()) <= 12


def test_a_zone_that_cannot_be_read_covers_nothing(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    zone(shop.merchant, {"type": "Polygon", "coordinates": "nonsense"})
    assert not coverage.covers(shop.merchant, 29.5, 47.5)
    assert "cannot be read" in caplog.text


def test_a_name_is_given_once_and_what_is_no_area_is_not_stored(shop: Shop) -> None:
    zone(shop.merchant)
    for wrong in ({"name": "Town", "geojson": FAR}, {"name": "x", "geojson": {"type": "Point"}}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CoverageZone.objects.create(merchant=shop.merchant, **wrong)


# --- What callers see -----------------------------------------------------------------------------------------------
def test_muvx_names_the_stop(shop: Shop) -> None:
    zone(shop.merchant)
    caller = muvx.Api(shop)
    outside = {"name": "A", "phone": "+96511111111", "address": "S", "lat": 31.0, "lng": 47.5}
    answer = caller.create(muvx.minimal(dropoff=outside))
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "success": False,
            "error": "validation_error",
            "message": "Invalid field: dropoff: The dropoff point lies outside all active coverage zones.",
        },
    )
    assert caller.create(muvx.minimal(dropoff=outside | {"lat": 29.5})).status_code == 200
    assert caller.create(muvx.minimal(integration_order_id="2")).status_code == 200, "no coordinates, no gate"


def test_a_change_takes_effect_in_other_processes_when_their_key_is_read_anew(shop: Shop, settings: Any) -> None:
    settings.API_KEY_CACHE_SECONDS = 0.2
    caller = muvx.Api(shop)
    inside = {"name": "A", "phone": "+96511111111", "address": "S", "lat": 29.5, "lng": 47.5}
    assert caller.create(muvx.minimal(dropoff=inside)).status_code == 200
    CoverageZone.objects.create(merchant=shop.merchant, name="Far", geojson=FAR)  # this process is not told
    time.sleep(0.25)
    assert caller.create(muvx.minimal(integration_order_id="2", dropoff=inside)).status_code == 400
    CoverageZone.objects.update(geojson=SQUARE)
    time.sleep(0.25)
    assert caller.create(muvx.minimal(integration_order_id="3", dropoff=inside)).status_code == 200


def test_an_order_costs_no_statement_more(shop: Shop) -> None:
    caller = muvx.Api(shop)
    inside = {"name": "A", "phone": "+96511111111", "address": "S", "lat": 29.5, "lng": 47.5}

    def cost(number: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert caller.create(muvx.minimal(integration_order_id=number, dropoff=inside)).status_code == 200
        return len(asked)

    cost("1")
    without = cost("2")
    zone(shop.merchant)
    keys._cache.clear()
    cost("3")
    assert cost("4") == without


def test_the_form_says_it_beside_the_place(client: Client, shop: Shop) -> None:
    zone(shop.merchant, FAR)
    client.force_login(MembershipFactory(merchant=shop.merchant).user)
    page = reverse("orders:new")
    for end in ("dropoff", "pickup"):
        data = filled(client, **{f"{end}_lat": "29.5", f"{end}_lng": "47.5"})
        answer = client.post(page, data)
        assert answer.status_code == 200
        assert answer.context["form"].errors == {f"{end}_lat": ["This point lies outside all of your coverage zones."]}
    assert not Order.objects.exists()


def test_fuuffy_names_its_own_field() -> None:
    for end, field in (("pickup", "sender"), ("dropoff", "recipient")):
        status, body = fuuffy.answer_error(OutOfCoverage("It lies outside.", path=end, lat=1, lng=2))
        assert (status, body["error"]["details"]) == (400, [{"field": field, "message": "It lies outside."}])
