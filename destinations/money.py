"""Amounts are `Decimal`s with an ISO 4217 code beside them; here is how many decimals each currency has."""

from decimal import Decimal, InvalidOperation

# ISO 4217 minor units that are not 2.
_EXPONENTS = {
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
# Fils of the Iraqi dinar exist in ISO 4217 only: nobody writes them.
_WRITTEN = {"IQD": 0}

MAX_AMOUNT = Decimal(999999999999)


def exponent(currency: str) -> int:
    """How many decimals an amount of this currency may have (KWD 3, NGN 2, JPY 0)."""
    return _EXPONENTS.get(currency, 2)


def fits(amount: Decimal, currency: str) -> bool:
    """Whether the amount has no more decimals than its currency."""
    try:
        return amount == amount.quantize(Decimal(1).scaleb(-exponent(currency)))
    except InvalidOperation:
        return False


def written(amount: Decimal, currency: str) -> Decimal:
    """The amount with the number of decimals that people write: 3.500 KWD, 25000 IQD, and 0.250 IQD if it must be."""
    short = amount.quantize(Decimal(1).scaleb(-_WRITTEN.get(currency, exponent(currency))))
    return short if short == amount else amount.quantize(Decimal(1).scaleb(-exponent(currency)))
