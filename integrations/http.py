"""The way out to other machines, and the only module that knows the HTTP library. For outside of transactions: the
other side may take its time."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3

from integrations.bodies import no_constant

_CHUNK = 65_536


class HttpError(Exception):
    """No answer that can be used: none came in time, or it was too large, or no JSON."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` are found whatever the case of their names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises `HttpError` when the body is not JSON."""
        try:
            return json.loads(self.body, parse_constant=no_constant)
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
) -> Reply:
    """One call to an address that the operator of this installation has set, answered within about `timeout` seconds
    with at most `max_answer` bytes. Redirects are not followed. Raises `HttpError`."""
    ends = time.monotonic() + timeout
    try:
        with requests.Session() as session:
            session.trust_env = False  # only our settings say where we go
            with session.request(
                method, url, headers=dict(headers or {}), data=body, timeout=timeout, allow_redirects=False, stream=True
            ) as response:
                return Reply(response.status_code, response.headers, _read(response, ends, max_answer))
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise HttpError(f"it could not be asked: {error}") from error


def get_json(url: str, timeout: float) -> Any:
    """What is at an address: JSON, answered with 200. Raises `HttpError`."""
    reply = send("GET", url, timeout=timeout)
    if reply.status != 200:
        raise HttpError(f"it answered {reply.status}")
    return reply.json()


def _read(response: requests.Response, ends: float, most: int) -> bytes:
    """The body. Each read is short, so that one who sends a byte now and then is noticed."""
    body = b""
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > most:
            raise HttpError("its answer is too large")
        if time.monotonic() > ends:
            raise HttpError("its answer takes too long")
    return body
