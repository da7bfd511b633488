"""The way out to other machines, and the only module that knows the HTTP library."""

import json
import time
from typing import Any

import requests
import urllib3

from integrations.bodies import no_constant

MAX_ANSWER = 1_000_000  # bytes
_CHUNK = 65_536


class HttpError(Exception):
    """No answer that can be used: none came in time, or it was too large, no JSON, or not a 200."""


def get_json(url: str, timeout: float) -> Any:
    """What is at an address that the operator has set: JSON, answered with 200 within about `timeout` seconds, of at
    most `MAX_ANSWER` bytes. Redirects are not followed. Raises `HttpError`."""
    ends = time.monotonic() + timeout
    try:
        with requests.Session() as session:
            session.trust_env = False  # only our settings say where we go
            with session.get(url, timeout=timeout, allow_redirects=False, stream=True) as response:
                if response.status_code != 200:
                    raise HttpError(f"it answered {response.status_code}")
                return json.loads(_read(response, ends), parse_constant=no_constant)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise HttpError(f"it could not be asked: {error}") from error
    except (ValueError, RecursionError) as error:
        raise HttpError("its answer is not JSON") from error


def _read(response: requests.Response, ends: float) -> bytes:
    """The body. Each read is short, so that one who sends a byte now and then is noticed."""
    body = b""
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_ANSWER:
            raise HttpError("its answer is too large")
        if time.monotonic() > ends:
            raise HttpError("its answer takes too long")
    return body
