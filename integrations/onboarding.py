"""Opening an account: a merchant with everything that it needs to send its first order."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from destinations import actions
from destinations.models import Destination, Environment, Merchant, Source
from integrations import keys, registry


@dataclass(frozen=True, slots=True)
class Account:
    """What `open_account` made. `password` and `keys` (dialect, or dialect_kind → what `keys.credential` gives) are not
    stored in a readable form anywhere."""

    merchant: Merchant
    owner: User
    password: str
    source: Source
    keys: dict[str, Any]
    destinations: list[Destination]


@transaction.atomic
def open_account(
    name: str, *, username: str | None = None, hold: bool = False, pickup: dict[str, Any] | None = None, **profile: str
) -> Account:
    """A merchant, its owner's log-in, one source with a test key for each dialect, and two active sandbox destinations
    on the simulator, which deliver in about ten seconds; the first is the default.

    `profile`: currency, country, timezone, language. `pickup`: the source's pick-up point. Raises Django's
    `ValidationError` when one of them is wrong.
    """
    password = secrets.token_urlsafe(12)
    owner = User.objects.create_user(username or free_username(name), password=password)
    merchant = actions.create_merchant(name, owner=owner, **profile)
    destinations = [
        Destination.objects.create(
            merchant=merchant,
            name=label,
            provider="simulator",
            environment=Environment.SANDBOX,
            settings={"scenario": "accept", "seed": seed, "pace": 9},
        )
        for seed, label in enumerate(("Swift Riders (simulated)", "City Couriers (simulated)"), start=1)
    ]
    source = actions.create_source(merchant, "Online shop", destinations, hold=hold, **(pickup or {}))
    issued = {
        "_".join(filter(None, (dialect, kind))): keys.credential(
            *keys.issue(source, dialect, kind=kind, is_test=True, name="First key", created_by=owner)
        )
        for dialect, room in registry.DIALECTS.items()
        for kind in room.kinds
    }
    return Account(merchant, owner, password, source, issued, destinations)


def free_username(name: str) -> str:
    """A log-in like the name that nobody has yet."""
    wanted = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40] or "merchant"
    if not User.objects.filter(username=wanted).exists():
        return wanted
    return f"{wanted}-{secrets.token_hex(3)}"
