"""What Fuuffy's document promises, tried from outside. Each sentence is the document's, or what it comes to."""

import re
from typing import Any
from urllib.parse import urlencode

from integrations.conformance import Broken, Caller, NotTried, Promises, want


def authorize(credential: Any, url: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """`credential`: {"client_id", "client_secret"}, "ID:SECRET", or an access token."""
    secret = credential["client_secret"] if isinstance(credential, dict) else str(credential).rpartition(":")[2]
    return url, headers | {"Authorization": f"Bearer {secret}"}


PROMISES = Promises("fuuffy", authorize)

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SENDER = {
    "name": "John Doe",
    "phone": "+1234567890",
    "email": "john@example.com",
    "address": "123 Main Street",
    "city": "New York",
    "postal_code": "10001",
    "country": "US",
}
RECIPIENT = {
    "name": "Jane Smith",
    "phone": "+0987654321",
    "email": "jane@example.com",
    "address": "456 Oak Avenue",
    "city": "Los Angeles",
    "postal_code": "90001",
    "country": "US",
}
PACKAGE = {
    "weight": 2.5,
    "dimensions": {"length": 30, "width": 20, "height": 15},
    "description": "Electronics",
    "value": 150.00,
}


# The document's.
SAMPLE: dict[str, Any] = {
    "sender": SENDER,
    "recipient": RECIPIENT,
    "package": PACKAGE,
    "service_type": "express",
    "reference": "ORDER-12345",
    "notes": "Handle with care",
}


def body(**changes: Any) -> dict[str, Any]:
    """The document's sample."""
    return SAMPLE | changes


CREATED = {
    "id": re.compile(r"order_[0-9a-z]{12}"),
    "tracking_number": re.compile(r"FUF\d{9,}"),
    "status": "pending",
    **body(),
    "estimated_delivery": TIME,
    "created_at": TIME,
    "updated_at": TIME,
}


def create(caller: Caller, **changes: Any) -> dict[str, Any]:
    return want(caller.call("POST", "/v1/orders", body(**changes)), 201)


def refused(caller: Caller, field: str, sent: Any) -> None:
    wanted = {"error": {"code": "validation_error", "message": "Invalid request parameters", "details": list}}
    found = want(caller.call("POST", "/v1/orders", sent), 400, wanted)["error"]["details"]
    if field not in [one["field"] for one in found] or not all(set(one) == {"field", "message"} for one in found):
        raise Broken(f"wanted {field} among the details, got {found}")


def refusal(name: str, sentence: str, field: str, **changes: Any) -> None:
    def keep(caller: Caller) -> None:
        refused(caller, field, body(**changes))

    keep.__name__ = name
    PROMISES(sentence)(keep)


# --- Create ---------------------------------------------------------------------------------------------------------
@PROMISES("POST /v1/orders: 201 with id, tracking_number, status pending and the echo of the request")
def create_answers(caller: Caller) -> None:
    want(caller.call("POST", "/v1/orders", body()), 201, CREATED)


@PROMISES("Only name, phone and address of both sides and the package's weight are required")
def create_minimal(caller: Caller) -> None:
    person = {"name": "John Doe", "phone": "+1234567890", "address": "123 Main Street"}
    want(caller.call("POST", "/v1/orders", {"sender": person, "recipient": person, "package": {"weight": 1}}), 201)


@PROMISES("Service types: standard, express, same_day")
def service_types(caller: Caller) -> None:
    for service in ("standard", "express", "same_day"):
        if create(caller, service_type=service)["service_type"] != service:
            raise Broken(service)


@PROMISES("express is estimated for 17:00 of a day")
def estimate_hour(caller: Caller) -> None:
    if not (found := create(caller)["estimated_delivery"]).endswith("T17:00:00Z"):
        raise Broken(found)


refusal("service_type_unknown", "service_type: one of the supported values", "service_type", service_type="by_pigeon")
for _side, _person in (("sender", SENDER), ("recipient", RECIPIENT)):
    for _name in ("name", "phone", "address"):
        _without = {name: value for name, value in _person.items() if name != _name}
        refusal(f"{_side}_{_name}_required", f"{_side}.{_name} is required", f"{_side}.{_name}", **{_side: _without})
    refusal(
        f"{_side}_phone_country",
        f"{_side}.phone must include the country code (e.g. +1234567890)",
        f"{_side}.phone",
        **{_side: _person | {"phone": "0123456"}},
    )
    refusal(
        f"{_side}_email_valid",
        f"{_side}.email must be a valid email format",
        f"{_side}.email",
        **{_side: _person | {"email": "nobody"}},
    )
    refusal(
        f"{_side}_country_code",
        f"{_side}.country must be a valid ISO 3166-1 alpha-2 code",
        f"{_side}.country",
        **{_side: _person | {"country": "XX"}},
    )
for _weight in (0, 100, -1):
    refusal(
        f"weight_{_weight}".replace("-", "minus_"),
        f"Weight must be greater than 0 and less than 100 kg: {_weight} is refused",
        "package.weight",
        package=PACKAGE | {"weight": _weight},
    )
for _measure in ("length", "width", "height"):
    refusal(
        f"{_measure}_limits",
        f"{_measure} must be greater than 0 and less than 200 cm",
        f"package.dimensions.{_measure}",
        package=PACKAGE | {"dimensions": {"length": 30, "width": 20, "height": 15} | {_measure: 200}},
    )


@PROMISES("details lists every field that failed")
def details_all(caller: Caller) -> None:
    sent = body(sender=SENDER | {"phone": ""}, package=PACKAGE | {"weight": 0})
    found = want(caller.call("POST", "/v1/orders", sent), 400)["error"]["details"]
    wanted = [
        {"field": "sender.phone", "message": "Phone number is required"},
        {"field": "package.weight", "message": "Weight must be greater than 0"},
    ]
    if found != wanted:
        raise Broken(f"wanted {wanted}, got {found}")


# --- Idempotency ----------------------------------------------------------------------------------------------------
@PROMISES("To prevent duplicate orders, include an Idempotency-Key header: the same order is answered again")
def idempotency_replay(caller: Caller) -> None:
    headers = {"Idempotency-Key": caller.number()}
    first, second = (want(caller.call("POST", "/v1/orders", body(), headers=headers), 201) for _ in range(2))
    if first != second:
        raise Broken(f"{first['id']} and {second['id']}")


@PROMISES("The same Idempotency-Key with another body: 409 (ours)")
def idempotency_conflict(caller: Caller) -> None:
    headers = {"Idempotency-Key": caller.number()}
    want(caller.call("POST", "/v1/orders", body(), headers=headers), 201)
    want(caller.call("POST", "/v1/orders", body(notes="Other"), headers=headers), 409)


# --- Access ---------------------------------------------------------------------------------------------------------
UNAUTHORIZED = {"error": {"code": "401000", "code_reason": "UNAUTHORIZED", "message": "Unauthorized"}}


@PROMISES("401: code 401000, code_reason UNAUTHORIZED, message Unauthorized")
def unauthorized(caller: Caller) -> None:
    want(caller.call("POST", "/v1/orders", body(), who="nobody"), 401, UNAUTHORIZED)
    wrong = {"Authorization": "Bearer wrong"}
    want(caller.call("POST", "/v1/orders", body(), who="nobody", headers=wrong), 401, UNAUTHORIZED)


def _client(caller: Caller) -> dict[str, str]:
    if isinstance(caller.credential, dict):
        return caller.credential
    name, _, secret = str(caller.credential).partition(":")
    if not secret:
        raise NotTried("give the key as ID:SECRET")
    return {"client_id": name, "client_secret": secret}


def _token(caller: Caller, **changes: str) -> Any:
    form = {"grant_type": "client_credentials", **_client(caller), **changes}
    kind = "application/x-www-form-urlencoded"
    return caller.call("POST", "/v1/auth/token", urlencode(form).encode(), content_type=kind, who="nobody")


@PROMISES("POST /v1/auth/token: client credentials give an access token (sk-…, Bearer, expires_in), which is accepted")
def token_answers(caller: Caller) -> None:
    wanted = {"data": {"access_token": re.compile("sk-.+"), "token_type": "Bearer", "expires_in": 3600}}
    token = want(_token(caller), 200, wanted)["data"]["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    want(caller.call("POST", "/v1/orders", body(), who="nobody", headers=headers), 201)


@PROMISES("A bad client: 401021 invalid_client_id_or_client_secret")
def token_bad_client(caller: Caller) -> None:
    wanted = {"error": {"code": "401021", "code_reason": "invalid_client_id_or_client_secret", "message": str}}
    want(_token(caller, client_secret="wrong"), 401, wanted)  # noqa: S106


# --- The rest -------------------------------------------------------------------------------------------------------
@PROMISES("404 Not Found: resource or endpoint not found, under error")
def not_found(caller: Caller) -> None:
    for path in ("/v1/nothing", "/v1/orders/order_000000000000"):
        want(caller.call("GET", path), 404, {"error": {"code": str, "code_reason": "NOT_FOUND", "message": str}})


@PROMISES("Every answer has X-RateLimit-Limit, -Remaining and -Reset")
def rate_headers(caller: Caller) -> None:
    headers = caller.call("GET", "/v1/orders/order_000000000000").headers
    for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
        if not str(headers.get(name, "")).isdigit():
            raise Broken(f"{name}: {headers.get(name)}")


@PROMISES("An order can be followed and cancelled, by its own merchant only (ours)")
def follow_and_cancel(caller: Caller) -> None:
    number = create(caller)["id"]
    want(caller.call("GET", f"/v1/orders/{number}"), 200, CREATED | {"status": str})
    want(caller.call("POST", f"/v1/orders/{number}/cancel"), 200, CREATED | {"status": "cancelled"})
    want(caller.call("GET", f"/v1/orders/{number}", who="stranger"), 404)
