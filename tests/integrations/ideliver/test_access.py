"""iDeliver: keys, scopes, tokens, our own people's keys, and what needs none."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest import mock

import jwt
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import Throttled

from integrations import keys, vault
from integrations.ideliver.auth import TOKEN_SECONDS, new_token
from integrations.ideliver.errors import answer_error
from integrations.models import ApiKey, StaffKey
from orders.models import Order, OrderEvent
from orders.statuses import Status
from tests.factories import Shop, UserFactory, make_order, make_shop
from tests.integrations.ideliver.api import Api, example, minimal, placed, refused
from tests.integrations.muvx.api import put_at

ALL = ["orders:read", "orders:write", "webhooks:manage", "keys:manage"]


# --- Keys -----------------------------------------------------------------------------------------------------------
def test_keys_look_as_documented(shop: Shop) -> None:
    assert shop.secret.startswith("ilv_test_")
    assert keys.issue(shop.source, "ideliver", is_test=False)[1].startswith("ilv_live_")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer ilv_test_x", "Bearer a.b.c", "{key}"])
def test_what_is_no_credential(shop: Shop, header: str) -> None:
    response = Client().get("/ideliver/v1/orders", headers={"Authorization": header.format(key=shop.secret)})
    assert response.json() == {"error": "unauthorized", "message": "Missing or invalid API key."}
    assert response.status_code == 401


def test_another_dialects_key_opens_nothing(shop: Shop) -> None:
    _, secret = keys.issue(shop.source, "muvx", is_test=True)
    assert refused(Api(shop, secret).get("orders"), 401)[0] == "unauthorized"


CALLS = [
    ("GET", "orders", "orders:read"),
    ("GET", "orders/x", "orders:read"),
    ("GET", "coverage/check", "orders:read"),
    ("GET", "me/dispatch/zones", "orders:read"),
    ("POST", "orders", "orders:write"),
    ("PATCH", "orders/x", "orders:write"),
    ("POST", "orders/x/cancel", "orders:write"),
    ("POST", "test/simulator/orders", "orders:write"),
    ("GET", "me/outbound-webhook", "webhooks:manage"),
    ("PATCH", "me/outbound-webhook", "webhooks:manage"),
]


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
def test_scopes(shop: Shop, method: str, path: str, scope: str) -> None:
    _, without = keys.issue(shop.source, "ideliver", is_test=True, scopes=[one for one in ALL if one != scope])
    response = Api(shop, without).call(method, f"v1/{path}", {})
    assert refused(response, 403) == ("forbidden", None)
    assert scope in response.json()["message"]
    _, enough = keys.issue(shop.source, "ideliver", is_test=True, scopes=[scope])
    assert Api(shop, enough).call(method, f"v1/{path}", {}).status_code in (200, 400, 404)


# --- Tokens ---------------------------------------------------------------------------------------------------------
def get_token(secret: str) -> Any:
    headers = {"X-API-Key": secret}
    return Client().post("/ideliver/v1/auth/token", b"{}", content_type="application/json", headers=headers)


def test_a_token_does_what_its_key_does(shop: Shop) -> None:
    response = get_token(shop.secret)
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    body = response.json()
    assert body == {"access_token": body["access_token"], "token_type": "Bearer", "expires_in": 3600, "scopes": ALL}
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["scopes"], claims["is_test"]) == (str(shop.key.pk), ALL, True)
    assert claims["exp"] - claims["iat"] == TOKEN_SECONDS == 3600
    api = Api(shop, body["access_token"])
    order = placed(api.create())
    assert order.is_test
    assert api.read(order.uuid)["id"] == str(order.uuid)
    me = {"merchant_id": str(shop.merchant.pk), "is_test": True, "scopes": ALL}
    for bearer in (body["access_token"], shop.secret):
        answer = Api(shop, bearer).get("auth/me").json()
        assert answer == me | {"merchant": {"id": me["merchant_id"], "name": shop.merchant.name}}
    event = order.events.get()
    assert str(shop.key) in event.actor


def test_no_token_without_a_key(shop: Shop) -> None:
    for wrong in ("", "ilv_test_wrong", new_token(shop.key)):
        assert refused(get_token(wrong), 401)[0] == "unauthorized"
    bearer = Client().post("/ideliver/v1/auth/token", headers={"Authorization": f"Bearer {shop.secret}"})
    assert refused(bearer, 401)[0] == "unauthorized"


def test_a_token_is_limited_as_its_key_is_now(shop: Shop) -> None:
    key, secret = keys.issue(shop.source, "ideliver", is_test=True, scopes=["orders:read"])
    api = Api(shop, get_token(secret).json()["access_token"])
    assert api.get("orders").status_code == 200
    assert refused(api.create(), 403)[0] == "forbidden"
    keys.revoke(key)
    assert refused(api.get("orders"), 401)[0] == "unauthorized"


def test_a_token_ends_after_an_hour(shop: Shop) -> None:
    for seconds, status in ((TOKEN_SECONDS - 60, 200), (TOKEN_SECONDS + 1, 401)):
        with mock.patch("django.utils.timezone.now", return_value=timezone.now() - timedelta(seconds=seconds)):
            token = new_token(shop.key)
        assert Api(shop, token).get("orders").status_code == status


def test_forged_tokens(shop: Shop) -> None:
    claims = jwt.decode(new_token(shop.key), options={"verify_signature": False})
    right = vault.derived_keys("ideliver access token")[0]
    assert Api(shop, jwt.encode(claims, right, "HS256")).get("orders").status_code == 200
    never = {name: value for name, value in claims.items() if name != "exp"}
    forged = [
        jwt.encode(claims, b"another key, which has 32 bytes too", "HS256"),
        jwt.encode(claims, None, "none"),
        jwt.encode(claims, right * 2, "HS512"),
        jwt.encode(never, right, "HS256"),
        jwt.encode(claims | {"aud": "fuuffy"}, right, "HS256"),
        jwt.encode(claims | {"sub": "x"}, right, "HS256"),
        "eyJhbGciOiJIUzI1NiJ9.e30.",
        "..",
        "W1tb" * 4000 + ".e30.e30",
    ]
    for token in forged:
        assert refused(Api(shop, token).get("orders"), 401)[0] == "unauthorized", token[:60]


def test_a_change_of_the_secret_key_ends_no_token_while_the_old_one_is_kept(shop: Shop, settings: Any) -> None:
    token = new_token(shop.key)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new one"
    assert Api(shop, token).get("orders").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert Api(shop, token).get("orders").status_code == 401


# --- Our own people -------------------------------------------------------------------------------------------------
@pytest.fixture
def staff(db: None) -> Api:
    user = UserFactory(username="ada", is_staff=True)
    _, secret = keys.issue_staff_key(user, "ideliver")
    assert secret.startswith("ilv_admin_")
    return Api(bearer=secret)


def break_glass(api: Api, order: Order, body: Any = None) -> Any:
    return api.call("POST", f"v1/admin/orders/{order.uuid}/cancel", body)


@pytest.mark.parametrize("is_test", [True, False])
def test_staff_cancel_any_merchants_order_and_the_history_names_them(staff: Api, is_test: bool) -> None:
    order = make_order(make_shop())
    Order.objects.update(is_test=is_test)
    response = break_glass(staff, order, {"reason": "Recall", "notes": "Batch 7"})
    assert response.status_code == 200
    assert response.json()["order"]["unified_json"]["status"] == "cancelled"
    event = order.events.get(kind="cancelled")
    assert (event.actor_kind, event.actor) == (OrderEvent.ActorKind.USER, "ada")
    assert event.data["reason"] == "Recall · Batch 7"
    assert break_glass(staff, order).json()["already_cancelled"] is True
    assert StaffKey.objects.get().last_used_at


def test_staff_keep_to_the_same_policy(staff: Api, settings: Any) -> None:
    order = make_order(make_shop())
    put_at(order, Status.PICKED_UP)
    settings.ADMIN_ORDER_CANCEL_PRE_PICKUP_ONLY = True
    assert refused(break_glass(staff, order), 409) == ("cannot_cancel", None)
    settings.ADMIN_ORDER_CANCEL_PRE_PICKUP_ONLY = False
    assert break_glass(staff, order).status_code == 200
    assert refused(staff.call("POST", "v1/admin/orders/x/cancel"), 404)[0] == "not_found"


def test_only_a_live_key_of_active_staff_breaks_the_glass(staff: Api, api: Api, shop: Shop) -> None:
    order = placed(api.create())
    assert refused(break_glass(api, order), 401)[0] == "unauthorized"
    assert refused(break_glass(Api(shop, new_token(shop.key)), order), 401)[0] == "unauthorized"
    assert refused(break_glass(Api(bearer="x"), order), 401)[0] == "unauthorized"
    key = StaffKey.objects.get()
    for name, value in (("is_staff", False), ("is_active", False)):
        setattr(key.user, name, value)
        key.user.save()
        assert refused(break_glass(staff, order), 401)[0] == "unauthorized"
        setattr(key.user, name, True)
        key.user.save()
    StaffKey.objects.update(revoked_at=timezone.now())
    assert refused(break_glass(staff, order), 401)[0] == "unauthorized"
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED


def test_a_staff_key_is_kept_as_a_hash_and_opens_nothing_else(staff: Api) -> None:
    row = str(StaffKey.objects.values().get())
    secret = staff.headers["Authorization"].removeprefix("Bearer ")
    assert secret not in row
    assert keys.digest(secret) in row
    for method, path, _ in CALLS:
        assert refused(staff.call(method, f"v1/{path}", {}), 401)[0] == "unauthorized"
    assert keys.look_up_staff(secret, "muvx") is None


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("staff_key", *arguments, stdout=out)
    return out.getvalue()


def test_the_command(api: Api) -> None:
    UserFactory(username="ada", is_staff=True)
    made = json.loads(run("ada", "--dialect", "ideliver", "--name", "Night shift", "--json"))
    assert list(made) == ["username", "dialect", "name", "key"]
    assert (made["username"], made["dialect"], made["name"]) == ("ada", "ideliver", "Night shift")
    order = placed(api.create())
    assert break_glass(Api(bearer=made["key"]), order).status_code == 200
    assert run("ada", "--dialect", "ideliver").startswith("ilv_admin_")
    UserFactory(username="bob")
    for wrong in (
        ["bob", "--dialect", "ideliver"],
        ["eve", "--dialect", "ideliver"],
        ["ada", "--dialect", "muvx"],
        ["ada"],
    ):
        with pytest.raises(CommandError):
            run(*wrong)
    assert StaffKey.objects.count() == 2


# --- The simulator --------------------------------------------------------------------------------------------------
def simulate(api: Api, body: Any = None, **headers: str) -> Any:
    return api.call("POST", "v1/test/simulator/orders", example("simulate") if body is None else body, **headers)


def test_the_simulators_flat_body(api: Api) -> None:
    response = simulate(api)
    order = placed(response)
    answer = response.json()
    assert (answer["order"]["is_test"], answer["idempotent"]) == (True, False)
    assert (answer["order"]["source"], answer["order"]["external_order_id"]) == ("simulator", "sim-1")
    flat = example("simulate")
    assert answer["order"]["unified_json"]["raw_payload"] == flat
    del flat["external_order_id"]
    assert answer["order"]["unified_json"]["standardized"] == flat
    assert (order.dropoff_name, order.status) == ("Amara Obi", Status.DISPATCHED)
    assert api.read(order.uuid) == answer["order"]
    assert placed(simulate(api), 200) == order
    assert refused(simulate(api, example("simulate") | {"notes": "x"}), 409)[0] == "duplicate_order"
    other = example("simulate") | {"external_order_id": "sim-2"}
    assert simulate(api, other, **{"Idempotency-Key": "k"}).json()["idempotent"] is False
    assert simulate(api, other, **{"Idempotency-Key": "k"}).json()["idempotent"] is True


@pytest.mark.parametrize("name", ["external_order_id", "pickup_address", "dropoff_address", "customer_phone"])
def test_what_the_simulator_needs(api: Api, name: str) -> None:
    body = example("simulate")
    del body[name]
    assert refused(simulate(api, body)) == ("validation_error", name)


def test_the_simulator_is_for_test_keys(shop: Shop) -> None:
    _, live = keys.issue(shop.source, "ideliver", is_test=False)
    assert refused(simulate(Api(shop, live)), 403) == ("forbidden", None)
    assert not Order.objects.exists()


# --- Everybody ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("slash", ["", "/"])
def test_health(client: Client, db: None, slash: str) -> None:
    live = client.get(f"/ideliver/health{slash}")
    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    ready = client.get(f"/ideliver/health/ready{slash}")
    assert ready.status_code == 503
    assert ready.json() == {"status": "unavailable", "database": True, "worker": False}
    assert refused(client.post("/ideliver/health"), 405)[0] == "method_not_allowed"


def test_every_path_is_answered_with_a_slash_too(api: Api) -> None:
    order = placed(api.create())
    paths = ["orders", f"orders/{order.uuid}", "auth/me", "me/dispatch/zones", "me/outbound-webhook"]
    for path in [*paths, "coverage/check?lat=1&lng=1"]:
        name, _, query = path.partition("?")
        assert api.get(f"{name}/?{query}").status_code == 200, path
    assert api.call("POST", f"v1/orders/{order.uuid}/cancel/").status_code == 200
    assert api.call("POST", "v1/auth/token/", **{"X-API-Key": api.headers["Authorization"][7:]}).status_code == 200


def test_too_many_calls_would_be_told_so() -> None:
    status, body = answer_error(Throttled(3))
    assert (status, body["error"]) == (429, "rate_limited")


def test_secrets_are_not_in_the_answers_of_others(api: Api, shop: Shop) -> None:
    placed(api.create(minimal()))
    for path in ("orders", "auth/me", "me/outbound-webhook"):
        content = api.get(path).content.decode()
        assert shop.secret not in content
        assert ApiKey.objects.get(pk=shop.key.pk).digest not in content
