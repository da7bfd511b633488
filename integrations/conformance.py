"""The documents' promises as a score card, against any server that says that it keeps them.

A room's `promises.py` has `PROMISES`: functions that call the server and raise `Broken` when it does something else
than the sentence says that they stand for.
"""

import itertools
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from integrations import http

# Puts a credential into a call: (credential, url, headers) → (url, headers).
Authorize = Callable[[Any, str, dict[str, str]], tuple[str, dict[str, str]]]
# How long a limit on calls is waited for, in seconds.
PATIENCE = 70
# Whole lists are read.
_MAX_ANSWER = 50_000_000


class Broken(Exception):
    """The server does something else. The message says what was wanted and what came."""


class NotTried(Exception):
    """This promise needs something that was not given, such as a second merchant's key."""


@dataclass(frozen=True, slots=True)
class Promise:
    """`id` is stable ("muvx.create-answers"), `sentence` the document's own or what it comes to."""

    id: str
    sentence: str
    keep: Callable[["Caller"], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` is "kept", "broken" or "not tried"."""

    promise: Promise
    outcome: str
    detail: str = ""


class Promises:
    """A room's promises, in the order of its document."""

    def __init__(self, room: str, authorize: Authorize) -> None:
        self.room, self.authorize = room, authorize
        self.all: list[Promise] = []

    def __call__(self, sentence: str) -> Callable[[Callable[["Caller"], None]], Callable[["Caller"], None]]:
        def add(keep: Callable[["Caller"], None]) -> Callable[["Caller"], None]:
            self.all.append(Promise(f"{self.room}.{keep.__name__.replace('_', '-')}", sentence, keep))
            return keep

        return add


@dataclass
class Caller:
    """A program that calls one server in one dialect. `base_url` is what stands before the documented paths, `kinds`
    the merchant's credentials of other kinds, by their name."""

    base_url: str
    authorize: Authorize
    credential: Any
    stranger: Any = None
    kinds: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 10
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    _counter: Iterator[int] = field(default_factory=itertools.count)

    def number(self) -> str:
        """One that no order has yet."""
        return f"C{self.run}-{next(self._counter)}"

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
        who: str = "me",
        patient: bool = True,
    ) -> http.Reply:
        """`body` is sent as it is when it is bytes, else as JSON. `who`: "me", "stranger" (another merchant), "nobody",
        or the name of a kind. Waits out a limit on calls unless not `patient`. Raises `NotTried` and `HttpError`."""
        credential = {"me": self.credential, "stranger": self.stranger, "nobody": "", **self.kinds}.get(who)
        if credential is None:
            raise NotTried(f"there is no key of this kind: {who}")
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        url, given = self.base_url.rstrip("/") + path, {"Content-Type": content_type} if sent else {}
        if who != "nobody":
            url, given = self.authorize(credential, url, given)
        started = time.monotonic()
        while True:
            reply = http.send(
                method,
                url,
                headers=given | (headers or {}),
                body=sent,
                timeout=self.timeout,
                max_answer=_MAX_ANSWER,
                trusted=True,
            )
            wait = float(reply.headers.get("Retry-After") or 1) if reply.status == 429 and patient else 0
            if not wait or time.monotonic() + wait - started > PATIENCE:
                return reply
            time.sleep(wait)


# --- What is wanted of an answer ------------------------------------------------------------------------------------
def want(reply: http.Reply, status: int, body: Any = None) -> Any:
    """The answer's JSON, which must be like `body` (see `like`) if that is given."""
    if reply.status != status:
        raise Broken(f"wanted {status}, got {reply.status}: {reply.body[:300].decode(errors='replace')}")
    try:
        found = reply.json()
    except http.HttpError as error:
        raise Broken(str(error)) from error
    if body is not None:
        like(found, body)
    return found


def like(found: Any, wanted: Any, where: str = "$") -> None:
    """Raises `Broken` unless `found` is as wanted: a type, a pattern for a text, a function that says yes, a dict with
    exactly these names (`...` as a name: others too; a name with "?" at its end: may be missing), a list of the same
    length, a one-element list with `...` behind it for any number of such elements, or the value itself."""
    if isinstance(wanted, type):
        good = isinstance(found, wanted) and not (wanted is not bool and isinstance(found, bool))
    elif isinstance(wanted, re.Pattern):
        good = isinstance(found, str) and bool(wanted.fullmatch(found))
    elif isinstance(wanted, dict):
        _like_object(found, wanted, where)
        return
    elif isinstance(wanted, list):
        _like_list(found, wanted, where)
        return
    elif callable(wanted):
        good = bool(wanted(found))
    else:
        good = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
    if not good:
        shown = wanted.pattern if isinstance(wanted, re.Pattern) else getattr(wanted, "__name__", repr(wanted))
        raise Broken(f"{where}: wanted {shown}, got {found!r}")


def _like_object(found: Any, wanted: dict[Any, Any], where: str) -> None:
    if not isinstance(found, dict):
        raise Broken(f"{where}: wanted an object, got {found!r}")
    names = {str(name).removesuffix("?"): name for name in wanted if name is not ...}
    missing = [name for name, key in names.items() if name not in found and not key.endswith("?")]
    strange = [name for name in found if name not in names] if ... not in wanted else []
    if missing or strange:
        raise Broken(f"{where}: missing {missing}, not wanted {strange}")
    for name, key in names.items():
        if name in found:
            like(found[name], wanted[key], f"{where}.{name}")


def _like_list(found: Any, wanted: list[Any], where: str) -> None:
    if not isinstance(found, list):
        raise Broken(f"{where}: wanted a list, got {found!r}")
    if len(wanted) == 2 and wanted[1] is ...:
        wanted = wanted[:1] * len(found)
    if len(found) != len(wanted):
        raise Broken(f"{where}: wanted {len(wanted)} elements, got {len(found)}")
    for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
        like(one, other, f"{where}[{number}]")


# --- The card -------------------------------------------------------------------------------------------------------
def promises_of(dialect: str) -> Promises:
    return import_module(f"integrations.{dialect}.promises").PROMISES


def judge(
    dialect: str, base_url: str, credential: Any, *, stranger: Any = None, kinds: Mapping[str, Any] | None = None
) -> Iterator[Verdict]:
    """Tries each promise of the dialect's document on the server and says at once how it went."""
    promises = promises_of(dialect)
    caller = Caller(base_url, promises.authorize, credential, stranger, kinds or {})
    for promise in promises.all:
        try:
            promise.keep(caller)
        except NotTried as reason:
            yield Verdict(promise, "not tried", str(reason))
        except (Broken, http.HttpError) as problem:
            yield Verdict(promise, "broken", str(problem))
        except (LookupError, TypeError, ValueError, AttributeError) as problem:  # the answer is nothing like it
            yield Verdict(promise, "broken", f"{type(problem).__name__}: {problem}")
        else:
            yield Verdict(promise, "kept")
