"""What the parcel weighs and measures, and a short public id for every order, also for those that are there already."""

from typing import ClassVar

from django.db import migrations, models

import orders.models

# The default of a column that is added is worked out for each row: the first twelve digits of such a UUID are random.
FORWARD = """
ALTER TABLE orders_order ADD COLUMN public_hex varchar(12) NOT NULL
    DEFAULT left(replace(gen_random_uuid()::text, '-', ''), 12);
ALTER TABLE orders_order ALTER COLUMN public_hex DROP DEFAULT,
    ADD CONSTRAINT orders_order_public_hex_key UNIQUE (public_hex);
"""
BACKWARD = "ALTER TABLE orders_order DROP COLUMN public_hex"


def measure(name: str, label: str) -> migrations.AddField:
    field = models.DecimalField(label, max_digits=10, decimal_places=3, null=True, blank=True)
    return migrations.AddField("order", name, field)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("orders", "0002_numbers_and_search")]
    operations: ClassVar = [
        migrations.RunSQL(
            FORWARD,
            BACKWARD,
            state_operations=[
                migrations.AddField(
                    "order",
                    "public_hex",
                    models.CharField(max_length=12, unique=True, default=orders.models.new_public_hex, editable=False),
                )
            ],
        ),
        measure("weight_kg", "weight, kg"),
        measure("length_cm", "length, cm"),
        measure("width_cm", "width, cm"),
        measure("height_cm", "height, cm"),
    ]
