"""Areas and distances on the earth. Points are `(lat, lng)` in WGS 84 degrees; GeoJSON has them the other way round."""

import math
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from shapely import STRtree
from shapely.errors import ShapelyError
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

_EARTH_METRES = 6_371_008.8
# More than any town's border needs; each check of an order looks at all points of the zones around it.
MAX_POINTS = 20_000


def area(geojson: Any) -> BaseGeometry:
    """The shape of a GeoJSON Polygon or MultiPolygon. Raises ValueError, with words for who wrote it."""
    if not isinstance(geojson, dict) or geojson.get("type") not in ("Polygon", "MultiPolygon"):
        raise ValueError(_("An area is a GeoJSON Polygon or MultiPolygon."))
    try:
        found = shape(geojson)
        size = len(found.wkb) // 16
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(_("The coordinates of the area cannot be read.")) from error
    if size > MAX_POINTS:
        raise ValueError(_("The area has too many points: simplify it."))
    if found.is_empty or not found.is_valid or found.area == 0:
        raise ValueError(_("The area is empty or its border crosses itself."))
    west, south, east, north = found.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError(_("The area leaves the earth: coordinates are [longitude, latitude]."))
    return found


def validate_area(geojson: Any) -> None:
    """The same as Django's `ValidationError`."""
    try:
        area(geojson)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class Areas:
    """Many areas, each with a name of the caller's, and a quick answer to which of them a point lies in."""

    def __init__(self, areas: Iterable[tuple[Any, BaseGeometry]]) -> None:
        found = list(areas)
        self._names = [name for name, _shape in found]
        self._tree = STRtree([shape for _name, shape in found])

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
