"""What `manage.py check` (and so `up`) has to say about an installation, beside Django's own."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

_HINT = "Put a proxy that speaks TLS before Wasl and set WASL_URL to its https:// address."
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


@register()
def address_is_safe(**kwargs: Any) -> list[CheckMessage]:
    """Passwords and keys over plain HTTP are for this machine and private networks only."""
    if settings.SECURE or settings.WASL_HOST in _THIS_MACHINE:
        return []
    told = f"WASL_URL is {settings.WASL_URL}: passwords and keys travel in the clear"
    if settings.WASL_HOST_IS_PRIVATE:
        return [Warning(f"{told}, for everybody on this network to read.", hint=_HINT, id="wasl.W001")]
    return [Error(f"{told}, on a public host.", hint=_HINT, id="wasl.E001")]
