"""What carriers say is kept, whatever is in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.bodies import check_storable, storable
from integrations.carrier import Booking, Callback, CarrierError

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
