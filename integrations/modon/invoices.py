"""What the invoice calls show. No invoice has been issued yet: a merchant has none, and none can be found."""

from typing import Any

from rest_framework.exceptions import ValidationError

from destinations.models import Merchant


def of(merchant: Merchant, *, is_test: bool) -> list[dict[str, Any]]:
    """The merchant's invoices, newest first: id, merchant_price, delivered_orders_count,
    replacement_delivered_orders_count, status (a text: "تم الاستلام من قبل التاجر" once received), merchant_id,
    updated_at."""
    return []


def with_orders(merchant: Merchant, number: str, *, is_test: bool) -> dict[str, list[dict[str, Any]]]:
    """One invoice (a list of one) and its orders. Raises `ValidationError` for one that is not the merchant's."""
    raise ValidationError({"invoice_id": "There is no such invoice."})


def receive(merchant: Merchant, number: str, *, is_test: bool) -> None:
    """The merchant has received what was paid out. Raises `ValidationError` for one that is not the merchant's."""
    raise ValidationError({"invoice_id": "There is no such invoice."})
