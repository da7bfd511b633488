"""Pictures from phones: made small and clean, and nothing else let in."""

import random
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from integrations.ownfleet import pictures
from orders.models import MAX_PICTURE
from tests.integrations.ownfleet.fleet import picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "MPO"])
@pytest.mark.parametrize("make", [pictures.photo, pictures.signature])
def test_what_phones_make_is_read(kind, make):
    with Image.open(BytesIO(make(picture(kind=kind)))) as found:
        assert found.size == (40, 30)
        assert found.format == ("JPEG" if make is pictures.photo else "PNG")


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM", "PDF"])
def test_other_kinds_are_not(kind):
    with pytest.raises(pictures.NoPicture):
        pictures.photo(picture(kind=kind))


def test_the_busiest_picture_fits_too():
    noise = Image.frombytes("RGB", (2000, 1500), random.Random(1).randbytes(2000 * 1500 * 3))
    file = BytesIO()
    noise.save(file, "JPEG", quality=95)
    file.seek(0)
    assert file.getbuffer().nbytes > 2_000_000
    made = pictures.photo(file)
    assert len(made) <= MAX_PICTURE
    with Image.open(BytesIO(made)) as found:
        assert max(found.size) == pictures.SIDE


def test_transparency_becomes_white():
    clear = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    file = BytesIO()
    clear.save(file, "PNG")
    file.seek(0)
    with Image.open(BytesIO(pictures.signature(file))) as found:
        assert found.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def bomb(width: int, height: int) -> BytesIO:
    """A PNG of few bytes that says that it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    rows = zlib.compress(b"\x00" * 100_000)
    return BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (60_001, 1_000), (2**31 - 1, 2**31 - 1)])
def test_bombs_are_refused_before_they_are_unpacked(monkeypatch, width, height):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("unpacked"))
    with pytest.raises(pictures.NoPicture):
        pictures.photo(bomb(width, height))


@pytest.mark.parametrize("data", [b"", b"x", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"RIFF\0\0\0\0WEBP"])
def test_what_is_no_picture(data):
    with pytest.raises(pictures.NoPicture):
        pictures.photo(BytesIO(data))


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(0, 400), st.binary(min_size=1, max_size=8), st.booleans())
def test_broken_pictures_end_in_a_picture_or_a_refusal(kind, position, noise, cut):
    data = bytearray(picture(kind=kind).getvalue())
    position %= len(data)
    data[position : position + len(noise)] = noise
    try:
        made = pictures.photo(BytesIO(bytes(data[:position] if cut else data)))
    except pictures.NoPicture:
        return
    assert made.startswith(b"\xff\xd8\xff")
