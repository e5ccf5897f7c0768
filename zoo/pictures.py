"""What the scripts draw: samples of any model, and walks and styles of a loaded SavedModel."""

import os
import pathlib

import numpy as np

from zoo import data, files, images, scatter
from zoo.errors import UserError

DIGITS = 5  # of a single file's number


def save_samples(path: str | os.PathLike, model, split: data.Split | None = None) -> None:
    """Writes samples of a model as a PNG file: a grid of images, or points in the plane.

    Args:
      path: of the file, which is not written if the model has no samples that can be drawn.
      model: a Keras model of the zoo.
      split: rows to show beside points.
    """
    if model.spec.shape == (2,):
        scatter.save_png(path, model, split)
    elif (grid := images.sample_grid(model)) is not None:
        images.save_png(path, grid)


def draw_samples(model, count: int, seed: int = 0, labels=None):
    """Returns x [count, H, W, C] and {"seed", "y"}: row i from seed + i and the labels in turn."""
    _need(model, "sample")
    seeds = np.array(_integers("seed", range(seed, seed + count)), np.int32)
    if not model.conditional:
        if labels is not None:
            raise UserError(f"{model.path} draws without labels: leave them out.")
        return model.sample(seeds), {"seed": seeds}
    labels = range(model.spec.num_classes) if labels is None else _integers("label", labels)
    y = np.resize(np.array(labels, np.int32), count)
    return model.sample(seeds, y), {"seed": seeds, "y": y}


def from_seeds(model, seeds, label: int | None = None):
    """Returns samples x from these seeds, and y: `label` (0 if None) for each, or None."""
    seeds = np.array(_integers("seed", seeds), np.int32)
    _need(model, "sample")
    if not model.conditional:
        if label is not None:
            raise UserError(f"{model.path} draws without labels: leave --label out.")
        return model.sample(seeds), None
    y = np.full(len(seeds), label or 0, np.int32)
    return model.sample(seeds, y), y


def from_test_images(model, dataset, numbers):
    """Returns the test images x with these numbers, and y, or None if the model takes no labels."""
    numbers = _integers("image", numbers)
    if not all(0 <= n < dataset.test.size for n in numbers):
        raise UserError(
            f"Image numbers {numbers}: expected 0 .. {dataset.test.size - 1}, the test images of "
            f"{dataset.name!r}."
        )
    batches = dataset.test.batches(100)
    found = {}
    for i, batch in batches.enumerate().as_numpy_iterator():
        for n in numbers:
            if n // 100 == i:
                found[n] = batch["x"][n % 100], batch["y"][n % 100]
        if len(found) == len(set(numbers)):
            break
    x, y = zip(*(found[n] for n in numbers), strict=True)
    return np.stack(x), np.array(y, np.int32) if model.conditional else None


def walk(model, x, y, steps: int):
    """Returns the images from each of x to the next, [(N - 1) steps, H, W, C], and `steps`."""
    _need(model, "interpolate")
    if len(x) < 2:
        raise UserError("A walk needs two images or more: give two seeds or image numbers.")
    if y is not None and len(set(y.tolist())) > 1:
        raise UserError(
            f"A walk of a conditional model keeps one label; these images have {y.tolist()}. "
            "Choose images of one class, or --grid."
        )
    t = np.tile(np.linspace(0, 1, steps, dtype=np.float32), len(x) - 1)
    x0, x1 = np.repeat(x[:-1], steps, 0), np.repeat(x[1:], steps, 0)
    labels = [] if y is None else [np.full(len(t), y[0], np.int32)]
    return model.interpolate(x0, x1, t, *labels), steps


def styles(model, x, y):
    """Returns a row of images for each of x: itself, then its style with every label."""
    _need(model, "restyle")
    rows = images.restyle_rows(model.restyle, x, y, model.spec)
    return rows, model.spec.num_classes + 1


def save(out: str, x: np.ndarray, arrays: dict, columns: int) -> None:
    """Writes images as a grid (.png), an animation (.gif), arrays (.npz) or a folder of PNGs."""
    path = pathlib.Path(out)
    if path.suffix == ".png":
        images.save_png(path, images.grid(x, min(columns, len(x))))
    elif path.suffix == ".gif":
        images.save_gif(path, list(x), scale=4)
    elif path.suffix == ".npz":
        with files.atomic(path) as temporary:
            np.savez_compressed(temporary, x=x, **arrays)
    elif path.suffix == "":
        if path.exists():
            raise UserError(f"{path} exists: choose a folder that does not.")
        with files.atomic(path) as temporary:
            temporary.mkdir()
            for i, image in enumerate(x):
                images.to_pil(image).save(temporary / f"{i:0{DIGITS}d}.png")
    else:
        raise UserError(f"{out}: expected a .png, .gif or .npz file or the name of a new folder.")


def _need(model, signature):
    if signature not in model.signatures:
        raise UserError(
            f"{model.path} has no signature {signature!r}, only {', '.join(model.signatures)}."
        )


def _integers(what, values):
    try:
        numbers = [int(v) for v in values]
    except ValueError as error:
        raise UserError(f"A {what} is a whole number: {error}.") from error
    if not numbers or not all(-(2**31) <= n < 2**31 for n in numbers):
        raise UserError(f"A {what} is a whole number of 32 bits; given: {numbers or 'none'}.")
    return numbers
