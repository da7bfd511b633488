"""`Authorization: Bearer …` with an access token or a key itself → ApiKey.

A token is the key's id and a time, signed: any process can check it without a look-up of its own, and it opens
nothing once its key is revoked.
"""

from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from integrations import keys
from integrations.models import ApiKey

DIALECT = "fuuffy"
TOKEN_SECONDS = 3600
_MARK = "sk-"
_signer = TimestampSigner(sep=".", salt="fuuffy access token")


class BadClient(AuthenticationFailed):
    """A token was asked for with an id and a secret that do not belong together."""


class ExpiredToken(AuthenticationFailed):
    """The token was one of ours, and its hour is over."""


def new_token(client_id: str, client_secret: str) -> str:
    """An access token for a client. Raises `BadClient`."""
    key = keys.look_up(client_secret, DIALECT)
    if key is None or keys.client_id(key) != client_id:
        raise BadClient
    return _MARK + _signer.sign(str(key.pk))


def find_key(token: str) -> ApiKey | None:
    """The key that an access token stands for, or that is the token. Raises `ExpiredToken`."""
    if not token.startswith(_MARK):
        return keys.look_up(token, DIALECT)
    try:
        number = _signer.unsign(token.removeprefix(_MARK), max_age=TOKEN_SECONDS)
    except SignatureExpired as error:
        raise ExpiredToken from error
    except BadSignature:
        return None
    return keys.look_up_id(int(number), DIALECT)


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey]:
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        key = find_key(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
        if key is None:
            raise AuthenticationFailed
        return AnonymousUser(), key
