"""What the database itself sees to, and how routing chooses."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from destinations import actions, money, routing
from destinations.models import ABILITIES, Destination, Environment, Membership, Merchant, Role, Route, Source
from destinations.routing import RoutingError
from tests.factories import DestinationFactory, MembershipFactory, MerchantFactory, UserFactory, make_shop

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_source_has_exactly_one_default_at_commit() -> None:
    shop = make_shop()
    default = Route.objects.get(source=shop.source, is_default=True)
    with pytest.raises(IntegrityError, match="exactly_one_default_route"):
        Route.objects.filter(pk=default.pk).update(is_default=False)
    with pytest.raises(IntegrityError, match="exactly_one_default_route"):
        default.delete()
    with pytest.raises(IntegrityError, match="one_default_route"):
        Route.objects.filter(source=shop.source).update(is_default=True)
    assert Route.objects.get(source=shop.source, is_default=True).pk == default.pk


def test_another_default_may_be_chosen() -> None:
    shop = make_shop()
    other = Route.objects.get(source=shop.source, destination=shop.other)
    actions.set_default_route(other)
    assert Route.objects.get(source=shop.source, is_default=True).pk == other.pk


def test_a_source_may_have_no_routes_at_all() -> None:
    shop = make_shop()
    Route.objects.filter(source=shop.source).delete()
    assert not shop.source.routes.exists()


def test_a_default_destination_stays_active_and_stays() -> None:
    shop = make_shop()
    with pytest.raises(IntegrityError, match="default_route_is_active"):
        Destination.objects.filter(pk=shop.destination.pk).update(is_active=False)
    with pytest.raises(ProtectedError):
        shop.destination.delete()
    Destination.objects.filter(pk=shop.other.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="active"):
        actions.set_default_route(Route.objects.get(source=shop.source, destination=shop.other))


def test_routes_stay_within_one_merchant() -> None:
    shop, stranger = make_shop(), make_shop()
    with pytest.raises(IntegrityError, match="route_within_merchant"):
        Route.objects.create(source=shop.source, destination=stranger.destination)


def test_a_source_with_its_destinations_can_be_deleted() -> None:
    shop = make_shop()
    shop.source.delete()
    assert not Route.objects.filter(destination__merchant=shop.merchant).exists()


def test_public_ids_have_32_characters() -> None:
    destination = DestinationFactory()
    assert len(destination.public_id) == 32
    with pytest.raises(IntegrityError), transaction.atomic():
        Destination.objects.filter(pk=destination.pk).update(public_id="short")


@pytest.mark.parametrize(
    "wrong",
    [{"currency": "kwd"}, {"currency": "DINAR"}, {"country": "Kuwait"}, {"timezone": "Mars/Base"}, {"language": "xx"}],
)
def test_a_merchant_of_impossible_making_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        actions.create_merchant("Shop", owner=UserFactory(), **wrong)
    assert set(caught.value.message_dict) == set(wrong)
    assert not Merchant.objects.exists()


def test_iraqi_merchants_start_with_the_customary_fee() -> None:
    assert actions.create_merchant("A", owner=UserFactory(), currency="IQD", country="IQ").delivery_fee == 5000
    assert actions.create_merchant("B", owner=UserFactory()).delivery_fee == 0


def test_one_membership_each() -> None:
    membership = MembershipFactory()
    with pytest.raises(IntegrityError):
        Membership.objects.create(merchant=membership.merchant, user=membership.user)


def test_roles() -> None:
    assert set(ABILITIES) == set(Role.values)
    can = {
        role: {what for what in ("view", "operate", "manage", "finance") if Membership(role=role).can(what)}
        for role in Role.values
    }
    assert can == {
        "owner": {"view", "operate", "manage", "finance"},
        "manager": {"view", "operate", "manage"},
        "operator": {"view", "operate"},
        "finance": {"view", "finance"},
        "viewer": {"view"},
    }


# --- Routing --------------------------------------------------------------------------------------------------------
def test_the_default_is_chosen_and_the_record_says_why() -> None:
    shop = make_shop()
    decision = routing.decide(routing.candidates_of(shop.source), asked=None, is_test=True)
    assert decision.chosen.pk == shop.destination.pk
    assert decision.record["rule"] == "default"
    assert [one["verdict"] for one in decision.record["candidates"]] == ["chosen", "not_default"]


def test_what_was_asked_for_is_chosen() -> None:
    shop = make_shop()
    decision = routing.decide(routing.candidates_of(shop.source), asked=shop.other.public_id, is_test=True)
    assert decision.chosen.pk == shop.other.pk
    assert [one["verdict"] for one in decision.record["candidates"]] == ["not_asked", "chosen"]


def test_the_record_names_what_could_not_be_chosen() -> None:
    shop = make_shop()
    production = DestinationFactory(merchant=shop.merchant, environment=Environment.PRODUCTION)
    Route.objects.create(source=shop.source, destination=production, position=5)
    Destination.objects.filter(pk=shop.other.pk).update(is_active=False)
    record = routing.decide(routing.candidates_of(shop.source), asked=None, is_test=True).record
    assert [one["verdict"] for one in record["candidates"]] == ["chosen", "inactive", "production"]


def test_routing_is_one_query(django_assert_num_queries) -> None:
    shop = make_shop()
    with django_assert_num_queries(1):
        routing.decide(routing.candidates_of(shop.source), asked=None, is_test=True)


def test_no_routes_no_destination() -> None:
    source = Source.objects.create(merchant=MerchantFactory(), name="Empty")
    with pytest.raises(RoutingError) as caught:
        routing.decide(routing.candidates_of(source), asked=None, is_test=False)
    assert not caught.value.asked


# --- Money ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("amount", "currency", "fits"),
    [("3.5", "KWD", True), ("3.5555", "KWD", False), ("2500.55", "NGN", True), ("2500.555", "NGN", False),
     ("1", "JPY", True), ("1.5", "JPY", False), ("25000", "IQD", True), ("1E+9", "KWD", True), ("1E-9", "KWD", False)],
)  # fmt: skip
def test_amounts_have_their_currencys_decimals(amount: str, currency: str, fits: bool) -> None:
    assert money.fits(money.Decimal(amount), currency) is fits


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("3.5", "KWD", "3.500"),
        ("25000", "IQD", "25000"),
        ("0.25", "IQD", "0.250"),
        ("7", "NGN", "7.00"),
        ("7", "JPY", "7"),
    ],
)
def test_amounts_as_people_write_them(amount: str, currency: str, text: str) -> None:
    assert str(money.written(money.Decimal(amount), currency)) == text
