"""One lane for each destination: how fast, how many at a time, and whether at all, its carrier is called.

A carrier that fails again and again is left alone for a while: its lane is closed, its orders wait in it without
costing anything, and one of them tries it now and then. Nothing of this ever touches the lanes of others, and a carrier
that takes its time holds up no more calls than its own lane has places.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from destinations.models import Destination
from integrations import throttle
from integrations.carrier import CarrierError
from integrations.models import Dispatch, Lane
from orders.events import enqueue

# So many calls in a row that went wrong close a lane, the first time for so long, and then twice as long each time.
FAILURES = 5
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=1)
# Credentials are not mended by waiting; who saves new ones opens the lane.
CREDENTIALS_PAUSE = timedelta(minutes=5)
# Whoever tries a closed lane has so long to say how it went.
TRIAL = timedelta(seconds=60)

# A worker that began an attempt and has not ended it after this long is taken for dead. It is longer than the slowest
# attempt: a log-in, a look-up and a booking, each with its own time-out.
LEASE = timedelta(seconds=90)

PUSH = "integrations.tasks.push"
CANCEL = "integrations.tasks.cancel"


def job_lock(dispatch_id: int) -> str:
    """One job of a dispatch at a time. Not the lock of its order's news: the job that plans it would hold that until
    after we have told the worker of this one, which would then not look again for up to a second."""
    return f"dispatch:{dispatch_id}"


# --- May it go? -----------------------------------------------------------------------------------------------------
def pace(destination: Destination, limit: int, seconds: float, *, hurry: bool = True) -> None:
    """Keeps to a vendor's limit of calls, for all processes together. What is in no `hurry` leaves the burst to the
    others. Raises a `paced` `CarrierError` instead of waiting."""
    wait = throttle.reserve(f"out:{destination.pk}", limit, seconds, steady=not hurry)
    if wait:
        raise CarrierError(
            f"Its limit of {limit} calls in {seconds:g} s is used up for the moment.", paced=True, retry_after=wait
        )


def lane_of(destination: Destination) -> Lane | None:
    """None when nothing was ever wrong with it."""
    return getattr(destination, "lane", None)


def is_closed(lane: Lane | None) -> bool:
    """Whether its carrier is in trouble, whether or not it is time to try it again."""
    return lane is not None and lane.closed_at is not None


def enter(dispatch: Dispatch) -> bool:
    """Takes a place in the lane, if there is one and the lane is open. A closed one whose time has come lets one in, to
    try it. A few too many may get in when several ask at the same moment: places are a measure, not a promise."""
    lane, now = lane_of(dispatch.destination), timezone.now()
    if lane and lane.open_at:
        if lane.open_at > now:
            return False
        if lane.closed_at:
            trial = Lane.objects.filter(pk=lane.pk, open_at=lane.open_at).update(open_at=now + TRIAL)
            return trial > 0
    return free_places(dispatch.destination_id, now, but=dispatch.pk) > 0


def free_places(destination_id: int, now: datetime, but: int | None = None) -> int:
    """Not counting the place of `but`: what its dead worker has left behind must not be in its own way."""
    calling = Dispatch.objects.filter(destination_id=destination_id, calling_until__gt=now)
    taken = (calling.exclude(pk=but) if but else calling).count()
    return max(settings.LANE_PLACES - taken, 0)


# --- How it went ----------------------------------------------------------------------------------------------------
_WENT_WRONG = """
INSERT INTO integrations_lane AS kept (destination_id, failures, reason) VALUES (%s, 1, %s)
ON CONFLICT (destination_id) DO UPDATE SET failures = kept.failures + 1, reason = excluded.reason
RETURNING failures, closed_at
"""


def went_well(destination: Destination) -> None:
    """The carrier has answered sensibly: whatever waits goes out."""
    lane = lane_of(destination)
    if lane is None or not (lane.failures or lane.open_at):
        return
    open_again(destination)


def went_wrong(destination: Destination, error: CarrierError) -> bool:
    """Another call that failed for the carrier's own reasons. True if its lane is closed now. In the caller's
    transaction, as its last statement about anything that others may want."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_WENT_WRONG, [destination.pk, str(error)[:1000]])
        failures, closed_at = cursor.fetchone()
    if not (error.credentials or failures >= FAILURES or closed_at):
        return False
    pause = min(FIRST_PAUSE * 2 ** min(failures - FAILURES, 10), LONGEST_PAUSE) if failures >= FAILURES else FIRST_PAUSE
    pause = max(pause, error.retry_after or pause, CREDENTIALS_PAUSE if error.credentials else pause)
    Lane.objects.filter(pk=destination.pk).update(open_at=now + pause, closed_at=closed_at or now)
    return True


def is_paced(destination: Destination, wait: timedelta) -> None:
    """The vendor's limit of calls is used up: nobody goes in for so long."""
    open_at = timezone.now() + wait
    Lane.objects.update_or_create(destination=destination, defaults={"open_at": open_at})


def open_again(destination: Destination) -> None:
    """It works, or somebody has mended it: whatever waits goes out."""
    Lane.objects.filter(pk=destination.pk).update(failures=0, closed_at=None, open_at=None, reason="")
    wake(destination.pk, settings.LANE_PLACES)


# --- Waiting --------------------------------------------------------------------------------------------------------
# Those that have tried least go first, so that one order does not use up its attempts on a carrier that is down.
_WAKE = """
UPDATE integrations_dispatch SET is_waiting = false, next_at = %s, calling_until = %s WHERE id IN (
    SELECT id FROM integrations_dispatch WHERE is_waiting AND destination_id = %s
    ORDER BY attempts, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, state
"""


def wake(destination_id: int, most: int) -> int:
    """Gives a place in the lane to so many of the dispatches that wait for one. Returns how many there were."""
    if most <= 0:
        return 0
    with connection.cursor() as cursor:
        until = timezone.now() + LEASE  # it has its place from now on
        cursor.execute(_WAKE, [until, until, destination_id, most])
        woken = sorted(cursor.fetchall())
    for task, chosen in (
        (PUSH, [pk for pk, state in woken if state != Dispatch.State.CANCELLING]),
        (CANCEL, [pk for pk, state in woken if state == Dispatch.State.CANCELLING]),
    ):
        # Before the news of orders that come after them.
        enqueue(task, [{"dispatch_id": pk} for pk in chosen], locks=[job_lock(pk) for pk in chosen], priority=1)
    return len(woken)


def tend(now: datetime) -> None:
    """The lanes whose time has come, and those with free places whose waiting ones nobody has woken."""
    for lane in Lane.objects.filter(open_at__lte=now).select_for_update(skip_locked=True, no_key=True):
        if lane.closed_at:
            wake(lane.pk, 1)  # the job that comes of it takes the trial
        else:
            Lane.objects.filter(pk=lane.pk).update(open_at=None)
    open_lanes = (
        Dispatch.objects.filter(is_waiting=True)
        .exclude(destination__lane__open_at__isnull=False)
        .order_by()
        .values_list("destination_id", flat=True)
        .distinct()
    )
    for destination_id in open_lanes:
        wake(destination_id, free_places(destination_id, now))
