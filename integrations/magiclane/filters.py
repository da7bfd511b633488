"""What a list is asked for in its address, done by the database: filters, sorting, columns, pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, IContains

from integrations.magiclane import words

# Whatever Django takes for a value of SQL.
Expression = Any
Build = Callable[[ZoneInfo], Expression]
_WHOLE = ":exact"


@dataclass(frozen=True, slots=True)
class Table:
    """What a list can be asked for. `columns` build their expressions from the merchant's time zone, and only those
    that a request names are built; `hidden` of them can only be sorted by, `unsorted` only filtered by. `included` are
    the names of `includeColumns`, each with the field of the answer that it keeps. `exact` are the numbers with a
    quicker way to find a whole one."""

    columns: dict[str, Build]
    included: dict[str, str]
    hidden: frozenset[str] = frozenset()
    unsorted: frozenset[str] = frozenset()
    exact: Mapping[str, Callable[[int], Q]] = field(default_factory=dict)

    def narrow(self, rows: QuerySet, asked: dict[str, str], tz: ZoneInfo) -> QuerySet:
        """The rows that all filters in `asked` let through; what is no filter of this list is ignored."""
        for name in self.columns.keys() - self.hidden & asked.keys():
            text = asked[name]
            if not text.endswith(_WHOLE):
                if text:
                    rows = rows.filter(IContains(as_text(self.columns[name](tz)), _spelling(name, text)))
                continue
            text = _spelling(name, text.removesuffix(_WHOLE))
            if name in self.exact:
                is_number = text.isascii() and text.isdecimal() and len(text) <= 18 and str(int(text)) == text
                rows = rows.filter(self.exact[name](int(text))) if is_number else rows.none()
            else:
                rows = rows.filter(Exact(as_text(self.columns[name](tz)), Value(text)))
        return rows

    def search(self, rows: QuerySet, text: str, tz: ZoneInfo) -> QuerySet:
        """The rows that have `text` in any column."""
        found = Q()
        for build in self.columns.values():
            found |= Q(IContains(as_text(build(tz)), text))
        return rows.filter(found)

    def sort(self, rows: QuerySet, asked: str, tz: ZoneInfo) -> QuerySet:
        """`asked` is "column:asc,column2:desc"; rows that are equal in all of them are in the order of their ids.
        Raises ValueError, with words for the caller."""
        order: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in asked.split(","))):
            name, _, direction = part.partition(":")
            if name not in self.columns.keys() - self.unsorted:
                raise ValueError(f"There is no column {name[:50]} to sort by.")
            if direction not in ("", "asc", "desc"):
                raise ValueError(f"{name} is sorted asc or desc.")
            if name not in order:
                expression = self.columns[name](tz)
                order[name] = expression.desc() if direction == "desc" else expression.asc()
        return rows.order_by(*order.values(), "pk")

    def include(self, asked: str) -> tuple[set[str], set[str]] | None:
        """The fields of the answer and the parts of its address that `includeColumns` names; None for all. Raises
        ValueError, with words for the caller."""
        names = {name.strip() for name in asked.split(",")} - {""}
        if unknown := names - self.included.keys():
            raise ValueError(f"There is no column {min(unknown)[:50]} to include.")
        parts = names & {*words.ADDRESS, words.EXTRA}
        return ({self.included[name] for name in names}, parts) if names else None


def only(shown: dict[str, Any], kept: tuple[set[str], set[str]] | None) -> dict[str, Any]:
    """What of an object `Table.include` says is kept."""
    if kept is None:
        return shown
    fields, parts = kept
    found = {name: value for name, value in shown.items() if name in fields}
    if "address" in found:
        found["address"] = {name: value for name, value in found["address"].items() if name in parts}
    return found


def as_text(expression: Expression) -> Expression:
    return Cast(expression, TextField())


def _spelling(name: str, text: str) -> str:
    """A location may be written as in a body, and a flag as a number."""
    if name == "location":
        return text.translate(str.maketrans("", "", "[] "))
    return {"0": "false", "1": "true"}.get(text, text.lower()) if name == "isDepot" else text


def page(asked: Mapping[str, str]) -> slice:
    """The rows of the page that is asked for; all of them if none is. Raises ValueError, with words for the caller."""
    if "page" not in asked and "per_page" not in asked:
        return slice(None)
    number, size = _positive(asked, "page", 1), _positive(asked, "per_page", words.PER_PAGE)
    return slice((number - 1) * size, number * size)


def _positive(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default)).strip()
    if not (text.isascii() and text.isdecimal() and text.strip("0")):
        raise ValueError(f"{name} must be an integer greater than 0.")
    # Beyond this there is nothing on any page, and the database counts no further than 2**63.
    return min(int(text[-4000:]), 10**9)
