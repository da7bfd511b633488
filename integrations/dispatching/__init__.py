"""Handing orders to carriers: exactly one parcel each, and every end visible.

The state of a hand-over is on our own row (`Dispatch`), never in the queue: a job may be lost, run twice, or die in
the middle, and `sweep` finds what is due. No transaction is open while a carrier is being called. Locks are always
taken order first, then dispatch.
"""

from integrations.dispatching.booking import push
from integrations.dispatching.cancelling import cancel
from integrations.dispatching.following import hear, receive, track
from integrations.dispatching.planning import plan, plan_cancel, plan_rebooking
from integrations.dispatching.rows import carrier_for
from integrations.dispatching.sweeping import SWEEP_BATCH, remind, sweep, try_now

__all__ = [
    "SWEEP_BATCH",
    "cancel",
    "carrier_for",
    "hear",
    "plan",
    "plan_cancel",
    "plan_rebooking",
    "push",
    "receive",
    "remind",
    "sweep",
    "track",
    "try_now",
]
