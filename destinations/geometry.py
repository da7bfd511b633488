"""Areas and distances on the earth. Points are `(lat, lng)` in WGS 84 degrees; GeoJSON has them the other way round."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Any

import shapely
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

_EARTH_METRES = 6_371_008.8
# More than any town's border needs; each check of an order looks at the points of the zones around it.
MAX_POINTS = 20_000
# What covers nothing, for a zone that cannot be read.
NOWHERE = Polygon()


def area(geojson: Any) -> BaseGeometry:
    """The shape of a GeoJSON Polygon or MultiPolygon; heights are ignored. Raises ValueError, with words for who wrote
    it.

    An area across the 180th meridian is a MultiPolygon with a part on each side, as RFC 7946 asks (section 3.1.9).
    """
    if not isinstance(geojson, dict) or geojson.get("type") not in ("Polygon", "MultiPolygon"):
        raise ValueError(_("An area is a GeoJSON Polygon or MultiPolygon."))
    raw = geojson.get("coordinates")
    parts = [_rings(part) for part in (_listed(raw) if geojson["type"] == "MultiPolygon" else [raw])]
    if sum(len(ring) for part in parts for ring in part) > MAX_POINTS:
        raise ValueError(_("The area has too many points: simplify it."))
    polygons = [Polygon(rings[0], rings[1:]) for rings in parts]
    found = polygons[0] if geojson["type"] == "Polygon" else MultiPolygon(polygons)
    if not found.is_valid or found.area == 0:
        raise ValueError(_("The area is empty or its border crosses itself."))
    return found


def _rings(raw: Any) -> list[list[tuple[float, float]]]:
    rings = [[_position(position) for position in _listed(ring)] for ring in _listed(raw)]
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise ValueError(_("Each ring of an area has at least four points, the last the same as the first."))
    return rings


def _listed(raw: Any) -> list[Any]:
    """Not empty, and not so long that looking at it would take long."""
    if not isinstance(raw, list) or not raw:
        raise ValueError(_("The coordinates of the area cannot be read."))
    if len(raw) > MAX_POINTS:
        raise ValueError(_("The area has too many points: simplify it."))
    return raw


def _position(raw: Any) -> tuple[float, float]:
    numbers = isinstance(raw, list) and len(raw) >= 2 and all(type(value) in (int, float) for value in raw[:2])
    if not numbers:
        raise ValueError(_("The coordinates of the area cannot be read."))
    lng, lat = raw[:2]
    if not (-180 <= lng <= 180 and -90 <= lat <= 90):  # false for what is not a number, too
        raise ValueError(_("The area leaves the earth: coordinates are [longitude, latitude]."))
    return float(lng), float(lat)


def validate_area(geojson: Any) -> None:
    """The same as Django's `ValidationError`."""
    try:
        area(geojson)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def joined(geojson: Any) -> dict[str, Any]:
    """One GeoJSON Polygon or MultiPolygon of all areas in a Polygon, MultiPolygon, Feature or FeatureCollection.

    Raises ValueError, also for a collection with anything else in it.
    """
    shapes = [area(geometry) for geometry in _geometries(geojson)]
    try:
        union = shapely.union_all(shapes)
    except ShapelyError as error:
        raise ValueError(_("The coordinates of the area cannot be read.")) from error
    if shapely.get_num_coordinates(union) > MAX_POINTS:
        raise ValueError(_("The area has too many points: simplify it."))
    return json.loads(shapely.to_geojson(union))


def _geometries(geojson: Any) -> Iterator[Any]:
    match geojson:
        case {"type": "FeatureCollection", "features": [_first, *_rest] as features}:
            for feature in features:
                if not isinstance(feature, dict) or feature.get("type") != "Feature":
                    raise ValueError(_("A collection of areas consists of features."))
                yield feature.get("geometry")
        case {"type": "Feature"}:
            yield geojson.get("geometry")
        case _:
            yield geojson


class Areas:
    """Many areas, each with a name of the caller's, and a quick answer to which of them a point lies in."""

    def __init__(self, areas: Iterable[tuple[Any, BaseGeometry]]) -> None:
        found = list(areas)
        self._names = [name for name, _shape in found]
        shapes = [shape for _name, shape in found]
        self.points = int(shapely.get_num_coordinates(shapes).sum())
        self._tree = shapely.STRtree(shapes)

    def __len__(self) -> int:
        return len(self._names)

    def around(self, lat: float, lng: float) -> list[Any]:
        """The names of the areas that the point lies in or on the border of."""
        return [self._names[number] for number in sorted(self._tree.query(Point(lng, lat), predicate="intersects"))]


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The distance as the crow flies between two `(lat, lng)`."""
    lat_a, lat_b = math.radians(a[0]), math.radians(b[0])
    north, east = lat_b - lat_a, math.radians(b[1] - a[1])
    half = math.sin(north / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(east / 2) ** 2
    return 2 * _EARTH_METRES * math.asin(min(1.0, math.sqrt(half)))


def square_km(shape: BaseGeometry) -> float:
    """The area on a sphere: the cylindrical projection of equal areas keeps it."""
    radius = _EARTH_METRES / 1000

    def flat(points: Any) -> Any:
        radians = points * (math.pi / 180)
        radians[:, 1] = [math.sin(lat) for lat in radians[:, 1]]
        return radians * radius

    return float(shapely.transform(shape, flat).area)


@cache
def city_of(timezone: str) -> tuple[float, float] | tuple[None, None]:
    """Latitude and longitude of the city that a time zone is named after, to the minute; Nones for one without."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text()
    for line in table.splitlines():
        columns = line.split("\t")
        if len(columns) > 2 and columns[2] == timezone:
            lat, lng = re.fullmatch(r"([+-]\d+)([+-]\d+)", columns[1]).groups()  # type: ignore[union-attr]
            return _degrees(lat, 2), _degrees(lng, 3)
    return None, None


def _degrees(written: str, digits: int) -> float:
    """+3321 or +332100 (degrees, minutes, seconds) as degrees."""
    sign, number = (-1 if written[0] == "-" else 1), written[1:]
    degrees, minutes, seconds = number[:digits], number[digits : digits + 2], number[digits + 2 :] or "0"
    return sign * (int(degrees) + int(minutes) / 60 + int(seconds) / 3600)


def outline(shape: BaseGeometry, *, size: int) -> tuple[str, int, int]:
    """The borders as the `d` of an SVG path, at most `size` units wide and high, with its width and height."""
    west, south, east, north = shape.bounds
    narrow = math.cos(math.radians((south + north) / 2)) or 1.0  # how long a degree is from west to east
    scale = size / max((east - west) * narrow, north - south)

    def ring(points: Any) -> str:
        return "M" + "L".join(f"{(lng - west) * narrow * scale:.1f} {(north - lat) * scale:.1f}" for lng, lat in points)

    rings = [ring(ring_of.coords) for part in shapely.get_parts(shape) for ring_of in (part.exterior, *part.interiors)]
    return "Z".join(rings) + "Z", round((east - west) * narrow * scale), round((north - south) * scale)
