"""The score card: ours is full, and it turns red when a promise is broken."""

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations import registry
from integrations.conformance import Broken, like, promises_of

DIALECTS = sorted(registry.DIALECTS)
pytestmark = pytest.mark.usefixtures("unlimited")


def card(live_server: Any, settings: Any, *arguments: str) -> dict[str, Any]:
    settings.WASL_URL = live_server.url
    out = io.StringIO()
    with suppress(SystemExit):
        call_command("conformance", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_we_keep_every_promise(dialect: str, live_server: Any, settings: Any) -> None:
    found = card(live_server, settings, dialect)
    assert [one for one in found["promises"] if one["outcome"] != "kept"] == []
    assert found["kept"] == len(promises_of(dialect).all) > 20


def test_a_broken_promise_turns_the_card_red(live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.muvx.errors._MISSING", set())
    found = card(live_server, settings, "muvx")
    broken = [one for one in found["promises"] if one["outcome"] == "broken"]
    assert len(broken) == found["broken"] == 7
    assert "muvx.create-dropoff-phone-required" in [one["id"] for one in broken]
    assert all("Missing required field" in one["detail"] for one in broken)


def test_every_promise_has_an_id_of_its_own_and_a_sentence() -> None:
    promises = [promise for dialect in DIALECTS for promise in promises_of(dialect).all]
    assert len({promise.id for promise in promises}) == len(promises)
    assert all(len(promise.sentence) > 10 for promise in promises)


def test_a_server_that_does_not_answer(db: None) -> None:
    with pytest.raises(CommandError, match="Nothing answers"):
        call_command("conformance", "muvx", "--base-url", "http://127.0.0.1:9", "--key", "k")


def test_a_server_that_is_something_else_keeps_nothing(live_server: Any) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command(
            "conformance", "muvx", "--base-url", f"{live_server.url}/static", "--key", "k", "--json", stdout=out
        )
    found = json.loads(out.getvalue())
    assert found["kept"] == 0
    assert found["broken"] > 20


@pytest.mark.parametrize(
    "arguments",
    [["nowhere"], ["--base-url", "http://127.0.0.1:9"], ["muvx", "--base-url", "x"], ["muvx", "--key", "k"]],
)
def test_what_the_command_needs(arguments: list[str], db: None) -> None:
    with pytest.raises(CommandError):
        call_command("conformance", *arguments)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (1, "1"), (True, 1), (1, True), ({"a": 1, "b": 2}, {"a": 1}), ({}, {"a": 1}), ([1, "2"], [int, ...]),
        ([1], [int, int]), ({"a": {"b": [1]}}, {"a": {"b": [2]}}), (None, dict), ("x", list),
    ],
)  # fmt: skip
def test_what_is_not_alike(found: Any, wanted: Any) -> None:
    with pytest.raises(Broken):
        like(found, wanted)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (1, 1), ({"a": 1}, {"a": int, "b?": str}), ([1, 2, 3], [int, ...]), ([], [int, ...]),
        ({"a": 1, "b": 2}, {"a": 1, ...: ...}),
    ],
)  # fmt: skip
def test_what_is_alike(found: Any, wanted: Any) -> None:
    like(found, wanted)
