"""Metrics of restyled images: do they keep the style and show the label?"""

import numpy as np

from zoo.data import Dataset
from zoo.drawing import images
from zoo.evaluation.protocol import BATCH_SIZE

# Number of test images drawn with every label.
SOURCES = 1000


def slant(x: np.ndarray) -> np.ndarray:
    """Returns the slant of strokes [N]: columns to the right per row upwards, 0 if upright.

    Args:
      x: white strokes on black, [N, H, W, 1].
    """
    ink = x[..., 0] / np.maximum(x.sum((1, 2)), 1e-6)[..., None]  # [N, H, W], sums to 1
    rows, columns = np.arange(x.shape[1])[:, None], np.arange(x.shape[2])[None, :]
    row = (ink * rows).sum((1, 2), keepdims=True)
    column = (ink * columns).sum((1, 2), keepdims=True)
    covariance = (ink * (rows - row) * (columns - column)).sum((1, 2))
    variance = (ink * (rows - row) ** 2).sum((1, 2))
    return -covariance / np.maximum(variance, 1e-6)


def thickness(x: np.ndarray) -> np.ndarray:
    """Returns the width of strokes in pixels [N]: ink over half the length of the edges.

    Args:
      x: white strokes on black, [N, H, W, 1].
    """
    padded = np.pad(x[..., 0], ((0, 0), (1, 1), (1, 1)))
    down, right = np.diff(padded, axis=1)[:, :, :-1], np.diff(padded, axis=2)[:, :-1]
    edges = np.sqrt(down**2 + right**2).sum((1, 2))
    return 2 * x.sum((1, 2, 3)) / np.maximum(edges, 1e-6)


def correlation(of_source: np.ndarray, of_restyled: np.ndarray, y: np.ndarray) -> float:
    """Returns the correlation of a measure of sources [N] with that of restyled images [N, K].

    Digits differ in slant, a 7 leans more than a 0: both are taken as deviations from the mean of
    their label, y [N] of the sources. NaN if one of them does not vary.
    """
    own = np.zeros(len(y))
    for label in np.unique(y):
        own[y == label] = of_source[y == label] - of_source[y == label].mean()
    others = of_restyled - of_restyled.mean(0)  # [N, K]
    if min(own.std(), others.std()) < 1e-9:
        return float("nan")
    return float(np.corrcoef(np.repeat(own, others.shape[1]), others.reshape(-1))[0, 1])


def restyle_all(model, split) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns test images x [N, ...], their labels y [N], and each with every label [N, K, ...]."""
    split, count = split.take(SOURCES), model.spec.num_classes
    restyle, xs, ys, restyled = model.compiled_method("restyle"), [], [], []
    for batch in split.batches(BATCH_SIZE // count or 1):
        x, y = batch["x"].numpy(), batch["y"].numpy()
        rows = images.restyle_rows(restyle, x, y, model.spec)
        restyled.append(rows.reshape(len(y), 1 + count, *x.shape[1:])[:, 1:])
        xs.append(x)
        ys.append(y)
    return np.concatenate(xs), np.concatenate(ys), np.concatenate(restyled)


def one_per_class(dataset: Dataset) -> dict[str, np.ndarray]:
    """Returns one test image of each class, {"x": float32 [K, H, W, C], "y": int32 [K]}."""
    found: dict[int, np.ndarray] = {}
    for batch in dataset.test.batches(100).as_numpy_iterator():
        for x, y in zip(batch["x"], batch["y"], strict=True):
            found.setdefault(int(y), x)
        if len(found) == dataset.spec.num_classes:
            break
    labels = np.array(sorted(found), np.int32)
    return {"x": np.stack([found[y] for y in labels.tolist()]), "y": labels}
