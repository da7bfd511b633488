"""The Arabic is complete, and what is compiled is what is written."""

import io
import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings

FOLDER = Path(settings.LOCALE_PATHS[0]) / "ar" / "LC_MESSAGES"
_PLACEHOLDER = re.compile(r"%\(\w+\)\w|%%|%[sd]")


@pytest.fixture(scope="module")
def written() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="ar")


def strings(message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


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
