"""Smoothness of interpolations between codes."""

import numpy as np

from zoo import seeds
from zoo.evaluation.map_rows import map_arrays
from zoo.evaluation.protocol import SEED

# Number of interpolations, each between the codes of two samples, and the steps of each.
WAYS = 500
STEPS = 16


def walk(model, ways: int = WAYS, steps: int = STEPS, seed: int = SEED) -> np.ndarray:
    """Returns the samples on ways between two codes of the prior, [ways, steps + 1, ...].

    A conditional model keeps one label per interpolation, taking the labels in turn.

    Args:
      model: a Keras model with codes.
      ways: number of pairs of codes.
      steps: number of equal steps of each interpolation.
      seed: integer that determines the codes.
    """
    drawn = seeds.sample(model.prior(), 2 * ways, seeds.stream(seed, seeds.Stream.EVALUATION))
    z0, z1 = np.split(drawn.numpy(), 2)
    t = np.tile(np.linspace(0, 1, steps + 1, dtype=np.float32), ways)
    z = model.interpolate_codes(np.repeat(z0, steps + 1, 0), np.repeat(z1, steps + 1, 0), t).astype(
        np.float32
    )
    y = np.repeat(np.arange(ways, dtype=np.int32) % max(model.spec.num_classes, 1), steps + 1)
    x = map_arrays(model.compiled_method("decode"), z, *([y] if model.conditional else []))
    return x.reshape(ways, steps + 1, *x.shape[1:])


def smoothness(features: np.ndarray) -> dict[str, float]:
    """Returns "path_length" and "largest_step" of ways through feature space.

    The path length is the mean length of the paths over the mean distance of their ends: 1 for
    straight lines. The largest step is that of each path over its mean step: 1 if all steps are
    equal, the number of steps if everything changes at once. A finite form of the perceptual path
    length of Karras et al. 2019 (arXiv 1812.04948), section 4.1, which looks at very short steps.

    Args:
      features: of a judge, [ways, steps + 1, F].
    """
    features = np.asarray(features, np.float64)
    steps = np.linalg.norm(np.diff(features, axis=1), axis=-1)  # [ways, steps]
    ends = np.linalg.norm(features[:, -1] - features[:, 0], axis=-1)
    length = steps.sum(1)
    moved = length > 0  # a way of one image has no steps to compare
    largest = steps[moved].max(1) / steps[moved].mean(1)
    return {
        "path_length": float(length.mean() / max(ends.mean(), 1e-12)),
        "largest_step": float(largest.mean()) if moved.any() else float("nan"),
    }
