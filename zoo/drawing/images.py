"""Pictures of samples: grids, PNG files, animations."""

import os
from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from zoo import files
from zoo.errors import UserError
from zoo.models.capabilities import Capability

FONT_SIZE = 12


def grid(images: np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Returns float [H', W', C] with images [N, H, W, C] row by row, white lines between them."""
    images = np.asarray(images, np.float32)
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    canvas = np.ones(
        [rows * (height + gap) + gap, columns * (width + gap) + gap, channels], np.float32
    )
    for i, image in enumerate(images):
        top = gap + i // columns * (height + gap)
        left = gap + i % columns * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas


def to_pil(image: np.ndarray, scale: int = 1) -> PIL.Image.Image:
    """Returns a PIL image of float [H, W, 1 or 3] in [0, 1], each pixel `scale` pixels wide."""
    pixels = np.round(np.clip(image, 0.0, 1.0) * 255).astype(np.uint8)
    pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    picture = PIL.Image.fromarray(pixels)
    return picture.resize(
        (picture.width * scale, picture.height * scale), PIL.Image.Resampling.NEAREST
    )


def draw_grid(images: np.ndarray, columns: int = 10, scale: int = 2) -> PIL.Image.Image:
    """Returns images side by side, row by row.

    Args:
      images: [N, H, W, C] or [N, H, W], or one image [H, W, C] or [H, W]; bytes, or floats in
        [0, 1].
      columns: of the grid; fewer if there are fewer images.
      scale: width of a pixel.

    Raises:
      UserError: if the shape is wrong or values are not finite.
    """
    x = np.asarray(images)
    if x.ndim == 2 or (x.ndim == 3 and x.shape[-1] in (1, 3)):
        x = x[None]
    x = x[..., None] if x.ndim == 3 else x
    if x.ndim != 4 or x.shape[-1] not in (1, 3) or not len(x):
        raise UserError(
            f"Expected images [N, H, W, 1] or [N, H, W, 3], got shape {np.shape(images)}."
        )
    if x.dtype.kind in "iu":
        x = x / np.float32(255)
    if not np.all(np.isfinite(x)):
        raise UserError("The images have pixels that are NaN or infinite.")
    return to_pil(grid(x, min(columns, len(x))), scale)


def save_png(
    path: str | os.PathLike,
    image: np.ndarray,
    scale: int = 2,
    header: Sequence[str] = (),
    row_names: Sequence[str] = (),
) -> None:
    """Writes one image as a PNG file.

    Args:
      path: the file.
      image: float [H, W, 1 or 3] in [0, 1], such as a `grid`.
      scale: width of a pixel in the picture.
      header: names above the columns of a grid, if any.
      row_names: names to the left of its rows, if any.
    """
    picture = plain = to_pil(image, scale)
    if header:
        picture = _with_header(picture, header)
    if row_names:
        picture = _with_row_names(picture, row_names, picture.height - plain.height)
    with files.atomic(path) as temporary:
        picture.save(temporary, format="PNG")


def _with_header(picture, names):
    """The picture with a name over each of its columns, upright where it is too wide for one."""
    font = PIL.ImageFont.load_default(FONT_SIZE)
    column = picture.width / len(names)
    boxes = [font.getbbox(name) for name in names]
    upright = any(right - left > 0.95 * column for left, _, right, _ in boxes)
    height = FONT_SIZE * 3 // 2
    width = max(int(right) + 2 for _, _, right, _ in boxes)
    above = width + FONT_SIZE // 2 if upright else height
    canvas = PIL.Image.new(picture.mode, (picture.width, picture.height + above), "white")
    canvas.paste(picture, (0, above))
    for i, name in enumerate(names):
        text = PIL.Image.new(picture.mode, (width, height), "white")
        PIL.ImageDraw.Draw(text).text((0, 0), name, "black", font)
        if upright:
            text = text.rotate(90, expand=True)
            place = (round((i + 0.5) * column - height / 2), above - width - 2)
        else:
            place = (round((i + 0.5) * column - boxes[i][2] / 2), 2)
        canvas.paste(text, place)
    return canvas


def _with_row_names(picture, names, top):
    """The picture with a name to the left of each of its rows, which begin at `top`."""
    font = PIL.ImageFont.load_default(FONT_SIZE)
    width = max(int(font.getbbox(name)[2]) for name in names) + FONT_SIZE
    canvas = PIL.Image.new(picture.mode, (picture.width + width, picture.height), "white")
    canvas.paste(picture, (width, 0))
    row = (picture.height - top) / len(names)
    draw = PIL.ImageDraw.Draw(canvas)
    for i, name in enumerate(names):
        at = (width - FONT_SIZE // 2, top + (i + 0.5) * row)
        draw.text(at, name, "black", font, anchor="rm")
    return canvas


def save_gif(path: str | os.PathLike, frames: Sequence[np.ndarray], scale: int = 2) -> None:
    """Writes images as an endless animation, forwards and backwards, at 20 frames per second."""
    pictures = [to_pil(frame, scale) for frame in [*frames, *frames[-2:0:-1]]]
    with files.atomic(path) as temporary:
        pictures[0].save(
            temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=50, loop=0
        )


def sample_grid(model, rows: int = 10, columns: int = 10) -> np.ndarray | None:
    """Returns a grid of samples, one class or one cluster per column if the model has them.

    Args:
      model: a Keras model of the zoo; None is returned if it samples no images.
      rows: number of rows.
      columns: number of columns of an unconditional model.
    """
    if Capability.SAMPLES not in model.capabilities or not model.of_images:
        return None
    method, columns_are = "sample", None
    if model.conditional:
        columns_are = model.spec.num_classes
    elif Capability.CLUSTER_SAMPLES in model.capabilities:
        method, columns_are = "sample_cluster", model.num_clusters
    columns = columns_are or columns
    seeds = np.arange(rows * columns, dtype=np.int32)
    draw = model.compiled_method(method)
    return grid(draw(seeds, seeds % columns) if columns_are else draw(seeds), columns)


def completion_rows(complete, x: np.ndarray, y: np.ndarray | None, keep: str, count: int):
    """Returns each image, its kept half and completions of that half, and the names of the columns.

    Args:
      complete: maps (x, mask, seed[, y]) to images, as a model's method or signature does.
      x: images [N, H, W, C].
      y: their labels [N]; None for a model without labels.
      keep: "top", "bottom", "left" or "right".
      count: completions of each, from the seeds 0, 1, ...

    Returns:
      Images [N (2 + count), H, W, C], and 2 + count names.
    """
    rows, height, width, _ = x.shape
    mask = np.zeros([rows, height, width, 1], np.float32)
    halves = {
        "top": np.s_[:, : height // 2],
        "bottom": np.s_[:, height // 2 :],
        "left": np.s_[:, :, : width // 2],
        "right": np.s_[:, :, width // 2 :],
    }
    mask[halves[keep]] = 1
    seeds = np.tile(np.arange(count, dtype=np.int32), rows)
    labels = [] if y is None else [np.repeat(y, count)]
    given = np.repeat(x, count, 0), np.repeat(mask, count, 0)
    made = np.asarray(complete(*given, seeds, *labels)).reshape(rows, count, *x.shape[1:])
    half = np.where(mask > 0, x, 0.5)
    shown = np.concatenate([x[:, None], half[:, None], made], 1).reshape(-1, *x.shape[1:])
    return shown, ["image", "kept", *[""] * count]


def restyle_rows(restyle, x: np.ndarray, y: np.ndarray, spec) -> np.ndarray:
    """Returns [N (K + 1), H, W, C]: each image, followed by its style with each of K labels.

    Args:
      restyle: maps (x, y, y_new) to images, as a model's method or signature does.
      x: images [N, H, W, C] that give the styles.
      y: their labels [N].
      spec: of the model.
    """
    rows, classes = len(x), spec.num_classes
    y_new = np.tile(np.arange(classes, dtype=np.int32), rows)
    made = np.asarray(restyle(np.repeat(x, classes, 0), np.repeat(y, classes, 0), y_new))
    made = made.reshape(rows, classes, *spec.shape)
    return np.concatenate([x[:, None], made], 1).reshape(-1, *spec.shape)
