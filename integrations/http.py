"""The only way out over HTTP. Calls are for outside of transactions: the other side may take its time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

MAX_ANSWER = 10_000_000  # bytes


class HttpError(Exception):
    """There was no answer, or none that can be used."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` are found whatever the case of their names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises `HttpError` when the body is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise HttpError(f"not JSON: {self.body[:200]!r}") from error


def send(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"", timeout: float = 10
) -> Reply:
    """One call to an address that the operator of this installation has set. Redirects are not followed; more than
    `MAX_ANSWER` bytes are not read. Raises `HttpError`."""
    try:
        with requests.request(
            method, url, headers=dict(headers or {}), data=body, timeout=timeout, allow_redirects=False, stream=True
        ) as answer:
            read = b""
            for chunk in answer.iter_content(65_536):
                read += chunk
                if len(read) > MAX_ANSWER:
                    raise HttpError(f"{url} answers with more than {MAX_ANSWER} bytes")
            return Reply(answer.status_code, answer.headers, read)
    except (requests.RequestException, ValueError) as error:
        raise HttpError(f"{type(error).__name__}: {error}") from error
