from collections.abc import Iterator

import pytest

from integrations import keys
from integrations.modon import auth
from tests.factories import Shop
from tests.integrations.modon.api import Api, make_modon_shop


@pytest.fixture(autouse=True)
def fresh_keys() -> Iterator[None]:
    """What a process remembers of keys and people for a second does not outlive a test's database."""
    keys._cache.clear()
    auth._memberships.clear()
    yield
    keys._cache.clear()
    auth._memberships.clear()


@pytest.fixture
def shop(db: None) -> Shop:
    return make_modon_shop()


@pytest.fixture
def api(shop: Shop) -> Api:
    return Api(shop)
