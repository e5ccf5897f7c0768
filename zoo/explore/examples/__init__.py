"""Ten test images of each class, to start from: one PNG per dataset, a row for each class.

MNIST is under CC BY-SA 3.0, Fashion-MNIST under the MIT licence, Noto emoji under Apache-2.0.
"""

import functools
import pathlib

import numpy as np
import PIL.Image

from zoo.explore import pictures

FOLDER = pathlib.Path(__file__).parent
EACH = 10
# Images of the same kind as another dataset's.
SAME = {"mnist_5k": "mnist"}


def find(dataset: str) -> pathlib.Path | None:
    """Returns the sheet of a dataset's images; None if there is none."""
    path = FOLDER / f"{SAME.get(dataset, dataset)}.png"
    return path if path.exists() else None


@functools.cache
def load(dataset: str, shape: tuple[int, ...]) -> np.ndarray:
    """Returns images [K, 10, H, W, C] in [0, 1] by class; K is 0 if there are none of that shape.

    Args:
      dataset: name of the dataset.
      shape: [H, W, C] of a model's images.
    """
    none = np.zeros((0, EACH, *shape), np.float32)
    path = find(dataset)
    if path is None:
        return none
    sheet = np.asarray(PIL.Image.open(path), np.float32) / 255
    height, width, channels = shape
    sheet = sheet.reshape(*sheet.shape[:2], -1)
    if sheet.shape[2] != channels or sheet.shape[0] % height or sheet.shape[1] != EACH * width:
        return none
    rows = sheet.reshape(-1, height, EACH, width, channels).transpose(0, 2, 1, 3, 4)
    rows.flags.writeable = False
    return rows


@functools.cache
def load_urls(dataset: str, shape: tuple[int, ...], number: int) -> list[str]:
    """Returns image `number` of each class as addresses that a browser shows."""
    return [pictures.to_url(of_class[number]) for of_class in load(dataset, shape)]


def save(path: pathlib.Path, images: np.ndarray) -> None:
    """Writes images [K, 10, H, W, C], uint8, as the sheet that `load` reads."""
    count, each, height, width, channels = images.shape
    sheet = images.transpose(0, 2, 1, 3, 4).reshape(count * height, each * width, channels)
    PIL.Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(path, optimize=True)
