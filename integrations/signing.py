"""Signatures of webhooks, both ways: HMAC-SHA256 of the body as it was sent."""

import hashlib
import hmac


def hex_signature(secret: str, body: bytes) -> str:
    """In lower-case hexadecimal digits, as Muvx, iDeliver and Fuuffy write it."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(secret: str, body: bytes, given: str) -> bool:
    """Whether `given` is the body's signature, in either case. Nothing is signed with an empty secret."""
    return bool(secret) and hmac.compare_digest(hex_signature(secret, body).encode(), given.strip().lower().encode())
