"""`manage.py conformance`: which of the documents' promises a server keeps."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import http, registry
from integrations.conformance import Verdict, judge
from integrations.onboarding import Account, open_account

_SIGNS = {"kept": "✓", "broken": "✗", "not tried": "–"}


class Command(BaseCommand):
    help = (
        "Tries the promises of the dialects' documents on a server and prints a score card. Without --base-url: on "
        "this installation, which must be running, with two merchants made for it, which stay, inactive. Exits with 1 "
        "if one is broken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dialects", nargs="*", metavar="dialect", help=f"{', '.join(registry.DIALECTS)} (all)")
        parser.add_argument("--base-url", help="what stands before the documented paths, of one dialect")
        parser.add_argument("--key", help="the key for it; a client's as ID:SECRET")
        parser.add_argument("--stranger-key", help="another merchant's key, for what a stranger must not see")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        dialects = options["dialects"] or list(registry.DIALECTS)
        if strange := set(dialects) - set(registry.DIALECTS):
            raise CommandError(f"There is no dialect {', '.join(sorted(strange))}.")
        if options["base_url"]:
            if len(dialects) != 1 or not options["key"]:
                raise CommandError("With --base-url, name one dialect and give its --key.")
            self.check_answers(options["base_url"])
            strangers = {dialects[0]: options["stranger_key"]}
            verdicts = self.tried({dialects[0]: options["base_url"]}, {dialects[0]: options["key"]}, strangers, options)
        elif options["key"] or options["stranger_key"]:
            raise CommandError("Keys are for --base-url: this installation makes its own.")
        else:
            self.check_answers(settings.WASL_URL)
            verdicts = self.on_this_installation(dialects, options)
        broken = sum(verdict.outcome == "broken" for verdict in verdicts)
        if options["json"]:
            self.stdout.write(json.dumps(summary(verdicts), ensure_ascii=False))
        else:
            kept = sum(verdict.outcome == "kept" for verdict in verdicts)
            tried = kept + broken
            self.stdout.write(f"\n{kept} of {tried} promises kept: {kept / tried:.0%}" if tried else "Nothing tried")
        if broken:
            raise SystemExit(1)

    def check_answers(self, url: str) -> None:
        try:
            http.send("GET", url, trusted=True)
        except http.HttpError as error:
            raise CommandError(f"Nothing answers at {url}. Is it running? (python3 manage.py up)") from error

    def on_this_installation(self, dialects: list[str], options: dict[str, Any]) -> list[Verdict]:
        mine, stranger = (open_account(f"Conformance {name}", currency="KWD") for name in ("check", "stranger"))
        bases = {dialect: f"{settings.WASL_URL}/{dialect}" for dialect in dialects}
        try:
            return self.tried(bases, mine.keys, stranger.keys, options)
        finally:  # what was ordered stays, the way in does not
            for account in (mine, stranger):
                close(account)

    def tried(
        self, bases: dict[str, str], keys: dict[str, Any], strangers: dict[str, Any], options: dict[str, Any]
    ) -> list[Verdict]:
        verdicts = []
        for dialect, base in bases.items():
            if not options["json"]:
                self.stdout.write(f"\n{registry.DIALECTS[dialect].label}  {base}")
            kinds = {name.removeprefix(f"{dialect}_"): key for name, key in keys.items() if name != dialect}
            for verdict in judge(dialect, base, keys[dialect], stranger=strangers.get(dialect), kinds=kinds):
                verdicts.append(verdict)
                if not options["json"]:
                    detail = f"\n      {verdict.detail}" if verdict.detail else ""
                    sign = _SIGNS[verdict.outcome]
                    self.stdout.write(f"  {sign} {verdict.promise.id}  {verdict.promise.sentence}{detail}")
        return verdicts


def close(account: Account) -> None:
    account.merchant.is_active = False
    account.merchant.save(update_fields=["is_active"])
    account.owner.is_active = False
    account.owner.save(update_fields=["is_active"])


def summary(verdicts: list[Verdict]) -> dict[str, Any]:
    return {
        "kept": sum(verdict.outcome == "kept" for verdict in verdicts),
        "broken": sum(verdict.outcome == "broken" for verdict in verdicts),
        "not_tried": sum(verdict.outcome == "not tried" for verdict in verdicts),
        "promises": [
            {
                "id": verdict.promise.id,
                "sentence": verdict.promise.sentence,
                "outcome": verdict.outcome,
                "detail": verdict.detail,
            }
            for verdict in verdicts
        ],
    }
