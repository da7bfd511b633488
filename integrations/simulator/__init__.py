"""A carrier without a network, with which the whole system runs and is tested without an account anywhere.

What it does is chosen in the destination's settings (see `script.SCENARIOS`): the scenario, a seed and a pace. It
keeps its parcels in a table of its own, and it does not refuse duplicates: a booking that is sent twice makes two.
"""
