"""The Arabic is complete, and what is compiled is what is written."""

import io
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

FOLDER = Path(settings.LOCALE_PATHS[0]) / "ar" / "LC_MESSAGES"
_FOLDERS = ("config", "destinations", "integrations", "invoices", "orders", "templates")
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
_PLACEHOLDER = re.compile(r"%\(\w+\)\w|%%|%[sd]")


@pytest.fixture(scope="module")
def written() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="ar")


def strings(message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def in_source() -> Iterator[tuple[str, str | None]]:
    """Every message that our code and templates ask for, with its context."""
    keywords = {name + lazy: spec for name, spec in _KEYWORDS.items() for lazy in ("", "_lazy")}
    for path in sorted(settings.BASE_DIR.glob("*/**/*")):
        relative = path.relative_to(settings.BASE_DIR)
        if relative.parts[0] not in _FOLDERS or path.suffix not in (".py", ".html"):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":  # to what Python's tokenizer bears: no indentation, no quotes outside of strings
            text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
        for _line, message, _comments, context in extract("python", io.BytesIO(text.encode()), keywords=keywords):
            yield (message[0] if isinstance(message, tuple) else message), context


def test_everything_that_is_asked_for_is_written(written):
    asked = set(in_source())
    assert len(asked) > 300, "the messages are not found any more"
    assert ("Delivered", "tracking") in asked, "with a context"
    assert ("Placed", None) in asked, "in a template"
    kept = {(message.id[0] if isinstance(message.id, tuple) else message.id, message.context) for message in written}
    assert sorted(asked - kept, key=str) == []


def test_every_message_is_translated(written):
    missing = [message.id for message in written if message.id and not all(strings(message))]
    fuzzy = [message.id for message in written if message.id and message.fuzzy]
    assert (missing, fuzzy) == ([], [])


def test_a_translation_fills_in_what_the_original_does(written):
    for message in written:
        if isinstance(message.id, str):
            assert sorted(_PLACEHOLDER.findall(message.id)) == sorted(_PLACEHOLDER.findall(message.string))
        elif message.id:
            allowed = set(_PLACEHOLDER.findall(message.id[1]))
            assert all(set(_PLACEHOLDER.findall(string)) <= allowed for string in message.string)


def test_what_is_compiled_is_what_is_written(written):
    compiled = io.BytesIO()
    write_mo(compiled, written)
    compiled.seek(0)
    with (FOLDER / "django.mo").open("rb") as file:
        kept, fresh = (GNUTranslations(source)._catalog for source in (file, compiled))
    assert {**kept, "": ""} == {**fresh, "": ""}  # but for the header
