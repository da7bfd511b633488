import asyncio
import copy
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import procrastinate_app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.manager import JobManager

STOP_SECONDS = 9


class Command(BaseCommand):
    help = "Runs the jobs: hands orders over to carriers, sends webhooks, does what is due by the clock."

    def handle(self, *args: object, **options: object) -> None:
        asyncio.run(self.run())

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        # Jobs wait for carriers most of the time: they need more threads than there are processors.
        loop.set_default_executor(ThreadPoolExecutor(settings.WORKER_CONCURRENCY, thread_name_prefix="job"))
        app = worker_app()
        async with app.open_async():
            work = asyncio.create_task(
                app.run_worker_async(
                    concurrency=settings.WORKER_CONCURRENCY,
                    delete_jobs="successful",
                    fetch_job_polling_interval=1,
                    update_heartbeat_interval=2,
                    stalled_worker_timeout=10,
                    install_signal_handlers=False,
                )
            )

            def stop() -> None:
                work.cancel()
                # A job that hangs in a call cannot be interrupted. Its row still says that it is at work, so that the
                # next worker takes it up like one of a worker that was killed.
                deadline = threading.Timer(STOP_SECONDS, os._exit, [0])
                deadline.daemon = True
                deadline.start()

            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
            try:
                await work
            except asyncio.CancelledError:
                return
        raise CommandError("The worker gave up: see the error above.")


def worker_app() -> App:
    """The job application as a worker needs it: on connections of its own, with the same tasks.

    The tasks themselves stay with the application that uses Django's connection, so that a job which a task defers
    belongs to the task's transaction.
    """
    app = copy.copy(procrastinate_app.current_app)
    app.connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=4)
    app.job_manager = JobManager(connector=app.connector)
    return app
