"""What all pages of the staff's back office share: read-only rows, badges, and rules that only the database can see."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

_RULES = {
    "exactly_one_default_route": _("A source needs exactly one default destination."),
    "default_route_is_active": _("A default destination must be active. Make another one the default first."),
    "route_within_merchant": _("A source can only send to destinations of its own merchant."),
    "one_default_route": _("A source has only one default destination."),
    "one_route_each": _("A source can have each destination only once."),
    "one_zone_of_a_name": _("The merchant has a zone of this name already."),
    "one_membership_each": _("A person can have only one place in a merchant's team."),
}


def badge(text: Any, variant: str = "") -> SafeString | str:
    """A coloured word; `variant` is info, primary, success, warning, danger or empty for grey."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "variant": variant}) if text else ""


def isolated(text: Any) -> SafeString | str:
    """An id, a name or a phone that keeps its own direction within Arabic text."""
    return format_html("<bdi>{}</bdi>", text) if text not in ("", None) else ""


def instant(value: datetime | None) -> SafeString | str:
    """2026-11-21 02:00:27 in the current time zone: to the second, and the same in every language."""
    return isolated(value and f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}")


def as_json(value: Any) -> SafeString | str:
    """Stored JSON, indented, for staff to read."""
    if value in (None, {}, []):
        return ""
    text = json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
    return format_html('<pre class="overflow-auto whitespace-pre-wrap" dir="ltr">{}</pre>', text)


class ReadOnly:
    """For a ModelAdmin or an inline whose rows are only looked at."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class KeepsRules:
    """For a ModelAdmin whose rows the database watches over: a broken rule becomes a message, never a server error.

    Forms check the rules first and keep what was typed; this is for what only shows when it is written, as when two
    people save at the same time. Deferred rules are asked for before the page says that it has saved.
    """

    message_user: Callable[..., None]

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        connection.check_constraints()

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        super().delete_model(request, obj)  # type: ignore[misc]
        connection.check_constraints()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        with transaction.atomic():
            super().delete_queryset(request, queryset)  # type: ignore[misc]
            connection.check_constraints()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._kept(request, super().changeform_view, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._kept(request, super().changelist_view, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._kept(request, super().delete_view, *args, **kwargs)  # type: ignore[misc]

    def _kept(self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except IntegrityError as error:
            self.message_user(request, broken_rule(error), messages.ERROR)
            return redirect(request.get_full_path())


def broken_rule(error: IntegrityError) -> str:
    """In words for people, which rule an error of the database is about."""
    diagnosis = getattr(error.__cause__, "diag", None)
    name = (diagnosis and diagnosis.constraint_name) or ""
    if name in _RULES:
        return str(_RULES[name])
    return gettext(
        "Nothing was saved: other data depends on this, or somebody changed it at the same time. %(rule)s"
    ) % {"rule": name}
