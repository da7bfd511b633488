"""Who sends (merchants and their sources), who delivers (their destinations and riders), and where."""

import secrets
import string
import uuid
import zoneinfo
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from destinations import geometry

PUBLIC_ID_ALPHABET = string.ascii_lowercase + string.digits


def new_public_id() -> str:
    """32 characters of [a-z0-9], the form that the Muvx document gives its destination ids."""
    return "".join(secrets.choice(PUBLIC_ID_ALPHABET) for _ in range(32))


def validate_timezone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(name)s” is not a time zone; write it like Asia/Kuwait."), params={"name": name})


class Merchant(models.Model):
    """A company whose orders we carry. Everything belongs to one, and nothing is found without going through it."""

    name = models.CharField(_("name"), max_length=120)
    currency = models.CharField(
        _("currency"), max_length=3, default="KWD", validators=[RegexValidator(r"^[A-Z]{3}$", _("Write it like KWD."))]
    )
    country = models.CharField(
        _("country"), max_length=2, default="KW", validators=[RegexValidator(r"^[A-Z]{2}$", _("Write it like KW."))]
    )
    timezone = models.CharField(_("time zone"), max_length=64, default="Asia/Kuwait", validators=[validate_timezone])
    language = models.CharField(_("language"), max_length=8, default="en", choices=settings.LANGUAGES)
    delivery_fee = models.DecimalField(
        _("delivery fee"),
        max_digits=15,
        decimal_places=3,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Flat fee per order, in the merchant's currency."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    zones_version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    OPERATOR = "operator", _("Operator")
    FINANCE = "finance", _("Finance")
    VIEWER = "viewer", _("Viewer")


# What each role may do: see; work on orders; set up sources, keys and destinations; see and confirm money.
ABILITIES: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset({"view", "operate", "manage", "finance"}),
    Role.MANAGER: frozenset({"view", "operate", "manage"}),
    Role.OPERATOR: frozenset({"view", "operate"}),
    Role.FINANCE: frozenset({"view", "finance"}),
    Role.VIEWER: frozenset({"view"}),
}


class Membership(models.Model):
    """A person's place in a merchant's team."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="memberships", verbose_name=_("merchant"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar = [models.UniqueConstraint(fields=["merchant", "user"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user} · {self.merchant}"

    def can(self, ability: str) -> bool:
        """Whether the role allows "view", "operate", "manage" or "finance"."""
        return ability in ABILITIES[self.role]


class Vehicle(models.TextChoices):
    MOTORCYCLE = "motorcycle", _("Motorcycle")
    CAR = "car", _("Car")
    VAN = "van", _("Van")
    TRUCK = "truck", _("Truck")


class Environment(models.TextChoices):
    SANDBOX = "sandbox", _("Sandbox")
    PRODUCTION = "production", _("Production")


class Destination(models.Model):
    """A carrier account of a merchant: where orders can be sent to.

    `provider` names a room of `integrations` (a plain string: this app is below it) and `settings` is what that
    room's carrier lets the merchant choose.
    """

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="destinations", verbose_name=_("merchant"))
    public_id = models.CharField(_("id"), max_length=32, unique=True, default=new_public_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    provider = models.CharField(_("provider"), max_length=40)
    environment = models.CharField(
        _("environment"), max_length=10, choices=Environment.choices, default=Environment.SANDBOX
    )
    is_active = models.BooleanField(_("active"), default=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    fallback = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("next to try"),
        help_text=_("Takes the orders that this one refuses, and those that wait while it is down."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(public_id__regex=r"^[a-z0-9]{32}$"), name="destination_public_id_form"
            ),
            models.CheckConstraint(
                condition=models.Q(fallback__isnull=True) | ~models.Q(fallback=models.F("id")),
                name="fallback_is_another",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """An order that is handed on must come to an end, and what is only tried out must not reach real couriers."""
        fallbacks = {pk: (next_pk, environment) for pk, next_pk, environment in Destination.objects.filter(
            merchant=self.merchant_id
        ).values_list("pk", "fallback", "environment")}  # fmt: skip
        if self.fallback_id is not None:
            if self.fallback_id not in fallbacks:
                raise ValidationError({"fallback": _("Choose another destination of the same merchant.")})
            if fallbacks[self.fallback_id][1] != self.environment:
                raise ValidationError({"fallback": _("The next to try must be of the same environment.")})
        before = [pk for pk, (next_pk, environment) in fallbacks.items() if next_pk == self.pk and self.pk]
        if any(fallbacks[pk][1] != self.environment for pk in before):
            text = _("It is the next to try of a destination in the other environment: change that one first.")
            raise ValidationError({"environment": text})
        seen, at = {self.pk}, self.fallback_id
        while at is not None:
            if at in seen:
                text = _("An order would go round in a circle: this one is tried after the one that you choose.")
                raise ValidationError({"fallback": text})
            seen.add(at)
            at = fallbacks[at][0]


class Source(models.Model):
    """A shop or system that sends orders, with its keys; its pick-up point serves orders that name none."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="sources", verbose_name=_("merchant"))
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)
    hold = models.BooleanField(
        _("hold orders"), default=False, help_text=_("Orders wait until somebody releases them.")
    )
    pickup_name = models.CharField(_("pick-up name"), max_length=255, blank=True)
    pickup_phone = models.CharField(_("pick-up phone"), max_length=64, blank=True)
    pickup_address = models.CharField(_("pick-up address"), max_length=1000, blank=True)
    pickup_lat = models.FloatField(
        _("pick-up latitude"), null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    pickup_lng = models.FloatField(
        _("pick-up longitude"), null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    settings = models.JSONField(
        _("settings"), default=dict, blank=True, help_text=_("What the dialects that it speaks let it choose.")
    )
    destinations = models.ManyToManyField(Destination, through="Route", related_name="sources")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Route(models.Model):
    """A source may send to a destination.

    A trigger (in the first migration) sees to it at commit that a source with routes has exactly one default, that
    the default's destination is active, and that both ends belong to one merchant.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="routes", verbose_name=_("source"))
    # PROTECT: a destination that sources still use is first taken off their routes.
    destination = models.ForeignKey(Destination, models.PROTECT, related_name="routes", verbose_name=_("destination"))
    is_default = models.BooleanField(_("default"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        ordering: ClassVar = ["-is_default", "position", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "destination"], name="one_route_each"),
            models.UniqueConstraint(fields=["source"], condition=models.Q(is_default=True), name="one_default_route"),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.destination}"


# --- Where ----------------------------------------------------------------------------------------------------------
class CoverageZone(models.Model):
    """An area that a merchant delivers in. With at least one active zone, a stop with coordinates must lie in one.

    A trigger counts up `Merchant.zones_version` with every change, so that each process knows when to read anew.
    """

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="zones", verbose_name=_("merchant"))
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    geojson = models.JSONField(
        _("area"),
        validators=[geometry.validate_area],
        help_text=_("A GeoJSON Polygon or MultiPolygon: longitude before latitude."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("coverage zone")
        verbose_name_plural = _("coverage zones")
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(geojson__type__in=["Polygon", "MultiPolygon"]), name="zone_is_an_area"
            ),
            models.UniqueConstraint(fields=["merchant", "name"], name="one_zone_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Numbered(models.Model):
    """Reference data for all merchants, with the numbers that callers already use."""

    id = models.PositiveIntegerField(_("number"), primary_key=True)
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        abstract = True
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.name


class City(Numbered):
    class Meta(Numbered.Meta):
        verbose_name = _("city")
        verbose_name_plural = _("cities")


class Region(Numbered):
    city = models.ForeignKey(City, models.PROTECT, related_name="regions", verbose_name=_("city"))

    class Meta(Numbered.Meta):
        verbose_name = _("region")
        verbose_name_plural = _("regions")


class PackageSize(Numbered):
    class Meta(Numbered.Meta):
        verbose_name = _("package size")
        verbose_name_plural = _("package sizes")


# --- People and places of a merchant --------------------------------------------------------------------------------
class Rider(models.Model):
    """Somebody who delivers for the merchant."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="riders", verbose_name=_("merchant"))
    uuid = models.UUIDField(_("id"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(_("phone"), max_length=64, blank=True)
    vehicle_type = models.CharField(_("vehicle"), max_length=20, choices=Vehicle.choices, default=Vehicle.MOTORCYCLE)
    is_active = models.BooleanField(_("active"), default=True)
    # Where the rider's phone was last, if the rider lets it tell.
    lat = models.FloatField(_("latitude"), null=True, blank=True, editable=False)
    lng = models.FloatField(_("longitude"), null=True, blank=True, editable=False)
    located_at = models.DateTimeField(_("located"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("rider")
        verbose_name_plural = _("riders")
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(lat__isnull=True, lng__isnull=True, located_at__isnull=True)
                | models.Q(
                    lat__isnull=False,
                    lng__isnull=False,
                    located_at__isnull=False,
                    lat__range=(-90, 90),
                    lng__range=(-180, 180),
                ),
                name="rider_on_earth",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Place(models.Model):
    """What customers and depots have in common: a name, an address in parts, and a point in WGS 84 degrees."""

    alias = models.CharField(_("alias"), max_length=255, blank=True)
    address = models.JSONField(_("address"), default=dict, blank=True)
    lat = models.FloatField(_("latitude"), validators=[MinValueValidator(-90), MaxValueValidator(90)])
    lng = models.FloatField(_("longitude"), validators=[MinValueValidator(-180), MaxValueValidator(180)])
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        abstract = True
        ordering: ClassVar = ["id"]


def on_earth(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.Q(lat__range=(-90, 90)) & models.Q(lng__range=(-180, 180)), name=name
    )


class Customer(Place):
    """A company or person on whose behalf a merchant's orders are."""

    merchant = models.ForeignKey(
        Merchant, models.CASCADE, related_name="customers", verbose_name=_("merchant"), db_index=False
    )
    first_name = models.CharField(_("first name"), max_length=255, blank=True)
    last_name = models.CharField(_("last name"), max_length=255, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=64, blank=True)
    custom_data = models.TextField(_("custom data"), blank=True)

    class Meta(Place.Meta):
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints: ClassVar = [on_earth("customer_on_earth")]
        indexes: ClassVar = [models.Index(fields=["merchant", "id"], name="customers_of_merchant")]

    def __str__(self) -> str:
        return self.alias or f"{self.first_name} {self.last_name}".strip() or str(self.pk)


class Depot(Place):
    """A place of the merchant that orders start from or end at; `is_depot` False is some other place worth knowing."""

    merchant = models.ForeignKey(
        Merchant, models.CASCADE, related_name="depots", verbose_name=_("merchant"), db_index=False
    )
    is_depot = models.BooleanField(_("is a depot"), default=True)

    class Meta(Place.Meta):
        verbose_name = _("depot")
        verbose_name_plural = _("depots")
        constraints: ClassVar = [on_earth("depot_on_earth")]
        indexes: ClassVar = [models.Index(fields=["merchant", "id"], name="depots_of_merchant")]

    def __str__(self) -> str:
        return self.alias or str(self.pk)
