from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_rebooking_and_deletion")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                F("merchant"),
                F("created_at").desc(),
                F("id").desc(),
                condition=~Q(said_status={}),
                name="orders_said_to_be",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                F("merchant"), F("created_at").desc(), F("id").desc(), condition=~Q(mark=""), name="orders_marked"
            ),
        ),
    ]
