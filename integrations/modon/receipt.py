"""The receipt of one order: a page of A6 that is stuck onto the parcel, in Arabic, with the order's QR code."""

import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import cast

import fontpkg_noto_sans_arabic
import segno
from django.conf import settings
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos

from destinations import money
from integrations.modon import words
from integrations.modon.places import places
from integrations.modon.serializers import time
from orders.models import Order

_WEIGHTS = {"": 400, "B": 700}
_FAMILY = "arabic"
# Millimetres, and points of the type that the table is tried in.
_WIDTH, _HEIGHT, _MARGIN, _LABEL, _QR = 105, 148, 6, 24, 30
_SIZES = (10, 8, 6, 5)
_JOINERS = "\u200c\u200d"
_FROM_LEFT = "\u200e"
_PHONE_IN_TEXT = re.compile(r"\+(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Line:
    """`ltr`: a number, a phone or a time, which reads from left to right on an Arabic page too."""

    label: str
    value: str
    ltr: bool = False

    @property
    def text(self) -> str:
        shown = printable(self.value)
        # A phone in the middle of a text: its plus would stand behind the number.
        return shown if self.ltr else _PHONE_IN_TEXT.sub(_FROM_LEFT + "+", shown)


def draw(order: Order) -> bytes:
    """The PDF. `order` with its items."""
    pdf = FPDF(unit="mm", format=(_WIDTH, _HEIGHT))
    pdf.set_auto_page_break(False)
    pdf.set_margin(_MARGIN)
    pdf.set_title(f"{order.pk}")
    for style in _WEIGHTS:
        pdf.add_font(_FAMILY, style, font(style))
    pdf.add_page()
    _head(pdf, order)
    _table(pdf, [line for line in _lines(order) if line.value], _HEIGHT - _MARGIN)
    return bytes(pdf.output())


def _lines(order: Order) -> list[Line]:
    known = places()
    where = known.of(order)
    items = list(order.items.all())
    dinars = order.currency == words.CURRENCY
    amount = f"{money.written(order.cod_amount or Decimal(0), order.currency):,f}"
    extras = order.extras
    return [
        Line("التاريخ", time(order.created_at), ltr=True),
        Line("المتجر", order.pickup_name),
        Line("هاتف المتجر", order.pickup_phone, ltr=True),
        Line("الزبون", order.dropoff_name),
        Line("هاتف الزبون", order.dropoff_phone, ltr=True),
        Line("هاتف ثانٍ", str(extras.get("client_mobile2") or ""), ltr=True),
        Line("المحافظة", where["city_name"]),
        Line("المنطقة", where["region_name"]),
        Line("العنوان", where["location"]),
        Line("البضاعة", ", ".join(item.name for item in items)),
        Line("العدد", str(sum(item.quantity for item in items)) if items else "", ltr=True),
        Line("الحجم", known.size_of(order)),
        Line("المبلغ", f"{amount} {'د.ع' if dinars else order.currency}", ltr=not dinars),
        Line("استبدال", "نعم" if words.is_replacement(order) else ""),
        Line("ملاحظات", order.notes),
    ]


# --- The page -------------------------------------------------------------------------------------------------------
def _head(pdf: FPDF, order: Order) -> None:
    code = BytesIO()
    segno.make(str(order.pk), error="m", micro=False).save(code, kind="png", scale=8, border=4)
    pdf.image(code, x=_MARGIN, y=_MARGIN, w=_QR)
    beside = _WIDTH - 2 * _MARGIN - _QR - 2
    _text(pdf, "وصل استلام", 16, x=_MARGIN + _QR + 2, y=_MARGIN + 3, width=beside, style="B")
    _text(pdf, str(order.pk), 18, x=_MARGIN + _QR + 2, y=_MARGIN + 14, width=beside, style="B", ltr=True)
    pdf.set_draw_color(160)
    pdf.set_y(_MARGIN + _QR + 2)


def _table(pdf: FPDF, lines: list[Line], bottom: float) -> None:
    """In the largest type in which all of it fits; what does not even fit in the smallest is cut off."""
    top = pdf.get_y()
    fitting = (size for size in _SIZES if top + sum(_height(pdf, one, size) for one in lines) <= bottom)
    size = next(fitting, _SIZES[-1])
    y = top
    for line in lines:
        height = min(_height(pdf, line, size), bottom - y)
        if height < _leading(size):
            break
        pdf.line(_MARGIN, y, _WIDTH - _MARGIN, y)
        _text(pdf, line.label, size, x=_WIDTH - _MARGIN - _LABEL, y=y, width=_LABEL, style="B")
        most = int(height / _leading(size))
        _text(pdf, line.text, size, x=_MARGIN, y=y, width=_value_width(), ltr=line.ltr, most=most)
        y += height


def _value_width() -> float:
    return _WIDTH - 2 * _MARGIN - _LABEL


def _leading(size: float) -> float:
    """Millimetres of a line: the script needs room above and below."""
    return size * 0.55


def _height(pdf: FPDF, line: Line, size: float) -> float:
    return len(_broken(pdf, line.text, size, _value_width())) * _leading(size)


def _broken(pdf: FPDF, text: str, size: float, width: float, style: str = "") -> list[str]:
    pdf.set_font(_FAMILY, style, size)
    pdf.set_text_shaping(True, direction="rtl")
    lines = pdf.multi_cell(width, _leading(size), text, align=Align.R, dry_run=True, output=MethodReturnValue.LINES)
    return cast(list[str], lines)


def _text(
    pdf: FPDF,
    text: str,
    size: float,
    *,
    x: float,
    y: float,
    width: float,
    style: str = "",
    ltr: bool = False,
    most: int | None = None,
) -> None:
    """Writes a text at the right of a column, in at most so many lines."""
    lines = _broken(pdf, text, size, width, style)
    if most is not None and len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][:-1] + "…"]
    pdf.set_text_shaping(True, direction="ltr" if ltr else "rtl")
    for number, line in enumerate(lines):
        pdf.set_xy(x, y + number * _leading(size))
        pdf.cell(width, _leading(size), line, align=Align.R, new_x=XPos.LEFT, new_y=YPos.NEXT)


# --- Letters --------------------------------------------------------------------------------------------------------
def printable(text: str) -> str:
    """The text without what has no shape (control characters, direction marks), and "?" for what the font lacks."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(map(_printable, text))


def _printable(letter: str) -> str:
    kind = unicodedata.category(letter)
    if letter in _JOINERS or (ord(letter) in _letters() and kind not in ("Cc", "Cf")):
        return letter
    return "" if kind in ("Cc", "Cf", "Mn") else "?"


@lru_cache
def _letters() -> frozenset[int]:
    return frozenset(TTFont(font("")).getBestCmap())


def make_fonts() -> None:
    for style in _WEIGHTS:
        font(style)


def font(style: str) -> Path:
    """The file of one weight, made out of the variable font where there is none yet: that takes half a second, which
    no receipt should have to wait for."""
    weight = _WEIGHTS[style]
    folder = settings.DATA_DIR / "fonts"
    path = folder / f"NotoSansArabic-{weight}.ttf"
    if not path.exists():
        [variable] = (fontpkg_noto_sans_arabic.ROOT / "files").glob("*.ttf")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
            axes = {"wght": weight, "wdth": 100}
            instancer.instantiateVariableFont(TTFont(variable), axes, updateFontNames=True).save(part)
        os.replace(part.name, path)
    return path
