"""A zone is found by its name, so that drawing it anew replaces it."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("destinations", "0004_zones_version_and_iraq")]
    operations: ClassVar = [
        migrations.AddConstraint(
            model_name="coveragezone",
            constraint=models.UniqueConstraint(fields=["merchant", "name"], name="one_zone_of_a_name"),
        ),
    ]
