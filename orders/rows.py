"""Inserting rows on the way of every order.

Django builds the SQL of an insert anew each time, which takes as long as everything else about placing an order. The
statement only depends on the model and the number of rows, so it is built once here; the values still go through the
model's fields.
"""

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Field, Model

# PostgreSQL takes at most 65,535 parameters in one statement.
_MAX_PARAMETERS = 65_000

Row = TypeVar("Row", bound=Model)


@cache
def _statement(model: type[Model]) -> tuple[list[Field], str, str]:
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    values = "(" + ", ".join(["%s"] * len(fields)) + ")"
    return fields, f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ", values  # noqa: S608  (our own names)


def insert(rows: Sequence[Row]) -> Sequence[Row]:
    """Inserts unsaved rows of one model, which then have their ids: one statement for up to a thousand or so."""
    if not rows:
        return rows
    fields, head, values = _statement(type(rows[0]))
    size = _MAX_PARAMETERS // len(fields)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            cursor.execute(
                head + ", ".join([values] * len(batch)) + " RETURNING id",
                [
                    field.get_db_prep_save(field.pre_save(row, add=True), connection)
                    for row in batch
                    for field in fields
                ],
            )
            for row, [number] in zip(batch, cursor.fetchall(), strict=True):
                row.pk = number
                row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return rows
