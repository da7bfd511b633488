"""The worker and the clock, by hand: jobs run when a test says so, and time passes by making everything older."""

import json
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from procrastinate.contrib.django import app

from integrations import dispatching
from integrations.models import Dispatch, Lane, RateWindow, SimulatedParcel
from orders.models import Order


def work() -> list[str]:
    """Runs the waiting jobs, and those that they bring, in a worker's order. Returns the names of the tasks."""
    done = []
    while job := _next_job():
        name, arguments = job
        app.tasks[name].func(**arguments)
        done.append(name.rpartition(".")[2])
    return done


def _next_job() -> tuple[str, dict[str, Any]] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE status = 'todo' "
            "ORDER BY priority DESC, id LIMIT 1) RETURNING task_name, args::text"
        )
        row = cursor.fetchone()
    return (row[0], json.loads(row[1])) if row else None


def later(seconds: float) -> None:
    """So much time passes, in which nobody works."""
    by = timedelta(seconds=seconds)
    Dispatch.objects.exclude(next_at=None).update(next_at=F("next_at") - by)
    Dispatch.objects.update(created_at=F("created_at") - by)
    Dispatch.objects.exclude(calling_until=None).update(calling_until=F("calling_until") - by)
    Lane.objects.update(open_at=F("open_at") - by, tracking_until=F("tracking_until") - by)
    RateWindow.objects.update(ends_at=F("ends_at") - by)
    SimulatedParcel.objects.update(created_at=F("created_at") - by, cancelled_at=F("cancelled_at") - by)
    Order.objects.exclude(release_at=None).update(release_at=F("release_at") - by)


def pass_time(seconds: int) -> None:
    """So much time passes, with a worker at work and the sweep each second."""
    for _ in range(seconds):
        later(1)
        dispatching.sweep()
        work()


def told(order: Order) -> list[tuple[str, str, str, str]]:
    """The order's history: kind, from, to, and what the carrier reported."""
    return [
        (event.kind, event.from_status, event.to_status, event.data.get("reported", ""))
        for event in order.events.order_by("id")
    ]
