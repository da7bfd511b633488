"""What a delivery costs. Pure `Decimal` arithmetic: the fee is worked out at intake and frozen on the order."""

from decimal import Decimal

from destinations.models import Merchant


def default_delivery_fee(currency: str) -> Decimal:
    """The flat fee that a new merchant starts with; Iraqi couriers have a customary one."""
    return Decimal(5000) if currency == "IQD" else Decimal(0)


def delivery_fee(merchant: Merchant) -> Decimal:
    """The fee for one order of this merchant, in the merchant's currency."""
    return merchant.delivery_fee
