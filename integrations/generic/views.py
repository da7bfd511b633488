"""The pages of a destination without code: its table of words, and the protocol for those who receive."""

import json
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from destinations.models import Destination
from destinations.portal import PortalRequest, merchant_required
from integrations import accounts
from integrations.generic import protocol, words
from orders.statuses import Mark, Status

ROOM = "generic"


def _meanings() -> list[tuple[str, str]]:
    """Each with its name, for people."""
    named = [
        (one, " · ".join(str(part) for part in (Status(status).label, mark and Mark(mark).label) if part))
        for one, (status, mark) in words.MEANINGS.items()
    ]
    return [("", "–"), *named]


class WordForm(forms.Form):
    """One row of the table; without a word it is none."""

    word = forms.CharField(
        label=_("Its word"),
        required=False,
        max_length=words.LONGEST_WORD,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    meaning = forms.ChoiceField(label=_("What it means"), required=False, choices=_meanings)

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("word") and not found.get("meaning"):
            self.add_error("meaning", _("Choose what this word means."))
        return found


class WordTable(forms.BaseFormSet):
    def table(self) -> dict[str, str]:
        """Of rows that are valid."""
        return dict(self._filled())

    def _filled(self) -> list[tuple[str, str]]:
        rows = [form.cleaned_data for form in self.forms]
        return [(row["word"], row["meaning"]) for row in rows if row.get("word")]

    def clean(self) -> None:
        if any(self.errors):
            return
        if len(self.table()) < len(self._filled()):
            raise forms.ValidationError(gettext("A word is there twice."))
        try:
            words.check_words(self.table())
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


Words = forms.formset_factory(
    WordForm, WordTable, extra=2, max_num=words.MOST_WORDS, absolute_max=words.MOST_WORDS, validate_max=True
)


class TracksForm(forms.Form):
    tracks = forms.BooleanField(
        label=_("Ask it where parcels are"),
        required=False,
        help_text=_("Without this, only its own calls to us tell where a parcel is."),
    )


def _found(request: PortalRequest, destination_id: int) -> Destination:
    rows = Destination.objects.filter(merchant=request.merchant, provider=ROOM)
    return get_object_or_404(rows.select_related("account", "merchant"), pk=destination_id)


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_required("manage")
def word_table(request: PortalRequest, destination_id: int) -> HttpResponse:
    """What the words of this destination mean, to be changed."""
    destination = _found(request, destination_id)
    kept = destination.settings
    sent = request.POST if request.method == "POST" else None
    table = sorted(kept.get("words", {}).items(), key=lambda row: words.spelling(row[0]))
    rows = cast(WordTable, Words(sent, initial=[{"word": word, "meaning": meant} for word, meant in table]))
    tracks = TracksForm(sent, initial={"tracks": kept.get("tracks", True)})
    if sent is not None and rows.is_valid() and tracks.is_valid():
        with transaction.atomic():
            locked = Destination.objects.select_for_update(no_key=True).get(pk=destination.pk)
            locked.settings = {**locked.settings, "words": rows.table(), "tracks": tracks.cleaned_data["tracks"]}
            accounts.check_settings(locked)
            locked.save(update_fields=["settings"])
        messages.success(request, gettext("The words have been saved."))
        return redirect("integrations:generic_words", destination.pk)
    context = {
        "destination": destination,
        "rows": rows,
        "tracks": tracks,
        "known": [(word, dict(_meanings())[meant]) for word, meant in words.DEFAULT.items() if "+" not in word],
    }
    return TemplateResponse(request, "integrations/generic/words.html", context)


@require_safe
@merchant_required("manage")
def protocol_page(request: PortalRequest, destination_id: int) -> HttpResponse:
    """What we send to this destination, what it is to answer, and where it calls us."""
    destination = _found(request, destination_id)
    account = getattr(destination, "account", None)
    examples = {
        "booking": protocol.example_booking(destination),
        "booked": protocol.BOOKED,
        "refused": protocol.REFUSED,
        "cancel": protocol.CANCEL,
        "status": protocol.STATUS,
        "check": protocol.CHECK,
        "news": protocol.NEWS,
    }
    context = {
        "destination": destination,
        "address": accounts.address(account) if account else "",
        "callback_url": accounts.callback_url(account) if account else "",
        "sample": protocol.SAMPLE,
        **{name: json.dumps(body, indent=2, ensure_ascii=False) for name, body in examples.items()},
    }
    return TemplateResponse(request, "integrations/generic/protocol.html", context)
