import contextlib
import http.client
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from config import bootstrap
from config.cluster import say
from config.management.commands import demo
from config.parts import Part
from destinations.models import Merchant

READY_SECONDS = 60
MIGRATION_LOCK = 7_239_114  # any number, if it is the same on all machines that share a database


class Stopped(Exception):
    """Somebody asked us to stop."""


class Command(BaseCommand):
    help = "Runs Wasl: prepares the database, then web and worker until Ctrl-C or SIGTERM."

    def handle(self, *args: object, **options: object) -> None:
        on_stop_signals(raise_stopped)
        parts: list[Part] = []
        try:
            prepare()
            held = bootstrap.server.descriptors if bootstrap.server else ()
            manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
            for name, command in ("web", web_command()), ("worker", [*manage, "worker"]):
                parts.append(Part(name, command, folder=settings.BASE_DIR, descriptors=held))
            wait_until_ready(parts)
            self.stdout.write(demo.welcome())
            self.stdout.write(f"READY http://127.0.0.1:{settings.PORT}")
            self.stdout.flush()
            while True:
                check(parts)
                time.sleep(0.2)
        except Stopped:
            say("Stopping …")
        finally:
            on_stop_signals(signal.SIG_IGN)
            for part in parts:
                part.stop()


def prepare() -> None:
    """Bring the database and the collected files up to date, and fill an empty database with the demo."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise CommandError(f"The database cannot be reached, check DATABASE_URL: {error}") from error
    with connection.cursor() as cursor:
        # Several machines may start at the same time on one database.
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, stdout=sys.stderr)
        call_command("createcachetable", verbosity=0)
        if settings.DEMO and not Merchant.objects.exists():
            say("Filling the empty database with the demo …")
            call_command("demo", stdout=sys.stderr)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
    connections.close_all()
    call_command("collectstatic", interactive=False, verbosity=0)


def web_command() -> list[str]:
    host = f"[{settings.BIND}]" if ":" in settings.BIND else settings.BIND
    return [
        *[sys.executable, "-m", "gunicorn", "config.wsgi"],
        *["--bind", f"{host}:{settings.PORT}", "--workers", str(settings.WEB_CONCURRENCY), "--preload"],
        # A browser opens connections in advance: those must not occupy a process, as they would with plain workers.
        *["--worker-class", "gthread", "--threads", "4", "--keep-alive", "15"],
        *["--graceful-timeout", "5", "--log-level", "warning", "--no-control-socket"],
    ]


def wait_until_ready(parts: list[Part]) -> None:
    """Returns when the web answers that everything works; raises CommandError if a part ends or it takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    host = settings.BIND if settings.BIND not in ("0.0.0.0", "::") else "127.0.0.1"
    status: object = "no answer"
    while time.monotonic() < deadline:
        check(parts)
        web = http.client.HTTPConnection(host, settings.PORT, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(web):
            web.request("GET", "/health/ready", headers={"Host": urlsplit(settings.WASL_URL).netloc})
            if (status := web.getresponse().status) == 200:
                return
        time.sleep(0.1)
    raise CommandError(f"Wasl was not ready within {READY_SECONDS} s (/health/ready: {status}); it was stopped again.")


def check(parts: list[Part]) -> None:
    """Raises CommandError if a part has ended."""
    for part in parts:
        if end := part.end():
            raise CommandError(f"The {part.name} has ended by itself ({end}), so the rest was stopped too.")
    if bootstrap.server and not bootstrap.server.is_running():
        for part in parts:
            part.process.kill()  # all they could do is wait for it
        raise CommandError(
            f"The database has ended by itself, so the rest was stopped too: see {bootstrap.server.log}."
        )


def raise_stopped(*_: object) -> NoReturn:
    raise Stopped


def on_stop_signals(action: Callable[..., Any] | signal.Handlers) -> None:
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        # nohup ignores SIGHUP for us: leave it so.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, action)
