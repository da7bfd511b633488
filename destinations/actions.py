"""The only writer of merchants, sources, their routes and their zones."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from destinations import geometry
from destinations.models import CoverageZone, Destination, Membership, Merchant, Role, Route, Source
from destinations.rates import default_delivery_fee


@transaction.atomic
def create_merchant(
    name: str,
    *,
    owner: User,
    currency: str = "KWD",
    country: str = "KW",
    timezone: str = "Asia/Kuwait",
    language: str = "en",
) -> Merchant:
    """A merchant with its owner. Raises `django.core.exceptions.ValidationError` for a bad currency, country …"""
    merchant = Merchant(
        name=name,
        currency=currency,
        country=country,
        timezone=timezone,
        language=language,
        delivery_fee=default_delivery_fee(currency),
    )
    merchant.full_clean()
    merchant.save()
    Membership.objects.create(merchant=merchant, user=owner, role=Role.OWNER)
    return merchant


@transaction.atomic
def create_source(merchant: Merchant, name: str, destinations: Sequence[Destination], **fields) -> Source:
    """A source that may send to `destinations`, the first of which is its default."""
    source = Source(merchant=merchant, name=name, **fields)
    source.full_clean()
    source.save()
    Route.objects.bulk_create(
        Route(source=source, destination=destination, is_default=position == 0, position=position)
        for position, destination in enumerate(destinations)
    )
    return source


def edit_source(source: Source, **fields: Any) -> Source:
    """Sets the fields. Raises `ValidationError`."""
    for name, value in fields.items():
        setattr(source, name, value)
    source.full_clean()
    source.save(update_fields=list(fields))
    return source


@transaction.atomic
def add_route(source: Source, destination: Destination, *, default: bool = False) -> Route:
    """Lets the source send to a destination of its merchant. Its first one is its default in any case."""
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    others = source.routes.count()
    route = Route.objects.create(source=source, destination=destination, is_default=not others, position=others)
    if default and others:
        set_default_route(route)
        route.is_default = True
    return route


@transaction.atomic
def set_default_route(route: Route) -> None:
    """Makes `route` its source's default. The former default stays a route. Raises `ValidationError` for a destination
    that is not active."""
    Source.objects.select_for_update(no_key=True).get(pk=route.source_id)
    if not Destination.objects.filter(pk=route.destination_id, is_active=True).exists():
        raise ValidationError(gettext("Only an active destination can be a default: activate it first."))
    Route.objects.filter(source_id=route.source_id, is_default=True).update(is_default=False)
    Route.objects.filter(pk=route.pk).update(is_default=True)


@transaction.atomic
def remove_route(route: Route) -> None:
    """The source may not send there any more. Raises `ValidationError` for its default."""
    Source.objects.select_for_update(no_key=True).get(pk=route.source_id)
    route.refresh_from_db()
    if route.is_default:
        text = gettext("This is the default destination of %(source)s: make another one its default first.")
        raise ValidationError(text % {"source": route.source.name})
    route.delete()


@transaction.atomic
def set_active(destination: Destination, active: bool) -> None:
    """Switches a destination on or off. Raises `ValidationError` for switching off one that is a default."""
    routes = Route.objects.filter(destination=destination)
    # Whoever makes it a default at this moment holds the source: then we wait and see.
    list(Source.objects.select_for_update(no_key=True).filter(pk__in=routes.values("source")).order_by("pk"))
    if not active and (names := list(routes.filter(is_default=True).values_list("source__name", flat=True)[:5])):
        text = gettext("It is the default destination of %(sources)s: make another one the default first.")
        raise ValidationError(text % {"sources": ", ".join(names)})
    destination.is_active = active
    destination.save(update_fields=["is_active"])


def set_zone(merchant: Merchant, name: str, geojson: Any) -> tuple[CoverageZone, bool]:
    """The merchant's coverage zone of this name, active and with this area; True if it is new. Every area in a GeoJSON
    Polygon, MultiPolygon, Feature or FeatureCollection counts.

    Raises ValueError for anything else, and `django.core.exceptions.ValidationError` for a bad name.
    """
    zone = CoverageZone(merchant=merchant, name=name, geojson=geometry.joined(geojson))
    zone.clean_fields()
    return CoverageZone.objects.update_or_create(
        merchant=merchant, name=name, defaults={"geojson": zone.geojson, "is_active": True}
    )
