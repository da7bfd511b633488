"""One attempt to take a booked parcel back."""

import logging

from django.db import transaction
from django.utils import timezone

from integrations import lanes
from integrations.carrier import CarrierError, Consignment, Transcript
from integrations.dispatching.booking import MAX_ATTEMPTS
from integrations.dispatching.planning import book_anew
from integrations.dispatching.rows import (
    State,
    actor,
    begin,
    carrier_for,
    end,
    lock,
    park,
    poll_every,
    store,
    try_later,
)
from integrations.models import Dispatch
from orders import reports
from orders.models import Order
from orders.statuses import Status

logger = logging.getLogger(__name__)


def cancel(dispatch_id: int) -> None:
    with transaction.atomic():
        order, dispatch = lock(dispatch_id)
        if dispatch.state != State.CANCELLING:
            return
        if order.status != Status.CANCELLING and not order.rebooking:  # it was picked up before it could be rebooked
            _still_booked(order, dispatch, dispatch.last_error)
            return
        if not lanes.enter(dispatch):
            park(dispatch)
            return
        begin(dispatch, State.CANCELLING)

    attempt = dispatch.attempts
    transcript = Transcript()
    error: CarrierError | None = None
    try:
        consignment = Consignment(dispatch.key, order, attempt, dispatch.body)
        carrier_for(dispatch, transcript).cancel(consignment, dispatch.reference)
    except CarrierError as raised:
        error = raised
    except Exception as raised:
        logger.exception("cancelling failed", extra={"dispatch": dispatch.key})
        error = CarrierError(f"{type(raised).__name__}: {raised}")

    with transaction.atomic():
        order, dispatch = lock(dispatch_id)
        store(dispatch, transcript)
        if dispatch.state == State.CANCELLING:
            _after(order, dispatch, error, is_latest=dispatch.attempts == attempt)
        if error is None or not (error.is_trouble or error.paced):
            lanes.went_well(dispatch.destination)
            lanes.wake(dispatch.destination_id, 1)


def _after(order: Order, dispatch: Dispatch, error: CarrierError | None, *, is_latest: bool) -> None:
    if error is None:
        end(dispatch, State.CANCELLED)
        if order.rebooking:
            book_anew(order, actor(dispatch))
        elif order.status == Status.CANCELLING:
            reports.record_cancelled(order, actor(dispatch))
        elif not order.is_over:
            reports.record_taken_back(order, actor(dispatch))
        return
    if not is_latest:  # the lease had run out: the later attempt decides
        return
    if error.paced:
        dispatch.attempts -= 1
        lanes.is_paced(dispatch.destination, error.retry_after or lanes.FIRST_PAUSE)
        park(dispatch, str(error))
        return
    closed = error.is_trouble and lanes.went_wrong(dispatch.destination, error)
    if error.permanent or dispatch.attempts >= MAX_ATTEMPTS:
        _still_booked(order, dispatch, str(error))
        if order.rebooking:
            reports.record_edit_refused(order, actor(dispatch), detail=str(error))
        else:
            reports.record_cancel_refused(order, actor(dispatch), detail=str(error))
    elif closed:
        park(dispatch, str(error))
    else:
        try_later(dispatch, str(error), error.retry_after)


def _still_booked(order: Order, dispatch: Dispatch, detail: str) -> None:
    dispatch.state, dispatch.attempts, dispatch.last_error = State.BOOKED, 0, detail
    dispatch.next_at = timezone.now() + poll_every(dispatch, order.status_before or order.status)
    dispatch.is_waiting, dispatch.calling_until = False, None
    dispatch.save(update_fields=["state", "attempts", "last_error", "next_at", "is_waiting", "calling_until"])
