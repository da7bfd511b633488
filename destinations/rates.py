"""What a delivery costs. Pure `Decimal` arithmetic: the fee is worked out at intake and frozen on the order."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from destinations.models import Merchant


def default_delivery_fee(currency: str) -> Decimal:
    """The flat fee that a new merchant starts with; Iraqi couriers have a customary one."""
    return Decimal(5000) if currency == "IQD" else Decimal(0)


def delivery_fee(merchant: Merchant, currency: str) -> Decimal:
    """The fee for one order of this merchant, in the order's currency: the merchant's own fee is in the merchant's, and
    nothing is ever converted."""
    return merchant.delivery_fee if currency == merchant.currency else default_delivery_fee(currency)


@dataclass(frozen=True, slots=True)
class CashFee:
    """What carrying much cash costs: `share` of an amount over `above`, rounded up to a multiple of `step`."""

    above: Decimal
    share: Decimal
    step: Decimal


CASH_FEES = {"IQD": CashFee(above=Decimal(1_000_000), share=Decimal("0.001"), step=Decimal(250))}


def cash_fee(amount: Decimal, currency: str) -> Decimal:
    rule = CASH_FEES.get(currency)
    if rule is None or amount <= rule.above:
        return Decimal(0)
    return (amount * rule.share / rule.step).to_integral_value(ROUND_CEILING) * rule.step
