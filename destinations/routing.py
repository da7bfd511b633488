"""Which destination takes an order, and why. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from destinations.models import Environment, Route, Source


class RoutingError(Exception):
    """No destination can take the order. `asked` tells whether the caller named the destination that cannot."""

    def __init__(self, message: str, *, asked: bool) -> None:
        super().__init__(message)
        self.asked = asked


@dataclass(frozen=True, slots=True)
class Decision:
    """The chosen route and the record that is stored with the order.

    `record` is `{"rule": code, "chosen": public_id, "candidates": [{"id", "name", "environment", "is_default",
    "verdict": "chosen" | reason code}]}`, JSON, so that it still reads right when the destinations have changed.
    """

    route: Route
    record: dict[str, Any]


def routes_of(source: Source) -> Sequence[Route]:
    """The source's routes with their destinations, default first: what `decide` chooses from."""
    return list(
        Route.objects.filter(source=source).select_related("destination").order_by("-is_default", "position", "id")
    )


def decide(routes: Sequence[Route], *, asked: str | None, is_test: bool) -> Decision:
    """The destination that was asked for, else the source's default.

    `asked` is a destination's public id. Raises `RoutingError` when the one asked for is not an active destination of
    the source, when there is no default, or when a test order would reach a production destination.
    """
    wanted = _asked_route(routes, asked) if asked else _default_route(routes)
    if is_test and wanted.destination.environment != Environment.SANDBOX:
        raise RoutingError(
            f"Destination {wanted.destination.public_id} is a production destination and this is a test key: "
            "name a sandbox destination, or use a live key.",
            asked=bool(asked),
        )
    return Decision(
        route=wanted,
        record={
            "rule": "asked" if asked else "default",
            "chosen": wanted.destination.public_id,
            "candidates": [
                {
                    "id": route.destination.public_id,
                    "name": route.destination.name,
                    "environment": route.destination.environment,
                    "is_default": route.is_default,
                    "verdict": _verdict(route, wanted, asked=bool(asked), is_test=is_test),
                }
                for route in routes
            ],
        },
    )


def _asked_route(routes: Sequence[Route], asked: str) -> Route:
    for route in routes:
        if route.destination.public_id == asked:
            if not route.destination.is_active:
                raise RoutingError(f"Destination {asked} is not active.", asked=True)
            return route
    # The same words for an unknown destination and for another merchant's: neither exists for this caller.
    raise RoutingError(f"There is no destination {asked} for this source.", asked=True)


def _default_route(routes: Sequence[Route]) -> Route:
    for route in routes:
        if route.is_default:
            return route
    raise RoutingError("This source has no default destination: connect one, or name a destination.", asked=False)


def _verdict(route: Route, wanted: Route, *, asked: bool, is_test: bool) -> str:
    if route is wanted:
        return "chosen"
    if not route.destination.is_active:
        return "inactive"
    if is_test and route.destination.environment != Environment.SANDBOX:
        return "production"
    return "not_asked" if asked else "not_default"
