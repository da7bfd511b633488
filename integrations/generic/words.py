"""What a receiver's words mean: ours are known, the others are in its destination's settings.

Settings of a destination: `words`, an object from each word to the status that it means, with a mark behind it where
one is meant ("in_transit+delayed"); `tracks`, whether it answers when it is asked where a parcel is (default: true).
"""

from typing import Any, Final

from django.utils.translation import gettext

from orders.statuses import Mark, Status

SCHEMA: Final = "wasl.order.1"

# What a carrier can report. That it has an order is our "accepted", whatever it has done with it.
REPORTED = (
    Status.ACCEPTED,
    Status.PICKED_UP,
    Status.IN_TRANSIT,
    Status.DELIVERED,
    Status.CANCELLED,
    Status.FAILED,
    Status.RETURNED,
    Status.LOST,
)
# Marks are about orders on their way.
MEANINGS = {status.value: (status.value, "") for status in REPORTED} | {
    f"{status}+{mark}": (status.value, mark.value)
    for status in (Status.ACCEPTED, Status.PICKED_UP, Status.IN_TRANSIT)
    for mark in Mark
}
DEFAULT = {
    **{meaning: meaning for meaning in MEANINGS},
    Status.CREATED.value: Status.ACCEPTED.value,
    Status.DISPATCHED.value: Status.ACCEPTED.value,
    **{mark.value: f"{Status.IN_TRANSIT}+{mark}" for mark in Mark},
}
MOST_WORDS, LONGEST_WORD = 300, 80
_SETTINGS = {"words", "tracks"}


def spelling(word: str) -> str:
    """Spaces around it and its case do not matter."""
    return " ".join(word.split()).casefold()


def meaning(word: str, own: dict[str, str]) -> tuple[str, str] | None:
    """The status and mark of a word, by the receiver's own table or ours; None for one that neither has."""
    table = DEFAULT | {spelling(one): meant for one, meant in own.items()}
    return MEANINGS.get(table.get(spelling(word), ""))


def check_words(own: Any) -> None:
    """Raises ValueError, with words for the person who wrote it, for anything but a table of words."""
    if not isinstance(own, dict):
        raise ValueError(gettext('The words are an object, such as {"On the road": "in_transit"}.'))
    if len(own) > MOST_WORDS:
        raise ValueError(gettext("There are too many words; at most %(most)s.") % {"most": MOST_WORDS})
    seen: set[str] = set()
    for word, meant in own.items():
        shown = {"word": word[:LONGEST_WORD]}
        if not spelling(word) or len(word) > LONGEST_WORD or "\x00" in word:
            raise ValueError(gettext("“%(word)s” is no word of 1 to 80 characters.") % shown)
        if spelling(word) in seen:
            raise ValueError(gettext("“%(word)s” is there twice; its case does not matter.") % shown)
        if not isinstance(meant, str) or meant not in MEANINGS:
            raise ValueError(gettext("What “%(word)s” means must be one of our statuses.") % shown)
        seen.add(spelling(word))


def check_settings(stored: Any) -> None:
    """The same for all settings of a destination."""
    if not isinstance(stored, dict) or set(stored) - _SETTINGS:
        raise ValueError(gettext("There are two settings: words and tracks."))
    if not isinstance(stored.get("tracks", True), bool):
        raise ValueError(gettext("tracks is true or false."))
    check_words(stored.get("words", {}))
