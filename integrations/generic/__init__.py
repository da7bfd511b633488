"""A carrier without code of ours: whoever can receive signed JSON over HTTP and answer it takes parcels from us.

The protocol is our own, `wasl.order.1`; `protocol.py` says it to those who write the other side, and the portal shows
it to them. Each of its calls is a POST to one address, the destination's base address:

- `book`: "take this parcel". Asked again with the same key, it gives the same parcel: that is required of a receiver,
  since an answer may be lost.
- `cancel` and `status` are about a parcel that it has; `check` is about nothing.

What a receiver calls its states is its own business: the destination's settings have a table of its words.
"""
