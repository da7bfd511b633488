"""What all carriers that are reached over HTTP share: one way to call, to log in, to log what was said, and to tell
what an answer means for the parcel."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations import accounts, drift, http, lanes
from integrations.bodies import storable
from integrations.carrier import MAX_TEXT, Carrier, CarrierError, Consignment, Report, readable
from integrations.http import HttpError, Reply
from integrations.models import Exchange
from orders.models import JSONEncoder

TIMEOUT = 10  # seconds for the whole of a call; the lease of an attempt allows for a log-in and a second try
_LOGGED = 4 * MAX_TEXT  # bytes: enough for as many characters
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the carrier said: `data` is its body as JSON, None when it has none. `get` finds what is in it."""

    status: int
    data: Any

    def get(self, *path: str | int) -> Any:
        """What is at `path` ("data", 0, "id"); None where there is nothing, whatever the shape."""
        return dig(self.data, *path)

    def text(self, *path: str | int) -> str:
        """The same as text: numbers too, since some carriers write an id one way today and another tomorrow."""
        return text(self.get(*path))


def dig(found: Any, *path: str | int) -> Any:
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found


def text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def time_of(value: Any) -> datetime | None:
    """A time with its zone, in ISO 8601; None for anything else."""
    try:
        found = parse_datetime(text(value))
    except ValueError:
        return None
    return found if found and found.tzinfo else None


class HttpCarrier(Carrier):
    """A carrier that speaks JSON over HTTP.

    `dialect`: whose reference its answers are measured against. `pace`: the vendor's documented limit, calls and
    seconds. `logs_in`: `log_in` gives a token for the credentials, which is kept and renewed once when it is refused.
    """

    dialect: ClassVar[str] = ""
    pace: ClassVar[tuple[int, float] | None] = None
    logs_in: ClassVar[bool] = False
    # So long after a call that we gave up, the carrier may still be at work on it: "not there" is believed only then.
    settles: ClassVar[timedelta] = timedelta(seconds=15)

    # --- For the rooms ------------------------------------------------------------------------------------------
    def authorise(self, secret: str, headers: dict[str, str], query: dict[str, str]) -> None:
        """Puts the token, or the key where there is no log-in, into a call."""
        headers["Authorization"] = f"Bearer {secret}"

    def sign(self, secret: str, headers: dict[str, str], content: bytes) -> None:
        """Puts a signature of what is sent into a call."""

    def log_in(self) -> tuple[str, timedelta]:
        """A new token and its life. Calls with `secret=""`, so that no token is wanted for it."""
        raise NotImplementedError

    def is_stale(self, answer: Answer) -> bool:
        """Whether the carrier refuses the token or key of this call."""
        return answer.status == 401

    def refusal(self, answer: Answer) -> CarrierError:
        """The carrier says no to what was asked. By default for good; a room reads its vendor's error, with the field
        that it is about as a draft path."""
        return CarrierError(said(answer), permanent=True)

    # --- One call -----------------------------------------------------------------------------------------------
    def call(
        self,
        verb: str,
        method: str,
        path: str,
        *,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        reads: bool = False,
        secret: str | None = None,
        refused_is_fine: tuple[int, ...] = (),
        max_answer: int = 1_000_000,
        keep: Callable[[dict[str, Any]], Any] | None = None,
    ) -> Answer:
        """Asks the carrier, with a `body` as JSON or a `form`, and gives its answer when it is a yes (2xx), or one of
        `refused_is_fine`. `path` is the documented one; its {names} are filled from `names`. `reads`: the call changes
        nothing there, so that it is never unknown whether it did. `keep` gets each object of a long answer and gives
        what stands in its place, so that it is never all in memory; such an answer is not measured against its
        document. Without a `secret` of its own it is authorised, and repeated once with a new token when the first is
        refused.

        Raises `CarrierError`: with `unknown` unless it is sure that nothing was done.
        """
        own = secret is None
        used = self._secret() if own else secret or ""
        answer = self._once(verb, method, path, body, form, query, headers, names, reads, used, max_answer, keep)
        if own and self.logs_in and self.is_stale(answer):
            used = self._secret(refused=used)
            answer = self._once(verb, method, path, body, form, query, headers, names, reads, used, max_answer, keep)
        if self.is_stale(answer):
            raise CarrierError(f"It does not accept our credentials: {said(answer)}", credentials=True)
        if 200 <= answer.status < 300 or answer.status in refused_is_fine:
            return answer
        raise self.refusal(answer)

    def unsettled(self, consignment: Consignment) -> timedelta | None:
        """How long the latest attempt to book may still have an effect."""
        booked = Exchange.objects.filter(dispatch__key=consignment.key, verb="book").order_by("-id")
        began = booked.values_list("created_at", flat=True).first()
        left = began + self.settles - timezone.now() if began else timedelta()
        return left if left > timedelta() else None

    def each(
        self,
        consignments: Sequence[tuple[Consignment, str]],
        ask: Callable[[Consignment, str], list[Report]],
    ) -> dict[str, list[Report]]:
        """`track` for a carrier that is asked about one parcel at a time. That it does not know one is news too; when
        the carrier itself is in trouble, what it has said until then counts."""
        found: dict[str, list[Report]] = {}
        for consignment, reference in consignments:
            try:
                found[consignment.key] = ask(consignment, reference)
            except CarrierError as error:
                if not error.permanent and not found:
                    raise
                if not error.permanent:
                    break
                told = f"It was asked about the parcel: {error}"[:255]  # and somebody should look at it
                at = timezone.now().isoformat()
                found[consignment.key] = [Report(f"refused@{at}", None, text=told, word=told)]
        return found

    def _secret(self, refused: str = "") -> str:
        if self.logs_in:
            return accounts.access_token(self.account, self.log_in, refused=refused)
        [secret] = accounts.credentials(self.account).values()
        return secret

    def _once(
        self,
        verb: str,
        method: str,
        path: str,
        body: Any,
        form: Mapping[str, str] | None,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        names: Mapping[str, str] | None,
        reads: bool,
        secret: str,
        max_answer: int,
        keep: Callable[[dict[str, Any]], Any] | None,
    ) -> Answer:
        if self.pace:
            lanes.pace(self.destination, *self.pace, hurry=self.in_hurry)
        sent = dict(headers or {}) | {"Accept": "application/json"}
        asked = dict(query or {})
        if secret:
            self.authorise(secret, sent, asked)
        content = b""
        if body is not None:
            content = json.dumps(body, cls=JSONEncoder, ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        elif form is not None:
            content = urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        where = path.format(**{name: quote(value, safe="") for name, value in (names or {}).items()})
        url = accounts.address(self.account) + where + (f"?{urlencode(asked)}" if asked else "")
        if secret:
            self.sign(secret, sent, content)
        give_back()
        request = {"call": f"{method} {where}", "body": body if form is None else form}
        with self.transcript.exchange(verb, request) as log:
            try:
                reply = http.send(method, url, headers=sent, body=content, timeout=TIMEOUT, max_answer=max_answer)
            except HttpError as error:
                # What it says may hold the address, and that a token.
                raise CarrierError(readable(str(error)), unknown=error.sent and not reads) from error
            log.status_code, log.response = reply.status, reply.body[:_LOGGED].decode(errors="replace")
            answer = self._understood(reply, reads=reads, keep=keep)
            if self.dialect and keep is None and secret and 200 <= reply.status < 300:
                self.transcript.drift += drift.differences(self.dialect, method, path, reply.status, answer.data)
            return answer

    def _understood(self, reply: Reply, *, reads: bool, keep: Callable[[dict[str, Any]], Any] | None = None) -> Answer:
        """Raises a `CarrierError` for an answer that says nothing about the parcel."""
        if reply.status == 429:
            raise CarrierError("429: too many calls", retry_after=retry_after(reply))
        if reply.status >= 500 or reply.status in (408, 425) or 300 <= reply.status < 400:
            shown = readable(reply.body[:200].decode(errors="replace"))
            raise CarrierError(f"{reply.status}: {shown}", unknown=not reads, retry_after=retry_after(reply))
        if not reply.body.strip():
            return Answer(reply.status, None)
        try:
            return Answer(reply.status, storable(reply.json(keep)))
        except HttpError as error:
            if reply.status >= 400:
                return Answer(reply.status, reply.body[:500].decode(errors="replace"))
            raise CarrierError(readable(str(error)), unknown=not reads) from error


@contextmanager
def after_a_yes() -> Iterator[None]:
    """Whatever goes wrong from here on, the carrier may have the parcel: it is not booked a second time, nor given up,
    before that is known."""
    try:
        yield
    except CarrierError as error:
        raise CarrierError(str(error), unknown=True) from error


def said(answer: Answer) -> str:
    """An answer in one line, for people."""
    return f"{answer.status}: {readable(answer.data)}"[:500]


def retry_after(reply: Reply) -> timedelta | None:
    """What the header asks for, in seconds or as a date; at most an hour. None without it."""
    asked = reply.headers.get("Retry-After", "").strip()
    try:
        wait = timedelta(seconds=int(asked)) if asked.isdigit() else parsedate_to_datetime(asked) - timezone.now()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta()), _LONGEST_WAIT)


def give_back() -> None:
    """Gives our database connection back to its pool, because a carrier may take its time."""
    if not connection.in_atomic_block:  # a test that will be rolled back is in one
        connection.close()
