"""`Authorization: Bearer …` with a key or an access token → ApiKey; with a staff key → our own person.

An access token (JWT, HS256, one hour) is the key's id, signed with a key derived from SECRET_KEY: any process can check
it without a look-up of its own, and it opens nothing once its key is revoked.
"""

from datetime import timedelta

import jwt
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from integrations import keys, registry, vault
from integrations.ideliver.words import DIALECT
from integrations.models import ApiKey, StaffKey

TOKEN_SECONDS = 3600
_PURPOSE = "ideliver access token"
_ALGORITHM = "HS256"


def scopes_of(key: ApiKey) -> list[str]:
    """Those that the key has; all that there are for one that is not limited."""
    return [scope for scope in registry.DIALECTS[DIALECT].scopes if key.allows(scope)]


def new_token(key: ApiKey) -> str:
    now = timezone.now()
    claims = {
        "aud": DIALECT,
        "sub": str(key.pk),
        "merchant_id": str(key.source.merchant_id),
        "is_test": key.is_test,
        "scopes": scopes_of(key),
        "iat": now,
        "exp": now + timedelta(seconds=TOKEN_SECONDS),
    }
    return jwt.encode(claims, vault.derived_keys(_PURPOSE)[0], _ALGORITHM)


def find_key(secret: str) -> ApiKey | None:
    """The key that this is, or that an access token stands for."""
    if secret.count(".") != 2:  # keys have no dots, and a JWT has two
        return keys.look_up(secret, DIALECT)
    for signing_key in vault.derived_keys(_PURPOSE):
        try:
            claims = jwt.decode(
                secret, signing_key, [_ALGORITHM], audience=DIALECT, options={"require": ["exp", "sub", "aud"]}
            )
            return keys.look_up_id(int(claims["sub"]), DIALECT)
        except jwt.InvalidSignatureError:
            continue
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            return None
    return None


def bearer(request: Request) -> str:
    """The credential of the request. Raises `AuthenticationFailed` without one."""
    scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise AuthenticationFailed
    return secret.strip()


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey]:
        key = find_key(bearer(request))
        if key is None:
            raise AuthenticationFailed
        return AnonymousUser(), key


class KeyHeaderAuthentication(BaseAuthentication):
    """`X-API-Key: <key>`, for the one call that makes an access token."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey]:
        key = keys.look_up(request.headers.get("X-API-Key", "").strip(), DIALECT)
        if key is None:
            raise AuthenticationFailed
        return AnonymousUser(), key


class StaffAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, StaffKey]:
        key = keys.look_up_staff(bearer(request), DIALECT)
        if key is None:
            raise AuthenticationFailed
        return key.user, key
