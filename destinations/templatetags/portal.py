"""What the pages write often: icons, amounts, moments."""

from datetime import datetime
from decimal import Decimal

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from destinations.money import written

register = template.Library()

# Icons that point along the line of text, and so turn round in Arabic.
_TURNING = {"chevron", "logout", "send", "truck", "external"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative icon out of static/img/icons.svg; the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        " icon-turns" if name in _TURNING else "",
        static("img/icons.svg"),
        name,
    )


@register.filter
def money(amount: Decimal | None, currency: str) -> SafeString | str:
    """3.500 KWD, 25,000 IQD; empty for None.

    The separators are the same in both languages: Django's Arabic format would write 3,500 for three and a half,
    which a reader in the Gulf takes for three thousand five hundred.
    """
    if amount is None:
        return ""
    return format_html('<bdi class="number">{} {}</bdi>', f"{written(amount, currency):,}", currency)


@register.filter
def moment(value: datetime | None, precision: str = "minutes") -> SafeString | str:
    """A moment in the current time zone, to the minute or "seconds"."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    clock = f"{local:%H:%M:%S}" if precision == "seconds" else f"{local:%H:%M}"
    return format_html('<time datetime="{}">{} <bdi>{}</bdi></time>', value.isoformat(), day(local), clock)


def day(local: datetime) -> str:
    """The day of a local moment; the year only when it is not this one."""
    this_year = local.year == timezone.localtime().year
    return date_format(local, pgettext("date format", "j M") if this_year else pgettext("date format", "j M Y"))
