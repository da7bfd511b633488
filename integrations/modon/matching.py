"""Where an address is, among the names of a carrier's list: by exact names only, never by likeness.

A wrong city sends a parcel across the country, a question costs a person half a minute: what could be read in two
ways is left undecided. Every function gives all the places that the address may mean; only one alone is an answer.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from integrations.modon.governorates import GOVERNORATES
from orders.search import normalise

Words = tuple[str, ...]

_BREAK = re.compile(r"[,،;؛:|/\\()\[\]\n\r\t]|\s[-–—]+\s|[–—]")
_WORD = re.compile(r"[^\W_]+")
_LATIN_ARTICLES = frozenset({"al", "el", "an", "ad", "as", "ar", "at", "ash", "az"})
_FILLERS = frozenset({"of", "to", "the", "from", "من", "عن", "الي"})


def _set(words: str) -> frozenset[str]:
    return frozenset(_folded(normalise(word)) for word in words.split())


def _folded(word: str) -> str:
    """Without the article: البصرة and بصرة are one."""
    return word[2:] if word.startswith("ال") and len(word) >= 5 else word


# What a name is part of when it follows one of these: شارع بغداد is a street, wherever it is; بيت المنصور a family's.
_NOT_AFTER = _set(
    "شارع طريق خط جسر ساحة ميدان مول سوق فندق مطعم جامع مسجد حسينية كنيسة مرقد مدرسة ثانوية روضة "
    "معهد كلية جامعة مستشفى مستوصف عيادة صيدلية مجمع شركة مصرف بنك محطة كراج معرض مكتب قاعة بوابة "
    "باب بيت دار ابو ام ابن بن ال سيد شيخ حاج حجي دكتور عمارة بناية محل محلات مخبز افران صالون "
    "جمعية دائرة مديرية نقابة ملعب نادي حديقة متنزه مقهى كافيه معمل مصنع اسواق مطار ميناء قرب قريب "
    "بقرب مقابل خلف وراء بجانب جنب مجاور بعد قبل باتجاه اتجاه near opposite opp behind beside after "
    "before next towards toward"
)
_LANDMARKS = _set(
    "street st str road rd avenue ave hotel mall mosque school hospital university college square bridge restaurant "
    "market gate garage tower company bank pharmacy clinic station complex airport port"
)
# حي البصرة is a quarter, and علاوي الحلة is in Baghdad.
_NO_CITY_AFTER = _NOT_AFTER | _set("حي محلة منطقة علاوي hay hayy")
_CITY_AFTER = _set("محافظة مدينة قضاء governorate province city")
_REGION_AFTER = _set("حي منطقة ناحية قضاء محلة قرية hay hayy")
_OTHER = frozenset({("اخري",), ("other",), ("others",)})


@dataclass(frozen=True, slots=True)
class Token:
    raw: str
    folded: str


@dataclass(frozen=True, slots=True)
class Written:
    """An address as somebody wrote it: the parts that name a city or governorate, those that name an area, and all
    of it as text."""

    cities: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


# --- Text -----------------------------------------------------------------------------------------------------------
def segments(text: str) -> Iterator[list[Token]]:
    """The words between two commas or the like, in one spelling."""
    text = "".join(char for char in text if unicodedata.category(char) != "Cf" or char == "\u200c")
    for part in _BREAK.split(text):
        words = _WORD.findall(normalise(part))
        tokens = [
            Token(word, _folded(word))
            for position, word in enumerate(words)
            if word not in _LATIN_ARTICLES or position == len(words) - 1
        ]
        if tokens:
            yield tokens


def folded(text: str) -> Words:
    """All words of a text, without articles."""
    return tuple(token.folded for part in segments(text) for token in part)


def raw(text: str) -> Words:
    return tuple(token.raw for part in segments(text) for token in part)


def says(texts: Iterable[str], wanted: str) -> bool:
    """Whether the words of `wanted` stand somewhere, one after the other."""
    looked_for = folded(wanted)
    return bool(looked_for) and any(
        words[start : start + len(looked_for)] == looked_for
        for words in map(folded, texts)
        for start in range(len(words))
    )


# --- Cities ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CityNames:
    """Which cities of a list each name may mean. `strong` ones are as they are written, with or without article, and
    count anywhere; `any` are all, without article."""

    any: Mapping[Words, frozenset[str]]
    strong: Mapping[Words, frozenset[str]]

    def of(self, number: str) -> frozenset[Words]:
        return frozenset(name for name, numbers in self.any.items() if number in numbers)


@cache
def _governorates() -> list[tuple[frozenset[str], frozenset[str]]]:
    """Strong and weak names of each, as written."""
    return [
        (
            frozenset(filter(None, map(str.strip, strong.split(",")))),
            frozenset(filter(None, map(str.strip, weak.split(",")))),
        )
        for strong, weak in GOVERNORATES
    ]


def city_names(cities: Mapping[str, str]) -> CityNames:
    """`cities` are the carrier's, names by number; one may have two names, "الحلة - بابل"."""
    weak_names = {folded(name) for _, weak in _governorates() for name in weak}
    own: dict[Words, set[str]] = {}
    own_raw: dict[Words, set[str]] = {}
    written: dict[str, list[str]] = {number: [label, *_BREAK.split(label)] for number, label in cities.items()}
    for number, labels in written.items():
        for name in labels:
            if words := folded(name):
                own.setdefault(words, set()).add(number)
                own_raw.setdefault(raw(name), set()).add(number)
    every, strong = {name: set(ids) for name, ids in own.items()}, {name: set(ids) for name, ids in own_raw.items()}
    for strong_names, other_names in _governorates():
        names = strong_names | other_names
        numbers = {number for name in names for number in own.get(folded(name), ())}
        for name in names:
            spellings = {name} if not name.isascii() or " " in name else {name, f"al{name}"}
            for spelling in spellings:
                if folded(spelling) not in own:
                    every.setdefault(folded(spelling), set()).update(numbers)
                    strong.setdefault(raw(spelling), set()).update(numbers)
                else:  # the list names it itself; here in another spelling, with or without the article
                    strong.setdefault(raw(spelling), set()).update(own[folded(spelling)])
    return CityNames(
        {name: frozenset(ids) for name, ids in every.items() if ids},
        {name: frozenset(ids) for name, ids in strong.items() if ids and _refolded(name) not in weak_names},
    )


def _refolded(words: Words) -> Words:
    return tuple(map(_folded, words))


def cities_of(address: Written, names: CityNames) -> frozenset[str]:
    """The numbers of the cities that it may be in."""
    named: set[str] = set()
    for part in address.cities:
        words = tuple(word for word in folded(part) if word not in _CITY_AFTER)
        named |= names.any.get(words, frozenset())
    texts = (*address.texts, *address.areas, *(() if named else address.cities))
    mentioned = {number for text in texts for tokens in segments(text) for number in _mentioned(tokens, names)}
    if not named:
        return frozenset(mentioned)
    if mentioned and not named & mentioned:
        return frozenset(named | mentioned)  # it contradicts itself
    return frozenset(named)


def _mentioned(tokens: list[Token], names: CityNames) -> set[str]:
    found: list[tuple[int, int, frozenset[str]]] = []
    for start, end in _spans(tokens):
        before, after = _around(tokens, start, end)
        told = before in _CITY_AFTER or after in _CITY_AFTER
        if told:
            numbers = names.any.get(tuple(token.folded for token in tokens[start:end]))
        else:
            numbers = names.strong.get(tuple(token.raw for token in tokens[start:end]))
        if numbers and (told or not (before in _NO_CITY_AFTER or after in _LANDMARKS or _belongs(tokens, start))):
            found.append((start, end, numbers))
    return set().union(*(numbers for _, _, numbers in _longest(found)))


# --- Regions --------------------------------------------------------------------------------------------------------
def regions_of(address: Written, regions: Mapping[str, str], city: frozenset[Words]) -> frozenset[str]:
    """The numbers of the regions of one city that it may be in. `city`: the city's own names, which name no region
    where the address only mentions them."""
    names: dict[Words, set[str]] = {}
    for number, label in regions.items():
        if words := folded(label):
            names.setdefault(words, set()).add(number)
    for part in address.areas:
        if numbers := names.get(folded(part)):
            return frozenset(numbers)
    names = {words: numbers for words, numbers in names.items() if words not in _OTHER}
    raw_names = {raw(label) for label in regions.values()}
    found: set[str] = set()
    for text in (*address.texts, *address.areas, *address.cities):
        for tokens in segments(text):
            spans = []
            for start, end in _spans(tokens):
                words = tuple(token.folded for token in tokens[start:end])
                numbers = names.get(words)
                if not numbers or words in city:
                    continue
                before, after = _around(tokens, start, end)
                if before in _NOT_AFTER or after in _LANDMARKS or _belongs(tokens, start):
                    continue
                exact = tuple(token.raw for token in tokens[start:end]) in raw_names
                if exact or before in _REGION_AFTER or len(words) > 1:  # سلام is a person's name, السلام a quarter's
                    spans.append((start, end, frozenset(numbers)))
            found |= set().union(*(numbers for _, _, numbers in _longest(spans)))
    return frozenset(found)


def is_other(label: str) -> bool:
    """The region for what is in none: اخرى."""
    return folded(label) in _OTHER


# --- Both -----------------------------------------------------------------------------------------------------------
_MOST_WORDS = 6


def _spans(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    for start in range(len(tokens)):
        for end in range(start + 1, min(start + _MOST_WORDS, len(tokens)) + 1):
            yield start, end


def _around(tokens: list[Token], start: int, end: int) -> tuple[str, str]:
    """The words before and after; those that only join two others are looked through."""
    before = start - 1
    while before >= 0 and tokens[before].raw in _FILLERS:
        before -= 1
    return (
        tokens[before].folded if before >= 0 else "",
        tokens[end].folded if end < len(tokens) else "",
    )


def _belongs(tokens: list[Token], start: int) -> bool:
    """University of Baghdad."""
    return start >= 2 and tokens[start - 1].raw in ("of", "to") and tokens[start - 2].folded in _LANDMARKS


def _longest(found: list[tuple[int, int, frozenset[str]]]) -> list[tuple[int, int, frozenset[str]]]:
    """Without those that are a part of a longer one."""
    return [
        one
        for one in found
        if not any(other[0] <= one[0] and one[1] <= other[1] and other[:2] != one[:2] for other in found)
    ]
