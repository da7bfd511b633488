"""The words for where an order is, and which may follow which. The one table that all dialects translate from."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    CREATED = "created", _("Created")  # stored and held: not yet released
    DISPATCHED = "dispatched", _("Dispatched")  # released to the carrier's queue
    ACCEPTED = "accepted", _("Accepted")  # the carrier has it
    PICKED_UP = "picked_up", _("Picked up")
    IN_TRANSIT = "in_transit", _("In transit")
    DELIVERED = "delivered", _("Delivered")
    CANCELLING = "cancelling", _("Cancelling")  # the carrier has been asked
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")  # `Order.failure` says of what kind
    RETURNED = "returned", _("Returned")
    LOST = "lost", _("Lost")


class Failure(models.TextChoices):
    DISPATCH = "dispatch", _("Not handed over")  # no carrier has it
    DELIVERY = "delivery", _("Not delivered")  # the carrier gave up


class Mark(models.TextChoices):
    """What is worth knowing about an order on its way; it does not change the status."""

    DELAYED = "delayed", _("Delayed")
    ATTEMPT_FAILED = "attempt_failed", _("Attempt failed")
    RETURNING = "returning", _("Returning")


class Attention(models.TextChoices):
    """Why a person should look at an order."""

    CARRIER_REFUSED = "carrier_refused", _("The carrier refused it")
    CARRIER_UNREACHABLE = "carrier_unreachable", _("The carrier could not be reached")
    CANCEL_REFUSED = "cancel_refused", _("The carrier refused to cancel")
    EDIT_REFUSED = "edit_refused", _("The carrier has the order as it was before an edit")
    CONTRADICTION = "contradiction", _("The carrier contradicts what we know")
    SECOND_PARCEL = "second_parcel", _("There may be a second parcel")
    UNKNOWN_WORD = "unknown_word", _("The carrier sent a status that we do not know")
    DELIVERY_FAILED = "delivery_failed", _("The carrier gave up")
    CASH_DIFFERS = "cash_differs", _("The cash received is not the cash asked for")


# What no later report of a carrier settles: a person has to look.
LASTING = frozenset(
    {
        Attention.CANCEL_REFUSED,
        Attention.EDIT_REFUSED,
        Attention.CONTRADICTION,
        Attention.SECOND_PARCEL,
        Attention.CASH_DIFFERS,
    }
)

_RANK = {
    Status.CREATED: 0,
    Status.DISPATCHED: 1,
    Status.ACCEPTED: 2,
    Status.PICKED_UP: 3,
    Status.IN_TRANSIT: 4,
    Status.DELIVERED: 5,
}
TERMINAL = frozenset({Status.DELIVERED, Status.CANCELLED, Status.RETURNED, Status.LOST})
# What a cancel is refused at: the parcel has reached an end that cannot be taken back.
NOT_CANCELLABLE = frozenset({Status.DELIVERED, Status.RETURNED, Status.LOST})
# Before anybody has picked it up.
WITH_MERCHANT = frozenset({Status.CREATED, Status.DISPATCHED, Status.ACCEPTED})
# A carrier may report these at any time before the end.
_ASIDE = frozenset({Status.CANCELLED, Status.FAILED, Status.RETURNED, Status.LOST})


def may_report(current: str, reported: str) -> bool:
    """Whether a carrier's report of `reported` moves an order that is at `current`.

    Forward jumps do, steps back and repetitions do not. Out of a terminal status only delivered → returned leads.
    A failed delivery may still go on (the carrier tries again); a cancel that is being asked for ends in whatever the
    carrier says happened first.
    """
    if current in TERMINAL:
        return current == Status.DELIVERED and reported == Status.RETURNED
    if reported in _ASIDE:
        return current != reported
    if current in (Status.FAILED, Status.CANCELLING):
        return reported == Status.DELIVERED or (current == Status.FAILED and reported == Status.IN_TRANSIT)
    return _RANK[Status(reported)] > _RANK[Status(current)]
