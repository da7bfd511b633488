"""An edit only waits for its carrier before the pick-up, and what is deleted is cancelled."""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("orders", "0004_edits_and_windows")]
    operations: ClassVar = [
        migrations.AlterField(
            model_name="order",
            name="rebooking",
            field=models.BooleanField(default=False, editable=False, verbose_name="being booked anew"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=Q(rebooking=False) | Q(status__in=["dispatched", "accepted"]), name="rebooking_before_pickup"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(status__in=["cancelling", "cancelled"]),
                name="deleted_is_cancelled",
            ),
        ),
    ]
