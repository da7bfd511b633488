"""The merchant's own riders as a carrier: no network and no credentials, a link on a phone for each rider.

An order is booked when the fleet has it, under `OWN<order's number>`; who carries it is the order's `rider`. The rider
works it at `/ride/<token>/`: accept, pick up, set off, deliver with a proof, or give a reason why not; each step is a
report like any carrier's. A cancel is granted until the pick-up, and refused for good after it.

Settings of a destination: `assign` = `by_hand` (default: somebody chooses on the order's page) or `nearest` (to the
pick-up point by straight line, among the active riders whose phones have told where they are in the last half hour).
All of this is our own choice: there is no document.
"""
