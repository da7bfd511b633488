"""The way out to other machines, and the only module that knows the HTTP library. For outside of transactions: the
other side may take its time."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress

from integrations.bodies import no_constant

_CHUNK = 65_536
_NOT_CONNECTED = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


class HttpError(Exception):
    """No answer that can be used: none came in time, or it was too large, or no JSON. `sent`: the other side may have
    got the request all the same."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` are found whatever the case of their names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, keep: Callable[[dict[str, Any]], Any] | None = None) -> Any:
        """What `keep` gives for an object stands in its place. Raises `HttpError` when the body is not JSON."""
        try:
            return json.loads(self.body, parse_constant=no_constant, object_hook=keep)
        except (ValueError, RecursionError) as error:
            raise HttpError(f"its answer is not JSON: {self.body[:200]!r}") from error


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 10,
    max_answer: int = 1_000_000,
    trusted: bool = False,
) -> Reply:
    """One call, answered within about `timeout` seconds with at most `max_answer` bytes. Redirects are not followed.
    Only public addresses are called, and loopback where `WASL_ALLOW_LOOPBACK` says so, unless the address is `trusted`:
    set by the operator of this installation. Raises `HttpError`.

    Each call has a connection of its own: on a kept one, it could not be told whether the other side has seen a
    request that was cut off.
    """
    ends = time.monotonic() + timeout
    try:
        with (
            _session(trusted) as session,
            session.request(
                method, url, headers=dict(headers or {}), data=body, timeout=timeout, allow_redirects=False, stream=True
            ) as response,
        ):
            return Reply(response.status_code, response.headers, _read(response, ends, max_answer))
    except InvalidIPAddress as error:
        raise HttpError(_not_public(url), sent=False) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise HttpError(f"it could not be asked: {error}", sent=not _surely_unsent(error)) from error


def get_json(url: str, timeout: float) -> Any:
    """What is at an address that the operator has set: JSON, answered with 200. Raises `HttpError`."""
    reply = send("GET", url, timeout=timeout, trusted=True)
    if reply.status != 200:
        raise HttpError(f"it answered {reply.status}")
    return reply.json()


def _session(trusted: bool) -> requests.Session:
    session = HTTPSession(
        Config(
            ip_filter_enable=not trusted,
            ip_filter_allow_loopback_ips=settings.ALLOW_LOOPBACK,
            never_redirect=True,
            default_timeout=(10, 10),
            user_agent_override="Wasl",
        )
    )
    session.trust_env = False  # only our settings say where we go
    return session


def _surely_unsent(error: Exception) -> bool:
    """No connection came about, or there was nowhere to connect to."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return True
    if isinstance(error, requests.exceptions.MissingSchema | requests.exceptions.InvalidHeader):
        return True
    inner = error.args[0] if error.args else None
    return isinstance(getattr(inner, "reason", inner), _NOT_CONNECTED) or "Failed to resolve" in str(error)


def _not_public(url: str) -> str:
    host = urlsplit(url).hostname
    return (
        f"{host} is not a public address. Carriers on this machine (127.0.0.1) can be called when the installation is "
        "started with WASL_ALLOW_LOOPBACK=1; other private addresses are never called."
    )


def _read(response: requests.Response, ends: float, most: int) -> bytes:
    """The body. Each read is short, so that one who sends a byte now and then is noticed."""
    body = bytearray()  # of a long answer, bytes would be copied with every part
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > most:
            raise HttpError("its answer is too large")
        if time.monotonic() > ends:
            raise HttpError("its answer takes too long")
    return bytes(body)
