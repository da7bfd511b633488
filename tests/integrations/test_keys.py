from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import keys
from integrations.models import ApiKey
from tests.factories import make_shop

pytestmark = pytest.mark.django_db


def test_a_key_says_what_it_is_and_is_kept_as_a_hash() -> None:
    shop = make_shop()
    for is_test, prefix in ((True, "mvx_test_"), (False, "mvx_live_")):
        key, secret = keys.issue(shop.source, "muvx", is_test=is_test)
        assert secret.startswith(prefix)
        assert key.prefix == secret[: len(prefix) + 4]
        row = ApiKey.objects.filter(pk=key.pk).values().get()
        assert secret not in str(row)
        assert row["digest"] == keys.digest(secret)


def test_a_look_up_costs_one_statement_and_then_none(django_assert_num_queries, settings) -> None:
    shop = make_shop()
    ApiKey.objects.update(last_used_at=timezone.now())
    with django_assert_num_queries(1):
        assert keys.look_up(shop.secret, "muvx").source.merchant == shop.merchant
    with django_assert_num_queries(0):
        assert keys.look_up(shop.secret, "muvx")


def test_a_key_revoked_elsewhere_stops_working_when_its_time_in_the_cache_is_over(settings) -> None:
    settings.API_KEY_CACHE_SECONDS = 0
    shop = make_shop()
    assert keys.look_up(shop.secret, "muvx")
    ApiKey.objects.update(revoked_at=timezone.now())
    assert keys.look_up(shop.secret, "muvx") is None


def test_a_key_opens_its_own_dialect_only() -> None:
    shop = make_shop()
    assert keys.look_up(shop.secret, "ideliver") is None
    assert keys.look_up(shop.secret + "x", "muvx") is None


def test_a_key_is_found_by_its_id_until_it_is_revoked() -> None:
    shop = make_shop()
    assert keys.look_up_id(shop.key.pk, "muvx") == shop.key
    assert keys.look_up_id(shop.key.pk, "fuuffy") is None
    keys.revoke(shop.key)
    assert keys.look_up_id(shop.key.pk, "muvx") is None


def test_a_sources_keys_stop_with_it() -> None:
    shop = make_shop()
    shop.source.is_active = False
    shop.source.save()
    assert keys.look_up(shop.secret, "muvx") is None


def test_last_use_is_written_once_a_minute_and_after_the_answer(settings, django_assert_num_queries) -> None:
    settings.API_KEY_CACHE_SECONDS = 0
    shop = make_shop()
    with django_assert_num_queries(1):
        keys.look_up(shop.secret, "muvx")
    keys.write_uses()
    first = ApiKey.objects.get().last_used_at
    keys.look_up(shop.secret, "muvx")
    with django_assert_num_queries(0):
        keys.write_uses()
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    keys.look_up(shop.secret, "muvx")
    keys.write_uses()
    assert ApiKey.objects.get().last_used_at >= first
