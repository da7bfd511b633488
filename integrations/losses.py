"""The loss report of a hand-over, for people: what a carrier's words could not say of an order, the worst first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from integrations.translation import Outcome
from orders import paths

_ORDER = (Outcome.LOST, Outcome.DEFAULTED, Outcome.TEXT, Outcome.KEPT)
_TONES = {Outcome.LOST: "red", Outcome.DEFAULTED: "amber", Outcome.TEXT: "blue", Outcome.KEPT: "green"}


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: `value` is the order's, `note` what was made of it."""

    label: str
    outcome: str
    tone: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class LossReport:
    summary: str
    tone: str
    lines: list[Line]


def report(fates: Iterable[Mapping[str, Any]]) -> LossReport | None:
    """Of the `losses` of a dispatch, or of fates as JSON; None without any."""
    told = [(Outcome(fate["outcome"]), fate) for fate in fates if fate.get("outcome") in Outcome.values]
    if not told:
        return None
    told.sort(key=lambda one: _ORDER.index(one[0]))  # within an outcome in the order in which they were told
    lines = [
        Line(
            paths.label(str(fate.get("path", ""))),
            str(outcome.label),
            _TONES[outcome],
            str(fate.get("value", "")),
            str(fate.get("note", "")),
        )
        for outcome, fate in told
    ]
    return LossReport(_summary(Counter(outcome for outcome, _ in told)), _TONES[told[0][0]], lines)


def _summary(counts: Counter[Outcome]) -> str:
    """ "3 lost, 2 set by us" """
    parts = (
        (Outcome.LOST, gettext("%(count)d lost")),
        (Outcome.DEFAULTED, gettext("%(count)d set by us")),
        (Outcome.TEXT, gettext("%(count)d as text only")),
    )
    said = [sentence % {"count": counts[outcome]} for outcome, sentence in parts if counts[outcome]]
    return gettext(", ").join(said) or gettext("Nothing is lost")
