"""Customers and misc. locations: a body → the fields of a row; a row → the documented object."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from destinations.models import Customer, Depot
from integrations.magiclane import words
from integrations.magiclane.fields import AddressField, Email, Flag, Location, Phone, Text, number


class CustomerSerializer(serializers.Serializer):
    alias = Text(255)
    firstName = Text(127)
    lastName = Text(127)
    address = AddressField()
    email = Email()
    phoneNumber = Phone()
    location = Location()
    customData = Text(10_000)


class DepotSerializer(serializers.Serializer):
    isDepot = Flag()
    alias = Text(255)
    location = Location()
    address = AddressField()


def address(parts: dict[str, Any], text: str = "") -> dict[str, str]:
    """The parts under the document's names. Of an address that came another way, the whole text is in `extra`."""
    shown = {name: str(parts.get(name, parts.get(words.OTHERS_ADDRESS.get(name, ""), ""))) for name in words.ADDRESS}
    if words.EXTRA in parts:
        shown[words.EXTRA] = str(parts[words.EXTRA])
    elif text and not is_ours(parts):
        shown[words.EXTRA] = text
    return shown


def is_ours(parts: dict[str, Any]) -> bool:
    """Whether an address came through this dialect: then all its parts are there, and one name is ours alone."""
    return "streetName" in parts


def customer(row: Customer) -> dict[str, Any]:
    return {
        "id": row.pk,
        "alias": row.alias,
        "firstName": row.first_name,
        "lastName": row.last_name,
        "address": address(row.address),
        "email": row.email,
        "phoneNumber": row.phone,
        "location": [number(row.lat), number(row.lng)],
        "customData": row.custom_data,
    }


def depot(row: Depot) -> dict[str, Any]:
    return {
        "id": row.pk,
        "isDepot": row.is_depot,
        "alias": row.alias,
        "location": [number(row.lat), number(row.lng)],
        "address": address(row.address),
    }


_COLUMNS = {
    "alias": "alias",
    "firstName": "first_name",
    "lastName": "last_name",
    "address": "address",
    "email": "email",
    "phoneNumber": "phone",
    "customData": "custom_data",
    "isDepot": "is_depot",
}


def fields(valid: dict[str, Any]) -> dict[str, Any]:
    """The row's fields for the values that were sent."""
    found = {_COLUMNS[name]: value for name, value in valid.items() if name in _COLUMNS}
    if "location" in valid:
        found["lat"], found["lng"] = valid["location"]
    return found


@dataclass(frozen=True, slots=True)
class Resource:
    """One of the two lists of places: its model, its name in answers and texts, how a row is read and shown."""

    model: type[Any]
    name: str
    title: str
    serializer: type[serializers.Serializer]
    show: Callable[[Any], dict[str, Any]]


CUSTOMERS = Resource(Customer, "customers", "Customer", CustomerSerializer, customer)
DEPOTS = Resource(Depot, "miscLocations", "Location", DepotSerializer, depot)
