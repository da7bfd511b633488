"""Who sends (merchants and their sources) and who delivers (their destinations)."""

import secrets
import string
import zoneinfo
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

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
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(public_id__regex=r"^[a-z0-9]{32}$"), name="destination_public_id_form"
            )
        ]

    def __str__(self) -> str:
        return self.name


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
