from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("integrations", "0001_initial")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="RateWindow",
            fields=[
                ("name", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("count", models.PositiveIntegerField(default=1)),
                ("ends_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE integrations_ratewindow SET UNLOGGED", "ALTER TABLE integrations_ratewindow SET LOGGED"
        ),
    ]
