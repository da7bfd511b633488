"""Fuuffy's document: Create Order."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from babel import Locale
from django.utils import timezone

from destinations.models import Source
from integrations import keys
from integrations.fuuffy.estimate import estimated_delivery
from integrations.fuuffy.serializers import time
from integrations.fuuffy.words import COUNTRIES
from integrations.models import ApiKey, IdempotencyKey
from orders.models import Order
from orders.statuses import Status
from tests.contract import DialectContract, strict
from tests.factories import Shop, make_shop
from tests.integrations.fuuffy.api import SAMPLE, Api, example, minimal, placed

CREATED = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with mock.patch("django.utils.timezone.now", return_value=moment):
        yield


def names(value: Any) -> Any:
    """The same shape with types in the place of values."""
    if isinstance(value, dict):
        return {name: names(inner) for name, inner in value.items()}
    return [names(inner) for inner in value] if isinstance(value, list) else type(value)


class TestContract(DialectContract):
    create_path = "/fuuffy/v1/orders"
    unknown_path = "/fuuffy/v1/nothing/here"
    sample = minimal()

    @pytest.fixture
    def shop(self, db: None) -> Shop:
        return make_shop(dialect="fuuffy")

    def headers(self, shop: Shop) -> dict[str, str]:
        return {"Authorization": f"Bearer {shop.secret}"}

    def check_error(self, response: Any, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.content
        assert response["Content-Type"] == "application/json"
        body = strict(response.content)
        assert list(body) == ["error"]
        error = body["error"]
        if status == 400:
            assert error["details"]
            assert all(names(one) == {"field": str, "message": str} for one in error["details"])
            assert (error["code"], error["message"]) == ("validation_error", "Invalid request parameters")
        else:
            assert list(error) == ["code", "code_reason", "message"]
            assert re.fullmatch(rf"{status}\d{{3}}", error["code"])
            assert error["message"]
        return body

    def test_documented_answers(self, client: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.post(client, self.create_path, self.sample).json() == example("error_401")
        monkeypatch.setattr("orders.actions.place_orders", lambda *args, **kwargs: 1 / 0)
        failed = self.post(client, self.create_path, self.sample, headers=self.headers(shop))
        assert (failed.status_code, failed.json()) == (500, example("error_500"))


# --- The sample -----------------------------------------------------------------------------------------------------
def test_the_documents_sample_byte_for_byte(api: Api) -> None:
    with at(CREATED):
        response = api.create(SAMPLE)
    order = placed(response)
    numbers = {"id": f"order_{order.public_hex}", "tracking_number": f"FUF{order.pk:09d}"}
    assert strict(response.content) == example("created") | numbers
    assert list(response.json()) == list(example("created"))
    assert re.fullmatch(r"order_[0-9a-f]{12}", response.json()["id"])
    assert re.fullmatch(r"FUF\d{9}", response.json()["tracking_number"])
    assert b'"weight":2.5,"dimensions":{"length":30,' in response.content
    assert (order.external_id, order.dialect, order.is_test) == ("ORDER-12345", "fuuffy", True)
    assert order.status == Status.DISPATCHED
    assert (order.pickup_name, order.pickup_phone, order.pickup_email) == (
        "John Doe",
        "+1234567890",
        "john@example.com",
    )
    assert order.dropoff_address == "456 Oak Avenue, Los Angeles, 90001, US"
    assert order.dropoff_parts["city"] == "Los Angeles"
    assert (order.weight_kg, order.length_cm, order.width_cm, order.height_cm) == (Decimal("2.5"), 30, 20, 15)
    [item] = order.items.all()
    assert (item.name, item.weight_kg) == ("Electronics", Decimal("2.5"))
    assert order.extras["declared_value_usd"] == 150
    assert order.cod_amount is None
    again = api.get(response.json()["id"])
    assert again.content == response.content


def test_the_least_that_is_needed(api: Api) -> None:
    answer = api.create(minimal()).json()
    assert answer["sender"] == minimal()["sender"]
    assert answer["package"] == {"weight": 1}
    assert answer["service_type"] == "standard"
    assert not {"reference", "notes"} & set(answer)


def test_what_was_sent_is_echoed_as_it_was(api: Api) -> None:
    sender = {"phone": "+1 (234) 567-890", "address": " 1 Road ", "name": "A", "email": None, "city": "", "x": [1, 2.5]}
    package = {"value": 0, "weight": 0.05, "fragile": True}
    answer = api.create(minimal(sender=sender, package=package)).json()
    assert (answer["sender"], answer["package"]) == (sender, package)
    again = api.get(answer["id"]).json()
    assert (again["sender"], again["package"]) == (sender, package)


def test_references_may_repeat(api: Api) -> None:
    body = minimal(reference="R-1")
    assert placed(api.create(body)) != placed(api.create(body))


# --- Rules ----------------------------------------------------------------------------------------------------------
def details(response: Any) -> dict[str, str]:
    assert response.status_code == 400, response.content
    assert not Order.objects.exists()
    found = response.json()["error"]["details"]
    assert len({one["field"] for one in found}) == len(found)
    return {one["field"]: one["message"] for one in found}


def test_the_documents_errors(api: Api) -> None:
    body = minimal(package={"weight": 0})
    del body["sender"]["phone"]
    response = api.create(body)
    assert (response.status_code, response.json()) == (400, example("error_400"))


def test_every_field_that_is_wrong_is_named_at_once(api: Api) -> None:
    body = {
        "sender": {"name": " ", "phone": "12345678", "email": "nobody", "country": "USA"},
        "package": {"weight": 100, "dimensions": {"length": 0, "width": 200}, "value": -1, "description": 5 * ["x"]},
        "service_type": "teleport",
        "notes": "x" * 2001,
    }
    assert details(api.create(body)) == {
        "sender.name": "Name is required",
        "sender.phone": "Phone number must include country code (e.g. +1234567890)",
        "sender.email": "Email must be a valid email address",
        "sender.address": "Address is required",
        "sender.country": "Country must be a valid ISO 3166-1 alpha-2 code",
        "recipient.name": "Name is required",
        "recipient.phone": "Phone number is required",
        "recipient.address": "Address is required",
        "package.weight": "Weight must be less than 100",
        "package.dimensions.length": "Length must be greater than 0",
        "package.dimensions.width": "Width must be less than 200",
        "package.dimensions.height": "Height is required",
        "package.description": "Description must be a text",
        "package.value": "Value must not be negative",
        "service_type": "Service type must be one of standard, express, same_day",
        "notes": "Notes must not be longer than 2000 characters",
    }


@pytest.mark.parametrize("part", ["sender", "recipient", "package"])
@pytest.mark.parametrize("value", ["text", [], 1, True])
def test_parts_are_objects(api: Api, part: str, value: Any) -> None:
    assert details(api.create(minimal(**{part: value}))) == {part: f"{part.capitalize()} must be an object"}


@pytest.mark.parametrize("phone", ["+1234567890", "+0987654321", "+965 2221-0000", "+1 (234) 567.890"])
def test_phones_with_a_country_code(api: Api, phone: str) -> None:
    placed(api.create(minimal(recipient={**minimal()["recipient"], "phone": phone})))


@pytest.mark.parametrize("phone", ["1234567890", "00123456789", "+", "+12", "+12345abc", "+٩٦٥٠٠٠٠٠٠٠٠", "++1234567"])
def test_phones_without(api: Api, phone: str) -> None:
    found = details(api.create(minimal(recipient={**minimal()["recipient"], "phone": phone})))
    assert list(found) == ["recipient.phone"]
    assert "country code" in found["recipient.phone"]


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        (0.001, True),
        (99.999, True),
        (0, False),
        (100, False),
        (-1, False),
        ("2.5", False),
        (True, False),
        (None, False),
    ],
)
def test_weights(api: Api, value: Any, accepted: bool) -> None:
    response = api.create(minimal(package={"weight": value}))
    assert placed(response) if accepted else list(details(response)) == ["package.weight"]


@pytest.mark.parametrize(("value", "accepted"), [(0.1, True), (199.9, True), (0, False), (200, False), ("5", False)])
def test_dimensions(api: Api, value: Any, accepted: bool) -> None:
    package = {"weight": 1, "dimensions": {"length": 1, "width": 1, "height": value}}
    response = api.create(minimal(package=package))
    assert placed(response) if accepted else list(details(response)) == ["package.dimensions.height"]


@pytest.mark.parametrize("code", ["US", "KW", "HK", "AX", "GB"])
def test_countries(api: Api, code: str) -> None:
    placed(api.create(minimal(sender={**minimal()["sender"], "country": code})))


@pytest.mark.parametrize("code", ["XX", "UK", "USA", "us", "U", 1, "EU"])
def test_what_is_no_country(api: Api, code: Any) -> None:
    response = api.create(minimal(sender={**minimal()["sender"], "country": code}))
    assert list(details(response)) == ["sender.country"]


def test_the_table_of_countries() -> None:
    assert len(COUNTRIES) == 249
    assert set(Locale("en").territories) >= COUNTRIES


# --- Estimates ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("created", "service", "country", "estimate"),
    [
        ("2024-01-15T10:30", "express", "US", "2024-01-18"),  # the sample: Monday is Martin Luther King's day
        ("2024-01-15T10:30", "express", "", "2024-01-17"),
        ("2024-01-15T10:30", "express", "AQ", "2024-01-17"),  # nobody knows the holidays there
        ("2024-01-15T10:30", "standard", "US", "2024-01-23"),
        ("2024-01-19T23:30", "express", "US", "2024-01-23"),  # Friday
        ("2024-01-20T10:30", "express", "US", "2024-01-24"),  # Saturday counts from Monday
        ("2024-01-18T10:30", "express", "KW", "2024-01-22"),  # Thursday; Friday and Saturday are the weekend there
        ("2024-12-30T10:30", "express", "US", "2025-01-02"),  # over New Year
        ("2024-01-13T16:59", "same_day", "US", "2024-01-13"),
        ("2024-01-13T17:00", "same_day", "US", "2024-01-14"),
    ],
)
def test_estimates(created: str, service: str, country: str, estimate: str) -> None:
    moment = datetime.fromisoformat(created).replace(tzinfo=UTC)
    assert time(estimated_delivery(moment, service, country)) == f"{estimate}T17:00:00Z"


# --- Once -----------------------------------------------------------------------------------------------------------
def test_a_repeated_idempotency_key(api: Api) -> None:
    first = api.create(minimal(), **{"Idempotency-Key": "k"})
    again = api.create(minimal(), **{"Idempotency-Key": "k"})
    assert (again.status_code, again.content) == (201, first.content)
    assert Order.objects.count() == 1
    other = api.create(minimal(notes="x"), **{"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "409000")
    assert Order.objects.count() == 1


def test_a_bad_idempotency_key(api: Api) -> None:
    assert list(details(api.create(minimal(), **{"Idempotency-Key": "k" * 256}))) == ["Idempotency-Key"]
    assert not IdempotencyKey.objects.exists()


def test_a_create_costs_no_more_than_eight_statements(api: Api, shop: Shop, django_assert_max_num_queries: Any) -> None:
    ApiKey.objects.update(last_used_at=timezone.now())
    keys.look_up(shop.secret, "fuuffy")
    with django_assert_max_num_queries(8):  # two of them are the savepoint's
        response = api.create(SAMPLE)
    placed(response)


def test_no_default_destination_is_explained(shop: Shop) -> None:
    lonely = Source.objects.create(merchant=shop.merchant, name="Lonely")
    _, secret = keys.issue(lonely, "fuuffy", is_test=True)
    assert "no default destination" in details(Api(shop, secret).create())["body"]


@pytest.mark.parametrize("wrong", [0, 1.5, True, [], {}])
@pytest.mark.parametrize("name", ["name", "phone", "email", "address", "city", "country"])
def test_a_text_is_a_text(api: Api, name: str, wrong: Any) -> None:
    body = minimal()
    body["sender"][name] = wrong
    response = api.create(body)
    assert response.status_code == 400
    assert [one["field"] for one in response.json()["error"]["details"]] == [f"sender.{name}"]
