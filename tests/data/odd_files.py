"""Thirty odd image files and folders, each with what Pillow reads in it or the error it deserves.

`python -m tests.data.odd_files FOLDER` leaves them in a folder to look at.
"""

import os
import pathlib
import sys
from collections.abc import Callable

import numpy as np
import PIL.Image
import PIL.ImageOps

SIZE = (6, 8)  # height, width


def colours(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)


def picture(mode="RGB", seed=0):
    image = PIL.Image.fromarray(colours(seed))
    if mode in ("RGBA", "LA"):
        image.putalpha(PIL.Image.fromarray(colours(seed + 1)[..., 0]))
    return image.quantize(16) if mode == "P" else image.convert(mode)


def saved(suffix, mode="RGB", **options):
    return lambda path: picture(mode).save(path.with_suffix(suffix), **options)


def sixteen_bits(high):
    def save(path):
        values = np.linspace(0, high, 48).reshape(SIZE).astype(np.uint16)
        PIL.Image.fromarray(values).save(path.with_suffix(".png"))

    return save


def turned(orientation):
    def save(path):
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        picture().transpose(PIL.Image.Transpose.ROTATE_90).save(path.with_suffix(".png"), exif=exif)

    return save


def transparent_palette(path):
    picture("P").save(path.with_suffix(".png"), transparency=0)


def mpo(path):
    """Two pictures in one file, as phones and drones write it, under the name of a JPEG."""
    picture().save(path.with_suffix(".mpo"), save_all=True, append_images=[picture(seed=1)])
    path.with_suffix(".mpo").rename(path.with_suffix(".jpg"))


def animation(path):
    frames = [picture(seed=seed) for seed in range(3)]
    frames[0].save(path.with_suffix(".gif"), save_all=True, append_images=frames[1:])


def under_another_suffix(path):
    picture().save(path.with_suffix(".png"))
    path.with_suffix(".png").rename(path.with_suffix(".jpg"))


# Files that are read, as bytes [6, 8, 3].
READ: dict[str, Callable[[pathlib.Path], object]] = {
    "png": saved(".png"),
    "png_grey": saved(".png", "L"),
    "png_bits": saved(".png", "1"),
    "png_palette": saved(".png", "P"),
    "png_palette_transparent": transparent_palette,
    "png_alpha": saved(".png", "RGBA"),
    "png_grey_alpha": saved(".png", "LA"),
    "png_sixteen_bits": sixteen_bits(65535),
    "png_twelve_of_sixteen_bits": sixteen_bits(4095),
    "jpeg": saved(".jpeg"),
    "jpeg_grey": saved(".jpg", "L"),
    "jpeg_cmyk": saved(".jpg", "CMYK"),
    "jpeg_progressive": saved(".jpg", progressive=True),
    "jpeg_upper_case": saved(".JPG"),
    "jpeg_of_a_phone": mpo,
    "turned_right": turned(6),
    "turned_left_and_mirrored": turned(5),
    "webp": saved(".webp", lossless=True),
    "webp_alpha": saved(".webp", "RGBA", lossless=True),
    "bmp": saved(".bmp"),
    "gif_animated": animation,
    "tiff": saved(".tif"),
    "tiff_cmyk": saved(".tiff", "CMYK"),
    "ppm": saved(".ppm"),
    "png_named_jpg": under_another_suffix,
}


def expected(path: pathlib.Path) -> np.ndarray:
    """What Pillow makes of a file, on white, [6, 8, 3]."""
    image = PIL.ImageOps.exif_transpose(PIL.Image.open(path))
    if image.mode.startswith("I"):
        return np.repeat(np.round(np.asarray(image)[..., None] / 257.0), 3, -1).astype(np.uint8)
    rgba = np.asarray(image.convert("RGBA"), np.float64)
    alpha = rgba[..., 3:] / 255
    return rgba[..., :3] * alpha + 255 * (1 - alpha)


def cut_off(path):
    picture().save(path.with_suffix(".png"))
    data = path.with_suffix(".png").read_bytes()
    path.with_suffix(".png").write_bytes(data[: len(data) // 2])


def not_utf8(path):
    picture().save(path.with_suffix(".png"))
    os.rename(path.with_suffix(".png"), os.fsencode(path.parent) + b"/caf\xe9.png")


def many_bits(path):
    PIL.Image.fromarray(np.full(SIZE, 70000, np.int32)).save(path.with_suffix(".tif"))


# Files that are refused, and words of the error.
REFUSED: dict[str, tuple[Callable[[pathlib.Path], object], str]] = {
    "png_cut_off": (cut_off, r"Broken image file .*png_cut_off\.png.*Repair or remove it"),
    "no_image": (
        lambda path: path.with_suffix(".png").write_text("hello"),
        r"Broken image file .*no_image\.png: cannot identify",
    ),
    "empty": (lambda path: path.with_suffix(".jpg").touch(), r"Broken image file .*empty\.jpg"),
    "name_not_utf8": (not_utf8, r"name of .*caf\\xe9\.png is not UTF-8: rename"),
    "dangling_link": (
        lambda path: path.with_suffix(".png").symlink_to("nowhere.png"),
        r"dangling_link\.png is a link to a file that is not there",
    ),
    "fractions": (
        lambda path: PIL.Image.fromarray(np.full(SIZE, 0.5, np.float32)).save(
            path.with_suffix(".tif")
        ),
        r"fractions from 0\.5 to 0\.5, but must have 8 bits, or 16",
    ),
    "many_bits": (many_bits, r"whole numbers from 70000 to 70000, but must have 8 bits, or 16"),
}


def main(folder):
    for kind, files in (("read", READ), ("refused", {k: v[0] for k, v in REFUSED.items()})):
        (folder / kind).mkdir(parents=True)
        for name, save in files.items():
            save(folder / kind / name)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
