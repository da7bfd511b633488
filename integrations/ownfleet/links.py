"""Riders' links: made, shown once, found by their SHA-256, revoked."""

import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from destinations.models import Rider
from integrations.keys import digest
from integrations.models import RiderLink

DAYS = 30
LONGEST_DAYS = 366
# How exact "last used" is; writing it on every request would cost a statement each.
_LAST_USED = timedelta(minutes=1)


def issue(rider: Rider, *, days: int = DAYS, created_by: User | None = None) -> tuple[RiderLink, str]:
    """A new link and its token, which cannot be had again. Earlier links go on working until they are revoked."""
    token = secrets.token_urlsafe(32)
    link = RiderLink.objects.create(
        rider=rider,
        digest=digest(token),
        expires_at=timezone.now() + timedelta(days=min(max(days, 1), LONGEST_DAYS)),
        created_by=created_by,
    )
    return link, token


def path_of(token: str) -> str:
    return reverse("integrations:ride", args=[token])


def find(token: str) -> RiderLink | None:
    """The link with its rider and merchant; None when it is unknown, revoked or past its end, and when the rider or the
    merchant is not active any more."""
    now = timezone.now()
    link = (
        RiderLink.objects.select_related("rider__merchant")
        .filter(digest=digest(token), revoked_at=None, expires_at__gt=now)
        .filter(rider__is_active=True, rider__merchant__is_active=True)
        .first()
    )
    if link and (link.last_used_at is None or link.last_used_at < now - _LAST_USED):
        RiderLink.objects.filter(pk=link.pk).update(last_used_at=now)
    return link


def revoke(rider: Rider, link_id: int) -> bool:
    """From now on the link leads nowhere. False if the rider has no such link."""
    found = rider.links.filter(pk=link_id)
    found.filter(revoked_at=None).update(revoked_at=timezone.now())
    return found.exists()


def live(rider: Rider) -> list[RiderLink]:
    """The links that work, newest first."""
    return list(rider.links.filter(Q(revoked_at=None), expires_at__gt=timezone.now()).select_related("created_by"))
