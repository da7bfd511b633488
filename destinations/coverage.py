"""Whether a merchant delivers at a point. Its zones are kept as shapes in each process, and read anew when
`Merchant.zones_version` says that they have changed."""

import logging

from shapely.geometry.base import BaseGeometry

from destinations import geometry
from destinations.models import CoverageZone, Merchant

logger = logging.getLogger(__name__)

_POINTS_KEPT = 2_000_000  # of all merchants' zones together: some 32 MB
_kept: dict[int, tuple[int, geometry.Areas]] = {}


def zones_of(merchant: Merchant) -> geometry.Areas:
    """The merchant's active zones, named by their rows' `(uuid, name)`. No query unless they have changed."""
    version, areas = _kept.get(merchant.pk, (-1, None))
    if areas is None or version != merchant.zones_version:
        zones = CoverageZone.objects.filter(merchant=merchant, is_active=True)
        areas = geometry.Areas(((zone.uuid, zone.name), _shape(zone)) for zone in zones)
        if sum(others.points for _version, others in list(_kept.values())) + areas.points > _POINTS_KEPT:
            _kept.clear()
        _kept[merchant.pk] = (merchant.zones_version, areas)
    return areas


def _shape(zone: CoverageZone) -> BaseGeometry:
    """A zone that cannot be read covers nothing: to deliver everywhere instead would be worse."""
    try:
        return geometry.area(zone.geojson)
    except ValueError:
        logger.exception("coverage zone cannot be read", extra={"zone": zone.pk})
        return geometry.NOWHERE


def covers(merchant: Merchant, lat: float, lng: float) -> bool:
    """True also for a merchant without active zones, who delivers everywhere."""
    if not merchant.zones_version:  # has never had one
        return True
    zones = zones_of(merchant)
    return not len(zones) or bool(zones.around(lat, lng))
