import pytest

from tests.factories import Shop, make_shop
from tests.integrations.magiclane.api import Api, make_customers


@pytest.fixture
def shop(db: None) -> Shop:
    """With the customers of the document's sample."""
    shop = make_shop(dialect="magiclane")
    make_customers(shop.merchant)
    return shop


@pytest.fixture
def api(shop: Shop) -> Api:
    return Api(shop)
