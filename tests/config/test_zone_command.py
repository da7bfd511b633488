"""`manage.py zone`, as somebody at the terminal sees it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from destinations import coverage
from destinations.models import CoverageZone, Merchant
from tests.destinations.test_coverage import FAR, SQUARE
from tests.factories import MerchantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant(db: None) -> Merchant:
    return MerchantFactory(name="Corner Bakery")


def run(merchant: Merchant | int, geojson: Any, tmp_path: Path, *options: str, name: str = "Kuwait City") -> str:
    path = tmp_path / "zone.json"
    path.write_text(geojson if isinstance(geojson, str) else json.dumps(geojson), encoding="utf-8")
    out = io.StringIO()
    number = merchant if isinstance(merchant, int) else merchant.pk
    call_command("zone", "--merchant", str(number), "--name", name, "--geojson", str(path), *options, stdout=out)
    return out.getvalue()


def test_it_is_made_and_replaced(merchant: Merchant, tmp_path: Path) -> None:
    made = json.loads(run(merchant, SQUARE, tmp_path, "--json"))
    zone = CoverageZone.objects.get()
    assert made == {
        "zone": str(zone.uuid), "merchant": merchant.pk, "name": "Kuwait City", "created": True, "area_km2": 10761.242,
    }  # fmt: skip
    CoverageZone.objects.update(is_active=False)
    again = json.loads(run(merchant, FAR, tmp_path, "--json"))
    assert (again["zone"], again["created"]) == (made["zone"], False)
    merchant.refresh_from_db()
    assert coverage.covers(merchant, 0.5, 0.5)
    assert not coverage.covers(merchant, 29.5, 47.5)


def test_without_json_it_says_what_it_did(merchant: Merchant, tmp_path: Path) -> None:
    assert run(merchant, SQUARE, tmp_path).startswith("Made the zone 'Kuwait City' of Corner Bakery (10,761.242 km²): ")
    assert run(merchant, SQUARE, tmp_path).startswith("Replaced the zone")
    assert CoverageZone.objects.count() == 1


def test_the_areas_of_a_collection_are_joined(merchant: Merchant, tmp_path: Path) -> None:
    features = [{"type": "Feature", "properties": {}, "geometry": one} for one in (SQUARE, FAR)]
    run(merchant, {"type": "FeatureCollection", "features": features}, tmp_path)
    merchant.refresh_from_db()
    assert coverage.covers(merchant, 0.5, 0.5)
    assert coverage.covers(merchant, 29.5, 47.5)


def test_from_standard_input(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(SQUARE)))
    call_command("zone", f"--merchant={merchant.pk}", "--name=ن", "--geojson=-", "--json", stdout=io.StringIO())
    assert CoverageZone.objects.get().name == "ن"


@pytest.mark.parametrize(
    ("geojson", "name", "words"),
    [
        ("{", "Town", "--geojson: .*zone.json is not JSON: "),
        ("[" * 100_000, "Town", "is not JSON"),
        ({"type": "Point", "coordinates": [1, 2]}, "Town", "--geojson: An area is a GeoJSON Polygon"),
        ({"type": "FeatureCollection", "features": []}, "Town", "--geojson: An area is"),
        (SQUARE, "", "--name: "),
        (SQUARE, "x" * 121, "--name: "),
    ],
)
def test_what_is_wrong_is_one_line(merchant: Merchant, tmp_path: Path, geojson: Any, name: str, words: str) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        run(merchant, geojson, tmp_path, name=name)
    assert "\n" not in str(caught.value)
    assert not CoverageZone.objects.exists()


@pytest.mark.parametrize("number", [0, -1, 10**30])
def test_a_merchant_that_is_none(number: int, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no merchant"):
        run(number, SQUARE, tmp_path)


def test_a_file_that_is_none(merchant: Merchant, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    for path, words in ((tmp_path / "none", "No such file"), (tmp_path, "directory"), (tmp_path / "latin", "UTF-8")):
        with pytest.raises(CommandError, match=words):
            call_command("zone", f"--merchant={merchant.pk}", "--name=A", f"--geojson={path}")
