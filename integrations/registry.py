"""The table of contents: one line for each other system. Strings only, so that everything may import it."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Room:
    """A folder of `integrations`. `dialect`: we answer in its API, under `/<name>/`; `carrier`: the class that speaks
    it as a client, empty when we do not. `credential`: what its callers are given, a "key" or a "client" (an id and a
    secret, as in OAuth)."""

    name: str
    label: str
    dialect: bool = False
    carrier: str = ""
    key_prefix: str = ""
    credential: Literal["key", "client"] = "key"


ROOMS = (
    Room("muvx", "Muvx", dialect=True, key_prefix="mvx"),
    Room("fuuffy", "Fuuffy", dialect=True, key_prefix="fuf", credential="client"),
    Room("simulator", "Simulator", carrier="integrations.simulator.carrier.Simulator"),
)

DIALECTS = {room.name: room for room in ROOMS if room.dialect}
CARRIERS = {room.name: room for room in ROOMS if room.carrier}


def dialect_choices() -> list[tuple[str, str]]:
    return [(room.name, room.label) for room in DIALECTS.values()]


def provider_choices() -> list[tuple[str, str]]:
    return [(room.name, room.label) for room in CARRIERS.values()]


@cache
def carrier_class(provider: str):
    """The `integrations.carrier.Carrier` of a provider. Raises KeyError for a name that no room has."""
    return import_string(CARRIERS[provider].carrier)
