"""`manage.py rotate_secrets`: after a new SECRET_KEY, so that the old one is needed no longer."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import accounts, vault


class Command(BaseCommand):
    help = (
        "Encrypts every stored secret anew with the SECRET_KEY of today. Then the old one can go from "
        "SECRET_KEY_FALLBACKS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rotated = accounts.rotate()
        except vault.Unreadable as error:
            raise CommandError(f"{error} Nothing was changed: put that key into SECRET_KEY_FALLBACKS.") from error
        self.stdout.write(f"{rotated} secrets are encrypted with the SECRET_KEY of today.")
