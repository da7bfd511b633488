from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config import bootstrap, supervisor


class Command(BaseCommand):
    help = "Runs Wasl: prepares the database, then web and worker until Ctrl-C or SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """For `help` and `call_command` only: `manage.py up` goes to the supervisor without loading Django."""
        supervisor.run(bootstrap.server, settings.BIND, settings.PORT)
