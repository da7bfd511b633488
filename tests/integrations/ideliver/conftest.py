import pytest

from tests.factories import Shop, make_shop
from tests.integrations.ideliver.api import Api


@pytest.fixture
def shop(db: None) -> Shop:
    return make_shop(dialect="ideliver", currency="NGN", country="NG", timezone="Africa/Lagos")


@pytest.fixture
def api(shop: Shop) -> Api:
    return Api(shop)
