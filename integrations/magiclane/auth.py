"""`Authorization: <key>`, without a scheme before it → ApiKey."""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from integrations import keys
from integrations.magiclane.words import DIALECT
from integrations.models import ApiKey


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey]:
        text = request.headers.get("Authorization", "").strip()
        key = keys.look_up(text, DIALECT) if text else None
        if key is None:
            raise AuthenticationFailed
        return AnonymousUser(), key
