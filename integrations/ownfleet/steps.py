"""What a rider does with a task, step by step; each is told to the order like any carrier's report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import models, transaction
from django.db.models import Prefetch, Q
from django.db.models.functions import Coalesce
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from destinations.models import Rider
from integrations import dispatching
from integrations.carrier import Report
from integrations.models import CarrierReport, Dispatch, RiderTask
from orders import reports
from orders.changes import locked
from orders.events import Actor
from orders.models import Order, OrderEvent, OrderItem, ProofOfDelivery
from orders.statuses import TERMINAL, Status


class State(models.TextChoices):
    """Where a task is, for its rider."""

    ASSIGNED = "assigned", _("New")
    ACCEPTED = "accepted", _("Accepted")
    PICKED_UP = "picked_up", _("Picked up")
    IN_TRANSIT = "in_transit", _("In transit")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    RETURNED = "returned", _("Returned")
    CANCELLED = "cancelled", _("Cancelled")
    CLOSED = "closed", _("Ended by the office")


@dataclass(frozen=True, slots=True)
class Step:
    """`after`: the states in which it can be taken; `to`: where it leads; `status`: what it tells the order."""

    after: tuple[State, ...]
    to: State
    status: Status
    label: Any


STEPS: Mapping[str, Step] = {
    "accept": Step((State.ASSIGNED,), State.ACCEPTED, Status.ACCEPTED, _("Accept")),
    "pick_up": Step((State.ASSIGNED, State.ACCEPTED), State.PICKED_UP, Status.PICKED_UP, _("I have picked it up")),
    "set_off": Step((State.PICKED_UP,), State.IN_TRANSIT, Status.IN_TRANSIT, _("On my way to the customer")),
    "try_again": Step((State.FAILED,), State.IN_TRANSIT, Status.IN_TRANSIT, _("Try once more")),
    "deliver": Step((State.PICKED_UP, State.IN_TRANSIT), State.DELIVERED, Status.DELIVERED, _("Delivered")),
    "fail": Step((State.PICKED_UP, State.IN_TRANSIT), State.FAILED, Status.FAILED, _("Could not deliver")),
    "bring_back": Step((State.FAILED,), State.RETURNED, Status.RETURNED, _("I have brought it back")),
}


class Reason(models.TextChoices):
    """Why it could not be delivered."""

    NOBODY = "nobody", _("Nobody there")
    NO_ANSWER = "no_answer", _("No answer on the phone")
    ADDRESS = "address", _("The address is wrong")
    REFUSED = "refused", _("The customer refused it")
    CASH = "cash", _("The customer could not pay")
    LATER = "later", _("The customer wants it later")
    DAMAGED = "damaged", _("It is damaged")
    OTHER = "other", _("Something else")


class Answer(Enum):
    """TAKEN also for a step that came before. STALE: the task has gone on without it. GONE: not this rider's."""

    TAKEN = "taken"
    STALE = "stale"
    GONE = "gone"


# In these a rider may act: the carrier (the fleet) has it, and has not given it back.
_WITH_FLEET = (Dispatch.State.BOOKED, Dispatch.State.CANCELLING)
_OPEN = tuple(status for status in Status if status not in TERMINAL)
# How long a cancelled task stays to be seen.
_SEEN_CANCELLED = timedelta(hours=12)
# A step that was taken without a line tells its own time, which a wrong clock must not carry too far.
_LONGEST_OFFLINE = timedelta(days=2)
MOST_TASKS = 200


def state_of(task: RiderTask, order: Order) -> State:
    if task.cancelled_at:
        return State.CANCELLED
    if task.outcome:
        return State(task.outcome)
    if order.is_over:
        return State.CLOSED
    if task.in_transit_at:
        return State.IN_TRANSIT
    if task.picked_up_at:
        return State.PICKED_UP
    # Somebody else's yes says nothing about whoever has it now.
    return State.ACCEPTED if task.accepted_at and task.accepted_by_id == order.rider_id else State.ASSIGNED


def tasks_of(rider: Rider) -> list[RiderTask]:
    """What the rider has to do, in the order of the pick-ups, and what has been cancelled lately. Two queries."""
    mine = Q(dispatch__is_current=True, dispatch__order__rider=rider)
    to_do = Q(dispatch__order__status__in=_OPEN, dispatch__state__in=_WITH_FLEET)
    cancelled = Q(dispatch__order__status=Status.CANCELLED, cancelled_at__gte=timezone.now() - _SEEN_CANCELLED)
    items = OrderItem.objects.only("order_id", "name", "quantity", "position")
    return list(
        RiderTask.objects.filter(mine, to_do | cancelled)
        .select_related("dispatch__order")
        .prefetch_related(Prefetch("dispatch__order__items", queryset=items))
        .defer("dispatch__order__raw_payload", "dispatch__order__extras", "dispatch__order__search_text")
        .order_by(Coalesce("dispatch__order__pickup_at", "dispatch__order__created_at"), "pk")[:MOST_TASKS]
    )


@transaction.atomic
def take(
    rider: Rider,
    task_id: int,
    name: str,
    *,
    key: str,
    at: datetime | None = None,
    reason: str = "",
    note: str = "",
    proof: ProofOfDelivery | None = None,
) -> Answer:
    """Takes one step of `STEPS` with a task. `key` is the phone's own name for it: the same step may come any number of
    times, and counts once. `proof` goes with a delivery. The order, its history and the task change together."""
    step = STEPS[name]
    # Whoever has it: that the rider has it is looked at when nobody else can change it.
    order_id = RiderTask.objects.filter(pk=task_id).values_list("dispatch__order_id", flat=True).first()
    if order_id is None:
        return Answer.GONE
    order = locked(Order(pk=order_id))
    task = RiderTask.objects.select_for_update(of=("self",), no_key=True).select_related("dispatch").get(pk=task_id)
    if order.rider_id != rider.pk:
        return Answer.GONE
    if CarrierReport.objects.filter(dispatch=task.dispatch, key=key).exists():
        return Answer.TAKEN
    dispatch = task.dispatch
    with_fleet = dispatch.is_current and dispatch.state in _WITH_FLEET
    if not with_fleet or state_of(task, order) not in step.after:
        return Answer.STALE

    now = timezone.now()
    earliest = max(task.created_at, now - _LONGEST_OFFLINE)
    at = min(max(at or now, earliest), now)
    _note_down(task, step, rider, at)
    if step.to == State.FAILED:
        with translation.override(rider.merchant.language):
            task.reason = ": ".join(filter(None, (str(Reason(reason).label), note)))[:300]
    task.save()
    text = task.reason if step.to == State.FAILED else rider.name
    body = {"step": name, "rider": str(rider.uuid)}
    dispatching.receive(dispatch.pk, Report(key, step.status, text=text, at=at, body=body))
    if proof is not None and step.to == State.DELIVERED:
        proof.at, proof.rider_name = at, rider.name
        destination = Actor(OrderEvent.ActorKind.CARRIER, dispatch.destination.name)
        reports.record_proof(locked(order), destination, proof)
    return Answer.TAKEN


def _note_down(task: RiderTask, step: Step, rider: Rider, at: datetime) -> None:
    match step.to:
        case State.ACCEPTED:
            task.accepted_at, task.accepted_by = at, rider
        case State.PICKED_UP:
            task.picked_up_at, task.accepted_by = at, rider
        case State.IN_TRANSIT:
            task.in_transit_at, task.ended_at, task.outcome, task.reason = at, None, "", ""
        case _:
            task.ended_at, task.outcome = at, step.to
