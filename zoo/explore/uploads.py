"""Pictures that a visitor uploads, as the input of a model."""

import io
import warnings

import numpy as np
import PIL.Image
import scipy.ndimage

from zoo.data import image_files
from zoo.errors import UserError

LARGEST_FILE = 20_000_000
LARGEST_PICTURE = 40_000_000  # pixels: 160 MB once it is read in colour with transparency
# Of 28 pixels, MNIST's digits fill 20, with their centre of mass in the middle.
DIGIT, SIDE = 20, 28
# Of a photograph: pixels this far from the paper, as a share of the darkest, are ink.
INK = 0.35


def read_picture(data: bytes, shape: tuple[int, ...], digits: bool = False) -> np.ndarray:
    """Returns an uploaded picture as a model's input, [H, W, C] in [0, 1].

    It is read as the images of a folder are: upright by its EXIF data, on white where it is
    transparent. Then it is scaled to fit, on a background of the colour of its border. A photograph
    of a handwritten digit is cut out, inverted and centred as the images of MNIST are.

    Args:
      data: of an image file.
      shape: of the model's images.
      digits: whether these are MNIST's.

    Raises:
      UserError: if it is not a picture, or a very large one; with what to do.
    """
    if len(data) > LARGEST_FILE:
        raise UserError(
            f"That file has {len(data) / 1e6:.0f} MB: choose one below {LARGEST_FILE / 1e6:.0f} MB."
        )
    height, width, channels = shape
    try:
        _check_size(data)
        pixels = image_files.read_pixels(io.BytesIO(data), channels, "white")
    except image_files.BROKEN as error:
        raise UserError(
            "That file is not a picture that can be read: choose a PNG, JPEG, WebP, GIF, BMP or "
            "TIFF file."
        ) from error
    x = pixels.astype(np.float32) / 255
    if digits and min(x.shape[:2]) > SIDE:
        return _center_digit(x[..., 0], height, width)[..., None]
    border = np.concatenate([x[0], x[-1], x[:, 0], x[:, -1]])
    paper = np.median(border, 0)
    if channels == 1 and paper[0] > 0.5:  # ink on paper: the zoo's grey images are bright on black
        x, paper = 1 - x, 1 - paper
    return _fit(x, height, width, paper)


def _check_size(data):
    """Raises a UserError for a picture with too many pixels, before they are decoded."""
    with warnings.catch_warnings():
        # Pillow warns of such a picture, and fails for one twice as large.
        warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
        try:
            header = image_files.read_header(io.BytesIO(data))
            found = f"{header.width:,} x {header.height:,} pixels"
            too_large = header.height * header.width > LARGEST_PICTURE
        except PIL.Image.DecompressionBombError:
            found, too_large = "far too many pixels", True
    if too_large:
        raise UserError(
            f"That picture has {found}: choose one of at most {LARGEST_PICTURE / 1e6:.0f} million, "
            "or make it smaller."
        )


def _fit(x, height, width, paper):
    """An image scaled to fit, in the middle of a canvas of the colour `paper`."""
    ratio = min(height / x.shape[0], width / x.shape[1])
    rows, columns = (max(round(size * ratio), 1) for size in x.shape[:2])
    canvas = np.empty((height, width, x.shape[2]), np.float32)
    canvas[:] = paper
    top, left = (height - rows) // 2, (width - columns) // 2
    canvas[top : top + rows, left : left + columns] = _resize(x, rows, columns)
    return np.clip(canvas, 0, 1)


def _resize(x, rows, columns):
    """Each channel resampled, averaged where it shrinks."""
    size, kind = (columns, rows), PIL.Image.Resampling.BOX
    kind = kind if rows < x.shape[0] else PIL.Image.Resampling.BICUBIC
    channels = [PIL.Image.fromarray(x[..., c]).resize(size, kind) for c in range(x.shape[2])]
    return np.stack([np.asarray(channel) for channel in channels], -1)


def _center_digit(x, height, width):
    """The ink of a photograph [H, W] as MNIST has digits: bright on black, 20 pixels, centred.

    The paper is what a wide blur sees, so that shadows on it do not matter.
    """
    scale = max(x.shape) / 400
    if scale > 1:
        x = _resize(x[..., None], *(max(round(s / scale), 1) for s in x.shape))[..., 0]
    if np.median(x) < 0.5:  # already bright on dark
        x = 1 - x
    paper = scipy.ndimage.gaussian_filter(
        scipy.ndimage.grey_closing(x, size=max(x.shape) // 8 + 1), max(x.shape) / 16
    )
    ink = np.clip(paper - x, 0, 1)
    strongest = np.quantile(ink, 0.999)
    if strongest < 0.05:
        raise UserError("There is nothing on that picture: choose one of a digit on plain paper.")
    ink = np.clip((ink / strongest - INK) / (1 - INK), 0, 1)
    rows, columns = _largest_figure(ink > 0)
    found = ink[rows, columns]
    canvas = np.zeros((height, width), np.float32)
    ratio = DIGIT / SIDE * min(height, width) / max(found.shape)
    size = [max(round(s * ratio), 1) for s in found.shape]
    small = np.clip(_resize(found[..., None], *size)[..., 0], 0, 1)
    center = scipy.ndimage.center_of_mass(small + 1e-6)
    top, left = (
        int(np.clip(round(side / 2 - c - 0.5), 0, side - s))
        for side, c, s in zip((height, width), center, size, strict=True)
    )
    canvas[top : top + size[0], left : left + size[1]] = small / max(small.max(), 1e-6)
    return canvas


def _largest_figure(mask):
    """The rows and columns of the ink, without specks far from it and smaller than a hundredth."""
    joined = scipy.ndimage.binary_dilation(mask, iterations=max(max(mask.shape) // 60, 1))
    labels, count = scipy.ndimage.label(joined)
    sizes = scipy.ndimage.sum_labels(mask, labels, range(1, count + 1))
    kept = np.isin(labels, 1 + np.flatnonzero(sizes > 0.02 * sizes.max())) & mask
    return scipy.ndimage.find_objects(kept.astype(int))[0]
