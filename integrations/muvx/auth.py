"""`Authorization: Bearer <key>` or `X-API-Key: <key>` → ApiKey. (The document names no header.)"""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from integrations import keys
from integrations.models import ApiKey

DIALECT = "muvx"


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey]:
        scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        secret = secret.strip() if scheme.lower() == "bearer" else ""
        secret = secret or request.headers.get("X-API-Key", "").strip()
        key = keys.look_up(secret, DIALECT) if secret else None
        if key is None:
            raise AuthenticationFailed("Missing or invalid API key.")
        return AnonymousUser(), key
