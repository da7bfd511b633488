"""One attempt to hand an order over, what came of it, and where the order goes when its carrier will not have it."""

import json
import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from destinations.models import Destination, Environment
from integrations import lanes, registry, vault
from integrations.carrier import Booking, Carrier, CarrierError, Consignment, Transcript
from integrations.client import give_back
from integrations.dispatching.planning import book_anew, plan_push
from integrations.dispatching.rows import (
    State,
    actor,
    ask_to_cancel,
    begin,
    carrier_for,
    end,
    lock,
    park,
    poll_every,
    store,
    try_later,
)
from integrations.models import TO_PUSH, UNCERTAIN, Dispatch
from integrations.translation import completed
from orders import reports
from orders.events import SYSTEM
from orders.models import JSONEncoder, Order
from orders.statuses import Attention, Status

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 10
# A carrier that holds a dead parcel under every key that we try is not tried again without a person.
MAX_EPOCHS = 5
# So long an order waits for a carrier that is down, before a person has to decide.
GIVE_UP_AFTER = timedelta(days=1)
NOT_IN_TIME = "The carrier does not have it, and did not take it in time."


def push(dispatch_id: int) -> None:
    """One attempt to book. If an earlier one began and its end is not known, the carrier is asked first."""
    with transaction.atomic():
        order, dispatch = lock(dispatch_id)
        if not dispatch.is_current or dispatch.state not in TO_PUSH:
            return
        if _may_be_at_it(dispatch):
            return
        uncertain = dispatch.state in UNCERTAIN
        if not uncertain and _not_wanted(order, dispatch):
            return
        if not lanes.enter(dispatch):
            _wait_or_move_on(order, dispatch, uncertain=uncertain)
            return
        if not uncertain:
            reports.begin_handover(order)
        begin(dispatch, State.BOOKING)

    transcript = Transcript()
    attempt = dispatch.attempts
    consignment = Consignment(dispatch.key, order, attempt, dispatch.body)
    may_book = order.status == Status.DISPATCHED and not order.rebooking
    outcome = _attempt(dispatch, transcript, consignment, uncertain=uncertain, may_book=may_book)

    with transaction.atomic():
        order, dispatch = lock(dispatch_id)
        store(dispatch, transcript)
        # When the lease has run out, another worker may have been at it too: a yes always counts, a no only if it is
        # the latest word.
        if outcome.booking and dispatch.state in TO_PUSH:
            booked(order, dispatch, outcome.booking)
        elif outcome.booking and outcome.booking.reference != dispatch.reference:
            second_parcel(order, dispatch, Status.ACCEPTED, outcome.booking.reference)
        elif not outcome.booking and dispatch.state == State.BOOKING and dispatch.attempts == attempt:
            _not_booked(order, dispatch, outcome)
        if outcome.error is None or not (outcome.error.is_trouble or outcome.error.paced):
            lanes.went_well(dispatch.destination)
            lanes.wake(dispatch.destination_id, 1)  # the place that this one had


def _may_be_at_it(dispatch: Dispatch) -> bool:
    """Whether a worker that is only slow may still book, with a carrier that would take the same key twice. The sweep
    comes when the lease is over."""
    until, provider = dispatch.calling_until, dispatch.destination.provider
    if dispatch.state != State.BOOKING or until is None or until <= timezone.now() or provider not in registry.CARRIERS:
        return False
    return not registry.carrier_class(provider).guards_keys


def _not_wanted(order: Order, dispatch: Dispatch) -> bool:
    """Whether the order need not go out any more, as no attempt has left a parcel; the dispatch is ended then."""
    if order.status == Status.CANCELLING:
        end(dispatch, State.CANCELLED)
        reports.record_not_booked(order, actor(dispatch), attention="", detail="")
    elif order.rebooking:  # another key for what it says now
        end(dispatch, State.DROPPED)
        book_anew(order, SYSTEM)
    elif order.status != Status.DISPATCHED:
        end(dispatch, State.DROPPED)
    else:
        return False
    return True


def _wait_or_move_on(order: Order, dispatch: Dispatch, *, uncertain: bool) -> None:
    """The lane is full or closed. What certainly is no parcel there can go to another carrier."""
    lane = lanes.lane_of(dispatch.destination)
    if uncertain:  # whoever wakes it gives it a new place: it is nobody's attempt any more
        dispatch.state = State.UNKNOWN
    if not lanes.is_closed(lane) or lane is None:
        park(dispatch)
    elif uncertain or not _to_the_next(order, dispatch, State.GAVE_UP, lane.reason):
        if not uncertain and _has_waited_long(dispatch):
            _give_up(order, dispatch, lane.reason)
        else:
            park(dispatch, lane.reason)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an attempt came to. `certain`: there is a booking, or there surely is none."""

    booking: Booking | None
    error: CarrierError | None
    certain: bool


def _attempt(
    dispatch: Dispatch, transcript: Transcript, consignment: Consignment, *, uncertain: bool, may_book: bool
) -> _Outcome:
    known, repeating = not uncertain, False
    try:
        carrier = carrier_for(dispatch, transcript)
        # What is written down before it is sent was never sent if it was never written.
        known = known or (carrier.writes_first and consignment.body is None)
        # Where booking again is harmless it also tells whether there is a parcel; one not wanted any more is then
        # cancelled like any other.
        repeating = not known and carrier.repeatable and consignment.body is not None
        if not known and not repeating:
            booking = carrier.find(consignment)
            known = True
            if booking or not may_book or consignment.attempt > MAX_ATTEMPTS:
                return _Outcome(booking, None, certain=True)
        if known:
            consignment = _prepared(dispatch, carrier, consignment)
        return _Outcome(carrier.book(consignment), None, certain=True)
    except CarrierError as error:
        # A parcel that is dead, and a repetition that is refused, are answers too.
        known = known or error.burnt or (repeating and error.permanent)
        return _Outcome(None, error, certain=known and not error.unknown)
    except Exception as error:  # a defect of ours must end in a visible state too
        logger.exception("booking failed", extra={"dispatch": dispatch.key})
        return _Outcome(None, CarrierError(f"{type(error).__name__}: {error}", unknown=True), certain=False)


def _prepared(dispatch: Dispatch, carrier: Carrier, consignment: Consignment) -> Consignment:
    """With its body, which is on our row before it is sent: a repetition must be the same."""
    translation = carrier.prepare(replace(consignment, order=completed(consignment.order)))
    losses = [fate.as_json() for fate in translation.fates]
    if translation.body is None:  # a carrier that needs none
        return consignment
    Dispatch.objects.filter(pk=dispatch.pk).update(body=translation.body, losses=losses)
    give_back()
    return replace(consignment, body=json.loads(json.dumps(translation.body, cls=JSONEncoder)))


# --- A yes ----------------------------------------------------------------------------------------------------------
def booked(order: Order, dispatch: Dispatch, booking: Booking) -> None:
    """The carrier has it."""
    now = timezone.now()
    dispatch.state, dispatch.reference, dispatch.booked_at = State.BOOKED, booking.reference, now
    dispatch.label = vault.encrypt(booking.label_url) if booking.label_url else ""
    dispatch.last_error, dispatch.attempts, dispatch.next_at = "", 0, now + poll_every(dispatch, order.status)
    dispatch.is_waiting, dispatch.calling_until = False, None
    dispatch.save(
        update_fields=[
            "state", "reference", "booked_at", "label", "last_error", "attempts", "next_at", "is_waiting",
            "calling_until",
        ]
    )  # fmt: skip
    reports.record_booking(order, actor(dispatch), reference=booking.reference, tracking_url=booking.tracking_url)
    if order.status == Status.CANCELLING or order.rebooking:
        ask_to_cancel(dispatch)
    end_if_over(order, dispatch)


def end_if_over(order: Order, dispatch: Dispatch) -> None:
    if order.status == Status.CANCELLED:
        end(dispatch, State.CANCELLED)
    elif order.is_over and dispatch.reference:  # without one, the answer to the booking is still to come
        end(dispatch, State.DONE)


def second_parcel(order: Order, dispatch: Dispatch, status: str | None, text: str) -> None:
    detail = " · ".join(filter(None, (dispatch.destination.name, dispatch.key, status, text)))
    reports.record_second_parcel(order, actor(dispatch), status=status, detail=detail)


# --- A no, or no answer ---------------------------------------------------------------------------------------------
def _not_booked(order: Order, dispatch: Dispatch, outcome: _Outcome) -> None:
    error = outcome.error
    detail = str(error) if error else NOT_IN_TIME
    dispatch.state = State.PLANNED if outcome.certain else State.UNKNOWN
    if error and error.paced:  # nobody was asked
        dispatch.attempts -= 1
        lanes.is_paced(dispatch.destination, error.retry_after or timedelta(seconds=1))
        park(dispatch, detail)
        return
    closed = bool(error and error.is_trouble and lanes.went_wrong(dispatch.destination, error))
    if outcome.certain and _ends(order, dispatch, error, detail, closed=closed):
        return
    if (dispatch.attempts >= 3 and not outcome.certain) or (error and error.credentials):
        reports.record_unreachable(order, detail=detail)
    if closed:
        park(dispatch, detail)
    else:
        try_later(dispatch, detail, error.retry_after if error else None)


def _ends(order: Order, dispatch: Dispatch, error: CarrierError | None, detail: str, *, closed: bool) -> bool:
    """Ends a dispatch of which there certainly is no parcel, if this is its end."""
    if order.status == Status.CANCELLING:
        end(dispatch, State.CANCELLED)
        reports.record_not_booked(order, actor(dispatch), attention="", detail="")
    elif order.rebooking:
        end(dispatch, State.DROPPED, detail)
        book_anew(order, SYSTEM)
    elif order.is_over:  # the carrier has reported its end before it ever said that it had it
        end(dispatch, State.DROPPED, detail)
    elif error and error.burnt and dispatch.epoch < MAX_EPOCHS:  # another key, as for a new parcel
        end(dispatch, State.DROPPED, detail)
        plan_push(order)
    elif error and (error.permanent or error.burnt):
        if not _to_the_next(order, dispatch, State.REFUSED, detail):
            end(dispatch, State.REFUSED, detail)
            reports.record_not_booked(
                order, actor(dispatch), attention=Attention.CARRIER_REFUSED, detail=detail, path=error.path
            )
    elif closed:  # it goes elsewhere, or waits for better times
        if not _has_waited_long(dispatch):
            return _to_the_next(order, dispatch, State.GAVE_UP, detail)
        _give_up(order, dispatch, detail)
    elif error is None or dispatch.attempts >= MAX_ATTEMPTS:
        _give_up(order, dispatch, detail)
    else:
        return False
    return True


def _has_waited_long(dispatch: Dispatch) -> bool:
    return dispatch.created_at < timezone.now() - GIVE_UP_AFTER


def _give_up(order: Order, dispatch: Dispatch, detail: str) -> None:
    if not _to_the_next(order, dispatch, State.GAVE_UP, detail):
        end(dispatch, State.GAVE_UP, detail)
        reports.record_not_booked(order, actor(dispatch), attention=Attention.CARRIER_UNREACHABLE, detail=detail)


def _to_the_next(order: Order, dispatch: Dispatch, state: str, detail: str) -> bool:
    """Fail-over: the order goes to the destination that this one names as the next to try. False if there is none, or
    none that the order has not been to. Its dispatch must be certain to have left no parcel."""
    following = dispatch.destination.fallback
    if following is None or order.status != Status.DISPATCHED or order.rebooking or not _may_take(order, following):
        return False
    end(dispatch, state, detail)
    reports.record_rerouted(order, SYSTEM, destination=following, why=detail)
    plan_push(order)
    return True


def _may_take(order: Order, destination: Destination) -> bool:
    if not destination.is_active or (order.is_test and destination.environment != Environment.SANDBOX):
        return False
    return not order.dispatches.filter(destination=destination).exists()
