"""How we talk: keys of those who call us, hand-overs to carriers, and what was said."""

import secrets
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from destinations.models import Destination, Merchant, Rider, Source
from integrations import registry
from orders.models import JSONEncoder, Order


class ApiKey(models.Model):
    """A key of a source for one dialect. Only its SHA-256 is stored; the key itself is shown once, when it is made."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="api_keys", verbose_name=_("source"))
    dialect = models.CharField(_("dialect"), max_length=20, choices=registry.dialect_choices)
    kind = models.CharField(_("kind"), max_length=10, blank=True, choices=registry.kind_choices)
    name = models.CharField(_("name"), max_length=80, blank=True)
    is_test = models.BooleanField(_("test key"), default=True)
    prefix = models.CharField(_("begins with"), max_length=24, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("scopes"),
        default=list,
        blank=True,
        help_text=_("What it may be used for, with commas; empty: everything."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("created by"), related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.name or f"{self.prefix}…"

    def allows(self, scope: str) -> bool:
        return not self.scopes or scope in self.scopes


class StaffKey(models.Model):
    """A key of one of our own people, for what a dialect lets staff do to every merchant's orders."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="staff_keys", verbose_name=_("person")
    )
    dialect = models.CharField(_("dialect"), max_length=20, choices=registry.dialect_choices)
    name = models.CharField(_("name"), max_length=80, blank=True)
    prefix = models.CharField(_("begins with"), max_length=24, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("staff key")
        verbose_name_plural = _("staff keys")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.name or f"{self.prefix}…"


class WebhookEndpoint(models.Model):
    """Where a merchant wants to be told, in which dialect. `secret` is what we sign with, encrypted."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="webhook_endpoints", verbose_name=_("merchant"))
    dialect = models.CharField(_("dialect"), max_length=20, choices=registry.dialect_choices)
    is_test = models.BooleanField(_("test"), default=False)
    url = models.CharField(_("address"), max_length=1000)
    is_active = models.BooleanField(_("active"), default=True)
    secret = models.TextField(editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.url


# --- Carriers -------------------------------------------------------------------------------------------------------
def new_callback_token() -> str:
    return secrets.token_urlsafe(24)


class CarrierAccount(models.Model):
    """How we reach the carrier of a destination. Secrets are encrypted (`integrations.vault`) and never shown again;
    `integrations.accounts` reads and writes them."""

    destination = models.OneToOneField(
        Destination, models.CASCADE, related_name="account", primary_key=True, verbose_name=_("destination")
    )
    base_url = models.CharField(_("base address"), max_length=500, blank=True)
    credentials = models.TextField(blank=True, editable=False)
    # The carrier's webhooks come to /callbacks/<token>; `callback_secret` is what it signs them with.
    callback_token = models.CharField(max_length=43, unique=True, default=new_callback_token, editable=False)
    callback_secret = models.TextField(blank=True, editable=False)
    poll_seconds = models.PositiveIntegerField(_("asked every (seconds)"), null=True, blank=True)
    # What a log-in gave, until it ends.
    access_token = models.TextField(blank=True, editable=False)
    access_token_ends_at = models.DateTimeField(null=True, editable=False)
    # The last "Test connection": `check_error` is empty when it went well.
    checked_at = models.DateTimeField(_("tested"), null=True, editable=False)
    check_error = models.TextField(_("what the test said"), blank=True, editable=False)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("carrier account")
        verbose_name_plural = _("carrier accounts")

    def __str__(self) -> str:
        return str(self.destination)


class Lane(models.Model):
    """How it goes with one destination at present: whether its carrier is given anything at all.

    After `failures` calls in a row that went wrong the lane is closed until `open_at`, when one order tries it
    (`integrations.lanes`). No row: all is well.
    """

    destination = models.OneToOneField(Destination, models.CASCADE, related_name="lane", primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    closed_at = models.DateTimeField(_("closed since"), null=True)
    open_at = models.DateTimeField(_("tried again at"), null=True)
    reason = models.TextField(_("reason"), blank=True)
    # Somebody is asking the carrier about its parcels, at most until then.
    tracking_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")

    def __str__(self) -> str:
        return str(self.destination)


class RemoteName(models.Model):
    """What something is called at a carrier: a city or region by its name, a customer by who it is. `name` is
    normalised (`orders.search.normalise`), `label` as people write it. `by_hand`: a person has decided it."""

    destination = models.ForeignKey(Destination, models.CASCADE, related_name="remote_names", db_index=False)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    label = models.CharField(max_length=255, blank=True)
    remote_id = models.CharField(max_length=64)
    by_hand = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["destination", "kind", "name"], name="one_remote_name_each")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label or self.name} = {self.remote_id}"


class Drift(models.Model):
    """A carrier's answer was not as its document describes it: one row for each difference, however often it is seen.
    `body` is the latest answer, without secrets."""

    class Change(models.TextChoices):
        MISSING = "missing", _("is missing")
        ADDED = "added", _("is new")
        RETYPED = "retyped", _("is of another kind")
        NULLED = "nulled", _("is empty")
        UNKNOWN = "unknown", _("has a value that we do not know")

    destination = models.ForeignKey(Destination, models.CASCADE, related_name="drifts", verbose_name=_("destination"))
    call = models.CharField(_("call"), max_length=80)
    path = models.CharField(_("field"), max_length=120)
    change = models.CharField(_("change"), max_length=10, choices=Change.choices)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    body = models.TextField(_("answer"), blank=True)
    times = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))
    settled_at = models.DateTimeField(_("looked into"), null=True, blank=True)

    class Meta:
        verbose_name = _("change of a carrier's answers")
        verbose_name_plural = _("changes of carriers' answers")
        ordering: ClassVar = ["-last_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["destination", "call", "path", "change"], name="each_drift_once")
        ]

    def __str__(self) -> str:
        return f"{self.call}: {self.path} {self.get_change_display()}"


class Dispatch(models.Model):
    """One try to hand an order to one destination, however many attempts it takes. A retry by hand is a new one.

    `key` is its name at the carrier: the same at every attempt, so that no second parcel is booked.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Waiting")
        BOOKING = "booking", _("Being booked")
        UNKNOWN = "unknown", _("Unknown, being looked up")
        BOOKED = "booked", _("Booked")
        CANCELLING = "cancelling", _("Being cancelled")
        CANCELLED = "cancelled", _("Cancelled")
        REFUSED = "refused", _("Refused")
        GAVE_UP = "gave_up", _("Given up")
        DROPPED = "dropped", _("No longer needed")
        DONE = "done", _("Done")

    order = models.ForeignKey(Order, models.CASCADE, related_name="dispatches", verbose_name=_("order"), db_index=False)
    destination = models.ForeignKey(
        Destination, models.PROTECT, related_name="dispatches", verbose_name=_("destination"), db_index=False
    )
    epoch = models.PositiveSmallIntegerField(_("number"), default=1)
    is_current = models.BooleanField(_("current"), default=True)
    key = models.CharField(_("booking key"), max_length=64, unique=True)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PLANNED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # When the sweep looks at it again: the next try, the next look at the carrier, or the end of a worker's lease.
    next_at = models.DateTimeField(_("next"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    reference = models.CharField(_("carrier's reference"), max_length=255, blank=True)
    # Its carrier's lane is full or closed: the next free place, or the sweep, takes it up. `next_at` is empty then.
    is_waiting = models.BooleanField(_("waits for its turn"), default=False)
    # A worker is calling the carrier about it, at most until then: it takes a place in the lane.
    calling_until = models.DateTimeField(null=True, editable=False)
    # What is sent, so that a repetition is the same to the byte, and what of the order is not in it: a list of
    # `integrations.translation.Fate.as_json`.
    body = models.JSONField(null=True, blank=True, encoder=JSONEncoder)
    losses = models.JSONField(_("loss report"), default=list, blank=True)
    # The word that the carrier said last of where the parcel is.
    said = models.CharField(max_length=255, blank=True)
    # Where the carrier's label is, encrypted: such addresses have tokens in them.
    label = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    booked_at = models.DateTimeField(_("booked"), null=True, blank=True)

    class Meta:
        verbose_name = _("dispatch")
        verbose_name_plural = _("dispatches")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "epoch"], name="dispatch_epochs_count"),
            models.UniqueConstraint(fields=["order"], condition=Q(is_current=True), name="one_current_dispatch"),
            models.CheckConstraint(
                condition=~Q(state__in=["booked", "cancelling", "done"]) | ~Q(reference=""),
                name="booked_has_a_reference",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="dispatches_due"),
            models.Index(
                fields=["destination", "attempts", "id"], condition=Q(is_waiting=True), name="dispatches_waiting"
            ),
            models.Index(
                fields=["destination", "calling_until"],
                condition=Q(calling_until__isnull=False),
                name="dispatches_under_way",
            ),
            models.Index(fields=["destination", "next_at"], condition=Q(state="booked"), name="dispatches_to_track"),
            models.Index(
                fields=["destination", "reference"], condition=~Q(reference=""), name="dispatches_by_reference"
            ),
        ]

    def __str__(self) -> str:
        return self.key


# What the sweep does next with a dispatch whose time has come.
TO_PUSH = (Dispatch.State.PLANNED, Dispatch.State.BOOKING, Dispatch.State.UNKNOWN)
# The outcome of an attempt that began is not known: ask before booking.
UNCERTAIN = (Dispatch.State.BOOKING, Dispatch.State.UNKNOWN)
# The carrier does not have the parcel and is not being asked to take it.
ENDED_WITHOUT_PARCEL = (
    Dispatch.State.REFUSED,
    Dispatch.State.GAVE_UP,
    Dispatch.State.DROPPED,
    Dispatch.State.CANCELLED,
)


class CarrierReport(models.Model):
    """A carrier's report, once: the row's uniqueness is what makes a repetition harmless."""

    dispatch = models.ForeignKey(Dispatch, models.CASCADE, related_name="reports", db_index=False)
    key = models.CharField(max_length=128)
    body = models.JSONField(default=dict, encoder=JSONEncoder)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["dispatch", "key"], name="each_report_once")]

    def __str__(self) -> str:
        return self.key


class Exchange(models.Model):
    """What we asked a carrier and what it said, without secrets and cut to a bearable size; pruned."""

    dispatch = models.ForeignKey(Dispatch, models.CASCADE, related_name="exchanges", verbose_name=_("dispatch"))
    verb = models.CharField(_("call"), max_length=12)
    request = models.TextField(_("request"), blank=True)
    response = models.TextField(_("response"), blank=True)
    status_code = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    duration = models.DurationField(_("duration"), default=timedelta)
    created_at = models.DateTimeField(_("when"), db_index=True)

    class Meta:
        verbose_name = _("exchange")
        verbose_name_plural = _("exchanges")
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.verb} {self.created_at:%H:%M:%S}"


class IdempotencyKey(models.Model):
    """The answer that a caller's `Idempotency-Key` got, kept to be given again."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="+", db_index=False)
    dialect = models.CharField(max_length=20)
    endpoint = models.CharField(max_length=80)
    is_test = models.BooleanField()
    key = models.CharField(max_length=255)
    body_digest = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True, encoder=JSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "dialect", "endpoint", "is_test", "key"], name="one_answer_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.key


class RateWindow(models.Model):
    """How often somebody has called since their window began. Its table is not logged: nothing waits for a disk, and
    a crash forgets the counts of a minute."""

    name = models.CharField(max_length=120, primary_key=True)
    count = models.PositiveIntegerField(default=1)
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class SimulatedParcel(models.Model):
    """A parcel at the simulator: its whole memory. Nothing here keeps it from taking the same order twice."""

    destination = models.ForeignKey(Destination, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(_("booking key"), max_length=64)
    order_number = models.CharField(_("order"), max_length=255)
    created_at = models.DateTimeField(_("taken"))
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)

    class Meta:
        verbose_name = _("simulated parcel")
        verbose_name_plural = _("simulated parcels")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["destination", "key"], name="parcels_by_key")]

    def __str__(self) -> str:
        return f"SIM{self.pk}"


# --- Own fleet ------------------------------------------------------------------------------------------------------
class RiderLink(models.Model):
    """A rider's way in, without a log-in: `/ride/<token>/`. Only the token's SHA-256 is stored; the link itself is
    shown once, when it is made."""

    rider = models.ForeignKey(Rider, models.CASCADE, related_name="links", verbose_name=_("rider"))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("created by"), related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("rider's link")
        verbose_name_plural = _("riders' links")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.rider} · {self.created_at:%Y-%m-%d}"


class RiderTask(models.Model):
    """A parcel in the hands of the merchant's own riders. Whose it is, is said in one place only, the order's `rider`;
    `accepted_by` is who has said yes to it. `outcome` is delivered, failed or returned."""

    dispatch = models.OneToOneField(Dispatch, models.CASCADE, related_name="rider_task", verbose_name=_("dispatch"))
    accepted_by = models.ForeignKey(
        Rider, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("accepted by"), db_index=False
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    picked_up_at = models.DateTimeField(_("picked up"), null=True, blank=True)
    in_transit_at = models.DateTimeField(_("on its way"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)

    class Meta:
        verbose_name = _("rider's task")
        verbose_name_plural = _("riders' tasks")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            # A cancel and a pick-up at the same moment: one of them is refused, whatever the program does.
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True) | Q(picked_up_at__isnull=True), name="cancelled_before_pickup"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="") | Q(ended_at__isnull=False) & ~Q(outcome=""),
                name="ended_with_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return str(self.dispatch)
