"""API keys: made, shown once, looked up by their SHA-256."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from destinations.models import Source
from integrations import registry
from integrations.models import ApiKey, StaffKey

# How exact "last used" is; writing it on every request would cost a statement each.
_LAST_USED_SECONDS = 60
_CACHE_SIZE = 10_000
_cache: dict[Any, tuple[float, ApiKey]] = {}  # by digest, and by id
_used: set[int] = set()


def digest(secret: str) -> str:
    """Keys have 256 random bits: nothing is gained by a slow hash, and look-ups are by it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(
    source: Source,
    dialect: str,
    *,
    is_test: bool,
    kind: str = "",
    name: str = "",
    scopes: Sequence[str] = (),
    created_by: User | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text (`mvx_test_…`), which cannot be had again. No `scopes`: it may do everything."""
    room = registry.DIALECTS[dialect]
    prefix = f"{room.kinds[kind]}{room.key_prefix}_{'test' if is_test else 'live'}_"
    secret = prefix + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        source=source,
        dialect=dialect,
        kind=kind,
        name=name,
        scopes=list(scopes),
        is_test=is_test,
        prefix=secret[: len(prefix) + 4],
        digest=digest(secret),
        created_by=created_by,
    )
    return key, secret


def issue_staff_key(user: User, dialect: str, *, name: str = "") -> tuple[StaffKey, str]:
    """A key of one of our own people and its text (`ilv_admin_…`), which cannot be had again."""
    prefix = f"{registry.DIALECTS[dialect].key_prefix}_admin_"
    secret = prefix + secrets.token_urlsafe(32)
    key = StaffKey.objects.create(
        user=user, dialect=dialect, name=name, prefix=secret[: len(prefix) + 4], digest=digest(secret)
    )
    return key, secret


def look_up_staff(secret: str, dialect: str) -> StaffKey | None:
    """The live staff key with this text, of an active member of our staff. Never out of a cache: it is rare, and must
    stop at once."""
    found = (
        StaffKey.objects.select_related("user")
        .filter(digest=digest(secret), dialect=dialect, revoked_at=None, user__is_active=True, user__is_staff=True)
        .first()
    )
    if found and _is_long_ago(found.last_used_at):
        found.last_used_at = timezone.now()
        found.save(update_fields=["last_used_at"])
    return found


def client_id(key: ApiKey) -> str:
    """The public half of a client credential; the key's text is the secret half."""
    return f"{registry.DIALECTS[key.dialect].key_prefix}_{key.pk}"


def credential(key: ApiKey, secret: str) -> str | dict[str, str]:
    """What its owner is shown, once: the key's text, or an id and a secret where the dialect has clients."""
    if registry.DIALECTS[key.dialect].credential == "client":
        return {"client_id": client_id(key), "client_secret": secret}
    return secret


def lines(label: str, credential: str | dict[str, str]) -> list[tuple[str, str]]:
    """A credential for people: a name and a value for each of its parts."""
    if isinstance(credential, str):
        return [(label, credential)]
    return [(f"{label} {part}", value) for part, value in credential.items()]


def revoke(key: ApiKey | StaffKey) -> None:
    """The key stops working, in every process within `API_KEY_CACHE_SECONDS`."""
    key.revoked_at = key.revoked_at or timezone.now()
    key.save(update_fields=["revoked_at"])
    _cache.pop(key.digest, None)
    _cache.pop(key.pk, None)


def look_up(secret: str, dialect: str) -> ApiKey | None:
    """The live key with this text, with its source and merchant; None for any that does not open this dialect."""
    return _find("digest", digest(secret), dialect)


def look_up_id(number: int, dialect: str) -> ApiKey | None:
    """The same by the key's id, for tokens that were made from it."""
    return _find("pk", number, dialect)


def _find(field: str, wanted: str | int, dialect: str) -> ApiKey | None:
    now = time.monotonic()
    cached = _cache.get(wanted)
    if cached and cached[0] > now:
        key = cached[1]
    else:
        found = (
            ApiKey.objects.select_related("source__merchant")
            .filter(revoked_at=None, source__is_active=True, source__merchant__is_active=True, **{field: wanted})
            .first()
        )
        if found is None:
            _cache.pop(wanted, None)
            return None
        key = found
        _note_use(key)
        if len(_cache) >= _CACHE_SIZE:
            _cache.clear()
        _cache[wanted] = (now + settings.API_KEY_CACHE_SECONDS, key)
    return key if key.dialect == dialect else None


def _note_use(key: ApiKey) -> None:
    if _is_long_ago(key.last_used_at):
        _used.add(key.pk)


def _is_long_ago(used: datetime | None) -> bool:
    return used is None or (timezone.now() - used).total_seconds() > _LAST_USED_SECONDS


def write_uses() -> None:
    """Writes when the keys were last used that this process has looked up: after the answer, which need not wait."""
    if not _used:
        return
    noted = list(_used)
    _used.difference_update(noted)
    with transaction.atomic():
        ApiKey.objects.filter(pk__in=noted).update(last_used_at=timezone.now())
