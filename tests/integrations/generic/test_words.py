"""The table of a receiver's words."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from integrations import accounts
from integrations.generic import words
from orders.statuses import Mark, Status
from tests.factories import make_shop


@pytest.mark.parametrize(
    ("word", "own", "meant"),
    [
        ("delivered", {}, ("delivered", "")),
        ("  DELIVERED ", {}, ("delivered", "")),
        ("created", {}, ("accepted", "")),  # it has it
        ("delayed", {}, ("in_transit", "delayed")),
        ("in_transit+returning", {}, ("in_transit", "returning")),
        ("cancelling", {}, None),
        ("تم التسليم", {"تم  التسليم ": "delivered"}, ("delivered", "")),
        ("delivered", {"Delivered": "picked_up"}, ("picked_up", "")),  # theirs goes before ours
        ("", {}, None),
    ],
)
def test_meanings(word: str, own: dict[str, str], meant: tuple[str, str] | None) -> None:
    assert words.meaning(word, own) == meant


def test_all_that_a_carrier_can_report_has_a_word() -> None:
    ours = {Status.CREATED, Status.DISPATCHED, Status.CANCELLING}
    assert {status for status, _ in words.MEANINGS.values()} == set(Status.values) - ours
    assert {mark for _, mark in words.MEANINGS.values()} == {"", *Mark.values}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"word": {}},
        {"tracks": "yes"},
        {"tracks": None},
        {"words": []},
        {"words": {"a": "nowhere"}},
        {"words": {"a": "delivered+delayed"}},
        {"words": {"a": "created"}},
        {"words": {"a": None}},
        {"words": {"a": ["delivered"]}},
        {"words": {" ": "delivered"}},
        {"words": {"a\x00": "delivered"}},
        {"words": {"a" * 81: "delivered"}},
        {"words": {"a": "delivered", "A ": "failed"}},
        {"words": {str(number): "delivered" for number in range(301)}},
    ],
)
def test_settings_are_checked_strictly(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        words.check_settings(wrong)


@pytest.mark.parametrize("right", [{}, {"tracks": False}, {"words": {}}, {"words": {"a": "in_transit+delayed"}}])
def test_settings_that_are_right(right: Any) -> None:
    words.check_settings(right)


@pytest.mark.django_db
def test_a_connection_with_wrong_settings_is_refused() -> None:
    given: dict[str, Any] = {"base_url": "https://carrier.example/in", "credentials": {"secret": "s"}}
    with pytest.raises(ValidationError):
        accounts.connect(make_shop().source, "generic", choices={"words": {"a": "b"}}, **given)
    assert accounts.connect(make_shop().source, "generic", choices={"words": {"a": "lost"}}, **given).pk
