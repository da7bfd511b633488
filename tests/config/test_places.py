"""`manage.py places`, as somebody at the terminal sees it."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config.management.commands.places import Command
from destinations.models import City, PackageSize, Region

pytestmark = pytest.mark.django_db


def load(folder: Path, **files: str | bytes) -> str:
    arguments = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        arguments += [f"--{name}", str(path)]
    out = StringIO()
    call_command("places", *arguments, "--json", stdout=out)
    return out.getvalue()


def test_rows_are_added_and_changed_and_nothing_is_taken_away(tmp_path: Path) -> None:
    summary = load(
        tmp_path,
        cities="id,name\n1,بغداد\n2,كربلاء المقدسة\n19,حلبجة\n",
        regions="\ufeffregion_name,id,city_id,more\r\nمركز حلبجة,7001,19,x\r\nالمنصور الجديدة,508,1,y\r\n",
        sizes="ID, Size\n9,ضخم\n".replace(", ", ","),
    )
    assert json.loads(summary) == {
        "cities": {"added": 1, "changed": 1},
        "regions": {"added": 1, "changed": 1},
        "sizes": {"added": 1, "changed": 0},
    }
    assert City.objects.get(pk=2).name == "كربلاء المقدسة"
    assert Region.objects.get(pk=7001).city_id == 19
    assert Region.objects.get(pk=508).name == "المنصور الجديدة"
    assert PackageSize.objects.get(pk=9).name == "ضخم"
    assert (City.objects.count(), Region.objects.count(), PackageSize.objects.count()) == (19, 23, 5)
    # Once more: there is nothing left to do.
    again = StringIO()
    call_command("places", "--cities", str(tmp_path / "cities.csv"), stdout=again)
    assert again.getvalue() == "cities: 0 added, 0 changed\n"


@pytest.mark.parametrize(
    ("regions", "line", "reason"),
    [
        ("id,city_id,name\n7001,1,A\n7002,99,B\n", 3, "no city '99'"),
        ("id,city_id,name\nx,1,A\n", 2, "whole number"),
        ("id,city_id,name\n0,1,A\n", 2, "whole number"),
        ("id,city_id,name\n2147483648,1,A\n", 2, "whole number"),
        ("id,city_id,name\n7001,1,A\n7001,1,B\n", 3, "twice"),
        ("id,city_id,name\n7001,1,\n", 2, "1 to 120"),
        ("id,city_id,name\n7001,1\n", 2, "1 to 120"),
        (f"id,city_id,name\n7001,1,{'x' * 121}\n", 2, "1 to 120"),
        ("id,name\n7001,A\n", 1, "no column city_id"),
        ("", 1, "no column id, city_id, name"),
        ('id,city_id,name\n7001,1,"A\n', 2, "unexpected end"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_changed(tmp_path: Path, regions: str, line: int, reason: str) -> None:
    with pytest.raises(CommandError, match=f"regions.csv line {line}: .*{reason}"):
        load(tmp_path, cities="id,name\n19,حلبجة\n", regions=regions)
    assert not City.objects.filter(pk=19).exists()
    assert Region.objects.count() == 22


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not UTF-8"):
        load(tmp_path, cities=b"id,name\n1,\xff\n")
    with pytest.raises(CommandError, match="No such file"):
        call_command("places", "--sizes", str(tmp_path / "nothing.csv"))
    with pytest.raises(CommandError, match="at least one file"):
        call_command("places")


def test_many_rows(tmp_path: Path) -> None:
    rows = "".join(f"{number},{number % 18 + 1},حي {number}\n" for number in range(10_000, 22_000))
    assert json.loads(load(tmp_path, regions=f"id,city_id,name\n{rows}"))["regions"]["added"] == 12_000


def test_the_help_documents_the_columns() -> None:
    text = Command().create_parser("manage.py", "places").format_help()
    assert "--regions  id, city_id, name " in text
