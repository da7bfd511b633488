"""What the pages write about orders."""

from django import template

from orders.display import TONES
from orders.statuses import Status

register = template.Library()


@register.filter
def tone(status: str) -> str:
    """The colour family of a status; the word always stands beside it."""
    return TONES[Status(status)]
