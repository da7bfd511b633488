"""The dialects' lists when there are many orders: by an index, with as many queries as when there are few."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_order, make_shop
from tests.filling import copy_orders
from tests.integrations.callers import CALLERS, Program

MERCHANTS, EACH = 50, 400


def test_lists_use_an_index_and_a_constant_number_of_queries(db: None, settings: Any) -> None:
    shops = [make_shop() for _ in range(MERCHANTS)]
    for shop in shops:
        make_order(shop)
    programs = {name: Program(name, shops[7].source) for name, caller in CALLERS.items() if caller.listing}
    lists = [(name, path) for name in programs for path in (CALLERS[name].listing, *CALLERS[name].listings)]
    few = {which: len(queries(programs[which[0]], which[1])) for which in lists}
    copy_orders(EACH - 1)
    for name, path in lists:
        asked = queries(programs[name], path)
        assert len(asked) == few[name, path]
        about_orders = [statement for statement in asked if '"orders_order"' in statement]
        assert about_orders, asked
        for statement in about_orders:
            plan = explain(statement)
            assert "Seq Scan on orders_order" not in plan, f"{path}\n{statement}\n{plan}"


def queries(program: Program, path: str | None) -> list[str]:
    """What a list asks the database for, once its key is known."""
    assert path
    program.send("get", path).getvalue()
    with CaptureQueriesContext(connection) as captured:
        response = program.send("get", path)
        response.getvalue()
    assert response.status_code == 200, path
    return [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]


def explain(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_every_list_is_tried() -> None:
    assert [name for name, caller in CALLERS.items() if caller.listing] == ["ideliver", "magiclane", "modon"]
