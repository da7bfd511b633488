"""Many orders, quickly: copies of a few real ones, made by the database."""

from django.db import connection

from orders.models import Order

# What must differ from copy to copy; everything else is the original's.
_OWN = {
    "uuid": "gen_random_uuid()",
    "tracking_token": "left(md5(random()::text || gen_random_uuid()::text), 22)",
    "public_hex": "right(replace(gen_random_uuid()::text, '-', ''), 12)",
    "external_id": "o.external_id || '-' || n",
    "search_text": "o.search_text || ' ' || n",
    "created_at": "o.created_at - n * interval '7 seconds'",
    "updated_at": "o.updated_at - n * interval '7 seconds'",
}


def copy_orders(count: int) -> None:
    """`count` copies of each order that there is, each a little older than the one before; items are not copied. Ends
    with fresh statistics, so that plans are those of a database that has been used for a while."""
    columns = [field.column for field in Order._meta.local_concrete_fields if not field.primary_key]
    values = ", ".join(_OWN.get(column, f'o."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO orders_order ({names}) SELECT {values} "
            "FROM orders_order o CROSS JOIN generate_series(1, %s) n",
            [count],
        )
        cursor.execute("ANALYZE orders_order")
