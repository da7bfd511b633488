"""An order's history row and the job that tells the rest of the house, in the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from procrastinate.contrib.django import app

from orders import rows
from orders.models import Order, OrderEvent

RELAY = "integrations.tasks.relay_event"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `kind` is an `OrderEvent.ActorKind`, `name` what people know them by."""

    kind: str
    name: str


SYSTEM = Actor(OrderEvent.ActorKind.SYSTEM, "Wasl")


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to one order; statuses are empty when they did not change."""

    order: Order
    kind: str
    from_status: str = ""
    to_status: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def record(happenings: Sequence[Happening], actor: Actor, *, at: datetime | None = None) -> Sequence[OrderEvent]:
    """Writes the events and one relay job for each: two statements, however many there are."""
    at = at or timezone.now()
    events = rows.insert(
        [
            OrderEvent(
                order=happening.order,
                kind=happening.kind,
                actor_kind=actor.kind,
                actor=actor.name[:200],
                from_status=happening.from_status,
                to_status=happening.to_status,
                data=happening.data,
                created_at=at,
            )
            for happening in happenings
        ]
    )
    enqueue(RELAY, [{"event_id": event.pk} for event in events], locks=[f"order:{event.order_id}" for event in events])
    return events


def enqueue(task: str, jobs: Iterable[dict[str, Any]], *, locks: Sequence[str] | None = None, **options: Any) -> None:
    """Adds jobs to the queue, in the caller's transaction, with one statement.

    The task is given by name because it lives above: news travels up as rows only. A job under a lock waits for the
    earlier ones of that lock.
    """
    template = app.configure_task(task, **options).job
    queued = [
        template.evolve(task_kwargs=kwargs, lock=locks[number] if locks else None) for number, kwargs in enumerate(jobs)
    ]
    if queued:
        app.job_manager.batch_defer_jobs(queued)
