"""Modon's tokens: where they are looked for, whose they are, when they end; and its 60 calls in 30 seconds."""

import ast
import time
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from destinations.models import Membership, Role
from integrations import keys
from integrations.models import RateWindow
from integrations.modon import errors, words
from orders.models import Order, OrderEvent
from tests.contract import strict
from tests.factories import MembershipFactory, Shop, UserFactory, make_shop
from tests.integrations.modon.api import (
    CALLS,
    NO_ACCESS,
    Api,
    body_of,
    data,
    denied,
    make_modon_shop,
    order_fields,
    refused,
)

PASSWORD = "correct horse battery"
GETS = ("merchant-orders", "statuses", "get-orders-by-ids-bulk")
INVOICES = ("get_merchant_invoices", "get_merchant_invoice_orders", "receive_merchant_invoice")
POSTS = ("create-order", "edit-order", "delete_orders", "delete-order")
OPEN = ("citys", "regions?city_id=1", "package-sizes")


@pytest.fixture(autouse=True)
def no_memory_of_keys(settings: Any) -> None:
    settings.API_KEY_CACHE_SECONDS = 0


def log_in(username: str, password: str = PASSWORD, **extra: Any) -> Any:
    return Client().post(CALLS + "login", {"username": username, "password": password}, **extra)


def member(shop: Shop, role: str = Role.OWNER) -> Membership:
    return MembershipFactory(merchant=shop.merchant, role=role)


def token(membership: Membership) -> str:
    return data(log_in(membership.user.username))["token"]


# --- Where a token may be -------------------------------------------------------------------------------------------
def test_the_query_goes_before_the_body_and_the_body_before_the_header(shop: Shop) -> None:
    def delete(query: str = "", body: str = "", header: str = "") -> Any:
        headers = {"Authorization": f"Bearer {header}"} if header else {}
        path = f"{CALLS}delete_orders?qr_ids=1" + (f"&token={query}" if query else "")
        return Client().post(path, {"token": body} if body else {}, headers=headers)

    good, bad = shop.secret, "@@mdn_test_bad"
    for found in ((good, bad, bad), (quote(good), bad, bad), ("", good, bad), ("", "", good), ("", quote(good), "")):
        refused(delete(*found))
    for missed in (("", "", ""), (bad, good, good), ("", bad, good), ("", "", bad)):
        denied(delete(*missed))
    refused(delete(header=quote(good)))
    refused(delete(query=quote(quote(good))))


def test_a_gets_body_and_content_type_are_ignored(shop: Shop) -> None:
    for content_type in ("application/json", "multipart/form-data", "nonsense", ""):
        for body in (b"", b"{", b"\xff"):
            path = f"{CALLS}statuses?token={shop.secret}"
            data(Client().generic("GET", path, body, content_type=content_type))
    denied(Client().generic("GET", f"{CALLS}statuses", f'{{"token":"{shop.secret}"}}', content_type="application/json"))


@pytest.mark.parametrize("call", [*GETS, *INVOICES])
@pytest.mark.parametrize("bad", ["", "x", "@@", "@@mdn_test_", "mdn_test_x", "@@1.2.3.4.5", "%00", "ÿ", "1.1.a:b"])
def test_bad_tokens(db: None, call: str, bad: str) -> None:
    denied(Client().get(CALLS + call, {"token": bad}))


@pytest.mark.parametrize("call", POSTS)
def test_calls_that_change_something_want_a_token(db: None, call: str) -> None:
    denied(Client().post(CALLS + call))
    denied(Client().post(CALLS + call, order_fields(token="@@mdn_test_bad")))


def test_keys_of_another_dialect_and_without_their_mark(shop: Shop) -> None:
    denied(Client().get(f"{CALLS}statuses?token={make_shop().secret}"))
    denied(Client().get(f"{CALLS}statuses?token={shop.secret.removeprefix('@@')}"))


@pytest.mark.parametrize("call", OPEN)
def test_open_calls_tolerate_any_token(shop: Shop, call: str) -> None:
    for given in ("", "stale", "@@mdn_test_stale", shop.secret):
        assert data(Client().get(CALLS + call, query_params={"city_id": "1", "token": given}))
    assert data(Client().get(CALLS + call + "", headers={"Authorization": "Bearer stale"}))


# --- Log-ins --------------------------------------------------------------------------------------------------------
def test_an_owner_gets_a_merchants_token(shop: Shop) -> None:
    response = log_in(member(shop).user.username)
    made = data(response)
    assert list(made) == ["token"]
    assert made["token"].startswith("@@")
    assert response["Cache-Control"] == "no-store"
    assert shop.secret not in made["token"]
    api = Api(shop, made["token"])
    assert api.create().source == shop.source
    assert data(api.get("get_merchant_invoices")) == []
    event = OrderEvent.objects.get()
    assert (event.actor_kind, event.actor) == ("user", Membership.objects.get().user.username)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_a_log_in_of_any_content_type(shop: Shop, content_type: str) -> None:
    body = f'{{"username": "{member(shop).user.username}", "password": "{PASSWORD}"}}'
    assert data(Client().post(CALLS + "login", body, content_type=content_type))


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OPERATOR, Role.FINANCE, Role.VIEWER])
def test_everybody_else_gets_a_users_token(shop: Shop, role: str) -> None:
    made = token(member(shop, role))
    assert not made.startswith("@@")
    api = Api(shop, made)
    for call in INVOICES:
        denied(api.get(call, invoice_id="1"))
    assert data(api.get("merchant-orders")) == []
    order = Api(shop).create()
    if role in (Role.MANAGER, Role.OPERATOR):
        api.create()
        data(api.post("edit-order", order_fields(qr_id=order.pk)))
        data(api.post("delete_orders", {"qr_ids": order.pk}))
    else:
        for call in POSTS:
            denied(api.post(call, order_fields(qr_id=order.pk)))
        assert Order.objects.count() == 1


def test_a_static_users_key(shop: Shop) -> None:
    _, secret = keys.issue(shop.source, "modon", kind="user", is_test=True)
    assert secret.startswith("mdn_test_")
    api = Api(shop, secret)
    api.create()
    assert len(data(api.get("merchant-orders"))) == 1
    for call in INVOICES:
        denied(api.get(call, invoice_id="1"))


def test_a_log_in_acts_for_the_newest_live_key(shop: Shop) -> None:
    person = member(shop)
    assert Api(shop, token(person)).create().is_test
    live, _ = keys.issue(shop.source, "modon", is_test=False)
    keys.issue(shop.source, "modon", is_test=True)
    assert Api(shop, token(person)).get("merchant-orders").status_code == 200
    assert not data(Api(shop, token(person)).get("merchant-orders"))
    keys.revoke(live)
    assert len(data(Api(shop, token(person)).get("merchant-orders"))) == 1


def test_without_a_key_nobody_gets_in(shop: Shop) -> None:
    keys.revoke(shop.key)
    assert "key" in refused(log_in(member(shop).user.username))
    assert "key" in refused(log_in(UserFactory().username))


def test_a_wrong_password(shop: Shop) -> None:
    person = member(shop)
    wrong = refused(log_in(person.user.username, "wrong"))
    assert refused(log_in("nobody")) == wrong
    person.user.is_active = False
    person.user.save()
    assert refused(log_in(person.user.username)) == wrong
    for fields in ({}, {"username": "a"}, {"password": "a"}, {"username": "a", "password": ""}):
        refused(Client().post(CALLS + "login", fields))


def test_an_unknown_name_takes_the_same_work(shop: Shop) -> None:
    name = "django.contrib.auth.hashers.MD5PasswordHasher.encode"
    person = member(shop).user
    for username in (person.username, "nobody"):
        with mock.patch(name, return_value="md5$a$b") as hashing:
            log_in(username, "wrong")
        assert hashing.call_count == 1


def test_too_many_wrong_passwords(shop: Shop) -> None:
    person = member(shop).user.username
    for _ in range(4):
        refused(log_in(person, "wrong"))
    data(log_in(person))  # forgets the failures
    for _ in range(5):
        refused(log_in(person, "wrong"))
    response = log_in(person)
    refused(response, 429)
    assert 200 <= int(response["Retry-After"]) <= 301
    data(log_in(person, REMOTE_ADDR="10.0.0.2"))
    data(log_in(member(shop).user.username))


def test_a_persons_calls_cost_no_more_than_a_keys(shop: Shop, settings: Any) -> None:
    api = Api(shop, token(member(shop)))
    fields = order_fields()

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            data(api.post("create-order", fields))
        return len([one for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    statements()  # notes that the key was used, once a minute
    # The key and the person are looked up, and then remembered for a second.
    assert statements() <= 9
    settings.API_KEY_CACHE_SECONDS = 60
    statements()
    assert statements() <= 7


def test_when_a_log_in_ends(shop: Shop) -> None:
    def works(made: str) -> bool:
        return Api(shop, made).get("statuses").status_code == 200

    def fresh() -> tuple[Membership, str]:
        person = member(shop)
        made = token(person)
        assert works(made)
        return person, made

    person, made = fresh()
    day = 24 * 3600
    with mock.patch("django.core.signing.time.time", return_value=time.time() + 29 * day):
        assert works(made)
    with mock.patch("django.core.signing.time.time", return_value=time.time() + 31 * day):
        denied(Api(shop, made).get("statuses"))
    person.user.set_password("another horse battery")
    person.user.save()
    assert not works(made)

    person, made = fresh()
    person.user.is_active = False
    person.user.save()
    assert not works(made)

    person, made = fresh()
    person.role = Role.MANAGER
    person.save()
    assert not works(made)

    person, made = fresh()
    person.delete()
    assert not works(made)

    person, made = fresh()
    assert not works(made + "x")
    assert not works(made.removeprefix("@@"))
    assert not works("@@" + token(member(shop, Role.VIEWER)))
    keys.revoke(shop.key)
    assert not works(made)


# --- Strangers ------------------------------------------------------------------------------------------------------
def test_strangers_and_the_other_environment_see_nothing(api: Api, shop: Shop) -> None:
    order = api.create()
    _, live = keys.issue(shop.source, "modon", is_test=False)
    for other in (Api(make_modon_shop()), Api(shop, live)):
        assert data(other.get("merchant-orders")) == []
        assert data(other.get("get-orders-by-ids-bulk", ids=order.pk)) == []
        unknown = refused(other.post("edit-order", order_fields(qr_id="1")))
        assert refused(other.post("edit-order", order_fields(qr_id=order.pk))) == unknown
        assert refused(other.post("delete_orders", {"qr_ids": order.pk})) == refused(
            other.post("delete_orders", {"qr_ids": "1"})
        )
    order.refresh_from_db()
    assert order.deleted_at is None


# --- Limits ---------------------------------------------------------------------------------------------------------
def test_the_sixty_first_call_is_refused_until_the_window_is_over(api: Api, shop: Shop) -> None:
    data(api.get("statuses"))
    RateWindow.objects.update(count=58)
    data(api.get("citys"))
    refused(api.post("create-order"))
    response = api.get("statuses")
    refused(response, 429)
    assert 1 <= int(response["Retry-After"]) <= 31
    refused(api.post("create-order", order_fields()), 429)
    assert not Order.objects.exists()
    data(Api(make_modon_shop()).get("statuses"))
    data(Api(shop, token(member(shop))).get("statuses"))
    RateWindow.objects.update(ends_at=timezone.now())
    data(api.get("statuses"))


def test_without_a_valid_token_an_address_is_counted(api: Api) -> None:
    denied(Client().get(CALLS + "statuses?token=x", REMOTE_ADDR="10.0.0.1"))
    RateWindow.objects.update(count=60)
    for path in ("citys?token=stale", "statuses", "nothing"):
        refused(Client().get(CALLS + path, REMOTE_ADDR="10.0.0.1"), 429)
    refused(log_in("nobody", REMOTE_ADDR="10.0.0.1"), 429)
    unreadable = {"data": b"{", "content_type": "application/json", "REMOTE_ADDR": "10.0.0.1"}
    refused(Client().post(CALLS + "create-order", **unreadable), 429)
    data(Client().get(CALLS + "citys", REMOTE_ADDR="10.0.0.2"))
    data(api.get("statuses"))


def test_the_limit_is_a_setting(api: Api, settings: Any) -> None:
    settings.MODON_RATE_LIMIT = 1
    data(api.get("statuses"))
    refused(api.get("statuses"), 429)


# --- Errors ---------------------------------------------------------------------------------------------------------
def test_other_errors(api: Api) -> None:
    for response, status in (
        (Client().get("/modon/"), 404),
        (Client().post("/modon/v1/merchant/"), 404),
        (api.get("create-order"), 405),
        (api.post("citys"), 405),
        (Client().delete(CALLS + "citys"), 405),
        (Client().generic("TOKEN", CALLS + "citys"), 405),
        (Client().post(CALLS + "login", b"x" * 1_000_001, content_type="text/plain"), 413),
    ):
        refused(response, status)
    refused(api.get("regions", city_id="\0"), 400)
    for call in ("citys", "merchant-orders", "create-order"):
        refused(Client().get(f"{CALLS}{call}?" + "a=1&" * 1001), 400)


def test_a_crash_tells_nobody_the_token(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("orders.actions.place_orders", mock.Mock(side_effect=RuntimeError))
    refused(api.post("create-order", order_fields()), 500)
    assert caplog.records
    assert api.token not in caplog.text


def test_no_text_looks_like_an_expired_token() -> None:
    for word in words.MISLEADING:
        _, body = errors.answer_error(errors.InvalidDraft(f"The Auth{word.upper()}ority said no"))
        assert not any(one in body["msg"].lower() for one in words.MISLEADING)
        assert body["errNum"] == "999"
    assert errors.answer_error(errors.exceptions.NotAuthenticated()) == (400, NO_ACCESS)


def sentences(path: Path) -> list[str]:
    """The texts with blanks in a module, without its docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    docs = {id(node.body[0].value) for node in nodes if isinstance(getattr(node, "body", None), list) and node.body
            and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in docs]
    return [text for text in texts if isinstance(text, str) and " " in text]


def test_nor_does_any_that_is_written_in_the_room() -> None:
    """All but the salts of signatures, which nobody is shown, and what is written about the dialect."""
    files = set(Path(errors.__file__).parent.glob("*.py"))
    found = [text for path in files if path.stem not in ("reference", "promises") for text in sentences(path)]
    assert "The username or the password is wrong." in found
    shown = [text for text in found if text not in ("modon log-in", "modon receipt")]
    assert [text for text in shown if any(word in text.lower() for word in words.MISLEADING)] == []


def test_both_forms_of_a_path_are_answered(api: Api) -> None:
    for call in ("citys/", "statuses/", "merchant-orders/"):
        assert strict(body_of_bytes(api.get(call)))["status"] is True


def body_of_bytes(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_it_has_a_host_of_its_own(shop: Shop, settings: Any) -> None:
    settings.DIALECT_HOSTS = {"modon.example": "modon"}
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "modon.example"]
    response = Client().get(f"/v1/merchant/statuses?token={shop.secret}", headers={"host": "modon.example"})
    assert len(body_of(response)["data"]) == 45
