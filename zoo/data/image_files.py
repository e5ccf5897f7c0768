"""Image files of any kind as bytes [H, W, 1 or 3], by Pillow."""

import os
from typing import IO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageColor, ImageOps

from zoo.errors import UserError

# A phone's JPEG with a second picture inside, "MPO" to Pillow, is opened as a JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
SIXTEEN_BITS = 2**16 - 1
# EXIF orientations of pictures taken with the camera on its side.
TURNED = (5, 6, 7, 8)
# What Pillow raises for files that it cannot read.
BROKEN = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


class Header(NamedTuple):
    """Properties of an image file that are known before its pixels are read."""

    height: int
    width: int
    grey: bool
    sixteen_bits: bool


def read_header(path: str | os.PathLike) -> Header:
    """Returns the header of an image file, with the height and width of the upright image.

    Raises:
      One of BROKEN: if it is not an image that can be read.
    """
    with Image.open(path, formats=FORMATS) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation) in TURNED
        width, height = reversed(image.size) if turned else image.size
        grey = image.mode in GREY_MODES
        return Header(height, width, grey, grey and image.mode.startswith("I"))


def read_pixels(file: str | os.PathLike | IO[bytes], channels: int, background: str) -> np.ndarray:
    """Returns the pixels of an image file, uint8 [H, W, channels]; an animation's first frame.

    The image is turned upright (EXIF), composited over the background where it is transparent, and
    converted from its file's mode: bits, palettes, CMYK, 16 bits per pixel.

    Args:
      file: the image file, open or its path.
      channels: 1 for grey, 3 for colour.
      background: a colour as Pillow names them, "white" or "#8080ff".

    Raises:
      One of BROKEN: if the file cannot be read to its end, or its values have no known range.
    """
    with Image.open(file, formats=FORMATS) as image:
        image.load()
        image = ImageOps.exif_transpose(image)
    if image.mode in GREY_MODES and image.mode[0] in "IF":
        image = _to_bytes(image)
    mode = "L" if channels == 1 else "RGB"
    if image.has_transparency_data:
        image = image.convert("RGBA")
        below = Image.new("RGBA", image.size, background)
        image = Image.alpha_composite(below, image)
    pixels = np.asarray(image.convert(mode))
    return pixels.reshape(*pixels.shape[:2], channels)


def read_range(path: str | os.PathLike) -> tuple[int, int]:
    """Returns the lowest and the highest value of a grey image, unconverted."""
    with Image.open(path, formats=FORMATS) as image:
        low, high = np.asarray(image.getextrema(), int)
    return int(low), int(high)


def _to_bytes(image):
    """Converts a grey image of 16 bits per pixel to bytes; 0 becomes 0, 65535 becomes 255."""
    values = np.asarray(image)
    low, high = values.min(), values.max()
    whole = np.issubdtype(values.dtype, np.integer)
    if not whole or low < 0 or high > SIXTEEN_BITS:
        raise ValueError(
            f"its pixels are {'whole numbers' if whole else 'fractions'} from {low:g} to {high:g}, "
            f"but must have 8 bits, or 16 bits from 0 to {SIXTEEN_BITS}"
        )
    return Image.fromarray(np.round(values / (SIXTEEN_BITS / 255)).astype(np.uint8))


def check_background(background: str) -> None:
    """Raises a UserError unless Pillow knows the colour."""
    try:
        ImageColor.getrgb(background)
    except ValueError as error:
        raise UserError(
            f"background={background!r} is not a colour: choose one such as white, black or "
            "#8080ff."
        ) from error
