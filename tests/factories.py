"""Rows for tests. `ShopFactory` makes what most tests need: a merchant with a source, two destinations and a key."""

from dataclasses import dataclass

import factory
from django.contrib.auth.models import User

from destinations.actions import create_source
from destinations.models import Destination, Membership, Merchant, Role, Source
from integrations import keys
from integrations.models import ApiKey
from orders import actions
from orders.drafts import Address, Item, OrderDraft, Stop
from orders.events import SYSTEM
from orders.models import Order


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    password = factory.django.Password("correct horse battery")


class MerchantFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Merchant

    name = factory.Sequence(lambda number: f"Merchant {number}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    merchant = factory.SubFactory(MerchantFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


class DestinationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Destination

    merchant = factory.SubFactory(MerchantFactory)
    name = factory.Sequence(lambda number: f"Carrier {number}")
    provider = "simulator"


@dataclass
class Shop:
    merchant: Merchant
    source: Source
    destination: Destination  # the default
    other: Destination
    key: ApiKey
    secret: str


def make_shop(
    *, is_test: bool = True, settings: dict | None = None, hold: bool = False, dialect: str = "muvx", **merchant
) -> Shop:
    """A merchant that can send orders. `settings` are the default destination's (see the simulator's script)."""
    owner = MerchantFactory(**merchant)
    default = DestinationFactory(merchant=owner, settings=settings or {})
    other = DestinationFactory(merchant=owner)
    source = create_source(owner, "Shop", [default, other], hold=hold)
    key, secret = keys.issue(source, dialect, is_test=is_test)
    return Shop(owner, source, default, other, key, secret)


def make_draft(external_id: str = "SHOP-1", **changes) -> OrderDraft:
    fields = {
        "dialect": "muvx",
        "external_id": external_id,
        "pickup": Stop("Store", "+96500000000", Address("789 Elm St, Kuwait City")),
        "dropoff": Stop(
            "Customer",
            "+96511111111",
            Address("Salmiya, Block 3", {"area": "Salmiya", "block": "3"}),
            lat=29.3,
            lng=48.0,
        ),
        "items": (Item("Product A", 2),),
    }
    return OrderDraft(**(fields | changes))


def make_order(shop: Shop, external_id: str = "SHOP-1", **changes) -> Order:
    """An order placed by the shop, as `actions.place_orders` leaves it."""
    draft = make_draft(external_id, unique_scope=f"source:{shop.source.pk}", **changes)
    return actions.place_orders(shop.source, [draft], actor=SYSTEM, is_test=True)[0]
