"""Which destination takes an order, and why. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from destinations.models import Environment, Source


class RoutingError(Exception):
    """No destination can take the order. `asked` tells whether the caller named the destination that cannot."""

    def __init__(self, message: str, *, asked: bool) -> None:
        super().__init__(message)
        self.asked = asked


@dataclass(frozen=True, slots=True)
class Candidate:
    """A destination of a source, as far as routing cares. `pk` is the row's, `id` the public id."""

    pk: int
    id: str
    name: str
    provider: str
    environment: str
    is_active: bool
    is_default: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """The chosen destination and the record that is stored with the order.

    `record` is `{"rule": code, "chosen": public id, "candidates": [{"id", "name", "environment", "is_default",
    "verdict": "chosen" | reason code}]}`, JSON, so that it still reads right when the destinations have changed.
    """

    chosen: Candidate
    record: dict[str, Any]


# Plain SQL because every order at intake runs it, and building it by the ORM costs five times what asking it does.
_CANDIDATES = """
    SELECT d.id, d.public_id, d.name, d.provider, d.environment, d.is_active, r.is_default
      FROM destinations_route r JOIN destinations_destination d ON d.id = r.destination_id
     WHERE r.source_id = %s
     ORDER BY r.is_default DESC, r.position, r.id
"""


def candidates_of(source: Source) -> Sequence[Candidate]:
    """The source's destinations, default first: what `decide` chooses from. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, [source.pk])
        return [Candidate(*row) for row in cursor.fetchall()]


def decide(candidates: Sequence[Candidate], *, asked: str | None, is_test: bool) -> Decision:
    """The destination that was asked for, else the source's default.

    `asked` is a destination's public id. Raises `RoutingError` when the one asked for is not an active destination of
    the source, when there is no default, or when a test order would reach a production destination.
    """
    chosen = _asked(candidates, asked) if asked else _default(candidates)
    if is_test and chosen.environment != Environment.SANDBOX:
        raise RoutingError(
            f"Destination {chosen.id} is a production destination and this is a test key: "
            "name a sandbox destination, or use a live key.",
            asked=bool(asked),
        )
    return Decision(
        chosen,
        {
            "rule": "asked" if asked else "default",
            "chosen": chosen.id,
            "candidates": [
                {
                    "id": candidate.id,
                    "name": candidate.name,
                    "environment": candidate.environment,
                    "is_default": candidate.is_default,
                    "verdict": _verdict(candidate, chosen, asked=bool(asked), is_test=is_test),
                }
                for candidate in candidates
            ],
        },
    )


def _asked(candidates: Sequence[Candidate], asked: str) -> Candidate:
    for candidate in candidates:
        if candidate.id == asked:
            if not candidate.is_active:
                raise RoutingError(f"Destination {asked} is not active.", asked=True)
            return candidate
    # The same words for an unknown destination and for another merchant's: neither exists for this caller.
    raise RoutingError(f"There is no destination {asked} for this source.", asked=True)


def _default(candidates: Sequence[Candidate]) -> Candidate:
    for candidate in candidates:
        if candidate.is_default:
            return candidate
    raise RoutingError("This source has no default destination: connect one, or name a destination.", asked=False)


def _verdict(candidate: Candidate, chosen: Candidate, *, asked: bool, is_test: bool) -> str:
    if candidate is chosen:
        return "chosen"
    if not candidate.is_active:
        return "inactive"
    if is_test and candidate.environment != Environment.SANDBOX:
        return "production"
    return "not_asked" if asked else "not_default"
