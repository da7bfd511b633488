"""What happens to orders by the clock."""

from procrastinate.contrib.django import app

from orders.actions import release_due_orders

BATCH = 500


@app.periodic(cron="* * * * * */2")
@app.task(queueing_lock="release_due", priority=10)
def release_due(timestamp: int) -> None:
    """Every two seconds: held orders whose time has come go out, also those whose time came while we were down."""
    while release_due_orders(limit=BATCH) == BATCH:
        pass
