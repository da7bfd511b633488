"""What a carrier is to us: translate, book, find, cancel, track, and hear. Each room with a `carrier.py` has one child
of `Carrier`; those that are reached over HTTP inherit from `integrations.client.HttpCarrier`."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, ClassVar

from django.utils import timezone

from destinations.models import Destination
from integrations.bodies import no_constant, storable
from integrations.models import CarrierAccount
from integrations.translation import Translation
from orders.models import JSONEncoder, Order

MAX_TEXT = 16_000  # characters of a request or response that are kept
# Tried at the beginnings of words only, and never twice: what a carrier answers may be one long word.
_SECRET = re.compile(
    r'(?i)("?(?<![\w-])[\w-]*(?:password|secret|token|authorization|api[_-]?key|client_id|username)[\w-]*+"?\s*+[:=]\s*+)'
    r'("(?:[^"\\]|\\.)*+"|[^\s,&}]+)'
)


class CarrierError(Exception):
    """A call to a carrier went wrong. The message is the carrier's own, for staff.

    `permanent`: asking again will not help. `path`: the draft path that a refusal is about ("dropoff.phone").
    `unknown`: the carrier may have done it all the same. `retry_after`: how long it asks us to wait. `paced`: nobody
    was asked, because the carrier's limit of calls is used up; no attempt was made. `credentials`: it does not know us,
    so that nothing else will go well either. `burnt`: there was a parcel under this key and it is dead, so that
    another key is needed.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        path: str | None = None,
        unknown: bool = False,
        retry_after: timedelta | None = None,
        paced: bool = False,
        credentials: bool = False,
        burnt: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.path = path and path[:80]  # as much as an order keeps
        self.unknown = unknown
        self.retry_after = retry_after
        self.paced = paced
        self.credentials = credentials
        self.burnt = burnt

    @property
    def is_trouble(self) -> bool:
        """It says something about the carrier rather than about this parcel."""
        return self.credentials or not (self.permanent or self.paced or self.burnt)


class NotGenuine(Exception):
    """A callback is not from the carrier: its signature or token is wrong or missing."""


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is to be handed over: the order with its items, under the dispatch's stable key. `body` is what `prepare`
    has made of it, the same at every repetition."""

    key: str
    order: Order
    attempt: int = 1
    body: Any = None


@dataclass(frozen=True, slots=True)
class Booking:
    """The carrier's yes: its own reference for a parcel that is alive. `label_url`: where its PDF label is. A reference
    that we could not keep is an unknown outcome; a tracking page that is no address is none."""

    reference: str
    tracking_url: str = ""
    label_url: str = ""

    def __post_init__(self) -> None:
        if not 0 < len(self.reference) <= 255:
            raise CarrierError(f"Its yes has no usable id: {self.reference[:80]!r}", unknown=True)
        if not (self.tracking_url.startswith(("https://", "http://")) and len(self.tracking_url) <= 1000):
            object.__setattr__(self, "tracking_url", "")  # people click on it


@dataclass(frozen=True, slots=True)
class Report:
    """The carrier says where a parcel is. `key` is the same when the carrier repeats itself; `status` is canonical,
    or None for a word that we do not know; `at` is the carrier's time of it. `word`: for carriers that only say where
    the parcel is now: the same word as last time is no news, whatever its key."""

    key: str
    status: str | None
    mark: str = ""
    text: str = ""
    at: datetime | None = None
    body: dict[str, Any] = field(default_factory=dict)
    word: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """A request that came to an account's callback address. `headers` are found whatever the case of their names."""

    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Raises ValueError for anything but a JSON object that can be stored."""
        try:
            found = storable(json.loads(self.body, parse_constant=no_constant))
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")
        return found


@dataclass(frozen=True, slots=True)
class Heard:
    """What a callback says about one parcel, which it names by our `key`, by the carrier's `reference`, or both."""

    report: Report
    reference: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """How an answer differs from its document: `change` is a `Drift.Change`; `body` is the answer, for people."""

    call: str
    path: str
    change: str
    detail: str = ""
    body: str = ""


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
        self.drift: list[Difference] = []

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
    """A body as text for people that can be stored: secrets blotted out, cut to `MAX_TEXT` characters."""
    text = body if isinstance(body, str) else json.dumps(body, cls=JSONEncoder, ensure_ascii=False)
    text = text.encode(errors="replace").decode().replace("\x00", "")  # half a surrogate pair, and NUL
    return _SECRET.sub(r'\1"…"', text[:MAX_TEXT])[:MAX_TEXT]


class Carrier(ABC):
    """A carrier account. Called with no transaction open, from any thread; raises `CarrierError` and nothing else
    (`read_callback` also `NotGenuine` and ValueError).

    `pages`: its own pages of the portal about a destination: names of addresses that take its id, each with its title.
    `repeatable`: booking again under the same key and body gives the same parcel, so that it need not be looked for.
    `guards_keys`: it never takes one key twice, or finds a booking the moment that it is made; else nobody but us keeps
    a slow attempt and its successor apart. `track_batch`: how many parcels one call of `track` can ask about.
    `in_hurry`: bookings and cancels go before what can be asked later, where a vendor limits the calls. `fix_page`: the
    URL name of the page on which a person says where an order goes whose address it cannot take.
    """

    guards_keys: ClassVar[bool] = True
    pages: ClassVar[tuple[tuple[str, Any], ...]] = ()
    poll_seconds: ClassVar[float] = 60
    track_batch: ClassVar[int] = 25
    repeatable: ClassVar[bool] = False
    has_label: ClassVar[bool] = False
    in_hurry = True
    fix_page: ClassVar[str] = ""

    def __init__(self, destination: Destination, transcript: Transcript) -> None:
        self.destination = destination
        self.transcript = transcript

    @property
    def account(self) -> CarrierAccount:
        """Raises a permanent `CarrierError` for a destination that has none."""
        try:
            return self.destination.account
        except CarrierAccount.DoesNotExist as error:
            raise CarrierError("This destination is not connected: enter its credentials.", credentials=True) from error

    @classmethod  # noqa: B027 (a carrier may have no settings)
    def check_settings(cls, stored: dict[str, Any]) -> None:
        """Raises ValueError, with words for the person who wrote them, if a destination's settings are wrong."""

    @property
    def writes_first(self) -> bool:
        """Whether a booking has a body, which is on our row before it is sent."""
        return type(self).translate is not Carrier.translate

    def check(self) -> str:
        """ "Test connection": a real call that changes nothing. What it found, for people."""
        return ""

    def translate(self, consignment: Consignment) -> Translation:
        """The order in the carrier's words, as far as that can be said without asking anybody. A permanent
        `CarrierError` with the path of what it cannot take."""
        return Translation(None)

    def prepare(self, consignment: Consignment) -> Translation:
        """The same before a booking, when the carrier may be asked for what the body needs; no parcel comes of it."""
        return self.translate(consignment)

    @abstractmethod
    def book(self, consignment: Consignment) -> Booking:
        """Hands the parcel over."""

    @abstractmethod
    def find(self, consignment: Consignment) -> Booking | None:
        """The booking that the carrier already has under this parcel's key, None if it surely has none. Not asked of a
        carrier that is `repeatable`."""

    @abstractmethod
    def cancel(self, consignment: Consignment, reference: str) -> None:
        """Takes the parcel back. A permanent `CarrierError` means that the carrier refuses."""

    @abstractmethod
    def track(self, consignments: Sequence[tuple[Consignment, str]]) -> dict[str, list[Report]]:
        """The reports about each (given with its reference), oldest first, by its key. At most `track_batch`
        consignments a call; what was reported before may be reported again."""

    def label(self, consignment: Consignment, reference: str, url: str) -> bytes:
        """The carrier's label, a PDF; `url` is the booking's `label_url`."""
        raise CarrierError("This carrier has no labels.", permanent=True)

    def read_callback(self, callback: Callback) -> list[Heard]:
        """What the carrier's own call to us says. Raises `NotGenuine`, or ValueError for a body that makes no sense."""
        raise NotGenuine("This carrier does not call us.")
