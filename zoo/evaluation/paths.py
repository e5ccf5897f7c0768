"""How gradually samples change on the way from one code to another."""

import numpy as np

from zoo import seeds
from zoo.evaluation.protocol import SEED, in_batches

# Ways, each between the codes of two samples, and the steps of each.
WAYS = 500
STEPS = 16


def walk(model, ways: int = WAYS, steps: int = STEPS, seed: int = SEED) -> np.ndarray:
    """Returns the samples on ways between two codes of the prior, [ways, steps + 1, ...].

    Of a conditional model each way keeps one label, the labels in turn.

    Args:
      model: a Keras model with codes.
      ways: number of pairs of codes.
      steps: equal ones of each way.
      seed: integer of which the codes are a function.
    """
    drawn = seeds.sample(model.prior(), 2 * ways, seeds.stream(seed, seeds.Stream.EVALUATION))
    z0, z1 = np.split(drawn.numpy(), 2)
    t = np.tile(np.linspace(0, 1, steps + 1, dtype=np.float32), ways)
    z = model.way(np.repeat(z0, steps + 1, 0), np.repeat(z1, steps + 1, 0), t).astype(np.float32)
    y = np.repeat(np.arange(ways, dtype=np.int32) % max(model.spec.num_classes, 1), steps + 1)
    x = in_batches(model.in_graph("decode"), z, *([y] if model.conditional else []))
    return x.reshape(ways, steps + 1, *x.shape[1:])


def smoothness(features: np.ndarray) -> dict[str, float]:
    """Returns "path_length" and "largest_step" of ways through feature space.

    The path length is the mean length of the ways over the mean distance of their ends: 1 for
    straight lines. The largest step is that of each way over its mean step: 1 where all steps are
    alike, the number of steps where all changes at once. A finite form of the perceptual path
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
