"""A token → who calls. A token is a key of the merchant, or what a person got for a username and a password.

The latter names the person's place in the team and the key that it acts for; it is signed, and ends with either of
them, with the password, and after 30 days. A merchant's token begins with `@@`, a merchant *user's* does not.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer, TimestampSigner
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled, ValidationError
from rest_framework.request import Request

from destinations.models import Membership, Role
from integrations import keys, throttle
from integrations.models import ApiKey
from integrations.registry import DIALECTS
from orders.models import Order

DIALECT = "modon"
LOG_IN_SECONDS = 30 * 24 * 3600
MERCHANT_MARK = DIALECTS[DIALECT].kinds[""]
_KEY_MARK = f"{DIALECTS[DIALECT].key_prefix}_"
_USER_KIND = "user"
# Wrong passwords for one name from one address, until 5 minutes have passed since the first.
_MAX_TRIES, _TRIES_SECONDS = 5, 300
_MAX_REMEMBERED = 10_000
_memberships: dict[int, tuple[float, Membership | None]] = {}
_signer = TimestampSigner(sep=".", salt="modon log-in")
_receipts = Signer(salt="modon receipt")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and for which key. `is_merchant`: with a merchant's token, not a merchant user's. `membership`: the
    person's, if it is a person."""

    key: ApiKey
    is_merchant: bool
    membership: Membership | None = None

    @property
    def may_operate(self) -> bool:
        return self.membership is None or self.membership.can("operate")

    @property
    def name(self) -> str:
        """What their calls are counted under."""
        return f"user:{self.membership.user_id}" if self.membership else f"key:{self.key.pk}"


# --- Username and password ------------------------------------------------------------------------------------------
def log_in(username: str, password: str, request: Request) -> str:
    """A token for a person of the portal. Raises `ValidationError`, and `Throttled` after too many wrong passwords."""
    who = hashlib.sha256(f"{username}\0{throttle.address_of(request._request)}".encode()).hexdigest()
    tries = throttle.count(f"{DIALECT}:tries:{who}", _MAX_TRIES, _TRIES_SECONDS)
    if tries.exceeded:
        raise Throttled(tries.wait)
    # Django's own takes as long for a name that nobody has.
    user = ModelBackend().authenticate(request._request, username=username, password=password)
    if user is None:
        raise ValidationError("The username or the password is wrong.")
    throttle.forget(f"{DIALECT}:tries:{who}")
    membership, key = _acts_for(user)
    mark = MERCHANT_MARK if membership.role == Role.OWNER else ""
    return _signer.sign(f"{mark}{membership.pk}.{key.pk}.{_password_mark(user)}")


def _acts_for(user: User) -> tuple[Membership, ApiKey]:
    """The first of the person's merchants that has a key here, and that key: the newest live one, else the newest."""
    memberships = (
        Membership.objects.filter(user=user, merchant__is_active=True)
        .select_related("merchant")
        .order_by("merchant__name", "merchant_id")
    )
    live = ApiKey.objects.filter(dialect=DIALECT, revoked_at=None, source__is_active=True)
    for membership in memberships:
        if key := live.filter(source__merchant=membership.merchant).order_by("is_test", "-pk").first():
            return membership, key
    raise ValidationError("This account has no Modon Express key. Ask the people who run this service for one.")


def _password_mark(user: User) -> str:
    return salted_hmac("modon log-in", user.password, algorithm="sha256").hexdigest()[:32]


# --- Tokens ---------------------------------------------------------------------------------------------------------
def find_caller(token: str) -> Caller | None:
    token = unquote(token)  # some programs encode it twice
    if token.removeprefix(MERCHANT_MARK).startswith(_KEY_MARK):
        key = keys.look_up(token, DIALECT)
        return Caller(key, key.kind != _USER_KIND) if key else None
    try:
        who, number, password_mark = _signer.unsign(token, max_age=LOG_IN_SECONDS).split(".")
    except BadSignature:
        return None
    key = keys.look_up_id(int(number), DIALECT)
    membership = _membership(int(who.removeprefix(MERCHANT_MARK)))
    if key is None or membership is None or membership.merchant_id != key.source.merchant_id:
        return None
    is_merchant = who.startswith(MERCHANT_MARK)
    if is_merchant and membership.role != Role.OWNER:
        return None
    if not constant_time_compare(password_mark, _password_mark(membership.user)):
        return None
    return Caller(key, is_merchant, membership)


def _membership(number: int) -> Membership | None:
    """Of somebody who may still come in. Remembered as long as keys are, which is how long an end may take to show."""
    now = time.monotonic()
    until, found = _memberships.get(number, (0.0, None))
    if until <= now:
        found = Membership.objects.select_related("user").filter(pk=number, user__is_active=True).first()
        if len(_memberships) >= _MAX_REMEMBERED:
            _memberships.clear()
        _memberships[number] = (now + settings.API_KEY_CACHE_SECONDS, found)
    return found


def token_of(request: Request) -> str:
    """From the query, else the body (a GET's is ignored), else the header."""
    token = request.query_params.get("token")
    if not token and request.method != "GET":
        body: dict[str, Any] = request.data  # type: ignore[assignment]  # the parser's
        token = body.get("token")
    if not token:
        scheme, _, rest = request.headers.get("Authorization", "").strip().partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else ""
    return token.strip() if isinstance(token, str) else ""


class TokenAuthentication(BaseAuthentication):
    """`request.user` is the `Caller`."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        token = token_of(request)
        caller = find_caller(token) if token else None
        if caller is None:
            raise AuthenticationFailed
        return caller, caller.key


class OpenAuthentication(TokenAuthentication):
    """For calls that need no token, and tolerate any."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            return None


# --- Receipts -------------------------------------------------------------------------------------------------------
def receipt_token(order: Order) -> str:
    """Opens this order's receipt and nothing else: the link is printed and passed on."""
    return _receipts.signature(str(order.pk))


def opens_receipt(token: str, number: int) -> bool:
    return constant_time_compare(token, _receipts.signature(str(number)))
