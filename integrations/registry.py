"""The table of contents: one line for each other system. Strings only, so that everything may import it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from django.utils.module_loading import import_string
from django.utils.translation import gettext


@dataclass(frozen=True, slots=True)
class Room:
    """A folder of `integrations`. `dialect`: we answer in its API, under `/<name>/`; `carrier`: the class that speaks
    it as a client, empty when we do not. `credential`: what its callers are given, a "key" or a "client" (an id and a
    secret, as in OAuth). `kinds`: the kinds of its keys, each with what stands before the prefix; every kind but "" is
    one that may do less. `scopes`: what a key can be limited to. `source_settings`: what it lets a source choose, with
    the values that there are, the default first. `staff`: our own people can have keys in it too.

    Of its carrier: `credentials` are what we need to log in there, `base_urls` the vendor's addresses by environment,
    up to the paths of its document, which all begin with `root`. `callback`: how its calls to us prove that they are
    its own, by a "signature" with a shared secret or a "header" (`name:token`); empty when it does not call.
    """

    name: str
    label: str
    dialect: bool = False
    carrier: str = ""
    key_prefix: str = ""
    credential: Literal["key", "client"] = "key"
    kinds: Mapping[str, str] = field(default_factory=lambda: {"": ""})
    scopes: tuple[str, ...] = ()
    source_settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    staff: bool = False
    credentials: tuple[str, ...] = ()
    base_urls: Mapping[str, str] = field(default_factory=dict)
    root: str = ""
    callback: Literal["", "signature", "header"] = ""


ROOMS = (
    Room(
        "muvx",
        "Muvx",
        dialect=True,
        key_prefix="mvx",
        carrier="integrations.muvx.carrier.MuvxCarrier",
        credentials=("api_key",),
        base_urls={"production": "https://core.muvx.ai"},
        root="/v1",
        callback="signature",
    ),
    Room(
        "ideliver",
        "iDeliver",
        dialect=True,
        key_prefix="ilv",
        scopes=("orders:read", "orders:write", "webhooks:manage", "keys:manage"),
        staff=True,
        carrier="integrations.ideliver.carrier.IDeliverCarrier",
        credentials=("api_key",),
        base_urls={"production": "https://api.ideliver.ng"},
        root="/v1",
        callback="signature",
    ),
    Room(
        "fuuffy",
        "Fuuffy",
        dialect=True,
        key_prefix="fuf",
        credential="client",
        carrier="integrations.fuuffy.carrier.FuuffyCarrier",
        credentials=("client_id", "client_secret"),
        root="/v1",
        callback="signature",
    ),
    Room(
        "magiclane",
        "Magic Lane",
        dialect=True,
        key_prefix="mgl",
        carrier="integrations.magiclane.carrier.MagicLaneCarrier",
        credentials=("api_key",),
        base_urls={"production": "https://fleetmanagement.magiclaneapis.com"},
        root="/v1",
    ),
    Room(
        "modon",
        "Modon Express",
        dialect=True,
        key_prefix="mdn",
        kinds={"": "@@", "user": ""},
        source_settings={"modon_create_reply": ("array", "object")},
        carrier="integrations.modon.carrier.ModonCarrier",
        credentials=("username", "password"),
        base_urls={"production": "https://mcht.modon-express.net"},
        root="/v1/merchant",
        callback="header",
    ),
    Room(
        "generic",
        "Generic HTTP",
        carrier="integrations.generic.carrier.GenericCarrier",
        credentials=("secret",),
        callback="signature",
    ),
    Room("simulator", "Simulator", carrier="integrations.simulator.carrier.Simulator"),
    Room("ownfleet", "Own fleet", carrier="integrations.ownfleet.carrier.OwnFleet"),
)

DIALECTS = {room.name: room for room in ROOMS if room.dialect}
CARRIERS = {room.name: room for room in ROOMS if room.carrier}


def dialect_choices() -> list[tuple[str, str]]:
    return [(room.name, room.label) for room in DIALECTS.values()]


def kind_choices() -> list[tuple[str, str]]:
    return [(kind, kind) for room in DIALECTS.values() for kind in room.kinds if kind]


def provider_choices() -> list[tuple[str, str]]:
    return [(room.name, room.label) for room in CARRIERS.values()]


@cache
def carrier_class(provider: str):
    """The `integrations.carrier.Carrier` of a provider. Raises KeyError for a name that no room has."""
    return import_string(CARRIERS[provider].carrier)


def check_source_settings(stored: Any) -> None:
    """Raises ValueError, with words for who wrote them, unless these are settings that the dialects know."""
    known = {name: values for room in DIALECTS.values() for name, values in room.source_settings.items()}
    if not isinstance(stored, dict):
        raise ValueError(gettext("Settings are a JSON object, such as {}."))
    for name, value in stored.items():
        if name not in known:
            names = ", ".join(sorted(known)) or "–"
            raise ValueError(
                gettext("Unknown setting: %(name)s. Known are: %(names)s") % {"name": name, "names": names}
            )
        if value not in known[name]:
            values = ", ".join(known[name])
            raise ValueError(gettext("%(name)s must be one of: %(values)s") % {"name": name, "values": values})
