"""`manage.py places`: the cities, regions and package sizes that callers name by number."""

import csv
import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db import models, transaction

from destinations.models import City, PackageSize, Region

_MAX_NUMBER = 2_147_483_647
_HELP = """Adds and renames cities, regions and package sizes from CSV files.

Each file is UTF-8 with a header row; further columns are ignored:
  --cities   id, name        (or: id, city_name)
  --regions  id, city_id, name   (or: id, city_id, region_name)
  --sizes    id, name        (or: id, size)
A number that is known already gets the new name (and a region its new city); nothing is ever taken away, because
orders use the numbers. If one row is wrong, nothing is changed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: the model that its rows are of, and how the column with the name may be called."""

    option: str
    model: type[models.Model]
    names: tuple[str, ...]
    has_city: bool = False


# Cities first: regions may be in those of the same call.
KINDS = (
    Kind("cities", City, ("name", "city_name")),
    Kind("regions", Region, ("name", "region_name"), has_city=True),
    Kind("sizes", PackageSize, ("name", "size")),
)


class _AsWritten(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the help."""


class Command(BaseCommand):
    help = _HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=_AsWritten, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        for kind in KINDS:
            parser.add_argument(f"--{kind.option}", metavar="FILE.csv", type=Path)
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        given = [(kind, options[kind.option]) for kind in KINDS if options[kind.option]]
        if not given:
            raise CommandError("Name at least one file: --cities, --regions or --sizes.")
        problems: list[str] = []
        summary = {}
        with transaction.atomic():
            for kind, path in given:
                summary[kind.option] = load(kind, path, problems)
            if problems:
                more = [f"… and {len(problems) - 50} more"] if len(problems) > 50 else []
                raise CommandError("\n".join(["Nothing was changed:", *problems[:50], *more]))
        if options["json"]:
            self.stdout.write(json.dumps(summary))
            return
        for option, counts in summary.items():
            self.stdout.write(f"{option}: {counts['added']} added, {counts['changed']} changed")


def load(kind: Kind, path: Path, problems: list[str]) -> dict[str, int]:
    """Upserts a file's rows, and adds what is wrong with them to `problems`."""
    before = len(problems)
    cities = set(City.objects.values_list("pk", flat=True)) if kind.has_city else set()
    rows: dict[int, dict[str, Any]] = {}
    for where, fields in read(kind, path, problems):
        number, name, city = (fields[column].strip() for column in ("id", "name", "city_id"))
        if not is_number(number):
            problems.append(f"{where}: id must be a whole number from 1 to {_MAX_NUMBER}, not {number[:40]!r}")
        elif int(number) in rows:
            problems.append(f"{where}: id {number} is there twice")
        elif not 0 < len(name) <= 120 or "\x00" in name:
            problems.append(f"{where}: the name must have 1 to 120 characters")
        elif kind.has_city and not (is_number(city) and int(city) in cities):
            problems.append(f"{where}: there is no city {city[:40]!r}")
        else:
            rows[int(number)] = {"name": name} | ({"city_id": int(city)} if kind.has_city else {})
    if len(problems) > before:
        return {}
    known = {row["id"]: row for row in kind.model._default_manager.filter(pk__in=rows).values()}
    wanted = {number: row for number, row in rows.items() if known.get(number) != {"id": number, **row}}
    if wanted:
        kind.model._default_manager.bulk_create(
            [kind.model(id=number, **row) for number, row in wanted.items()],
            batch_size=5000,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["name", *(["city"] if kind.has_city else [])],
        )
    added = sum(number not in known for number in wanted)
    return {"added": added, "changed": len(wanted) - added}


def read(kind: Kind, path: Path, problems: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each row is, and its columns, absent ones empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = [(name or "").strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            named = next((name for name in kind.names if name in header), "")
            missing = [name for name in ("id", *(["city_id"] if kind.has_city else [])) if name not in header]
            if missing or not named:
                missing += [] if named else ["name"]
                problems.append(f"{path.name} line 1: there is no column {', '.join(missing)}")
                return
            for row in reader:
                fields = {"id": row["id"], "name": row[named], "city_id": row.get("city_id")}
                yield f"{path.name} line {reader.line_num}", {name: value or "" for name, value in fields.items()}
    except UnicodeDecodeError:
        problems.append(f"{path.name}: it is not UTF-8")
    except csv.Error as error:
        problems.append(f"{path.name} line {reader.line_num + 1}: {error}")
    except OSError as error:
        problems.append(f"{path}: {error.strerror}")


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= _MAX_NUMBER
