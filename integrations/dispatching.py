"""Handing orders to carriers: exactly one parcel each, and every end visible.

The state of a hand-over is on our own row (`Dispatch`), never in the queue: a job may be lost, run twice, or die in
the middle, and `sweep` finds what is due. No transaction is open while a carrier is being called. Locks are always
taken order first, then dispatch.
"""

import json
import logging
import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from destinations.models import Destination
from integrations import drift, registry, vault
from integrations.carrier import (
    Booking,
    Carrier,
    CarrierError,
    Consignment,
    Heard,
    Report,
    Transcript,
    readable,
)
from integrations.client import give_back
from integrations.models import ENDED_WITHOUT_PARCEL, TO_PUSH, UNCERTAIN, CarrierReport, Dispatch, Exchange
from orders import reports
from orders.changes import locked
from orders.events import SYSTEM, Actor, enqueue
from orders.models import JSONEncoder, Order, OrderEvent
from orders.statuses import Attention, Status

logger = logging.getLogger(__name__)
State = Dispatch.State

MAX_ATTEMPTS = 10
# A carrier that holds a dead parcel under every key that we try is not tried again without a person.
MAX_EPOCHS = 5
# A carrier that has given up on a parcel may still try again, but is not asked so often any more.
POLL_FAILED = timedelta(minutes=10)
# A worker that began an attempt and has not ended it after this long is taken for dead.
LEASE = timedelta(seconds=40)
SWEEP_BATCH = 500

PUSH = "integrations.tasks.push"
CANCEL = "integrations.tasks.cancel"
TRACK = "integrations.tasks.track"


def backoff(attempts: int) -> timedelta:
    """2, 4, 8 … 300 s after so many attempts, with up to 20 % of jitter."""
    return timedelta(seconds=min(2 ** min(attempts, 10), 300) * random.uniform(1, 1.2))


def carrier_for(dispatch: Dispatch, transcript: Transcript) -> Carrier:
    """The one to call next. Gives our connection back to its pool, because a carrier may take its time.

    Raises a permanent `CarrierError` if this version of Wasl does not speak to the destination's provider.
    """
    provider = dispatch.destination.provider
    if provider not in registry.CARRIERS:
        raise CarrierError(f"There is no carrier called {provider!r}.", permanent=True)
    give_back()
    return registry.carrier_class(provider)(dispatch.destination, transcript)


def _actor(dispatch: Dispatch) -> Actor:
    return Actor(OrderEvent.ActorKind.CARRIER, dispatch.destination.name)


# --- Plans: in the relay job's transaction --------------------------------------------------------------------------
@transaction.atomic
def plan(order: Order) -> None:
    """An order that is to go out gets a dispatch and a job. Running it twice is harmless."""
    order = locked(order)
    if order.status != Status.DISPATCHED:
        return
    current = order.dispatches.filter(is_current=True).first()
    if current and current.state not in ENDED_WITHOUT_PARCEL:
        return
    epoch = current.epoch + 1 if current else 1
    order.dispatches.filter(is_current=True).update(is_current=False)
    dispatch = Dispatch.objects.create(
        order=order,
        destination_id=order.destination_id,
        epoch=epoch,
        key=f"{order.uuid.hex}-{epoch}",
        next_at=timezone.now() + LEASE,
    )
    _enqueue(PUSH, dispatch)


@transaction.atomic
def plan_cancel(order: Order) -> None:
    """An order that is being cancelled: its carrier is asked. Running it twice is harmless."""
    order = locked(order)
    if order.status != Status.CANCELLING:
        return
    dispatch = Dispatch.objects.select_for_update(no_key=True).filter(order=order, is_current=True).first()
    if dispatch is None or dispatch.state in ENDED_WITHOUT_PARCEL:
        reports.record_not_booked(order, SYSTEM, attention="", detail="")
    elif dispatch.state == State.BOOKED:
        _to_cancelling(dispatch)
    elif dispatch.state in TO_PUSH:
        _enqueue(PUSH, dispatch)


@transaction.atomic
def plan_rebooking(order: Order) -> None:
    """An order was edited after its booking: its carrier is asked to cancel, and then gets it anew. Running it twice
    is harmless."""
    order = locked(order)
    if not order.rebooking:
        return
    dispatch = Dispatch.objects.select_for_update(no_key=True).filter(order=order, is_current=True).first()
    if dispatch is None or dispatch.state in ENDED_WITHOUT_PARCEL:
        _book_anew(order, SYSTEM)
    elif dispatch.state == State.BOOKED:
        _to_cancelling(dispatch)
    elif dispatch.state in TO_PUSH:
        _enqueue(PUSH, dispatch)


def _book_anew(order: Order, actor: Actor) -> None:
    """No carrier has the order as it was before its edit; the current dispatch, if any, has ended."""
    reports.record_unbooked(order, actor)
    plan(order)


def _to_cancelling(dispatch: Dispatch) -> None:
    dispatch.state, dispatch.attempts, dispatch.next_at = State.CANCELLING, 0, timezone.now() + LEASE
    dispatch.save(update_fields=["state", "attempts", "next_at"])
    _enqueue(CANCEL, dispatch)


def _enqueue(task: str, dispatch: Dispatch) -> None:
    enqueue(task, [{"dispatch_id": dispatch.pk}], locks=[_job_lock(dispatch)])


def _job_lock(dispatch: Dispatch) -> str:
    """One job of a dispatch at a time. Not the lock of its order's news: the job that plans it would hold that until
    after we have told the worker of this one, which would then not look again for up to a second."""
    return f"dispatch:{dispatch.pk}"


# --- Booking --------------------------------------------------------------------------------------------------------
def push(dispatch_id: int) -> None:
    """One attempt to book. If an earlier one began and its end is not known, the carrier is asked first."""
    with transaction.atomic():
        order, dispatch = _lock(dispatch_id)
        if not dispatch.is_current or dispatch.state not in TO_PUSH:
            return
        uncertain = dispatch.state in UNCERTAIN
        cancelling = order.status == Status.CANCELLING
        if cancelling and not uncertain:
            _end(dispatch, State.CANCELLED)
            reports.record_not_booked(order, _actor(dispatch), attention="", detail="")
            return
        if order.rebooking and not uncertain:  # no attempt has left a parcel: another key for what it says now
            _end(dispatch, State.DROPPED)
            _book_anew(order, SYSTEM)
            return
        if not uncertain and not reports.begin_handover(order):
            _end(dispatch, State.DROPPED)
            return
        dispatch.state, dispatch.next_at = State.BOOKING, timezone.now() + LEASE
        dispatch.attempts += 1
        dispatch.save(update_fields=["state", "attempts", "next_at"])

    transcript = Transcript()
    attempt = dispatch.attempts
    consignment = Consignment(dispatch.key, order, attempt, dispatch.body)
    may_book = order.status == Status.DISPATCHED and not order.rebooking and attempt <= MAX_ATTEMPTS
    outcome = _attempt(dispatch, transcript, consignment, uncertain=uncertain, may_book=may_book)

    with transaction.atomic():
        order, dispatch = _lock(dispatch_id)
        _store(dispatch, transcript)
        # When the lease has run out, another worker may have been at it too: a yes always counts, a no only if it is
        # the latest word.
        if outcome.booking and dispatch.state in TO_PUSH:
            _booked(order, dispatch, outcome.booking)
        elif outcome.booking and outcome.booking.reference != dispatch.reference:
            _second_parcel(order, dispatch, Status.ACCEPTED, outcome.booking.reference)
        elif not outcome.booking and dispatch.state == State.BOOKING and dispatch.attempts == attempt:
            _not_booked(order, dispatch, outcome)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an attempt came to. `certain`: there is a booking, or there surely is none."""

    booking: Booking | None
    error: CarrierError | None
    certain: bool


def _attempt(
    dispatch: Dispatch, transcript: Transcript, consignment: Consignment, *, uncertain: bool, may_book: bool
) -> _Outcome:
    known = not uncertain
    try:
        carrier = carrier_for(dispatch, transcript)
        # Where booking again is harmless it also tells whether there is a parcel; one not wanted any more is then
        # cancelled like any other.
        if uncertain and not (carrier.repeatable and consignment.body is not None):
            booking = carrier.find(consignment)
            known = True
            if booking or not may_book:
                return _Outcome(booking, None, certain=True)
        if known:
            consignment = _prepared(dispatch, carrier, consignment)
        return _Outcome(carrier.book(consignment), None, certain=True)
    except CarrierError as error:
        return _Outcome(None, error, certain=known and not error.unknown)
    except Exception as error:  # a defect of ours must end in a visible state too
        logger.exception("booking failed", extra={"dispatch": dispatch.key})
        return _Outcome(None, CarrierError(f"{type(error).__name__}: {error}"), certain=False)


def _prepared(dispatch: Dispatch, carrier: Carrier, consignment: Consignment) -> Consignment:
    """With its body, which is on our row before it is sent: a repetition must be the same."""
    translation = carrier.prepare(consignment)
    losses = [fate.as_json() for fate in translation.fates]
    Dispatch.objects.filter(pk=dispatch.pk).update(body=translation.body, losses=losses)
    give_back()
    return replace(consignment, body=json.loads(json.dumps(translation.body, cls=JSONEncoder)))


def _booked(order: Order, dispatch: Dispatch, booking: Booking) -> None:
    now = timezone.now()
    dispatch.state, dispatch.reference, dispatch.booked_at, dispatch.last_error = (
        State.BOOKED,
        booking.reference,
        now,
        "",
    )
    dispatch.label = vault.encrypt(booking.label_url) if booking.label_url else ""
    dispatch.attempts, dispatch.next_at = 0, now + _poll_every(dispatch, order.status)
    dispatch.save()
    reports.record_booking(order, _actor(dispatch), reference=booking.reference, tracking_url=booking.tracking_url)
    if order.status == Status.CANCELLING or order.rebooking:
        _to_cancelling(dispatch)
    _end_if_over(order, dispatch)


def _not_booked(order: Order, dispatch: Dispatch, outcome: _Outcome) -> None:
    error = outcome.error
    detail = str(error) if error else "The carrier does not have it, and did not take it in time."
    if not outcome.certain:
        dispatch.state = State.UNKNOWN
        _try_later(dispatch, detail)
        if dispatch.attempts >= 3:
            reports.record_unknown(order, detail=detail)
    elif order.status == Status.CANCELLING:
        _end(dispatch, State.CANCELLED)
        reports.record_not_booked(order, _actor(dispatch), attention="", detail="")
    elif order.rebooking:
        _end(dispatch, State.DROPPED, detail)
        _book_anew(order, SYSTEM)
    elif order.is_over:  # the carrier has reported its end before it ever said that it had it
        _end(dispatch, State.DROPPED, detail)
    elif error and error.burnt and dispatch.epoch < MAX_EPOCHS:  # another key, as for a new parcel
        _end(dispatch, State.DROPPED, detail)
        plan(order)
    elif error and (error.permanent or error.burnt):
        _end(dispatch, State.REFUSED, detail)
        reports.record_not_booked(
            order, _actor(dispatch), attention=Attention.CARRIER_REFUSED, detail=detail, path=error.path
        )
    elif error is None or dispatch.attempts >= MAX_ATTEMPTS:
        _end(dispatch, State.GAVE_UP, detail)
        reports.record_not_booked(order, _actor(dispatch), attention=Attention.CARRIER_UNREACHABLE, detail=detail)
    else:
        dispatch.state = State.PLANNED
        _try_later(dispatch, detail, error.retry_after)


# --- Cancelling -----------------------------------------------------------------------------------------------------
def cancel(dispatch_id: int) -> None:
    """One attempt to take a booked parcel back."""
    with transaction.atomic():
        order, dispatch = _lock(dispatch_id)
        if dispatch.state != State.CANCELLING:
            return
        if order.status != Status.CANCELLING and not order.rebooking:  # it was picked up before it could be rebooked
            _still_booked(order, dispatch, dispatch.last_error)
            return
        dispatch.attempts += 1
        dispatch.next_at = timezone.now() + LEASE
        dispatch.save(update_fields=["attempts", "next_at"])

    attempt = dispatch.attempts
    transcript = Transcript()
    error: CarrierError | None = None
    try:
        consignment = Consignment(dispatch.key, order, attempt)
        carrier_for(dispatch, transcript).cancel(consignment, dispatch.reference)
    except CarrierError as raised:
        error = raised
    except Exception as raised:
        logger.exception("cancelling failed", extra={"dispatch": dispatch.key})
        error = CarrierError(f"{type(raised).__name__}: {raised}")

    with transaction.atomic():
        order, dispatch = _lock(dispatch_id)
        _store(dispatch, transcript)
        if dispatch.state != State.CANCELLING:
            return
        if error is None:
            _end(dispatch, State.CANCELLED)
            if order.rebooking:
                _book_anew(order, _actor(dispatch))
            elif order.status == Status.CANCELLING:
                reports.record_cancelled(order, _actor(dispatch))
            elif not order.is_over:
                reports.record_taken_back(order, _actor(dispatch))
        elif dispatch.attempts != attempt:  # the lease had run out: the later attempt decides
            return
        elif error.permanent or dispatch.attempts >= MAX_ATTEMPTS:
            _still_booked(order, dispatch, str(error))
            if order.rebooking:
                reports.record_edit_refused(order, _actor(dispatch), detail=str(error))
            else:
                reports.record_cancel_refused(order, _actor(dispatch), detail=str(error))
        else:
            _try_later(dispatch, str(error), error.retry_after)


def _still_booked(order: Order, dispatch: Dispatch, detail: str) -> None:
    dispatch.state, dispatch.attempts, dispatch.last_error = State.BOOKED, 0, detail
    dispatch.next_at = timezone.now() + _poll_every(dispatch, order.status_before or order.status)
    dispatch.save(update_fields=["state", "attempts", "last_error", "next_at"])


# --- Following ------------------------------------------------------------------------------------------------------
def track(dispatch_ids: list[int]) -> None:
    """Asks one carrier about some of its parcels, all of one destination, and records what is new."""
    dispatches = list(
        Dispatch.objects.filter(pk__in=dispatch_ids, state=State.BOOKED).select_related("destination__account", "order")
    )
    if not dispatches:
        return
    transcript = Transcript()
    try:
        carrier = carrier_for(dispatches[0], transcript)
        asked = [(Consignment(dispatch.key, dispatch.order), dispatch.reference) for dispatch in dispatches]
        answers = carrier.track(asked)
    except CarrierError as error:
        logger.warning("tracking failed", extra={"destination": dispatches[0].destination_id, "error": str(error)})
        return
    finally:
        if transcript.drift:
            drift.note(dispatches[0].destination, transcript.drift)
    seen = set(CarrierReport.objects.filter(dispatch__in=dispatches).values_list("dispatch_id", "key"))
    for dispatch in dispatches:
        for report in answers.get(dispatch.key, []):
            if (dispatch.pk, report.key) in seen or (report.word and report.word == dispatch.said):
                continue
            try:
                receive(dispatch.pk, report)
            except Exception:  # a report that we cannot take must not keep the others from us
                logger.exception("report not taken", extra={"dispatch": dispatch.key, "report": report.key})


def receive(dispatch_id: int, report: Report) -> None:
    """A carrier's report about a dispatch, polled or called back. A repeated one changes nothing."""
    with transaction.atomic():
        order, dispatch = _lock(dispatch_id)
        _, new = CarrierReport.objects.get_or_create(dispatch=dispatch, key=report.key, defaults={"body": report.body})
        if not new or (report.word and report.word == dispatch.said):
            return
        if report.word:
            dispatch.said = report.word[:255]
            dispatch.save(update_fields=["said"])
        if not dispatch.is_current or dispatch.state in (State.REFUSED, State.GAVE_UP, State.DROPPED):
            _second_parcel(order, dispatch, report.status, report.text)
            return
        if order.rebooking and dispatch.state == State.CANCELLING and report.status == Status.CANCELLED:
            _end(dispatch, State.CANCELLED)  # its answer to our asking is still on its way
            _book_anew(order, _actor(dispatch))
            return
        order = reports.record_progress(
            order, _actor(dispatch), status=report.status, mark=report.mark, text=report.text, at=report.at
        )
        _end_if_over(order, dispatch)


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
        order, dispatch = _lock(found.pk)
        said = readable(body.decode(errors="replace"))
        Exchange.objects.create(
            dispatch=dispatch, verb="callback", request=said, status_code=200, created_at=timezone.now()
        )
        # The carrier knows it under a name and says that it is alive: that is the yes that we did not hear.
        alive = heard.report.status not in (Status.CANCELLED, Status.FAILED)
        if dispatch.state == State.UNKNOWN and dispatch.is_current and heard.reference and alive:
            _booked(order, dispatch, Booking(heard.reference))
    receive(found.pk, heard.report)
    return True


def _end_if_over(order: Order, dispatch: Dispatch) -> None:
    if order.status == Status.CANCELLED:
        _end(dispatch, State.CANCELLED)
    elif order.is_over and dispatch.reference:  # without one, the answer to the booking is still to come
        _end(dispatch, State.DONE)


def _second_parcel(order: Order, dispatch: Dispatch, status: str | None, text: str) -> None:
    detail = " · ".join(filter(None, (dispatch.destination.name, dispatch.key, status, text)))
    reports.record_second_parcel(order, _actor(dispatch), status=status, detail=detail)


# --- The sweep ------------------------------------------------------------------------------------------------------
def sweep() -> int:
    """Enqueues a job for each dispatch whose time has come. Returns how many were due."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            Dispatch.objects.filter(next_at__lte=now)
            .select_related("destination__account")
            .annotate(order_status=F("order__status"))
            .order_by("next_at")
            .select_for_update(of=("self",), skip_locked=True, no_key=True)[:SWEEP_BATCH]
        )
        to_track: dict[int, list[Dispatch]] = defaultdict(list)
        for dispatch in due:
            if dispatch.state == State.BOOKED:
                dispatch.next_at = now + _poll_every(dispatch, dispatch.order_status)
                to_track[dispatch.destination_id].append(dispatch)
            else:
                dispatch.next_at = now + LEASE
        Dispatch.objects.bulk_update(due, ["next_at"])
        for task, states in ((PUSH, TO_PUSH), (CANCEL, (State.CANCELLING,))):
            chosen = [dispatch for dispatch in due if dispatch.state in states]
            enqueue(
                task,
                [{"dispatch_id": dispatch.pk} for dispatch in chosen],
                locks=[_job_lock(dispatch) for dispatch in chosen],
                priority=-1,  # the job that is due may only be late: no second one of it goes before the work of others
            )
        enqueue(TRACK, [{"dispatch_ids": batch} for dispatches in to_track.values() for batch in _batches(dispatches)])
    return len(due)


def try_now(dispatch: Dispatch) -> bool:
    """The next sweep takes it up. False if it waits for nothing, or if an attempt is being made at this moment."""
    waiting = Dispatch.objects.filter(pk=dispatch.pk, next_at__isnull=False).exclude(state=State.BOOKING)
    return waiting.update(next_at=timezone.now()) > 0


def _batches(dispatches: list[Dispatch]) -> list[list[int]]:
    provider = dispatches[0].destination.provider
    size = registry.carrier_class(provider).track_batch if provider in registry.CARRIERS else len(dispatches)
    ids = [dispatch.pk for dispatch in dispatches]
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _poll_every(dispatch: Dispatch, order_status: str) -> timedelta:
    provider = dispatch.destination.provider
    seconds = registry.carrier_class(provider).poll_seconds if provider in registry.CARRIERS else 3600
    account = getattr(dispatch.destination, "account", None)
    if account and account.poll_seconds:
        seconds = account.poll_seconds
    return max(timedelta(seconds=seconds), POLL_FAILED if order_status == Status.FAILED else timedelta())


# --- Rows -----------------------------------------------------------------------------------------------------------
def _lock(dispatch_id: int) -> tuple[Order, Dispatch]:
    """The order, then its dispatch, locked; raises `Dispatch.DoesNotExist`."""
    order_id = Dispatch.objects.values_list("order_id", flat=True).get(pk=dispatch_id)
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    dispatch = (
        Dispatch.objects.select_for_update(of=("self",), no_key=True)
        .select_related("destination__account")
        .get(pk=dispatch_id)
    )
    return order, dispatch


def _store(dispatch: Dispatch, transcript: Transcript) -> None:
    Exchange.objects.bulk_create(
        Exchange(
            dispatch=dispatch,
            verb=said.verb,
            request=said.request,
            response=said.response,
            status_code=said.status_code,
            error=said.error,
            duration=said.duration,
            created_at=said.created_at,
        )
        for said in transcript.said
    )
    if transcript.drift:
        drift.note(dispatch.destination, transcript.drift)


def _try_later(dispatch: Dispatch, detail: str, wait: timedelta | None = None) -> None:
    dispatch.last_error = detail
    dispatch.next_at = timezone.now() + (wait or backoff(dispatch.attempts))
    dispatch.save(update_fields=["state", "last_error", "next_at"])


def _end(dispatch: Dispatch, state: str, detail: str = "") -> None:
    dispatch.state, dispatch.next_at, dispatch.last_error = state, None, detail
    dispatch.save(update_fields=["state", "next_at", "last_error"])
