"""Where parcels are: asked for, or told by the carrier."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from destinations.models import Destination
from integrations import drift, registry
from integrations.carrier import Booking, CarrierError, Consignment, Heard, Report, Transcript, readable
from integrations.dispatching.booking import booked, end_if_over, second_parcel
from integrations.dispatching.planning import book_anew
from integrations.dispatching.rows import State, actor, carrier_for, end, lock, poll_every
from integrations.models import CarrierReport, Dispatch, Exchange, Lane
from orders import reports
from orders.statuses import Status

logger = logging.getLogger(__name__)

# Whoever asks about a destination's parcels does so alone, for at most this long, and is taken for dead after twice it.
TURN = timedelta(seconds=20)
# After a call that failed, the carrier is not asked about its parcels for a while.
PAUSE = timedelta(seconds=5)


# --- Asking ---------------------------------------------------------------------------------------------------------
_CLAIM = """
INSERT INTO integrations_lane AS kept (destination_id, failures, reason, tracking_until) VALUES (%s, 0, '', %s)
ON CONFLICT (destination_id) DO UPDATE SET tracking_until = excluded.tracking_until
    WHERE kept.tracking_until IS NULL OR kept.tracking_until < %s
RETURNING destination_id
"""


def claim(destination_id: int, now: datetime) -> bool:
    """One job at a time asks about a destination's parcels. True for whoever may enqueue it."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [destination_id, now + 2 * TURN, now])
        return cursor.fetchone() is not None


def track(destination_id: int) -> None:
    """Asks a carrier about those of its parcels whose time has come, some at a time, and records what is new."""
    pause: timedelta | None = None
    try:
        ends = time.monotonic() + TURN.total_seconds()
        while time.monotonic() < ends and (due := _due(destination_id)):
            pause = _ask(due)
            if pause is not None:
                return
    finally:
        until = None if pause is None else timezone.now() + pause
        Lane.objects.filter(pk=destination_id).update(tracking_until=until)


def _due(destination_id: int) -> Sequence[Dispatch]:
    """The next parcels to ask about; each is not due again before its carrier's usual time."""
    now = timezone.now()
    with transaction.atomic():
        found = Dispatch.objects.filter(destination_id=destination_id, state=State.BOOKED, next_at__lte=now)
        due = list(
            found.select_related("destination__account")
            .annotate(order_status=F("order__status"))
            .order_by("next_at")
            .select_for_update(of=("self",), skip_locked=True, no_key=True)[: _batch(destination_id)]
        )
        for dispatch in due:
            dispatch.next_at = now + poll_every(dispatch, dispatch.order_status)
        Dispatch.objects.bulk_update(due, ["next_at"])
    return due


def _batch(destination_id: int) -> int:
    provider = Destination.objects.values_list("provider", flat=True).get(pk=destination_id)
    return registry.carrier_class(provider).track_batch if provider in registry.CARRIERS else 1


def _ask(due: Sequence[Dispatch]) -> timedelta | None:
    """Records what the carrier says about these. How long to leave it alone, or None if all is well."""
    dispatches = list(
        Dispatch.objects.filter(pk__in=[one.pk for one in due], state=State.BOOKED)
        .select_related("destination__account", "order")
        .order_by("next_at", "id")
    )
    if not dispatches:
        return None
    transcript = Transcript()
    destination = dispatches[0].destination
    try:
        carrier = carrier_for(dispatches[0], transcript)
        carrier.in_hurry = False
        asked = [(Consignment(one.key, one.order, 1, one.body), one.reference) for one in dispatches]
        answers = carrier.track(asked)
    except CarrierError as error:
        logger.warning("tracking failed", extra={"destination": destination.pk, "error": str(error)})
        if error.paced:  # they are asked about as soon as may be
            Dispatch.objects.filter(pk__in=[one.pk for one in due], state=State.BOOKED).update(next_at=timezone.now())
        return max(error.retry_after or PAUSE, timedelta(seconds=1)) if error.is_trouble or error.paced else None
    finally:
        if transcript.drift:
            drift.note(destination, transcript.drift)
    seen = set(CarrierReport.objects.filter(dispatch__in=dispatches).values_list("dispatch_id", "key"))
    for dispatch in dispatches:
        for report in answers.get(dispatch.key, []):
            if (dispatch.pk, report.key) in seen or (report.word and report.word == dispatch.said):
                continue
            try:
                receive(dispatch.pk, report)
            except Exception:  # a report that we cannot take must not keep the others from us
                logger.exception("report not taken", extra={"dispatch": dispatch.key, "report": report.key})
    return None


# --- Hearing --------------------------------------------------------------------------------------------------------
def hear(destination: Destination, heard: Heard, body: bytes) -> bool:
    """A carrier's call to us about one parcel. False if we know no such parcel of this destination. A parcel whose
    booking we have no answer to yet is booked by it."""
    ours = Dispatch.objects.filter(destination=destination)
    found = (ours.filter(key=heard.key) if heard.key else ours.none()).first()
    if found is None and heard.reference:
        found = ours.filter(reference=heard.reference).order_by("-id").first()
    if found is None:
        return False
    with transaction.atomic():
        order, dispatch = lock(found.pk)
        said = readable(body.decode(errors="replace"))
        Exchange.objects.create(
            dispatch=dispatch, verb="callback", request=said, status_code=200, created_at=timezone.now()
        )
        # The carrier knows it under a name and says that it is alive: that is the yes that we did not hear.
        alive = heard.report.status not in (Status.CANCELLED, Status.FAILED)
        if dispatch.state in (State.PLANNED, State.UNKNOWN) and dispatch.is_current and heard.reference and alive:
            booked(order, dispatch, Booking(heard.reference))
    receive(found.pk, heard.report)
    return True


def receive(dispatch_id: int, report: Report) -> None:
    """A carrier's report about a dispatch, polled or called back. A repeated one changes nothing."""
    with transaction.atomic():
        order, dispatch = lock(dispatch_id)
        _, new = CarrierReport.objects.get_or_create(dispatch=dispatch, key=report.key, defaults={"body": report.body})
        if not new or (report.word and report.word == dispatch.said):
            return
        if report.word:
            dispatch.said = report.word[:255]
            dispatch.save(update_fields=["said"])
        if not dispatch.is_current or dispatch.state in (State.REFUSED, State.GAVE_UP, State.DROPPED):
            second_parcel(order, dispatch, report.status, report.text)
            return
        if order.rebooking and dispatch.state == State.CANCELLING and report.status == Status.CANCELLED:
            end(dispatch, State.CANCELLED)  # its answer to our asking is still on its way
            book_anew(order, actor(dispatch))
            return
        order = reports.record_progress(
            order, actor(dispatch), status=report.status, mark=report.mark, text=report.text, at=report.at
        )
        end_if_over(order, dispatch)
