"""The jobs themselves: what becomes of one that fails, and of those of a worker that has died."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from config.management.commands.worker import worker_app
from integrations import dispatching, lanes, tasks
from integrations.dispatching import sweeping
from integrations.models import Dispatch
from orders.events import enqueue
from tests.factories import make_order, make_shop

pytestmark = pytest.mark.django_db(transaction=True)


def jobs() -> list[tuple[str, str]]:
    return [(job.task_name.rpartition(".")[2], job.status) for job in ProcrastinateJob.objects.order_by("id")]


def test_news_is_told_again_until_it_is_heard():
    job = app.configure_task(tasks.relay_event.name).job
    for attempts in (0, 1, 1000):
        again = tasks.relay_event.get_retry_exception(
            RuntimeError("the database hiccups"), job.evolve(attempts=attempts)
        )
        assert again.retry_decision.retry_at < timezone.now() + timedelta(seconds=6)


def take(worker: int, task: str) -> None:
    """The job is at work in a worker of which nothing has been heard for a minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (id, last_heartbeat) OVERRIDING SYSTEM VALUE "
            "VALUES (%s, now() - interval '1 minute') ON CONFLICT DO NOTHING",
            [worker],
        )
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE task_name = %s", [worker, task]
        )


def retry_stalled() -> None:
    async def retry() -> None:
        app = worker_app()
        async with app.open_async():
            await tasks.retry_stalled.func(SimpleNamespace(app=app), timestamp=0)

    # In a thread of its own: the browser of other tests keeps an event loop in this one.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, retry()).result()


def test_the_jobs_of_a_dead_worker_go_back():
    make_order(make_shop(settings={"pace": 10}))
    take(9001, "integrations.tasks.relay_event")
    retry_stalled()
    assert jobs() == [("relay_event", "todo")]


def test_a_clock_job_of_a_dead_worker_is_in_nobodys_way():
    sweep = tasks.sweep.name
    enqueue(sweep, [{"timestamp": 1}], queueing_lock="sweep")
    take(9001, sweep)
    enqueue(sweep, [{"timestamp": 2}], queueing_lock="sweep")  # the clock has gone on
    make_order(make_shop(settings={"pace": 10}))
    take(9001, "integrations.tasks.relay_event")
    retry_stalled()
    assert jobs() == [("sweep", "todo"), ("relay_event", "todo")]


def test_a_living_workers_jobs_stay():
    make_order(make_shop())
    take(9001, "integrations.tasks.relay_event")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now()")
    retry_stalled()
    assert jobs() == [("relay_event", "doing")]


def test_every_job_has_its_name_where_it_is_enqueued_by_name():
    for name in (lanes.PUSH, lanes.CANCEL, sweeping.TRACK):
        assert name in app.tasks


def test_an_order_that_goes_out_costs_one_job():
    """The news of it hands it over, if its lane has a place; else it waits without any job."""
    shop = make_shop()
    first = make_order(shop)
    assert dispatching.plan(first) == first.dispatches.get().pk
    Dispatch.objects.update(is_waiting=True, calling_until=None, next_at=None)
    second = make_order(shop, "SHOP-2")
    assert dispatching.plan(second) is None
    assert second.dispatches.get().is_waiting
    assert {job.task_name for job in ProcrastinateJob.objects.all()} == {"integrations.tasks.relay_event"}
