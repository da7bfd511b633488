"""iDeliver: where a merchant delivers, and where it wants to be told."""

import threading
from typing import Any

import pytest
from django.db import connection

from integrations import keys, vault
from integrations.models import WebhookEndpoint
from tests.factories import Shop, make_shop
from tests.integrations.ideliver.api import Api, make_zone, refused

HOOK = "https://shop.example/hooks?a=1"


# --- Coverage -------------------------------------------------------------------------------------------------------
def check(api: Api, **query: Any) -> Any:
    return api.client.get("/ideliver/v1/coverage/check", query, headers=api.headers)


def test_without_zones_everywhere_is_covered(api: Api) -> None:
    make_zone(make_shop(dialect="ideliver"))
    answer = check(api, lat="6.5", lng="3.35")
    assert answer.json() == {"covered": True, "zones": [], "point": {"lat": 6.5, "lng": 3.35}}


def test_coverage(api: Api, shop: Shop) -> None:
    lagos, inner = make_zone(shop), make_zone(shop, "Ikeja", 3.2, 6.2)
    make_zone(shop, "Closed", west=50, is_active=False)
    both = [{"id": str(zone.uuid), "name": zone.name} for zone in (lagos, inner)]
    answer = check(api, lat=6.5, lng=3.35).json()
    assert (answer["covered"], answer["point"]) == (True, {"lat": 6.5, "lng": 3.35})
    assert sorted(answer["zones"], key=str) == sorted(both, key=str)
    assert check(api, lat=6.1, lng=3.1).json()["zones"] == both[:1]
    assert check(api, lat=6.5, lng=50.5).json() == {"covered": False, "zones": [], "point": {"lat": 6.5, "lng": 50.5}}


def test_both_ends_at_once(api: Api, shop: Shop) -> None:
    make_zone(shop)
    answer = check(api, pickup_lat=6.5, pickup_lng=3.35, dropoff_lat=9, dropoff_lng=7).json()
    assert list(answer) == ["covered", "zones", "point", "pickup", "dropoff"]
    assert (answer["covered"], answer["point"]) == (False, {"lat": 9, "lng": 7})
    assert (answer["pickup"]["covered"], answer["dropoff"]["covered"]) == (True, False)
    answer = check(api, dropoff_lat=6.5, dropoff_lng=3.35).json()
    assert answer["covered"] is answer["dropoff"]["covered"] is True


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "lat"),
        ({"lat": "6"}, "lng"),
        ({"lng": "6"}, "lat"),
        ({"pickup_lat": "6"}, "pickup_lng"),
        ({"lat": "x", "lng": "3"}, "lat"),
        ({"lat": "nan", "lng": "3"}, "lat"),
        ({"lat": "6", "lng": "Infinity"}, "lng"),
        ({"lat": "6", "lng": "1e999999"}, "lng"),
        ({"lat": "sNaN", "lng": "3"}, "lat"),
        ({"lat": "90.1", "lng": "3"}, "lat"),
        ({"lat": "6", "lng": "-180.5"}, "lng"),
        ({"lat": "\x00", "lng": "1"}, "lat"),
    ],
)
def test_points_that_are_none(api: Api, shop: Shop, query: dict[str, str], field: str) -> None:
    make_zone(shop)
    assert refused(check(api, **query)) == ("validation_error", field)


def test_zones_are_geojson(api: Api, shop: Shop) -> None:
    assert api.get("me/dispatch/zones").json() == {"type": "FeatureCollection", "features": []}
    zone = make_zone(shop)
    make_zone(shop, "Closed", is_active=False)
    make_zone(make_shop(), "Foreign")
    assert api.get("me/dispatch/zones").json() == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": str(zone.uuid),
                "geometry": zone.geojson,
                "properties": {"id": str(zone.uuid), "name": "Lagos"},
            }
        ],
    }


# --- The outbound webhook -------------------------------------------------------------------------------------------
def set_hook(api: Api, body: Any) -> Any:
    return api.call("PATCH", "v1/me/outbound-webhook", body)


def test_an_address_and_its_secret(api: Api, shop: Shop) -> None:
    assert api.get("me/outbound-webhook").json() == {"url": None, "enabled": False}
    response = set_hook(api, {"url": HOOK, "enabled": True})
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    secret = response.json()["signing_secret"]
    assert response.json() == {"url": HOOK, "enabled": True, "signing_secret": secret}
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.merchant, endpoint.dialect, endpoint.is_test) == (shop.merchant, "ideliver", True)
    assert secret not in endpoint.secret
    assert vault.decrypt(endpoint.secret) == secret
    assert len(secret) >= 43

    assert set_hook(api, {"enabled": False}).json() == {"url": HOOK, "enabled": False}
    assert set_hook(api, {"url": "http://10.0.0.7:8080/x"}).json() == {
        "url": "http://10.0.0.7:8080/x",
        "enabled": False,
    }
    assert api.get("me/outbound-webhook").json() == {"url": "http://10.0.0.7:8080/x", "enabled": False}
    endpoint.refresh_from_db()
    assert vault.decrypt(endpoint.secret) == secret
    assert WebhookEndpoint.objects.count() == 1


def test_a_new_secret_when_asked_for(api: Api) -> None:
    assert refused(set_hook(api, {"rotate_secret": True})) == ("validation_error", "url")
    first = set_hook(api, {"url": HOOK, "rotate_secret": True}).json()["signing_secret"]
    assert set_hook(api, {"rotate_secret": False}).json() == {"url": HOOK, "enabled": True}
    second = set_hook(api, {"rotate_secret": True}).json()
    assert second == {"url": HOOK, "enabled": True, "signing_secret": second["signing_secret"]}
    assert vault.decrypt(WebhookEndpoint.objects.get().secret) == second["signing_secret"] != first
    assert refused(set_hook(api, {"rotate_secret": "yes"})) == ("validation_error", "rotate_secret")


def test_one_for_each_merchant_and_world(api: Api, shop: Shop) -> None:
    _, live = keys.issue(shop.source, "ideliver", is_test=False)
    set_hook(api, {"url": HOOK})
    for other in (Api(shop, live), Api(make_shop(dialect="ideliver"))):
        assert other.get("me/outbound-webhook").json()["url"] is None
        set_hook(other, {"url": "https://elsewhere.example"})
    assert api.get("me/outbound-webhook").json() == {"url": HOOK, "enabled": True}
    assert WebhookEndpoint.objects.count() == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"other": 1}, None),
        ([], None),
        ({"enabled": True}, "url"),  # there is none yet
        ({"url": HOOK, "enabled": "yes"}, "enabled"),
        ({"url": HOOK, "enabled": None}, "enabled"),
        *(
            ({"url": url}, "url")
            for url in (
                None, "", "shop.example", "ftp://shop.example/", "javascript:alert(1)", "https://", "https:///hooks",
                "https://:443/", "https://user@shop.example/", "https://user:pw@shop.example/", "https://@shop.example/",
                "https://shop.example:99999/", "https://shop.example:x/", "https://[::1/", "https://shop.example/a b",
                "https://shop.example/a\nb", "https://shop.example\\@evil.example/", 7, ["https://shop.example"],
                "https://shop.example/" + "x" * 980,
            )
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_address(api: Api, body: Any, field: str | None) -> None:
    assert refused(set_hook(api, body)) == ("validation_error", field)
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_first_calls_at_once_make_one_address_and_show_one_secret() -> None:
    api = Api(make_shop(dialect="ideliver"))
    secrets: list[str | None] = []
    ready = threading.Barrier(8)

    def send() -> None:
        ready.wait()
        try:
            secrets.append(set_hook(api, {"url": HOOK}).json().get("signing_secret"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, secrets)) == [False] * 7 + [True]
    assert WebhookEndpoint.objects.count() == 1
