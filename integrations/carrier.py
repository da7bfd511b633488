"""What a carrier is to us: book, find, cancel, track. Each room with a `carrier.py` has one child of `Carrier`."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, ClassVar

from django.utils import timezone

from destinations.models import Destination
from orders.models import JSONEncoder, Order

MAX_TEXT = 16_000  # characters of a request or response that are kept
_SECRET = re.compile(
    r'(?i)("?[\w-]*(?:password|secret|token|authorization|api[_-]?key)[\w-]*"?\s*[:=]\s*)("[^"]*"|[^\s,&}]+)'
)


class CarrierError(Exception):
    """A call to a carrier went wrong. The message is the carrier's own, for staff.

    `permanent`: asking again will not help. `path`: the draft path that a refusal is about ("dropoff.phone").
    `unknown`: the carrier may have done it all the same. `retry_after`: how long it asks us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        path: str | None = None,
        unknown: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.path = path
        self.unknown = unknown
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is to be handed over: the order with its items, under the dispatch's stable key."""

    key: str
    order: Order
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Booking:
    """The carrier's yes: its own reference for the parcel."""

    reference: str
    tracking_url: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The carrier says where a parcel is. `key` is the same when the carrier repeats itself; `status` is canonical,
    or None for a word that we do not know; `at` is the carrier's time of it."""

    key: str
    status: str | None
    mark: str = ""
    text: str = ""
    at: datetime | None = None
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Said:
    """One exchange with a carrier while it happens; a carrier fills in what it knows."""

    verb: str
    request: str = ""
    response: str = ""
    status_code: int | None = None
    error: str = ""
    duration: timedelta = timedelta()
    created_at: datetime = field(default_factory=timezone.now)


class Transcript:
    """What was said during one call of ours, to be stored by the caller with the outcome."""

    def __init__(self) -> None:
        self.said: list[Said] = []

    @contextmanager
    def exchange(self, verb: str, request: Any) -> Iterator[Said]:
        said = Said(verb, request=readable(request))
        self.said.append(said)
        started = monotonic()
        try:
            yield said
        except CarrierError as error:
            said.error = str(error)
            raise
        finally:
            said.duration = timedelta(seconds=monotonic() - started)
            said.response = readable(said.response)


def readable(body: Any) -> str:
    """A body as text for people: secrets blotted out, cut to `MAX_TEXT` characters."""
    text = body if isinstance(body, str) else json.dumps(body, cls=JSONEncoder, ensure_ascii=False)
    return _SECRET.sub(r'\1"…"', text.replace("\x00", ""))[:MAX_TEXT]


class Carrier(ABC):
    """A carrier account. Called with no transaction open, from any thread; raises `CarrierError` and nothing else."""

    poll_seconds: ClassVar[float] = 60
    track_batch: ClassVar[int] = 25

    def __init__(self, destination: Destination, transcript: Transcript) -> None:
        self.destination = destination
        self.transcript = transcript

    @classmethod  # noqa: B027 (a carrier may have no settings)
    def check_settings(cls, stored: dict[str, Any]) -> None:
        """Raises ValueError, with words for the person who wrote them, if a destination's settings are wrong."""

    @abstractmethod
    def book(self, consignment: Consignment) -> Booking:
        """Hands the parcel over."""

    @abstractmethod
    def find(self, consignment: Consignment) -> Booking | None:
        """The booking that the carrier already has under this parcel's key, None if it surely has none."""

    @abstractmethod
    def cancel(self, consignment: Consignment, reference: str) -> None:
        """Takes the parcel back. A permanent `CarrierError` means that the carrier refuses."""

    @abstractmethod
    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        """The reports about each (given with its reference), oldest first, by its key. At most `track_batch`
        consignments a call; what was reported before may be reported again."""
