"""What can go wrong with an order. Each error has a stable `code` and, where it is about one, the draft's `path`."""

from typing import ClassVar


class OrderError(Exception):
    """The order cannot be placed or changed. The message is for the person who asked."""

    code: ClassVar[str] = "order_error"

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class InvalidDraft(OrderError):
    """A value of the draft is not acceptable; `path` says which ("cod_amount", "destination" …)."""

    code = "invalid_draft"


class OutOfCoverage(InvalidDraft):
    """A stop ("pickup" or "dropoff", which is the `path`) lies outside all of the merchant's coverage zones."""

    code = "out_of_coverage"

    def __init__(self, message: str, *, path: str, lat: float, lng: float) -> None:
        super().__init__(message, path=path)
        self.lat, self.lng = lat, lng


class NoDestination(OrderError):
    """No destination can take the order; `path` is "destination" when the caller named one that cannot."""

    code = "no_destination"


class DuplicateOrder(OrderError):
    """There is an order with this external id already."""

    code = "duplicate_order"


class WrongStatus(OrderError):
    """The order is not in a status in which this can be done; `status` is the one that it is in."""

    code = "wrong_status"

    def __init__(self, message: str, *, status: str) -> None:
        super().__init__(message)
        self.status = status
