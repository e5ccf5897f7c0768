"""Pictures of the scripts: samples of any model, interpolations and styles of a SavedModel."""

import os

import numpy as np
import sklearn.metrics

from zoo import data, files
from zoo.distributions import codes
from zoo.drawing import images, scatter
from zoo.errors import UserError
from zoo.models.capabilities import Capability
from zoo.seeds import row_sample

DIGITS = 5  # in the number of a single file
# Number of training images compared at once.
BATCH_SIZE = 500


def save_samples(path: str | os.PathLike, model, split: data.Split | None = None) -> None:
    """Writes samples of a model as a PNG file: a grid of images, or points in the plane.

    Args:
      path: the file; not written if the model's samples cannot be drawn.
      model: a Keras model of the zoo.
      split: rows to show beside points.
    """
    if model.spec.shape == (2,):
        scatter.save_png(path, model, split)
    elif (grid := images.sample_grid(model)) is not None:
        images.save_png(path, grid, header=_sample_header(model))


def _sample_header(model):
    """Names of the columns of `images.sample_grid`; none if the columns are alike."""
    if model.conditional:
        return model.spec.label_names
    if Capability.CLUSTER_SAMPLES in model.capabilities:
        return [f"cluster {k}" for k in range(model.num_clusters)]
    return []


def draw_samples(model, count: int, seed: int = 0, labels=None):
    """Returns x [count, H, W, C] and {"seed", "y"}: row i from seed + i and the labels in turn."""
    _need(model, "sample")
    seeds = np.array(_integers("seed", range(seed, seed + count)), np.int32)
    if not model.conditional:
        if labels is not None:
            raise UserError(f"{model.path} takes no labels: leave them out.")
        return model.sample(seeds), {"seed": seeds}
    y = np.resize(_labels(model, labels), count)
    return model.sample(seeds, y), {"seed": seeds, "y": y}


def find_nearest(x: np.ndarray, split: data.Split) -> np.ndarray:
    """Returns the image of a split nearest to each of x, by pixels, [N, H, W, C].

    Raises:
      UserError: if x are not images, or the split's rows have another shape.
    """
    if x.ndim != 4:
        raise UserError(
            f"Samples have the shape {list(x.shape[1:])}: nearest training rows are shown for "
            "images alone. Leave --nearest out; samples.png of a run has points beside the data's."
        )
    flat = x.reshape(len(x), -1)
    best, nearest = np.full(len(x), np.inf), np.zeros_like(x)
    for batch in split.batches(BATCH_SIZE).as_numpy_iterator():
        rows = batch["x"]
        if rows.shape[1:] != x.shape[1:]:
            raise UserError(
                f"Samples have the shape {list(x.shape[1:])}, training images "
                f"{list(rows.shape[1:])}: choose the dataset that the model was trained on."
            )
        found, distance = sklearn.metrics.pairwise_distances_argmin_min(
            flat, rows.reshape(len(rows), -1)
        )
        closer = distance < best
        best[closer], nearest[closer] = distance[closer], rows[found[closer]]
    return nearest


def stack_rows(columns: int, *groups: np.ndarray) -> np.ndarray:
    """Stacks groups of images [N, H, W, C] row by row; fills the last row with white."""
    missing = -len(groups[0]) % columns
    padded = [np.pad(g, [(0, missing)] + [(0, 0)] * 3, constant_values=1.0) for g in groups]
    rows = np.stack([g.reshape(-1, columns, *g.shape[1:]) for g in padded], 1)
    return rows.reshape(-1, *groups[0].shape[1:])


def label_header(model, labels, columns: int) -> list[str]:
    """Returns the class names over the columns of `draw_samples`; none where columns mix them."""
    if not model.conditional or not model.class_names:
        return []
    labels = _labels(model, labels)
    if columns % len(labels):
        return []
    return [model.class_names[y] for y in np.resize(labels, columns)]


def from_seeds(model, seeds, label: int | str | None = None):
    """Returns samples x from these seeds, and y: `label` (0 if None) for each, or None."""
    seeds = np.array(_integers("seed", seeds), np.int32)
    _need(model, "sample")
    if not model.conditional:
        if label is not None:
            raise UserError(f"{model.path} takes no labels: leave --label out.")
        return model.sample(seeds), None
    y = np.full(len(seeds), model.spec.label(label or 0), np.int32)
    return model.sample(seeds, y), y


def from_test_images(model, dataset, numbers, pixels: str = "scaled"):
    """Returns the test images x with these numbers, and y, or None if the model takes no labels.

    Args:
      model: a loaded model.
      dataset: its data.
      numbers: of the images.
      pixels: kind of pixels, see zoo.data.
    """
    numbers = _integers("image", numbers)
    if not all(0 <= n < dataset.test.size for n in numbers):
        raise UserError(
            f"Image numbers {numbers}: expected 0 .. {dataset.test.size - 1}, the test images of "
            f"{dataset.name!r}."
        )
    batches = dataset.test.batches(100, pixels)
    found = {}
    for i, batch in batches.enumerate().as_numpy_iterator():
        for n in numbers:
            if n // 100 == i:
                found[n] = batch["x"][n % 100], batch["y"][n % 100]
        if len(found) == len(set(numbers)):
            break
    x, y = zip(*(found[n] for n in numbers), strict=True)
    if model.conditional and min(y) < 0:
        raise UserError(
            f"Image numbers {[n for n in numbers if found[n][1] < 0]} have no label, which "
            f"{model.path} takes: choose images with one."
        )
    return np.stack(x), np.array(y, np.int32) if model.conditional else None


def walk(model, x, y, steps: int):
    """Returns the images from each of x to the next, [(N - 1) steps, H, W, C], and `steps`."""
    _need(model, "interpolate")
    if len(x) < 2:
        raise UserError(
            "An interpolation needs two images or more: give two seeds or image numbers."
        )
    if y is not None and len(set(y.tolist())) > 1:
        raise UserError(
            f"A conditional model interpolates between images of one label; these images have "
            f"{y.tolist()}. Choose images of one class, or --grid."
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


def trajectories(model, seeds, label: int | str | None, steps: int):
    """Returns a row for each seed: the way from noise to its sample, in even steps of time."""
    _need(model, "trajectory")
    seeds = np.array(_integers("seed", seeds), np.int32)
    if label is not None and not model.conditional:
        raise UserError(f"{model.path} takes no labels: leave --label out.")
    t = np.tile(np.linspace(0, 1, steps, dtype=np.float32), len(seeds))
    y = [np.full(len(t), model.spec.label(label or 0), np.int32)] if model.conditional else []
    return model.trajectory(np.repeat(seeds, steps), t, *y), steps


def complete(model, x, y, keep: str, count: int):
    """Returns images.completion_rows: a row for each image x, and the names of the columns.

    Args:
      model: a loaded model with the signature `complete`.
      x: images [N, H, W, C].
      y: their labels [N], or None.
      keep: "top", "bottom", "left" or "right".
      count: completions of each.
    """
    _need(model, "complete")
    return images.completion_rows(model.complete, x, y, keep, count)


def walk_codes(model, seeds, label: int | str | None, steps: int):
    """Returns the images from each seed's code to the next, [(N - 1) steps, ...], and `steps`.

    Interpolates along an arc if the prior of the codes is Gaussian, else along a line.
    """
    z = _codes(model, seeds)
    if len(z) < 2:
        raise UserError("An interpolation needs two images or more: give two seeds.")
    t = np.tile(np.linspace(0, 1, steps, dtype=np.float32), len(z) - 1)
    z = _path(model)(np.repeat(z[:-1], steps, 0), np.repeat(z[1:], steps, 0), t)
    return _decode(model, z, label), steps


def walk_labels(model, seeds, labels, steps: int):
    """Returns a row for each seed: its code, with each of the labels turning into the next."""
    _need(model, "morph")
    labels, z = _labels(model, labels), _codes(model, seeds)
    if len(labels) < 2:
        raise UserError("A morph needs two labels or more: give --labels=3,8.")
    count = steps * (len(labels) - 1)
    t = np.tile(np.linspace(0, 1, steps, dtype=np.float32), len(labels) - 1)
    y, y_new = np.repeat(labels[:-1], steps), np.repeat(labels[1:], steps)
    rows = [np.tile(a, len(z)) for a in (y, y_new, t)]
    return model.morph(np.repeat(z, count, 0), *rows), count


def code_grid(model, seeds, steps: int):
    """Returns a grid of images from codes: with labels, a seed per row and a label per column.

    Without labels, interpolates between the codes of four seeds, one at each corner.
    """
    z = _codes(model, seeds)
    if model.conditional:
        classes = model.spec.num_classes
        y = np.tile(np.arange(classes, dtype=np.int32), len(z))
        return model.decode(np.repeat(z, classes, 0), y), classes
    if len(z) != 4:
        raise UserError(
            f"A grid without labels interpolates between four codes: give 4 seeds, not {len(z)}."
        )
    path, t = _path(model), np.linspace(0, 1, steps, dtype=np.float32)
    left, right = (
        path(*(np.repeat(z[i : i + 1], steps, 0) for i in ends), t) for ends in ((0, 2), (1, 3))
    )
    z = path(np.repeat(left, steps, 0), np.repeat(right, steps, 0), np.tile(t, steps))
    return model.decode(z.astype(np.float32)), steps


def vary_codes(model, seed, code: int, steps: int):
    """Returns a row for each category: one uniform code of InfoGAN from -1 to 1, the others fixed.

    Args:
      model: a loaded model with informative codes.
      seed: of the noise and of the other uniform codes.
      code: number of the uniform code, from 0.
      steps: images of each row.
    """
    config = model.config
    if config.get("codes") != "informative":
        raise UserError(f"{model.path} has no informative codes: try infogan.")
    if not 0 <= code < config.uniform_codes:
        raise UserError(
            f"--vary={code}: {model.path} has the uniform codes 0 .. {config.uniform_codes - 1}."
        )
    c, u, noise = codes.split(_codes(model, [seed]), config)
    rows = config.categories * steps
    c = np.repeat(np.eye(config.categories, dtype=np.float32), steps, 0)
    u, noise = np.repeat(u, rows, 0), np.repeat(noise, rows, 0)
    u[:, code] = np.tile(np.linspace(-1, 1, steps), config.categories)
    return model.decode(np.concatenate([c, u, noise], 1).astype(np.float32)), steps


def _codes(model, seeds):
    """The codes [N, D] from which a generator samples with these seeds."""
    prior = codes.KINDS[model.config.codes](model.config)
    return row_sample(prior, _integers("seed", seeds)).numpy()


def _path(model):
    return codes.PATHS[model.config.codes]


def _decode(model, z, label):
    if model.conditional:
        return model.decode(
            z.astype(np.float32), np.full(len(z), model.spec.label(label or 0), np.int32)
        )
    if label is not None:
        raise UserError(f"{model.path} takes no labels: leave --label out.")
    return model.decode(z.astype(np.float32))


def save_samples_as(out: str, x: np.ndarray, arrays: dict, columns: int, header=()) -> None:
    """Writes images as a grid (.png), an animation (.gif), arrays (.npz) or a folder of PNGs.

    Points in the plane are drawn as a scatter plot (.png).
    """
    path = files.user_path(out)
    in_plane = x.shape[1:] == (2,)
    if x.ndim == 2 and path.suffix != ".npz" and not (in_plane and path.suffix == ".png"):
        raise UserError(
            f"{out}: these samples are rows of {x.shape[1]} numbers, which are written to an .npz"
            f"{' or drawn as a .png' if in_plane else ''}."
        )
    if in_plane and path.suffix == ".png":
        scatter.save_points(path, x)
    elif path.suffix == ".png":
        columns = min(columns, len(x))
        images.save_png(path, images.grid(x, columns), header=header[:columns])
    elif path.suffix == ".gif":
        images.save_gif(path, list(x), scale=4)
    elif path.suffix == ".npz":
        with files.atomic(path) as temporary:
            np.savez_compressed(temporary, x=x, **arrays)
    elif path.suffix == "":
        if path.exists():
            raise UserError(f"{path} exists: choose a folder that does not exist.")
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


def _labels(model, given):
    """Labels [N], given as numbers or names; all labels of the model if None."""
    given = range(model.spec.num_classes) if given is None else given
    if not len(given):
        raise UserError("--labels is empty: name one or more, or leave --labels out for all.")
    return np.array([model.spec.label(label) for label in given], np.int32)


def _integers(what, values):
    try:
        numbers = [int(v) for v in values]
    except ValueError as error:
        raise UserError(f"A {what} is a whole number: {error}.") from error
    if not numbers or not all(-(2**31) <= n < 2**31 for n in numbers):
        raise UserError(f"A {what} is a whole number of 32 bits; given: {numbers or 'none'}.")
    return numbers
