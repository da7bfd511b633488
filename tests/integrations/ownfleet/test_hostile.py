"""The rider's page, as seen by somebody whose phone is broken: never a 500, and never a step too many."""

import uuid
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.models import Dispatch, RiderTask
from integrations.ownfleet.steps import STEPS
from orders.models import Order, ProofOfDelivery
from tests.integrations.ownfleet.fleet import Phone, make_fleet, make_rider, picture, task_for

pytestmark = pytest.mark.django_db

text = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "0", "-1", "1e999", "nan", "٣", "\x00", "9" * 400, "true", "[]", "\ud7ff"]),
)
values = st.one_of(text, st.binary(max_size=60).map(lambda data: named(BytesIO(data))), st.builds(picture))
fields = ["key", "step", "at", "reason", "note", "recipient_name", "cod_received", "lat", "lng", "photo", "signature"]
KINDS = [
    "", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "application/json",
    "application/x-www-form-urlencoded; charset=nonsense",
]  # fmt: skip


def named(file: BytesIO) -> BytesIO:
    file.name = "x.jpg"
    return file


@pytest.fixture
def phone() -> Phone:
    shop = make_fleet()
    rider = make_rider(shop)
    task_for(shop, rider)
    return Phone(rider)


def begin_anew(state: str) -> RiderTask:
    """The only task there is, as if nothing or only the pick-up had been done."""
    task = RiderTask.objects.get()
    picked_up_at = task.created_at if state == "picked_up" else None
    RiderTask.objects.update(picked_up_at=picked_up_at, in_transit_at=None, ended_at=None, outcome="")
    ProofOfDelivery.objects.all().delete()
    Order.objects.update(status=state, failure="", attention="")
    Dispatch.objects.update(state=Dispatch.State.BOOKED)
    return task


@settings(
    max_examples=200, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    st.sampled_from(list(STEPS)),
    st.dictionaries(st.sampled_from([*fields, "more"]), values, max_size=4),
    st.sampled_from(["accepted", "picked_up"]),
)
def test_anything_in_a_step(phone: Phone, step: str, given: dict, state: str) -> None:
    task = begin_anew(state)
    data = {"step": step, "key": str(uuid.uuid4()), **given}
    response = phone.client.post(f"{phone.path}tasks/{task.pk}", data, HTTP_ACCEPT="application/json")
    assert response.status_code in (200, 400, 409), response.content
    assert list(response.json()) == ["taken", "notice"]
    assert response.json()["taken"] is (response.status_code == 200)
    assert (response.status_code == 200) or response.json()["notice"]


@settings(
    max_examples=60, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.binary(max_size=200), st.sampled_from(KINDS))
def test_any_body_at_all(phone: Phone, body: bytes, kind: str) -> None:
    task = RiderTask.objects.get()
    for path in (f"{phone.path}tasks/{task.pk}", f"{phone.path}place"):
        assert phone.client.generic("POST", path, body, content_type=kind).status_code == 400


@pytest.mark.parametrize("path", ["tasks/x", "tasks/-1", "tasks/" + "9" * 5000, "place/x", "nothing"])
def test_addresses_that_are_none(phone: Phone, path: str) -> None:
    assert phone.client.post(f"{phone.path}{path}").status_code == 404


@pytest.mark.parametrize("token", ["x" * 5000, "%00", "%F0%9F%98%80", "worker.js"])
def test_tokens_that_are_none(db: None, phone: Phone, token: str) -> None:
    assert phone.client.get(f"/ride/{token}/").status_code == 404
