"""`manage.py zone`: where a merchant delivers, from a GeoJSON file."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from destinations import actions, geometry
from destinations.models import CoverageZone, Merchant


class Command(BaseCommand):
    help = "Makes a merchant's coverage zone from GeoJSON, or replaces the one of that name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--merchant", required=True, type=int, metavar="ID", help="the merchant's number")
        parser.add_argument("--name", required=True, help="the zone's name")
        parser.add_argument(
            "--geojson",
            required=True,
            metavar="FILE",
            help="a Polygon, MultiPolygon, Feature or FeatureCollection, whose areas are joined; - is standard input",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        merchant = Merchant.objects.filter(pk=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"--merchant: there is no merchant {options['merchant']}.")
        try:
            zone, created = actions.set_zone(merchant, options["name"].strip(), _read(options["geojson"]))
        except ValidationError as error:
            problems = [f"--{field}: {' '.join(texts)}" for field, texts in error.message_dict.items()]
            raise CommandError("; ".join(problems)) from error
        except ValueError as error:
            raise CommandError(f"--geojson: {error}") from error
        found = described(zone, created=created)
        self.stdout.write(json.dumps(found, ensure_ascii=False) if options["json"] else readable(merchant, found))


def _read(name: str) -> Any:
    """Raises `CommandError` for a file that cannot be read, and ValueError for one that is no JSON."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"--geojson: {name}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"--geojson: {name} is not a text in UTF-8.") from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--geojson: {name} is not JSON: {error}.") from error


def described(zone: CoverageZone, *, created: bool) -> dict[str, Any]:
    return {
        "zone": str(zone.uuid),
        "merchant": zone.merchant_id,
        "name": zone.name,
        "created": created,
        "area_km2": round(geometry.square_km(geometry.area(zone.geojson)), 3),
    }


def readable(merchant: Merchant, found: dict[str, Any]) -> str:
    verb = "Made" if found["created"] else "Replaced"
    return f"{verb} the zone {found['name']!r} of {merchant} ({found['area_km2']:,} km²): {found['zone']}"
