"""The Muvx dialect, as its document "Order Management APIs" describes it: create, cancel, status, pickup, destinations.

Where the document is silent, the choice is ours: the key comes as `Authorization: Bearer` or `X-API-Key`; a missing or
bad one is answered 401 `unauthorized`; `Idempotency-Key` is honoured; `POST …/pickup` takes an optional
`{"scheduled_pickup_time": "…Z"}`, which reschedules and answers `created`; either stop's address may be a string or an
object; create answers `created` also when the order goes out at once, as the document's sample does.
"""
