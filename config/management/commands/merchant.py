"""`manage.py merchant "Name"`: an account ready to send orders, from the command line."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import keys
from integrations.onboarding import Account, open_account


class Command(BaseCommand):
    help = "Creates a merchant with an owner log-in, a source with keys, and two simulated sandbox destinations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the merchant's name")
        parser.add_argument("--currency", default="KWD", help="ISO 4217 code (KWD)")
        parser.add_argument("--country", default="KW", help="ISO 3166-1 alpha-2 code (KW)")
        parser.add_argument("--timezone", default="Asia/Kuwait", help="IANA name (Asia/Kuwait)")
        parser.add_argument("--language", default="en", choices=["en", "ar"], help="of its people (en)")
        parser.add_argument("--hold", action="store_true", help="orders wait until somebody releases them")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["name"].strip():
            raise CommandError('Give the merchant a name: python3 manage.py merchant "Name"')
        try:
            account = open_account(
                options["name"].strip(),
                hold=options["hold"],
                currency=options["currency"].upper(),
                country=options["country"].upper(),
                timezone=options["timezone"],
                language=options["language"],
            )
        except ValidationError as error:
            problems = [f"--{field}: {' '.join(texts)}" for field, texts in error.message_dict.items()]
            raise CommandError("\n".join(problems)) from error
        found = described(account)
        self.stdout.write(
            json.dumps(found, ensure_ascii=False) if options["json"] else readable(account.merchant.name, found)
        )


def described(account: Account) -> dict[str, Any]:
    return {
        "merchant": account.merchant.pk,
        "username": account.owner.get_username(),
        "password": account.password,
        "source": account.source.pk,
        "keys": account.keys,
        "destinations": [
            {
                "id": destination.public_id,
                "name": destination.name,
                "is_default": number == 0,
                "environment": destination.environment,
                "provider": destination.provider,
            }
            for number, destination in enumerate(account.destinations)
        ],
    }


def readable(name: str, found: dict[str, Any]) -> str:
    lines = [
        f"{name} (merchant {found['merchant']}, source {found['source']})",
        f"  log-in        {found['username']}  /  {found['password']}",
        *(
            f"  {label:<13} {value}"
            for dialect, key in found["keys"].items()
            for label, value in keys.lines(f"{dialect} key" if isinstance(key, str) else dialect, key)
        ),
        *(
            f"  destination   {one['id']}  {one['name']}{'  (default)' if one['is_default'] else ''}"
            for one in found["destinations"]
        ),
        "Keep the password and the keys: they cannot be shown again.",
    ]
    return "\n".join(lines)
