"""The only writer of a merchant's customers and depots. Values are checked by who calls; coordinates also by the
database."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from django.db import transaction

from destinations.models import Customer, Depot, Merchant

AnyPlace = TypeVar("AnyPlace", Customer, Depot)


class UnknownPlace(Exception):
    """At least one of the places is not there, or not the merchant's."""


def add_places(kind: type[AnyPlace], places: Sequence[AnyPlace]) -> list[AnyPlace]:
    """Stores new places of one kind, all or none, with one statement."""
    return kind.objects.bulk_create(places)


def change_place(place: AnyPlace, **fields: Any) -> None:
    """Orders keep what they know of the place as it was."""
    for name, value in fields.items():
        setattr(place, name, value)
    if fields:
        place.save(update_fields=list(fields))


@transaction.atomic
def delete_places(kind: type[AnyPlace], merchant: Merchant, ids: Collection[int]) -> None:
    """Deletes all or none. Orders that name one of them then name none; their stops stay as they are. Raises
    `UnknownPlace`. A handful of statements, and one for each hundred places."""
    found = kind.objects.filter(merchant=merchant, pk__in=ids)
    if len(found.select_for_update().values_list("pk")) != len(set(ids)):
        raise UnknownPlace
    found.delete()
