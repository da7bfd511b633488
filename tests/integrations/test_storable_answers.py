"""What carriers say is kept, whatever is in it."""

import json
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.bodies import check_storable, storable
from integrations.carrier import Booking, Callback, CarrierError, readable

values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(categories=None)), inner),
)


@given(values)
def test_anything_becomes_storable(value: object) -> None:
    found = storable(value)
    check_storable(found)
    json.dumps(found, allow_nan=False).encode()


def test_what_is_storable_stays_as_it_is() -> None:
    value = {"a": [1, 2.5, "بغداد", None, True, {"b": {}}]}
    assert storable(value) == value


def test_what_is_too_deep_is_left_out() -> None:
    value: object = 1
    for _ in range(500):
        value = [value]
    check_storable(storable(value))


def test_callbacks_are_storable() -> None:
    assert Callback({}, rb'{"id": "a\u0000b", "x": "\ud800"}').json() == {"id": "ab", "x": "?"}


@pytest.mark.parametrize("reference", ["", "x" * 256])
def test_a_reference_that_cannot_be_kept_is_no_yes(reference: str) -> None:
    with pytest.raises(CarrierError) as raised:
        Booking(reference)
    assert raised.value.unknown


@pytest.mark.parametrize("address", ["javascript:alert(1)", "/track/1", "https://x.example/" + "x" * 1000])
def test_a_tracking_page_is_an_address(address: str) -> None:
    assert Booking("1", tracking_url=address).tracking_url == ""
    assert Booking("1", tracking_url="https://x.example/1").tracking_url


@pytest.mark.parametrize("word", ["x", "token", "secret_"])
def test_long_words_are_read_in_no_time(word: str) -> None:
    started = monotonic()
    readable(word * 1_000_000)
    assert monotonic() - started < 1


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('{"access_token": "a b", "id": 1}', '{"access_token": "…", "id": 1}'),
        ('{"client_secret":"a","client_id":"b"}', '{"client_secret":"…","client_id":"…"}'),
        ("grant_type=x&client_secret=abc&y=1", 'grant_type=x&client_secret="…"&y=1'),
        ("?token=@@abc", '?token="…"'),
        ("x-api-key: abc", 'x-api-key: "…"'),
        ('{"call": "POST /v1/auth/token", "body": {}}', '{"call": "POST /v1/auth/token", "body": {}}'),
    ],
)
def test_secrets_are_blotted_out(said: str, shown: str) -> None:
    assert readable(said) == shown
