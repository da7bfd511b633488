"""Where a merchant wants to be told: one address each for test and live orders. Source: `PATCH /v1/me/outbound-webhook`
`{url, enabled}`; reading it and the signing secret's way to the merchant are ours."""

import secrets
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from destinations.models import Merchant
from integrations import vault
from integrations.ideliver.words import DIALECT
from integrations.models import ApiKey, WebhookEndpoint


def read(key: ApiKey) -> dict[str, Any]:
    """`{"url": text or null, "enabled": bool}`"""
    return _answer(_of(key).first())


@transaction.atomic
def write(key: ApiKey, valid: dict[str, Any]) -> dict[str, Any]:
    """The same after the change. The first one, and `rotate_secret`, make the secret that we sign with, and show it
    this once as `signing_secret`. Raises `ValidationError` when there is no address yet and none is given."""
    # Nothing in the table keeps two first calls from making one each, so they queue up at the merchant.
    Merchant.objects.select_for_update(no_key=True).get(pk=key.source.merchant_id)
    endpoint = _of(key).first()
    shown = {}
    if endpoint is None:
        if "url" not in valid:
            raise ValidationError({"url": "This field is required: there is no address yet."})
        endpoint = WebhookEndpoint(merchant=key.source.merchant, dialect=DIALECT, is_test=key.is_test)
    if not endpoint.secret or valid.get("rotate_secret"):
        shown = {"signing_secret": secrets.token_urlsafe(32)}
        endpoint.secret = vault.encrypt(shown["signing_secret"])
    endpoint.url = valid.get("url", endpoint.url)
    endpoint.is_active = valid.get("enabled", endpoint.is_active)
    endpoint.save()
    return _answer(endpoint) | shown


def _of(key: ApiKey) -> Any:
    return WebhookEndpoint.objects.filter(merchant=key.source.merchant, dialect=DIALECT, is_test=key.is_test).order_by(
        "id"
    )


def _answer(endpoint: WebhookEndpoint | None) -> dict[str, Any]:
    return {"url": endpoint.url if endpoint else None, "enabled": bool(endpoint and endpoint.is_active)}
