"""What the clock brings: whatever is due, however its job was lost."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from integrations import lanes
from integrations.dispatching import following
from integrations.dispatching.rows import State
from integrations.models import TO_PUSH, Dispatch
from orders import reports
from orders.changes import locked
from orders.events import enqueue

SWEEP_BATCH = 500
TRACK = "integrations.tasks.track"
# An order that has waited so long for its carrier is shown to people.
LONG = timedelta(minutes=5)


def sweep() -> int:
    """Enqueues a job for each dispatch whose time has come, wakes who waits in a lane that is open, and sends somebody
    to ask about the parcels that are to be asked about. Returns how many dispatches were due."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            Dispatch.objects.filter(next_at__lte=now)
            .exclude(state=State.BOOKED)
            .only("id", "state", "next_at")
            .order_by("next_at")
            .select_for_update(skip_locked=True, no_key=True)[:SWEEP_BATCH]
        )
        Dispatch.objects.filter(pk__in=[one.pk for one in due]).update(next_at=now + lanes.LEASE)
        for task, states in ((lanes.PUSH, TO_PUSH), (lanes.CANCEL, (State.CANCELLING,))):
            chosen = [dispatch.pk for dispatch in due if dispatch.state in states]
            enqueue(
                task,
                [{"dispatch_id": pk} for pk in chosen],
                locks=[lanes.job_lock(pk) for pk in chosen],
                priority=-1,  # the job that is due may only be late: no second one of it goes before the work of others
            )
        lanes.tend(now)
    with transaction.atomic():  # of its own: two sweeps hold lanes in another order above
        to_ask = (
            Dispatch.objects.filter(state=State.BOOKED, next_at__lte=now)
            .order_by()
            .values_list("destination_id", flat=True)
            .distinct()
        )
        claimed = [pk for pk in sorted(to_ask) if following.claim(pk, now)]
        enqueue(TRACK, [{"destination_id": pk} for pk in claimed])
    return len(due)


def remind() -> int:
    """Orders that have waited long for a carrier that is down need somebody's attention. Returns how many were new."""
    now = timezone.now()
    waiting = (
        Dispatch.objects.filter(is_waiting=True, created_at__lt=now - LONG, order__attention="")
        .exclude(destination__lane__closed_at=None)
        .select_related("order", "destination__lane")
        .order_by("id")[:SWEEP_BATCH]
    )
    reminded = 0
    for dispatch in waiting:
        with transaction.atomic():
            reports.record_unreachable(locked(dispatch.order), detail=dispatch.destination.lane.reason)
            reminded += 1
    return reminded


def try_now(dispatch: Dispatch) -> bool:
    """The next sweep takes it up. False if it waits for nothing, or if an attempt is being made at this moment."""
    with transaction.atomic():
        asked = Dispatch.objects.filter(pk=dispatch.pk).exclude(state=State.BOOKING)
        woken = asked.filter(is_waiting=True).update(is_waiting=False, next_at=timezone.now())
        return woken + asked.filter(next_at__isnull=False).update(next_at=timezone.now()) > 0
