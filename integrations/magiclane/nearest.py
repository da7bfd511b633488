"""Which of a merchant's depots is nearest to a point in travel time.

A server of the Open Source Routing Machine knows (its table service, named by `ROUTING_URL`); without one, or when it
fails, it is the nearest by straight line, which is the same at a constant speed.
"""

import heapq
import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from destinations import geometry
from destinations.models import Depot, Merchant
from integrations import http

logger = logging.getLogger(__name__)

# Of these the server is asked; those further away by line are hardly nearer by road.
CANDIDATES = 25
TIMEOUT = 3  # seconds

Point = tuple[float, float]  # (lat, lng)


def nearest_depot(merchant: Merchant, point: Point) -> int | None:
    """The id of the depot; None when there is none. May call out: not within a transaction."""
    depots = Depot.objects.filter(merchant=merchant, is_depot=True).values_list("pk", "lat", "lng").iterator()
    # By line, and among equals the older one.
    near = heapq.nsmallest(CANDIDATES, depots, key=lambda depot: (geometry.metres(point, depot[1:]), depot[0]))
    if not near:
        return None
    return near[_first_by_road(point, [(lat, lng) for _, lat, lng in near])][0]


def _first_by_road(point: Point, places: Sequence[Point]) -> int:
    """The number of the place that is reached first; 0, the first by line, when nobody knows better."""
    if not settings.ROUTING_URL or len(places) == 1:
        return 0
    path = ";".join(f"{lng:.6f},{lat:.6f}" for lat, lng in (point, *places))
    url = f"{settings.ROUTING_URL}/table/v1/driving/{path}?sources=0&annotations=duration"
    try:
        seconds = _durations(http.get_json(url, TIMEOUT), len(places))
    except (http.HttpError, ValueError) as error:
        logger.warning("the routing server is of no use, the straight line decides: %s", error)
        return 0
    reachable = {number: duration for number, duration in enumerate(seconds) if duration is not None}
    return min(reachable, key=lambda number: reachable[number], default=0)


def _durations(answer: Any, count: int) -> list[float | None]:
    """Seconds to each place, None where no road leads. Raises ValueError for an answer that is not one."""
    match answer:
        case {"code": "Ok", "durations": [[_, *durations]]} if len(durations) == count:
            if all(value is None or (type(value) in (int, float) and value >= 0) for value in durations):
                return durations
    raise ValueError("its answer is no table of durations")
