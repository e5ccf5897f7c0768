"""Folders of small images for tests."""

import numpy as np
import PIL.Image


def write(root, *names, size=(6, 6), count=12, mode="RGB"):
    """Images under each of the names, all of a name in one colour of its own."""
    for i, name in enumerate(names):
        (root / name).mkdir(parents=True, exist_ok=True)
        for j in range(count):
            pixels = np.full((*size, 3), 30 * (i + 1), np.uint8)
            pixels[0, 0] = j
            PIL.Image.fromarray(pixels).convert(mode).save(root / name / f"{j}.png")
    return root
