"""The jobs: each does one thing in a module below and may be run twice without harm."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status as JobStatus

from integrations import dispatching
from integrations.models import Exchange, IdempotencyKey, RateWindow
from orders.models import Order, OrderEvent
from orders.statuses import Status

logger = logging.getLogger(__name__)

IDEMPOTENCY_DAYS = 7
FAILED_JOB_DAYS = 30
PRUNE_BATCH = 1000
STALLED_SECONDS = 10


@app.task(retry=RetryStrategy(wait=5))
def relay_event(event_id: int) -> None:
    """Tells the rest of the house what has happened to an order. No row says that it is still to be done, so that this
    job is tried until it succeeds; it keeps the later news of its order waiting, which keeps them in their order. An
    order that goes out is handed over at once, if its lane has a place: a job less for each order."""
    kind, to_status, order_id = OrderEvent.objects.values_list("kind", "to_status", "order_id").get(pk=event_id)
    if to_status == Status.DISPATCHED:
        if dispatch_id := dispatching.plan(Order(pk=order_id)):
            dispatching.push(dispatch_id)
    elif kind == OrderEvent.Kind.CANCEL_REQUESTED:
        dispatching.plan_cancel(Order(pk=order_id))
    elif kind == OrderEvent.Kind.EDITED:
        dispatching.plan_rebooking(Order(pk=order_id))


@app.task
def push(dispatch_id: int) -> None:
    dispatching.push(dispatch_id)


@app.task
def cancel(dispatch_id: int) -> None:
    dispatching.cancel(dispatch_id)


@app.task
def track(destination_id: int) -> None:
    dispatching.track(destination_id)


@app.periodic(cron="* * * * * *")
@app.task(queueing_lock="sweep", priority=10)
def sweep(timestamp: int) -> None:
    """Every second: the dispatches whose time has come."""
    while dispatching.sweep() == dispatching.SWEEP_BATCH:
        pass


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="remind", priority=5)
def remind(timestamp: int) -> None:
    """Every minute: the orders that have waited long for a carrier that is down."""
    dispatching.remind()


@app.periodic(cron="* * * * * */5")
@app.task(queueing_lock="analyse_queue", priority=10)
def analyse_queue(timestamp: int) -> None:
    """Every five seconds: the queue may have grown from nothing to thousands since PostgreSQL last looked at it by
    itself, and with the plan that it made for an empty one, each fetch of a job reads all of them."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE procrastinate_jobs")


@app.periodic(cron="* * * * * */5")
@app.task(queueing_lock="retry_stalled", priority=10, pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Every five seconds: the jobs of a worker that has died go back to the queue."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        try:
            if job.queueing_lock:  # the clock brings the next, which may be waiting already
                await manager.finish_job(job, status=JobStatus.ABORTED, delete_job=True)
            else:
                await manager.retry_job(job)
        except ConnectorException:  # it has ended meanwhile
            logger.warning("a stalled job was not taken up", exc_info=True, extra={"job": job.id})


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="prune")
def prune(timestamp: int) -> None:
    """Every hour: what is kept only for a time."""
    now = timezone.now()
    delete_in_batches(Exchange.objects.filter(created_at__lt=now - timedelta(days=settings.EXCHANGE_LOG_DAYS)))
    delete_in_batches(IdempotencyKey.objects.filter(created_at__lt=now - timedelta(days=IDEMPOTENCY_DAYS)))
    delete_in_batches(RateWindow.objects.filter(ends_at__lt=now))


@app.periodic(cron="43 3 * * *")
@app.task(queueing_lock="prune_jobs", pass_context=True)
async def prune_jobs(context: JobContext, timestamp: int) -> None:
    """Every night: jobs that failed keep their rows for a month, for people to look at."""
    await context.app.job_manager.delete_old_jobs(nb_hours=FAILED_JOB_DAYS * 24, include_failed=True)


def delete_in_batches(rows: QuerySet[Model]) -> None:
    """Deletes in small transactions, so that nobody waits for a long one."""
    while rows.model._default_manager.filter(pk__in=list(rows.values_list("pk", flat=True)[:PRUNE_BATCH])).delete()[0]:
        pass
