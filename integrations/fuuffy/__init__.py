"""The Fuuffy dialect, as its document "Create Order" describes it: `POST /v1/orders`, its rules, its errors and its
`Idempotency-Key`; and as Fuuffy's other pages describe `POST /v1/auth/token`, expired tokens, and 100 calls a minute.

Where they are silent, the choice is ours: `GET /v1/orders/{id}` and `POST /v1/orders/{id}/cancel`, by id or tracking
number; a static key works as the Bearer token too; 403000, 404000, 405000, 409000, 413000 and 415000 are shaped like
the documented 401000; a key repeated with another body is a 409; phones may have spaces, dots, dashes and brackets;
`X-RateLimit-Reset` is in seconds since 1970, and without a valid token an address is counted; `value` is not
negative; no `service_type` is `standard`; the delivery is estimated for 17:00Z of the second (`express`) or fifth
(`standard`) business day of the sender's country after the first one, or the next 17:00Z (`same_day`).

Orders that came another way are shown with what is known of them; what is not is left out.
"""
