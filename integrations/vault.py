"""Keys derived from `SECRET_KEY`, and the encryption of secrets that we must be able to read again, because we sign
with them.

Everything is made with the key of today and still read with the ones in `SECRET_KEY_FALLBACKS`.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(Exception):
    """The secret was encrypted with a SECRET_KEY that is in the settings no longer, or it has been changed."""


def derived_keys(purpose: str) -> list[bytes]:
    """A key of 32 bytes for each secret key in the settings, the one of today first; unlike for every other purpose."""
    return [
        hmac.digest(secret.encode(), f"wasl:{purpose}".encode(), hashlib.sha256)
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def encrypt(text: str) -> str:
    return _box().encrypt(text.encode()).decode()


def decrypt(sealed: str) -> str:
    """Raises `Unreadable`."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable(Unreadable.__doc__) from error


def rotate(sealed: str) -> str:
    """The same secret under the key of today. Raises `Unreadable`."""
    try:
        return _box().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable(Unreadable.__doc__) from error


def _box() -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived_keys("vault")])
