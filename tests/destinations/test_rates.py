"""What a delivery costs."""

from decimal import Decimal

import pytest

from destinations import rates
from destinations.models import Merchant


def test_a_fee_is_in_the_orders_currency_and_never_converted() -> None:
    merchant = Merchant(currency="KWD", delivery_fee=Decimal("1.5"))
    assert rates.delivery_fee(merchant, "KWD") == Decimal("1.5")
    assert rates.delivery_fee(merchant, "IQD") == 5000
    assert rates.delivery_fee(merchant, "USD") == 0


@pytest.mark.parametrize(
    ("amount", "fee"), [("0", 0), ("1000000", 0), ("1000000.001", 1250), ("1250000", 1250), ("9999999", 10000)]
)
def test_the_fee_for_much_cash(amount: str, fee: int) -> None:
    assert rates.cash_fee(Decimal(amount), "IQD") == fee
    assert rates.cash_fee(Decimal(amount), "KWD") == 0
