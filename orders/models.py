"""What is to be delivered, and what has happened to it."""

import secrets
import uuid
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.lookups import LessThanOrEqual
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from destinations.models import Customer, Depot, Destination, Merchant, Rider, Source
from orders.search import normalise
from orders.statuses import TERMINAL, WITH_MERCHANT, Attention, Failure, Mark, Status


class JSONEncoder(DjangoJSONEncoder):
    """A number that came as a JSON number is kept as one."""

    def default(self, o: Any) -> Any:
        return float(o) if isinstance(o, Decimal) else super().default(o)


def new_tracking_token() -> str:
    return secrets.token_urlsafe(16)


def new_public_hex() -> str:
    return secrets.token_hex(6)


class Trigrams(models.Func):
    """`wasl_trigrams(merchant_id, text)`: the text's trigrams, each with the merchant's id in it."""

    function = "wasl_trigrams"
    output_field = ArrayField(models.TextField())


class OrderQuerySet(models.QuerySet["Order"]):
    def of(self, merchant: Merchant) -> Self:
        return self.filter(merchant=merchant)

    def kept(self) -> Self:
        """Without those that their merchant has deleted, for dialects in which a deleted order is gone."""
        return self.filter(deleted_at=None)

    def due(self, now) -> Self:
        """Held orders whose time has come."""
        return self.filter(status=Status.CREATED, release_at__lte=now)

    def search(self, merchant: Merchant, text: str) -> Self:
        """The merchant's orders in which `text` occurs, in any spelling of its letters and digits."""
        wanted = normalise(text)
        found = self.of(merchant)
        if len(wanted) < 3:  # no trigram to look up
            return found.filter(search_text__contains=wanted) if wanted else found
        return found.alias(trigrams=Trigrams("merchant_id", "search_text")).filter(
            trigrams__contains=Trigrams(Value(merchant.pk, models.BigIntegerField()), Value(wanted)),
            search_text__contains=wanted,
        )


class Order(models.Model):
    """One delivery: two stops, what is carried, the money at the door, and where it is now."""

    # Indexes that nothing reads are left out (db_index=False): each costs every order at intake.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tracking_token = models.CharField(max_length=32, unique=True, default=new_tracking_token, editable=False)
    public_hex = models.CharField(max_length=12, unique=True, default=new_public_hex, editable=False)
    merchant = models.ForeignKey(
        Merchant, models.PROTECT, related_name="orders", verbose_name=_("merchant"), db_index=False
    )
    source = models.ForeignKey(Source, models.PROTECT, related_name="orders", verbose_name=_("source"), db_index=False)
    destination = models.ForeignKey(
        Destination, models.PROTECT, related_name="orders", verbose_name=_("destination"), db_index=False
    )
    is_test = models.BooleanField(_("test"), default=False)

    dialect = models.CharField(_("dialect"), max_length=20)
    channel = models.CharField(_("channel"), max_length=128, blank=True)
    external_id = models.CharField(_("your order number"), max_length=255, blank=True)
    unique_scope = models.CharField(max_length=160, null=True, editable=False)
    reference = models.CharField(_("reference"), max_length=255, blank=True)

    pickup_name = models.CharField(_("pick-up name"), max_length=255)
    pickup_phone = models.CharField(_("pick-up phone"), max_length=64)
    pickup_email = models.CharField(_("pick-up e-mail"), max_length=254, blank=True)
    pickup_address = models.TextField(_("pick-up address"))
    pickup_parts = models.JSONField(default=dict, blank=True)
    pickup_lat = models.FloatField(_("pick-up latitude"), null=True, blank=True)
    pickup_lng = models.FloatField(_("pick-up longitude"), null=True, blank=True)
    dropoff_name = models.CharField(_("drop-off name"), max_length=255)
    dropoff_phone = models.CharField(_("drop-off phone"), max_length=64)
    dropoff_email = models.CharField(_("drop-off e-mail"), max_length=254, blank=True)
    dropoff_address = models.TextField(_("drop-off address"))
    dropoff_parts = models.JSONField(default=dict, blank=True)
    dropoff_lat = models.FloatField(_("drop-off latitude"), null=True, blank=True)
    dropoff_lng = models.FloatField(_("drop-off longitude"), null=True, blank=True)
    # Of the whole parcel; null when nobody said.
    weight_kg = models.DecimalField(_("weight, kg"), max_digits=10, decimal_places=3, null=True, blank=True)
    length_cm = models.DecimalField(_("length, cm"), max_digits=10, decimal_places=3, null=True, blank=True)
    width_cm = models.DecimalField(_("width, cm"), max_digits=10, decimal_places=3, null=True, blank=True)
    height_cm = models.DecimalField(_("height, cm"), max_digits=10, decimal_places=3, null=True, blank=True)
    pieces = models.PositiveIntegerField(_("packages"), null=True, blank=True)
    # When it is to be picked up and delivered, as facts for the carrier; they hold nothing back.
    pickup_at = models.DateTimeField(_("pick-up wanted at"), null=True, blank=True)
    window_start = models.DateTimeField(_("delivery wanted from"), null=True, blank=True)
    window_end = models.DateTimeField(_("delivery wanted until"), null=True, blank=True)
    # Indexed where they are set, below: most orders have none.
    customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("customer"), db_index=False
    )
    depot = models.ForeignKey(
        Depot, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("depot"), db_index=False
    )
    rider = models.ForeignKey(
        Rider, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("rider"), db_index=False
    )
    notes = models.TextField(_("notes"), blank=True)

    currency = models.CharField(_("currency"), max_length=3)
    cod_amount = models.DecimalField(_("cash on delivery"), max_digits=15, decimal_places=3, null=True, blank=True)
    delivery_fee = models.DecimalField(_("delivery fee"), max_digits=15, decimal_places=3, default=Decimal(0))
    payment_verified = models.BooleanField(_("payment verified"), default=False)

    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.CREATED)
    status_before = models.CharField(max_length=12, blank=True, choices=Status.choices)
    status_text = models.CharField(_("carrier's words"), max_length=255, blank=True)
    # What callers say that the status is, by dialect and in its form; forgotten when the status changes.
    said_status = models.JSONField(default=dict, blank=True, editable=False)
    failure = models.CharField(_("kind of failure"), max_length=10, choices=Failure.choices, blank=True)
    mark = models.CharField(_("mark"), max_length=16, choices=Mark.choices, blank=True)
    attention = models.CharField(_("needs attention"), max_length=24, choices=Attention.choices, blank=True)
    attention_detail = models.TextField(_("detail"), blank=True)
    # The draft path that a carrier's refusal is about ("dropoff.phone"); each dialect shows it as its own field.
    attention_path = models.CharField(max_length=80, blank=True, editable=False)
    release_at = models.DateTimeField(_("goes out at"), null=True, blank=True)
    # From the first try to book on until it is certain that no carrier has the parcel. A cancel must then ask first.
    with_carrier = models.BooleanField(default=False, editable=False)
    # An edit came after the booking: the carrier is asked to cancel, and then given the order anew.
    rebooking = models.BooleanField(_("being booked anew"), default=False, editable=False)
    carrier_reference = models.CharField(_("carrier's reference"), max_length=255, blank=True)
    carrier_tracking_url = models.CharField(_("carrier's tracking page"), max_length=1000, blank=True)

    routing = models.JSONField(_("routing decision"), default=dict, blank=True)
    extras = models.JSONField(default=dict, blank=True, encoder=JSONEncoder)
    raw_payload = models.JSONField(null=True, blank=True, encoder=JSONEncoder)
    search_text = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("last change"))
    # Cancelled and out of its merchant's sight. Rows are never removed.
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints: ClassVar = [
            # NULLs are distinct: a dialect that promises no uniqueness leaves the scope empty.
            models.UniqueConstraint(
                fields=["merchant", "dialect", "is_test", "unique_scope", "external_id"], name="unique_external_id"
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="order_status_known"),
            models.CheckConstraint(
                condition=(Q(status=Status.FAILED) & ~Q(failure="")) | (~Q(status=Status.FAILED) & Q(failure="")),
                name="failed_has_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.CREATED) | Q(release_at__isnull=True), name="only_held_orders_wait"
            ),
            models.CheckConstraint(
                condition=(Q(status=Status.CANCELLING) & ~Q(status_before=""))
                | (~Q(status=Status.CANCELLING) & Q(status_before="")),
                name="cancelling_knows_its_way_back",
            ),
            models.CheckConstraint(
                condition=Q(rebooking=False) | Q(status__in=[Status.DISPATCHED, Status.ACCEPTED]),
                name="rebooking_before_pickup",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(status__in=[Status.CANCELLING, Status.CANCELLED]),
                name="deleted_is_cancelled",
            ),
            models.CheckConstraint(
                condition=Q(cod_amount__isnull=True) | Q(cod_amount__gte=0), name="cod_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(pickup_lat__isnull=True, pickup_lng__isnull=True)
                | Q(
                    pickup_lat__isnull=False,
                    pickup_lng__isnull=False,
                    pickup_lat__range=(-90, 90),
                    pickup_lng__range=(-180, 180),
                ),
                name="pickup_on_earth",
            ),
            models.CheckConstraint(
                condition=Q(dropoff_lat__isnull=True, dropoff_lng__isnull=True)
                | Q(
                    dropoff_lat__isnull=False,
                    dropoff_lng__isnull=False,
                    dropoff_lat__range=(-90, 90),
                    dropoff_lng__range=(-180, 180),
                ),
                name="dropoff_on_earth",
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("merchant"), F("created_at").desc(), F("id").desc(), name="orders_newest"),
            models.Index(
                F("merchant"), F("status"), F("created_at").desc(), F("id").desc(), name="orders_newest_by_status"
            ),
            models.Index(fields=["merchant", "id"], name="orders_by_number"),
            models.Index(fields=["customer"], condition=Q(customer__isnull=False), name="orders_of_customer"),
            models.Index(fields=["depot"], condition=Q(depot__isnull=False), name="orders_of_depot"),
            models.Index(fields=["rider", "status"], condition=Q(rider__isnull=False), name="orders_of_rider"),
            models.Index(fields=["release_at"], condition=Q(status="created", release_at__isnull=False), name="due"),
            models.Index(
                F("merchant"),
                F("created_at").desc(),
                F("id").desc(),
                condition=~Q(attention=""),
                name="orders_needing_attention",
            ),
            models.Index(
                F("merchant"),
                F("created_at").desc(),
                F("id").desc(),
                condition=~Q(said_status={}),
                name="orders_said_to_be",
            ),
            models.Index(
                F("merchant"), F("created_at").desc(), F("id").desc(), condition=~Q(mark=""), name="orders_marked"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id or str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("orders:detail", args=[self.pk])

    @property
    def tracking_url(self) -> str:
        """The public page of this order, absolute."""
        return settings.WASL_URL + reverse("tracking", args=[self.tracking_token])

    @property
    def number(self) -> str:
        """What its sender calls it, whether or not that has to be unique."""
        return self.external_id or self.reference

    @property
    def is_held(self) -> bool:
        return self.status == Status.CREATED and self.release_at is None

    @property
    def is_with_merchant(self) -> bool:
        """Nobody has picked it up, so that it can still be edited or deleted."""
        return self.status in WITH_MERCHANT or self.failure == Failure.DISPATCH

    @property
    def is_over(self) -> bool:
        return self.status in TERMINAL


class OrderItem(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(_("name"), max_length=500)
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    price = models.DecimalField(_("price"), max_digits=15, decimal_places=3, null=True, blank=True)
    weight_kg = models.DecimalField(_("weight, kg"), max_digits=10, decimal_places=3, null=True, blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class OrderEvent(models.Model):
    """History, audit trail and trigger in one row, written with the change itself. Never edited."""

    class Kind(models.TextChoices):
        CREATED = "created", _("Created")
        RELEASED = "released", _("Released")
        HELD = "held", _("Held")
        RESCHEDULED = "rescheduled", _("Rescheduled")
        BOOKED = "booked", _("Booked with the carrier")
        DISPATCH_FAILED = "dispatch_failed", _("Not handed over")
        PROGRESS = "progress", _("Progress")
        RECORDED = "recorded", _("Reported, without effect")
        CANCEL_REQUESTED = "cancel_requested", _("Cancel asked for")
        CANCELLED = "cancelled", _("Cancelled")
        CANCEL_REFUSED = "cancel_refused", _("Cancel refused")
        RETRIED = "retried", _("Sent again")
        SETTLED = "settled", _("Looked into")
        EDITED = "edited", _("Edited")
        EDIT_REFUSED = "edit_refused", _("Edit refused")
        STATUS_SAID = "status_said", _("Status set by its sender")
        PAYMENT_VERIFIED = "payment_verified", _("Payment verified")
        RIDER_ASSIGNED = "rider_assigned", _("Rider assigned")
        DELETED = "deleted", _("Deleted")
        REROUTED = "rerouted", _("Sent to another destination")
        PROOF = "proof", _("Proof of delivery")

    class ActorKind(models.TextChoices):
        KEY = "key", _("API key")
        USER = "user", _("Person")
        CARRIER = "carrier", _("Carrier")
        SYSTEM = "system", _("Wasl")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor = models.CharField(_("by"), max_length=200)
    from_status = models.CharField(max_length=12, blank=True, choices=Status.choices)
    to_status = models.CharField(max_length=12, blank=True, choices=Status.choices)
    data = models.JSONField(default=dict, blank=True, encoder=JSONEncoder)
    created_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["order", "id"], name="events_of_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.order_id}"


# A picture is kept in the database, which is all that several machines share: no larger than this (bytes).
MAX_PICTURE = 400_000


def _octets(name: str) -> models.Func:
    return models.Func(F(name), function="octet_length", output_field=models.IntegerField())


class ProofOfDelivery(models.Model):
    """How an order came into somebody's hands, as whoever delivered it says. `photo` is a JPEG and `signature` a PNG
    of our own making, or empty; `cod_received` is None when no cash was asked for and none was given."""

    order = models.OneToOneField(Order, models.CASCADE, related_name="proof", verbose_name=_("order"))
    at = models.DateTimeField(_("when"))
    recipient_name = models.CharField(_("given to"), max_length=255, blank=True)
    rider_name = models.CharField(_("rider"), max_length=120, blank=True)
    cod_received = models.DecimalField(_("cash received"), max_digits=15, decimal_places=3, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    lng = models.FloatField(_("longitude"), null=True, blank=True)
    photo = models.BinaryField(blank=True, default=b"")
    signature = models.BinaryField(blank=True, default=b"")

    class Meta:
        verbose_name = _("proof of delivery")
        verbose_name_plural = _("proofs of delivery")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=LessThanOrEqual(_octets("photo"), MAX_PICTURE)
                & LessThanOrEqual(_octets("signature"), MAX_PICTURE),
                name="pictures_of_a_bearable_size",
            ),
            models.CheckConstraint(
                condition=Q(cod_received__isnull=True) | Q(cod_received__gte=0), name="cash_received_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(lat__isnull=True, lng__isnull=True)
                | Q(lat__isnull=False, lng__isnull=False, lat__range=(-90, 90), lng__range=(-180, 180)),
                name="proof_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} · {self.recipient_name}"
