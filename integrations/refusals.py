"""A carrier's refusal as the shop hears of it: the field that it is about, under the name that the caller's own dialect
has for it. What the carrier itself wrote is for staff, and never in an answer."""

from collections.abc import Mapping
from typing import Any

from orders.statuses import Failure

MESSAGE = "The carrier refused the order because of this field."
NO_FIELD = "The carrier refused the order because of something that this API does not show."


def refused_path(order: Any) -> str:
    """The draft path that the order was refused for and has not been sent out again since; empty if there is none.
    Reads two columns of the order, which may be a row of a list."""
    return order.attention_path if order.failure == Failure.DISPATCH else ""


def field_of(path: str, fields: Mapping[str, str]) -> str:
    """A dialect's name for a draft path, or for the nearest thing around it that the dialect knows ("dropoff.address"
    for "dropoff.address.city"); empty if it knows none. In the table `*` stands for a number, on both sides."""
    steps = path.split(".")
    numbers = [step for step in steps if step.isdecimal()]
    steps = ["*" if step.isdecimal() else step for step in steps]
    while steps:
        if (found := fields.get(".".join(steps))) is not None:
            for number in numbers:
                found = found.replace("*", number, 1)
            return found
        steps.pop()
    return ""


def told(order: Any, fields: Mapping[str, str]) -> dict[str, str]:
    """`{"field", "message"}`, without the field where the dialect has none for it; empty for an order that nobody
    refused."""
    path = refused_path(order)
    if not path:
        return {}
    field = field_of(path, fields)
    return {"field": field, "message": MESSAGE} if field else {"message": NO_FIELD}
