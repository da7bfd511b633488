"""Values as the document types them, checked. What comes out is again plain JSON, so that it can be compared with
what the order shows."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from rest_framework import serializers

from integrations.magiclane import words

MAX_PART = 255
_GRAM = Decimal("0.001")
_MAX_ID = 2**63 - 1


def number(value: float | Decimal) -> int | float:
    """12 rather than 12.0, as people write it."""
    return int(value) if value == int(value) else float(value)


class Field(serializers.Field):
    """Optional unless it says otherwise."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, **options})


class Text(Field):
    default_error_messages = {"type": "Must be a text.", "long": "Must not be longer than {limit} characters."}

    def __init__(self, limit: int, **options: Any) -> None:
        self.limit = limit
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("type")
        if len(data) > self.limit:
            self.fail("long", limit=self.limit)
        return data


class Phone(Text):
    default_error_messages = {"phone": "The phone number has the wrong format; write it like +1202555018."}

    def __init__(self, **options: Any) -> None:
        super().__init__(64, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and not words.PHONE.fullmatch(text):
            self.fail("phone")
        return text


class Email(Text):
    default_error_messages = {"email": "The e-mail address has the wrong format."}

    def __init__(self, **options: Any) -> None:
        super().__init__(254, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text:
            try:
                validate_email(text)
            except ValidationError:
                self.fail("email")
        return text


class Number(Field):
    """A JSON number from `least` to `most`; `whole` if it must be an integer."""

    default_error_messages = {
        "type": "Must be a number.",
        "whole": "Must be an integer.",
        "less": "Must not be less than {least}.",
        "more": "Must not be greater than {most}.",
    }

    def __init__(self, least: int, most: int, *, whole: bool = False, **options: Any) -> None:
        self.least, self.most, self.whole = least, most, whole
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int | float:
        if isinstance(data, bool) or not isinstance(data, int | Decimal):
            self.fail("whole" if self.whole else "type")
        if data < self.least:
            self.fail("less", least=self.least)
        if data > self.most:
            self.fail("more", most=self.most)
        if not self.whole:
            return float(data) if isinstance(data, Decimal) else data
        if data != int(data):
            self.fail("whole")
        return int(data)


class Integer(Number):
    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(least, most, whole=True, **options)


class Weight(Number):
    """Kilograms, to the gram."""

    def to_internal_value(self, data: Any) -> int | float:
        super().to_internal_value(data)
        return number(Decimal(data).quantize(_GRAM))


class Identifier(Field):
    """The `id` of something; one that no row can have is -1, which is not found."""

    default_error_messages = {"type": "Must be an integer."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("type")
        return data if 0 <= data <= _MAX_ID else -1


class Flag(Field):
    default_error_messages = {"type": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("type")
        return data


class Location(Field):
    """`[latitude, longitude]`; `[0, 0]` is what an unset one looks like."""

    default_error_messages = {
        "unset": "The coordinates are not set.",
        "form": "Must be [latitude, longitude], in degrees.",
    }

    def __init__(self, **options: Any) -> None:
        unset = self.default_error_messages["unset"]
        super().__init__(**{"error_messages": {"required": unset, "null": unset}, **options})

    def to_internal_value(self, data: Any) -> list[int | float]:
        if not isinstance(data, list) or not all(
            isinstance(value, int | Decimal) and not isinstance(value, bool) for value in data
        ):
            self.fail("form")
        if not data:
            self.fail("unset")
        if len(data) != 2 or abs(data[0]) > 90 or abs(data[1]) > 180:
            self.fail("form")
        found = [number(float(value)) for value in data]
        if not any(found):
            self.fail("unset")
        return found


class TimeWindow(Field):
    """`[start, end]` in minutes from midnight."""

    default_error_messages = {"form": "The time window has the wrong format; write it like [420, 1086]."}

    def to_internal_value(self, data: Any) -> list[int]:
        if not isinstance(data, list) or len(data) != 2 or not all(type(minute) is int for minute in data):
            self.fail("form")
        if not 0 <= data[0] <= data[1] <= words.MAX_MINUTE:
            self.fail("form")
        return data


class AddressField(Field):
    """An object of texts. Every part of the document's is in what comes out, `extra` only if it was given."""

    default_error_messages = {
        "type": "Must be an object.",
        "part": "{part} must be a text.",
        "long": "{part} must not be longer than {limit} characters.",
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, dict):
            self.fail("type")
        given = {name: data[name] for name in (*words.ADDRESS, words.EXTRA) if data.get(name) is not None}
        for name, value in given.items():
            if not isinstance(value, str):
                self.fail("part", part=name)
            if len(value) > MAX_PART:
                self.fail("long", part=name, limit=MAX_PART)
        return {**dict.fromkeys(words.ADDRESS, ""), **given}
