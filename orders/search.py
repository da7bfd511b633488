"""Substring search without an extension: text in one spelling, and an index over its trigrams (see the migration)."""

import re
import unicodedata
from collections.abc import Iterable

_ARABIC_SPELLING = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ئ": "ي", "ة": "ه", "ک": "ك", "ؤ": "و", "ـ": None}
)


def normalise(text: str) -> str:
    """One spelling for what people write in many: lower case, Latin digits, bare alef and yeh, no accents."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    text = "".join(char for char in text if not unicodedata.combining(char)).translate(_ARABIC_SPELLING)
    text = "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in text)
    return re.sub(r"\s+", " ", text).strip()


def searchable(values: Iterable[str]) -> str:
    """The text that an order is found by, one value a line; a phone also as bare digits."""
    lines: dict[str, None] = {}
    for value in values:
        if not value:
            continue
        line = normalise(value)
        lines[line] = None
        digits = re.sub(r"[\s()+.-]", "", line)
        if digits.isdigit():
            lines[digits] = None
    return "\n".join(lines)[:2000]
