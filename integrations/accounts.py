"""Carrier accounts: credentials in and out of their encryption, log-ins that are kept until they end, and the test of
a connection. Secrets are shown to nobody again."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from destinations import actions
from destinations.models import Destination, Environment, Source
from integrations import lanes, registry, vault
from integrations.carrier import CarrierError, Transcript, readable
from integrations.models import CarrierAccount, Dispatch, WebhookEndpoint

logger = logging.getLogger(__name__)
# A log-in is renewed this long before the carrier says that it ends.
_SLACK = timedelta(seconds=30)
# Everything that is encrypted with the vault.
_SEALED: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (CarrierAccount, ("credentials", "callback_secret", "access_token")),
    (WebhookEndpoint, ("secret",)),
    (Dispatch, ("label",)),
)


# --- Made and changed -----------------------------------------------------------------------------------------------
def clean_base_url(provider: str, url: str) -> str:
    """The address before the document's paths, however much of them was given with it. Raises `ValidationError`."""
    url = url.strip().rstrip("/")
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValidationError({"base_url": gettext("Write it like https://api.example.com.")})
    if parts.username or parts.password:
        raise ValidationError({"base_url": gettext("Credentials do not belong into the address.")})
    root = registry.CARRIERS[provider].root
    while root:  # "/v1/merchant", or a part of it
        if url.endswith(root):
            return url.removesuffix(root)
        root = root.rpartition("/")[0]
    return url


def clean_credentials(provider: str, given: Any) -> dict[str, str]:
    """Exactly the credentials that the provider needs. Raises `ValidationError`."""
    wanted = registry.CARRIERS[provider].credentials
    if not isinstance(given, Mapping):
        raise ValidationError({"credentials": gettext("Credentials are a JSON object.")})
    missing = [name for name in wanted if not (isinstance(given.get(name), str) and given[name].strip())]
    if missing or set(given) - set(wanted):
        raise ValidationError(
            {"credentials": gettext("Needed are exactly: %(names)s.") % {"names": ", ".join(wanted) or "–"}}
        )
    return {name: given[name].strip() for name in wanted}


@transaction.atomic
def connect(
    source: Source,
    provider: str,
    *,
    name: str = "",
    base_url: str = "",
    credentials: Any = None,
    environment: str = Environment.SANDBOX,
    default: bool = False,
    poll_seconds: int | None = None,
    callback_secret: str = "",
    choices: dict[str, Any] | None = None,
    fallback: Destination | None = None,
) -> Destination:
    """A new destination of the source, with its account; `choices` are its settings. The first of a source is its
    default in any case. Raises `ValidationError`."""
    if provider not in registry.CARRIERS:
        known = ", ".join(registry.CARRIERS)
        raise ValidationError({"provider": gettext("There is no provider of this name. Known are: %s.") % known})
    destination = Destination(
        merchant=source.merchant,
        name=name or registry.CARRIERS[provider].label,
        provider=provider,
        environment=environment,
        settings=choices or {},
        fallback=fallback,
    )
    check_settings(destination)
    destination.full_clean()
    destination.save()
    actions.add_route(source, destination, default=default)
    save(
        destination,
        base_url=base_url,
        credentials=credentials if credentials is not None else {},
        poll_seconds=poll_seconds,
        callback_secret=callback_secret,
    )
    return destination


def check_settings(destination: Destination) -> None:
    """Raises `ValidationError` if the destination's settings are not its carrier's."""
    try:
        registry.carrier_class(destination.provider).check_settings(destination.settings)
    except ValueError as error:
        raise ValidationError({"settings": str(error)}) from error


@transaction.atomic
def save(
    destination: Destination,
    *,
    base_url: str | None = None,
    credentials: Any = None,
    poll_seconds: int | None = None,
    callback_secret: str | None = None,
) -> CarrierAccount:
    """Changes what is given; None leaves it, but for `poll_seconds`, where it means the carrier's own pace. Whatever
    was wrong with the old credentials is forgotten. Raises `ValidationError`."""
    account, _new = CarrierAccount.objects.select_for_update().get_or_create(destination=destination)
    if base_url is not None:
        account.base_url = clean_base_url(destination.provider, base_url)
    if not address(account) and registry.CARRIERS[destination.provider].credentials:
        raise ValidationError({"base_url": gettext("This provider has no address of its own: enter the base address.")})
    if credentials is not None:
        account.credentials = _seal(clean_credentials(destination.provider, credentials))
    if callback_secret is not None:
        account.callback_secret = vault.encrypt(callback_secret) if callback_secret else ""
    account.poll_seconds = poll_seconds
    account.access_token, account.access_token_ends_at = "", None
    account.checked_at, account.check_error = None, ""
    account.full_clean(exclude=["destination"])
    account.save()
    destination.account = account
    lanes.open_again(destination)
    return account


# --- Read -----------------------------------------------------------------------------------------------------------
def address(account: CarrierAccount) -> str:
    """Where the carrier's API is, without a slash at the end: its own, or the vendor's for its environment."""
    destination = account.destination
    return account.base_url or registry.CARRIERS[destination.provider].base_urls.get(destination.environment, "")


def credentials(account: CarrierAccount) -> dict[str, str]:
    """Raises a `CarrierError` when there are none, or when they cannot be read any more."""
    if not account.credentials:
        raise CarrierError("This destination is not connected: enter its credentials.", credentials=True)
    return json.loads(_open(account.credentials))


def callback_secret(account: CarrierAccount) -> str:
    """Empty when none is set."""
    return _open(account.callback_secret) if account.callback_secret else ""


def callback_url(account: CarrierAccount) -> str:
    """Where the carrier's webhooks are to be sent, absolute."""
    return settings.WASL_URL + reverse("integrations:callback", args=[account.callback_token])


def access_token(account: CarrierAccount, log_in: Callable[[], tuple[str, timedelta]], *, refused: str = "") -> str:
    """What a log-in gave, kept for all processes until it ends. `log_in` asks for a new one, with its life. `refused`
    is one that the carrier has just refused: a new one is asked for, unless another process has done so."""
    account.refresh_from_db(fields=["access_token", "access_token_ends_at"])
    if account.access_token and account.access_token_ends_at and account.access_token_ends_at > timezone.now():
        kept = _open(account.access_token)
        if kept != refused:
            return kept
    token, life = log_in()
    account.access_token = vault.encrypt(token)
    account.access_token_ends_at = timezone.now() + max(life - _SLACK, timedelta(seconds=1))
    account.save(update_fields=["access_token", "access_token_ends_at"])
    return token


def forget_access_token(account: CarrierAccount) -> None:
    account.access_token, account.access_token_ends_at = "", None
    account.save(update_fields=["access_token", "access_token_ends_at"])


# --- Test connection ------------------------------------------------------------------------------------------------
def check(destination: Destination) -> tuple[bool, str]:
    """Calls the carrier, and keeps how that went. True with what it found, False with what is wrong. Not within a
    transaction."""
    transcript = Transcript()
    try:
        found, error = registry.carrier_class(destination.provider)(destination, transcript).check(), ""
    except CarrierError as raised:  # an address in it may have a token
        found, error = "", readable(str(raised)) or raised.__class__.__name__
    except Exception as raised:  # a defect of ours must not keep anybody from their account
        logger.exception("connection test failed", extra={"destination": destination.pk})
        found, error = "", f"{type(raised).__name__}: {readable(str(raised))}"
    CarrierAccount.objects.filter(destination=destination).update(checked_at=timezone.now(), check_error=error)
    if not error:
        lanes.open_again(destination)
    return not error, found or error


# --- Rotation -------------------------------------------------------------------------------------------------------
def rotate() -> int:
    """Encrypts every secret with the key of today. Returns how many there were. Raises `vault.Unreadable`, having
    changed nothing, when one was made with a key that is no longer in the settings."""
    rotated = 0
    with transaction.atomic():
        for model, names in _SEALED:
            empty = Q(**dict.fromkeys(names, ""))
            for row in model._default_manager.exclude(empty).select_for_update().iterator():
                for name in names:
                    if sealed := getattr(row, name):
                        setattr(row, name, vault.rotate(sealed))
                        rotated += 1
                row.save(update_fields=names)
    return rotated


def _seal(values: Mapping[str, str]) -> str:
    return vault.encrypt(json.dumps(dict(values)))


def _open(sealed: str) -> str:
    try:
        return vault.decrypt(sealed)
    except vault.Unreadable as error:
        raise CarrierError(f"{error} Enter the credentials again.", credentials=True) from error
