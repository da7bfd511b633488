"""The iDeliver dialect, as its document "Orders & Deliveries" (schema version 1) describes it: orders made, read,
listed, patched and cancelled, both kinds of idempotency, the coverage gate; and, as iDeliver's other pages name them,
scopes, access tokens, the coverage check, dispatch zones, the outbound webhook's address, the test simulator, health.

Where they are silent, the choice is ours:

- `external_order_id` is unique for each `source` of a merchant, test and live apart. "The same payload" is the same
  JSON, whatever the order of its names. An order that is there already is answered even if its pick-up time has passed.
- Required beside the documented times: `schema_version`, `source`, `external_order_id`, both addresses, and
  `customer_phone`, because the document's own error names it. Times need an offset or `Z`. All broken rules that have
  no code of their own are a `validation_error` about their field.
- `items` are objects of whatever the caller likes; `name`, `quantity`, `price_minor` are understood.
- The vehicle table (`words.VEHICLES`), and that fragile parcels get the next larger one.
- In PATCH a documented status word, in any case, also moves the order, if that leads forward; other texts are shown
  as they are until the status next changes. `in_transit_delayed` is a mark, which `in_transit` takes away again.
  `rider_id: null` takes the order back from its rider.
- Reading lists: `limit` (at most 100, which larger ones are cut to; 50 without), `cursor`, `status`,
  `external_order_id`, `source`, `is_test`, `created_from` (inclusive) and `created_to` (exclusive).
- `merchant_id` is our number as a text. `GET /v1/me/outbound-webhook`; `signing_secret` in the answer to the first
  PATCH of it, and to one with `"rotate_secret": true`. `unified_json.status_text`: a carrier's own words while
  something has gone wrong on the way.
- A key may do what its scopes say now; an access token carries them for its owner's information only.

Orders that came another way are shown with what is known of them; what is not is left out.
"""
