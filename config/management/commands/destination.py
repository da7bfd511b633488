"""`manage.py destination`: connects a source to a carrier account, and tries the connection."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from destinations.models import Destination, Environment, Source
from integrations import accounts, registry


class Command(BaseCommand):
    help = "Connects a source to a carrier account: a new destination, whose connection is tried at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", required=True, type=int, metavar="ID", help="the source that may send to it")
        parser.add_argument("--provider", required=True, help=", ".join(registry.CARRIERS))
        parser.add_argument("--base-url", default="", help="where its API is, before the document's paths")
        parser.add_argument("--credentials", default="{}", metavar="JSON", help=_needed())
        parser.add_argument("--name", default="", help="what people call it (the provider's name)")
        parser.add_argument("--default", action="store_true", help="make it the source's default")
        parser.add_argument("--environment", default=Environment.SANDBOX, choices=Environment.values)
        parser.add_argument("--poll-seconds", type=int, metavar="N", help="how often it is asked about its parcels")
        parser.add_argument("--callback-secret", default="", help="what it signs its webhooks with")
        parser.add_argument("--choices", default="{}", metavar="JSON", help="the provider's own settings")
        parser.add_argument("--fallback", default="", metavar="ID", help="the destination to try when it refuses")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        source = Source.objects.select_related("merchant").filter(pk=options["source"]).first()
        if source is None:
            raise CommandError(f"There is no source {options['source']}: `merchant --json` prints the id of its own.")
        if options["poll_seconds"] is not None and not 1 <= options["poll_seconds"] <= 86_400:
            raise CommandError("--poll-seconds is between 1 and 86400.")
        fallback = None
        if options["fallback"]:
            fallback = Destination.objects.filter(merchant=source.merchant, public_id=options["fallback"]).first()
            if fallback is None:
                raise CommandError(f"--fallback: the merchant has no destination {options['fallback']}.")
        try:
            destination = accounts.connect(
                source,
                options["provider"],
                name=options["name"].strip(),
                base_url=options["base_url"],
                credentials=_object(options, "credentials"),
                environment=options["environment"],
                default=options["default"],
                poll_seconds=options["poll_seconds"],
                callback_secret=options["callback_secret"],
                choices=_object(options, "choices"),
                fallback=fallback,
            )
        except ValidationError as error:
            problems = [
                f"--{field.replace('_', '-')}: {' '.join(texts)}" for field, texts in error.message_dict.items()
            ]
            raise CommandError("\n".join(problems)) from error
        works, message = accounts.check(destination)
        found = {
            "id": destination.public_id,
            "name": destination.name,
            "is_default": source.routes.get(destination=destination).is_default,
            "environment": destination.environment,
            "provider": destination.provider,
            "connection": {"ok": works, "message": message},
            "callback_url": accounts.callback_url(destination.account),
        }
        self.stdout.write(json.dumps(found, ensure_ascii=False) if options["json"] else _readable(found))


def _object(options: dict[str, Any], name: str) -> dict[str, Any]:
    try:
        found = json.loads(options[name])
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--{name} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise CommandError(f"--{name} is a JSON object.")
    return found


def _needed() -> str:
    rooms = registry.CARRIERS.values()
    return "; ".join(f"{room.name}: {', '.join(room.credentials)}" for room in rooms if room.credentials)


def _readable(found: dict[str, Any]) -> str:
    connection = found["connection"]
    return "\n".join(
        [
            f"{found['name']} ({found['provider']}, {found['environment']})",
            f"  id            {found['id']}{'  (default)' if found['is_default'] else ''}",
            f"  connection    {'works' if connection['ok'] else 'DOES NOT WORK'}: {connection['message']}",
            f"  its webhooks  {found['callback_url']}",
        ]
    )
