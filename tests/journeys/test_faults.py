"""Exactly one parcel, whatever goes wrong between two installations: with each carrier, each fault, real processes.

All orders are placed at once; each test waits for its own to end as it should: one live parcel at the carrier, booked
here, with every attempt and its reason kept.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults import FAULTS, Proxy, proxy
from tests.shops import DIALECTS, Shop, credentials, open_shop
from tests.sides import Side, wait_for

SECONDS = 240
# These leave nobody in doubt whether there is a parcel.
NO_DOUBT = {"twice"}
ALIVE = ("created", "dispatched", "accepted", "picked_up", "in_transit", "delivered")


_UNDER_WAY = "SELECT 1 FROM orders_order WHERE status = 'dispatched'"


@dataclass
class World:
    here: Side
    there: Side
    proxies: dict[str, Proxy]

    def ours(self, name: str) -> Any:
        query = (
            "SELECT o.status, d.state, d.reference, o.attention, d.last_error, d.epoch FROM orders_order o "
            "LEFT JOIN integrations_dispatch d ON d.order_id = o.id AND d.is_current WHERE o.dropoff_name = %s"
        )
        return self.here.rows(query, name)[0]

    def alive(self, name: str) -> int:
        query = "SELECT count(*) FROM orders_order WHERE dropoff_name = %s AND status = ANY(%s)"
        return self.there.rows(query, name, list(ALIVE))[0][0]

    def attempts(self, name: str) -> list[tuple[Any, ...]]:
        query = (
            "SELECT x.verb, x.status_code, x.error FROM integrations_exchange x "
            "JOIN integrations_dispatch d ON d.id = x.dispatch_id JOIN orders_order o ON o.id = d.order_id "
            "WHERE o.dropoff_name = %s ORDER BY x.id"
        )
        return self.here.rows(query, name)


def customer(fault: str, provider: str) -> str:
    return f"fault-{fault}-{provider}"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        there, here = Side(), Side()
        stack.callback(there.stop)
        stack.callback(here.stop)
        carrier = open_shop(there, "Carrier")
        one_kill = threading.Lock()

        def kill() -> None:
            with one_kill:
                here.kill("worker")
                here.start("worker", "-m", "django", "worker")

        def cancel(name: str) -> None:
            [(number,)] = there.rows("SELECT id FROM orders_order WHERE dropoff_name = %s", name)
            carrier.cancel("muvx", f"MOV{number}")
            wait_for(lambda: not World(here, there, {}).alive(name), 20, "the carrier has cancelled it")

        proxies = {provider: stack.enter_context(proxy(there.url, kill, cancel)) for provider in DIALECTS}
        shops = {provider: connected(here, carrier, provider, proxies[provider].url) for provider in DIALECTS}
        world = World(here, there, proxies)
        for fault in FAULTS:
            if fault == "kill":  # not while others are on their way: what those have heard would be lost with it
                wait_for(lambda: not here.rows(_UNDER_WAY), SECONDS, "the others are booked")
            for provider in DIALECTS:
                shops[provider].place("muvx", customer(fault, provider), fault)
        yield world


def connected(here: Side, carrier: Shop, provider: str, url: str) -> Shop:
    shop = open_shop(here, f"Shop of {provider}")
    here.manage(
        "destination", "--source", str(shop.source), "--provider", provider, "--default",
        "--base-url", f"{url}/{provider}", "--poll-seconds", "3600",
        "--credentials", json.dumps(credentials(carrier.keys, provider)),
    )  # fmt: skip
    return shop


@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_exactly_one_parcel(world: World, fault: str, provider: str) -> None:
    name = customer(fault, provider)

    def settled() -> bool:
        return world.ours(name)[1] in ("booked", "done")

    wait_for(settled, SECONDS, f"{world.ours(name)} {world.attempts(name)}")
    assert name in world.proxies[provider].seen  # it did go wrong
    assert world.alive(name) == 1
    status, _state, reference, attention, _error, epoch = world.ours(name)
    assert status in ("accepted", "picked_up", "in_transit", "delivered")
    assert reference
    assert attention == ""
    assert epoch <= (2 if fault == "dead" else 1)
    if fault not in (*NO_DOUBT, "kill"):  # what a killed worker has heard, nobody knows
        assert [error for _verb, _status, error in world.attempts(name) if error], world.attempts(name)
