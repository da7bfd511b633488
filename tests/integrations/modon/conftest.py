from collections.abc import Iterator

import pytest

from integrations import keys
from integrations.modon import auth, places
from tests.factories import Shop
from tests.integrations.modon.api import Api, make_modon_shop


@pytest.fixture(autouse=True)
def fresh_keys() -> Iterator[None]:
    """What a process remembers of keys, people and places for a moment does not outlive a test's database."""
    forget()
    yield
    forget()


def forget() -> None:
    keys._cache.clear()
    auth._memberships.clear()
    places.forget()


@pytest.fixture
def shop(db: None) -> Shop:
    return make_modon_shop()


@pytest.fixture
def api(shop: Shop) -> Api:
    return Api(shop)
