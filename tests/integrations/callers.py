"""A program for each dialect, which does what programs do: places an order, reads it, lists, cancels. Each knows the
words of its own document only."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client

from destinations.models import Source
from integrations import keys
from orders.models import Order
from tests.integrations.fuuffy import api as fuuffy
from tests.integrations.muvx import api as muvx

Send = Callable[..., Any]


@dataclass(frozen=True)
class Caller:
    """`number`: an order's name in the dialect's paths. `create` → path and body of a new order, `made` the name in its
    answer, `read` and `cancel` → method, path, body of a call about an order; None where the dialect has none. `status`
    finds the dialect's status word in what `read` was answered, `listed` the names in the answer to `listing`."""

    headers: Callable[[str], dict[str, str]]
    number: Callable[[Order], str]
    create: tuple[str, Any]
    made: Callable[[Any], str]
    read: Callable[[str], tuple[str, str, Any]]
    status: Callable[[Any], Any]
    cancel: Callable[[str], tuple[str, str, Any]] | None
    cancelled: Any
    listing: str | None = None
    listed: Callable[[Any], list[str]] | None = None


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


CALLERS = {
    "muvx": Caller(
        headers=bearer,
        number=lambda order: f"MOV{order.pk}",
        create=("/muvx/v1/orders", muvx.minimal(auto_pickup=True)),
        made=lambda answer: answer["id"],
        read=lambda number: ("get", f"/muvx/v1/orders/{number}/status", None),
        status=lambda answer: answer["status"],
        cancel=lambda number: ("post", f"/muvx/v1/orders/{number}/cancel", None),
        cancelled="cancelled",
    ),
    "fuuffy": Caller(
        headers=bearer,
        number=lambda order: f"order_{order.public_hex}",
        create=("/fuuffy/v1/orders", fuuffy.minimal()),
        made=lambda answer: answer["id"],
        read=lambda number: ("get", f"/fuuffy/v1/orders/{number}", None),
        status=lambda answer: answer["status"],
        cancel=lambda number: ("post", f"/fuuffy/v1/orders/{number}/cancel", None),
        cancelled="cancelled",
    ),
}


class Program:
    """A caller with a test key of its own for one source."""

    def __init__(self, dialect: str, source: Source) -> None:
        self.dialect, self.caller = dialect, CALLERS[dialect]
        _, secret = keys.issue(source, dialect, is_test=True)
        self.headers = self.caller.headers(secret)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        return Client().generic(method.upper(), path, data, content_type="application/json", headers=self.headers)

    def place(self) -> str:
        """The new order's name in this dialect."""
        response = self.send("post", *self.caller.create)
        assert 200 <= response.status_code < 300, response.content
        return self.caller.made(response.json())
