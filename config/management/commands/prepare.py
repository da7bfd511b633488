import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from config.management.commands import demo
from destinations.models import Merchant
from integrations.modon import receipt

LOCK = 7_239_114  # any number, if it is the same on all machines that share a database


class Command(BaseCommand):
    help = (
        "Brings the database and the collected files and fonts up to date, and fills an empty database with the demo."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--welcome", action="store_true", help="print where to log in")

    def handle(self, *args: Any, welcome: bool, **options: Any) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"The database cannot be reached, check DATABASE_URL: {error}") from error
        with connection.cursor() as cursor:
            # Several machines may start at the same time on one database.
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                call_command("migrate", interactive=False, stdout=sys.stderr)
            call_command("createcachetable", verbosity=0)
            if settings.DEMO and not Merchant.objects.exists():
                self.stderr.write("Filling the empty database with the demo …", self.style.NOTICE)
                call_command("demo", stdout=sys.stderr)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        call_command("collectstatic", interactive=False, verbosity=0)
        receipt.make_fonts()
        if welcome and (text := demo.welcome()):
            self.stdout.write(text)
