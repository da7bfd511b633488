"""`manage.py staff_key USERNAME --dialect ideliver`: a key with which one of our own people calls a dialect."""

import json
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import keys, registry


class Command(BaseCommand):
    help = "Makes a key for a member of the staff, and shows it once."

    def add_arguments(self, parser: CommandParser) -> None:
        rooms = [room.name for room in registry.DIALECTS.values() if room.staff]
        parser.add_argument("username", help="an active member of the staff")
        parser.add_argument("--dialect", required=True, choices=rooms, help="where the key is valid")
        parser.add_argument("--name", default="", help="what the key is for")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True, is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no active member of the staff called {options['username']}.")
        name = options["name"].strip()
        if len(name) > 80:
            raise CommandError("--name: at most 80 characters.")
        key, secret = keys.issue_staff_key(user, options["dialect"], name=name)
        if options["json"]:
            found = {"username": user.username, "dialect": key.dialect, "name": key.name, "key": secret}
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            self.stdout.write(f"{secret}\nKeep it: it cannot be shown again.")
