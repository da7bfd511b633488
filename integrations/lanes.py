"""One lane for each destination: how fast, and whether at all, its carrier is called.

A carrier that fails again and again is left alone for a while: its lane is closed, its orders wait in it without
costing anything, and one of them tries it now and then. Nothing of this ever touches the lanes of others.
"""

from datetime import timedelta

from destinations.models import Destination
from integrations import throttle
from integrations.carrier import CarrierError
from integrations.models import Lane

# So many calls in a row that went wrong close a lane, the first time for so long, and then twice as long each time.
FAILURES = 5
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=1)
# Credentials are not mended by waiting; who saves new ones opens the lane.
CREDENTIALS_PAUSE = timedelta(minutes=5)


def pace(destination: Destination, limit: int, seconds: float) -> None:
    """Keeps to a vendor's limit of calls, for all processes together. Raises a `paced` `CarrierError` instead of
    waiting."""
    wait = throttle.reserve(f"out:{destination.pk}", limit, seconds)
    if wait:
        raise CarrierError(
            f"Its limit of {limit} calls in {seconds:g} s is used up for the moment.", paced=True, retry_after=wait
        )


def open_again(destination: Destination) -> None:
    """Somebody has mended it: whatever waits goes out."""
    Lane.objects.filter(destination=destination).update(failures=0, closed_at=None, open_at=None, reason="")
