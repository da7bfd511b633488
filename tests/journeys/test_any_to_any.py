"""Any dialect in, any carrier out: two installations, one playing the shops' side and one the carriers', over HTTP.

All orders are placed at once, and each test waits for the end of its own.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.shops import DIALECTS, WORDS, Shop, credentials, open_shop
from tests.sides import Side, wait_for

PAIRS = [(dialect, carrier) for dialect in DIALECTS for carrier in DIALECTS]
SECONDS = 120


@dataclass
class World:
    here: Side
    there: Side
    shops: dict[str, Shop]  # by the carrier that takes their orders
    numbers: dict[tuple[str, str, str], str]  # dialect, carrier, fate → what the dialect calls the order

    def events(self, name: str) -> list[str]:
        """The statuses that an order has gone through here."""
        query = (
            "SELECT e.to_status FROM orders_orderevent e JOIN orders_order o ON o.id = e.order_id "
            "WHERE o.dropoff_name = %s AND e.to_status <> '' ORDER BY e.id"
        )
        return [status for (status,) in self.here.rows(query, name)]

    def parcels(self, name: str) -> list[str]:
        """The statuses of the carrier's orders for this customer."""
        return [row[0] for row in self.there.rows("SELECT status FROM orders_order WHERE dropoff_name = %s", name)]

    def why(self, name: str) -> Any:
        query = (
            "SELECT o.status, o.attention, o.attention_detail, d.state, d.last_error, d.attempts FROM orders_order o "
            "LEFT JOIN integrations_dispatch d ON d.order_id = o.id WHERE o.dropoff_name = %s"
        )
        return self.here.rows(query, name)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    there, here = Side(), Side()
    try:
        carrier = open_shop(there, "Carrier")
        shops = {}
        for provider in DIALECTS:
            shops[provider] = open_shop(here, f"Shop of {provider}")
            here.manage(
                "destination", "--source", str(shops[provider].source), "--provider", provider, "--default",
                "--base-url", f"{there.url}/{provider}", "--poll-seconds", "1",
                "--credentials", json.dumps(credentials(carrier.keys, provider)),
            )  # fmt: skip
        numbers = {}
        for dialect, provider in PAIRS:
            for fate in ("delivered", "cancelled"):
                name = customer(dialect, provider, fate)
                numbers[dialect, provider, fate] = shops[provider].place(dialect, name, f"{dialect}-{fate}")
                if fate == "cancelled":
                    cancel_when_booked(here, shops[provider], dialect, numbers[dialect, provider, fate], name)
        yield World(here, there, shops, numbers)
    finally:
        here.stop()
        there.stop()


def cancel_when_booked(here: Side, shop: Shop, dialect: str, number: str, name: str) -> None:
    booked = "SELECT 1 FROM orders_order WHERE dropoff_name = %s AND (carrier_reference <> '' OR status = 'failed')"
    wait_for(lambda: here.rows(booked, name), 60, f"{name} is booked")
    shop.cancel(dialect, number)


def customer(dialect: str, provider: str, fate: str) -> str:
    return f"{dialect} {provider} {fate}"


@pytest.mark.parametrize(("dialect", "provider"), PAIRS)
def test_delivered(world: World, dialect: str, provider: str) -> None:
    name = customer(dialect, provider, "delivered")
    shop, number = world.shops[provider], world.numbers[dialect, provider, "delivered"]
    until = time.monotonic() + SECONDS
    while (word := shop.status(dialect, number)) != WORDS[dialect]["delivered"]:
        assert time.monotonic() < until, (word, world.why(name))
        time.sleep(0.5)
    assert world.parcels(name) == ["delivered"]
    events = world.events(name)
    assert events[:2] == ["dispatched", "accepted"]
    assert events[-1] == "delivered"


@pytest.mark.parametrize(("dialect", "provider"), PAIRS)
def test_cancelled(world: World, dialect: str, provider: str) -> None:
    name = customer(dialect, provider, "cancelled")
    shop, number = world.shops[provider], world.numbers[dialect, provider, "cancelled"]
    ends = (WORDS[dialect]["cancelled"], None)
    wait_for(lambda: shop.status(dialect, number) in ends, SECONDS, world.why(name))
    wait_for(lambda: world.events(name)[-1] == "cancelled", SECONDS, world.why(name))
    assert world.parcels(name) == ["cancelled"]
