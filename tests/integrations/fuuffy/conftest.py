import pytest

from tests.factories import Shop, make_shop
from tests.integrations.fuuffy.api import Api


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop(dialect="fuuffy")


@pytest.fixture
def api(shop: Shop) -> Api:
    return Api(shop)
