"""Cities, regions and package sizes, which callers name by number and lists show by name."""

import re
import time
from functools import cached_property, lru_cache
from typing import Any

from destinations.models import City, PackageSize, Region

# How long names are remembered: `manage.py places` shows that much later in processes that have read them.
_SECONDS = 5
# Of an address that came this way, or is shown as if it had.
PARTS = {"city", "city_id", "region", "region_id", "location"}
_NUMBER = re.compile(r"[0-9]{1,10}")


class Places:
    """All of them by number, in the order of the numbers; each kind is read when it is first needed."""

    @cached_property
    def cities(self) -> dict[int, str]:
        return dict(City.objects.values_list("pk", "name"))

    @cached_property
    def regions(self) -> dict[int, tuple[int, str]]:
        """City and name of each."""
        return {number: (city, name) for number, city, name in Region.objects.values_list("pk", "city", "name")}

    @cached_property
    def sizes(self) -> dict[int, str]:
        return dict(PackageSize.objects.values_list("pk", "name"))

    @cached_property
    def _city_numbers(self) -> dict[str, int]:
        return {name: number for number, name in self.cities.items()}

    @cached_property
    def _region_numbers(self) -> dict[tuple[int, str], int]:
        return {place: number for number, place in self.regions.items()}

    def parts(self, region: int, location: str) -> dict[str, str]:
        """An address in this region, which must be a known one, as an order keeps it."""
        city, name = self.regions[region]
        numbers = {"city_id": str(city), "region_id": str(region)}
        return {"city": self.cities[city], "region": name, "location": location, **numbers}

    def of(self, order: Any) -> dict[str, str]:
        """Where the order goes. City and region have their numbers if it came with them, or has the very names."""
        parts = order.dropoff_parts
        city, region = str(parts.get("city") or ""), str(parts.get("region") or parts.get("area") or "")
        if parts.keys() == PARTS and _NUMBER.fullmatch(parts["city_id"]) and _NUMBER.fullmatch(parts["region_id"]):
            city_id, region_id, location = parts["city_id"], parts["region_id"], parts["location"]
        else:  # another dialect's, whose names are the caller's own
            city_id = self._city_numbers.get(city, 0) if city else 0
            region_id = self._region_numbers.get((city_id, region), 0) if city_id and region else 0
            location = order.dropoff_address
        return {
            "city_name": city,
            "region_name": region,
            "city_id": str(city_id),
            "region_id": str(region_id),
            "location": location,
        }

    def size_of(self, order: Any) -> str:
        """Empty for an order that came without one."""
        number = str(order.extras.get("package_size") or "")
        return self.sizes.get(int(number), "") if _NUMBER.fullmatch(number) else ""


def places() -> Places:
    return _read(int(time.monotonic() / _SECONDS))


@lru_cache(maxsize=1)
def _read(period: int) -> Places:
    return Places()


def forget() -> None:
    _read.cache_clear()
