"""The Magic Lane dialect, as its document "Order" describes it: `/v1/orders` with all its calls, filters, sorting and
pages; and `/v1/customers` and `/v1/misc-locations`, which its orders refer to. `Authorization: <key>`, no scheme.

Where the document is silent, the choice is ours:

- An error is `{"message": …}` and names the element and the field: "orders[1].timeWindow: …". The first one is told.
- An order needs `customerId` and `location`; everything else has a default: 0, "", an address of empty texts, and
  `[0, 1439]` for `timeWindow`. A null is a value that was not sent. In a PUT, what is not sent stays as it is.
- At most 1,000,000 packages, kilograms and cubic metres; `serviceTime` at most a day; `timeWindow` within
  `0 <= start <= end <= 1440`; aliases of 255 characters, names of 127, `customData` of 10,000, parts of an address of
  255; a phone number has at least three digits, and spaces, dots, dashes, slashes and brackets between them. Weights
  are kept to the gram. A request has one million bytes at most, which is the only limit to how many orders it holds;
  10,000 ids can be deleted at once.
- `customerInfo` is what the customer was when the order was made. A PUT answers it as it was saved, whatever it sent.
- `type` 1: `location` is where it is delivered, and it is collected at the depot, or without one at the source's
  pick-up point; `type` 0 the other way round. Who is there is the order's own name and phone, else the customer's.
- `status` and `state` are echoed until the order's own status changes. In a PUT a changed `state` is an instruction:
  1 and 2 are "in transit", 3 cancels, 4 is "delivered", 5 is "failed".
- An order can be changed until it has been picked up; then a PUT that changes more than `status` and `state` is a 400.
- `autoAssignDepot=1` is about travel time, which a server named by `ROUTING_URL` knows; else it is about distance.
- Filters look for a part of the value in any case, `:exact` for all of it as it is; unknown parameters are ignored,
  unknown columns are a 400. Without a direction a column is sorted ascending. `per_page` is 50 unless it is given.
- `includeColumns` keeps whole objects for `customerId` (`customerInfo`), `latitude`, `longitude` (`location`),
  `timeWindowStart` and `timeWindowEnd` (`timeWindow`), and only the named parts of `address`.
- A deleted customer stays in its orders' `customerInfo`. Customers and places serve test and live keys alike.
- `Idempotency-Key` works on every call that changes something.

Orders that came another way are shown as deliveries to their drop-off, with the pick-up as a customer of `id` 0, and
`[0, 0]` for a place that nobody gave. Parts of an address that the dialect does not have are in its `extra`.
"""
