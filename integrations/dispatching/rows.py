"""A dispatch's row, and what every step of a hand-over does with it."""

import random
from datetime import timedelta

from django.utils import timezone

from integrations import drift, registry
from integrations.carrier import Carrier, CarrierError, Transcript
from integrations.client import give_back
from integrations.lanes import CANCEL, LEASE, PUSH, job_lock
from integrations.models import Dispatch, Exchange
from orders.events import Actor, enqueue
from orders.models import Order, OrderEvent
from orders.statuses import Status

State = Dispatch.State

# A carrier that has given up on a parcel may still try again, but is not asked so often any more.
POLL_FAILED = timedelta(minutes=10)
# How often a provider is asked that this version does not know.
POLL_UNKNOWN = 3600


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


def actor(dispatch: Dispatch) -> Actor:
    return Actor(OrderEvent.ActorKind.CARRIER, dispatch.destination.name)


def lock(dispatch_id: int) -> tuple[Order, Dispatch]:
    """The order, then its dispatch, locked. The order has its source and merchant with it, because its carrier's words
    need them. Raises `Order.DoesNotExist`."""
    order = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("source", "merchant")
        .get(dispatches=dispatch_id)
    )
    dispatch = (
        Dispatch.objects.select_for_update(of=("self",), no_key=True)
        .select_related("destination__account", "destination__lane", "destination__fallback")
        .get(pk=dispatch_id)
    )
    return order, dispatch


def begin(dispatch: Dispatch, state: str) -> None:
    """An attempt begins: whoever finds it after the lease takes its worker for dead."""
    until = timezone.now() + LEASE
    dispatch.state, dispatch.next_at, dispatch.calling_until = state, until, until
    dispatch.is_waiting = False
    dispatch.attempts += 1
    dispatch.save(update_fields=["state", "next_at", "calling_until", "is_waiting", "attempts"])


def store(dispatch: Dispatch, transcript: Transcript) -> None:
    """What was said, kept with the dispatch; its call is over."""
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


def try_later(dispatch: Dispatch, detail: str, wait: timedelta | None = None) -> None:
    dispatch.last_error, dispatch.calling_until = detail, None
    dispatch.next_at = timezone.now() + (wait or backoff(dispatch.attempts))
    dispatch.save(update_fields=["state", "last_error", "next_at", "calling_until"])


def park(dispatch: Dispatch, detail: str = "") -> None:
    """It waits in its lane until somebody wakes it; that costs nothing."""
    dispatch.is_waiting, dispatch.next_at, dispatch.calling_until = True, None, None
    dispatch.last_error = detail or dispatch.last_error
    dispatch.save(update_fields=["state", "attempts", "is_waiting", "next_at", "calling_until", "last_error"])


def end(dispatch: Dispatch, state: str, detail: str = "") -> None:
    dispatch.state, dispatch.next_at, dispatch.last_error = state, None, detail
    dispatch.is_waiting, dispatch.calling_until = False, None
    dispatch.save(update_fields=["state", "next_at", "last_error", "is_waiting", "calling_until"])


def ask_to_cancel(dispatch: Dispatch) -> None:
    dispatch.state, dispatch.attempts, dispatch.next_at = State.CANCELLING, 0, timezone.now() + LEASE
    dispatch.save(update_fields=["state", "attempts", "next_at"])
    enqueue(CANCEL, [{"dispatch_id": dispatch.pk}], locks=[job_lock(dispatch.pk)])


def enqueue_push(dispatch_id: int) -> None:
    enqueue(PUSH, [{"dispatch_id": dispatch_id}], locks=[job_lock(dispatch_id)])


def poll_every(dispatch: Dispatch, order_status: str) -> timedelta:
    provider = dispatch.destination.provider
    seconds = registry.carrier_class(provider).poll_seconds if provider in registry.CARRIERS else POLL_UNKNOWN
    account = getattr(dispatch.destination, "account", None)
    if account and account.poll_seconds:
        seconds = account.poll_seconds
    return max(timedelta(seconds=seconds), POLL_FAILED if order_status == Status.FAILED else timedelta())
