"""Customers and depots are numbered from 1,000,000, as orders are: callers take small numbers for something else."""

from typing import ClassVar

from django.db import migrations

FORWARD = """
SELECT setval(pg_get_serial_sequence('destinations_customer', 'id'),
              greatest(1000000, (SELECT max(id) + 1 FROM destinations_customer)), false);
SELECT setval(pg_get_serial_sequence('destinations_depot', 'id'),
              greatest(1000000, (SELECT max(id) + 1 FROM destinations_depot)), false);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("destinations", "0005_one_zone_of_a_name")]
    operations: ClassVar = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
