"""What may become of a document's answers: every field lost, emptied, of another kind, or new, one at a time."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from integrations import accounts, http
from integrations.carrier import Callback, Carrier, CarrierError, Consignment, Transcript
from integrations.http import Reply
from integrations.registry import carrier_class
from tests.factories import Shop

_OTHERS = (None, "", "another", 0, -1.5, 10**400, True, [], ["x"], [[1]], {}, {"x": {"y": 1}}, "x" * 5000, "a\x00b")


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from paths(one, (*path, name))


def drifted(sample: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Each way, with the path of what has changed."""
    for path in paths(sample):
        for other in _OTHERS:
            changed, parent = _with_parent(sample, path)
            parent[path[-1]] = other
            yield path, changed
        changed, parent = _with_parent(sample, path)
        del parent[path[-1]]
        yield path, changed
        changed, parent = _with_parent(sample, path)
        if isinstance(parent, dict):
            parent["new"] = {"x": 1}
        else:
            parent.append({"x": 1})
        yield (*path[:-1], "new"), changed
    for other in _OTHERS:
        yield (), other


def _with_parent(sample: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    changed = deepcopy(sample)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    return changed, parent


class Talk:
    """A carrier whose answers are given: (status, body) for each (method, end of the path) that it is asked."""

    def __init__(self, shop: Shop, provider: str, credentials: dict[str, str], monkeypatch: Any) -> None:
        self.destination = accounts.connect(
            shop.source,
            provider,
            name="The carrier",
            base_url="https://carrier.example",
            credentials=credentials,
            callback_secret="shared",
        )
        self.provider, self.answers, self.asked = provider, dict[tuple[str, str], tuple[int, Any]](), list[Any]()
        monkeypatch.setattr(http, "send", self)
        monkeypatch.setattr(carrier_class(provider), "pace", None)

    def __call__(self, method: str, url: str, **options: Any) -> Reply:
        self.asked.append((method, url, options))
        path = url.removeprefix("https://carrier.example").partition("?")[0]
        for (wanted, end), (status, body) in self.answers.items():
            if wanted == method and path.endswith(end):
                return Reply(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
        return Reply(404, {}, b"{}")

    @property
    def carrier(self) -> Carrier:
        return carrier_class(self.provider)(self.destination, Transcript())

    def outcome(self, verb: str, *arguments: Any) -> Any:
        """What the carrier comes to, or its `CarrierError`; anything else is raised."""
        try:
            return getattr(self.carrier, verb)(*arguments)
        except CarrierError as error:
            return error

    def prepared(self, order: Any, *, key: str = "key-1", attempt: int = 1) -> Consignment:
        consignment = Consignment(key, order, attempt)
        return Consignment(key, order, attempt, self.carrier.prepare(consignment).body)


def callback(body: Any, sign: Any, header: str) -> Callback:
    sent = json.dumps(body).encode()
    return Callback({header: sign("shared", sent)}, sent)
