"""Pictures from phones, made anew: small, without where and with what they were taken, and surely pictures."""

from io import BytesIO
from typing import IO

from PIL import Image, ImageOps

from orders.models import MAX_PICTURE

SIDE = 1280  # pixels, of the longer one
SIGNATURE_SIDE = 640
# More than any phone's camera; unpacked, a picture of few bytes may need all the memory that there is.
MAX_PIXELS = 60_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")
Image.init()  # else they are known only once a picture of theirs has been met


class NoPicture(ValueError):
    """What was sent is no picture that we can take."""


def photo(file: IO[bytes]) -> bytes:
    """A JPEG of at most `SIDE` pixels and `MAX_PICTURE` bytes, upright, with nothing but the picture in it. Raises
    `NoPicture`."""
    picture = _read(file, SIDE)
    for quality in (82, 65, 45, 25):
        made = BytesIO()
        picture.save(made, "JPEG", quality=quality, optimize=True)
        if made.tell() <= MAX_PICTURE:
            return made.getvalue()
    raise NoPicture("too large")


def signature(file: IO[bytes]) -> bytes:
    """A PNG in grey, of at most `SIGNATURE_SIDE` pixels. Raises `NoPicture`."""
    picture = _read(file, SIGNATURE_SIDE).convert("L").quantize(8)
    made = BytesIO()
    picture.save(made, "PNG", optimize=True)
    if made.tell() > MAX_PICTURE:
        raise NoPicture("too large")
    return made.getvalue()


def _read(file: IO[bytes], side: int) -> Image.Image:
    """Upright, in RGB on white, no longer than `side`. The size is in the head of the file: it is looked at first."""
    try:
        with Image.open(file, formats=_FORMATS) as found:
            # A JPEG can be unpacked at a fraction of its size; the others come out whole, four bytes a pixel.
            most = MAX_PIXELS if found.format == "JPEG" else MAX_PIXELS // 4
            if found.width * found.height > most:
                raise NoPicture("too many pixels")
            found.draft("RGB", (side, side))
            found.load()
            found.thumbnail((side, side))
            layered = ImageOps.exif_transpose(found).convert("RGBA")
    except NoPicture:
        raise
    except Exception as error:  # a broken file fails in a different way in each of the decoders
        raise NoPicture("not a picture") from error
    white = Image.new("RGB", layered.size, "white")
    white.paste(layered, mask=layered.getchannel("A"))
    return white
