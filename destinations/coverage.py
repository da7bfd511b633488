"""Whether a merchant delivers at a point. Its zones are kept as shapes in each process, and read anew when
`Merchant.zones_version` says that they have changed."""

from destinations import geometry
from destinations.models import CoverageZone, Merchant

_MERCHANTS_KEPT = 500
_kept: dict[int, tuple[int, geometry.Areas]] = {}


def zones_of(merchant: Merchant) -> geometry.Areas:
    """The merchant's active zones, named by their rows' `(uuid, name)`. No query unless they have changed."""
    version, areas = _kept.get(merchant.pk, (-1, None))
    if areas is None or version != merchant.zones_version:
        zones = CoverageZone.objects.filter(merchant=merchant, is_active=True)
        areas = geometry.Areas(((zone.uuid, zone.name), geometry.area(zone.geojson)) for zone in zones)
        if len(_kept) >= _MERCHANTS_KEPT:
            _kept.clear()
        _kept[merchant.pk] = (merchant.zones_version, areas)
    return areas


def covers(merchant: Merchant, lat: float, lng: float) -> bool:
    """True also for a merchant without active zones, who delivers everywhere."""
    if not merchant.zones_version:  # has never had one
        return True
    zones = zones_of(merchant)
    return not len(zones) or bool(zones.around(lat, lng))
