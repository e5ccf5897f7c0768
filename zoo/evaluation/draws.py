"""Samples of a model, drawn to measure it."""

import numpy as np

from zoo.data import Split
from zoo.evaluation import samples
from zoo.evaluation.protocol import BATCH_SIZE, in_batches
from zoo.types import Samples


def draw(model: Samples, count: int, labels: np.ndarray | None = None) -> np.ndarray:
    """Returns samples x [count, ...] from the seeds 0 to count - 1.

    Args:
      model: a Keras model with samples.
      count: number of samples.
      labels: [count], for a conditional model; not used by others.
    """
    y = [labels.astype(np.int32)] if model.conditional else []
    return in_batches(model.in_graph("sample"), np.arange(count, dtype=np.int32), *y)


def labels_of(split) -> np.ndarray:
    """Returns the labels [N] of a split."""
    return np.concatenate([batch["y"] for batch in split.batches_of_bytes(BATCH_SIZE)])


def validate_samples(model: Samples, judge, split: Split) -> dict[str, float]:
    """Returns the Fréchet classifier distance of samples to a split's images, and their classes.

    As many samples as images; a conditional model draws the labels of the images. "class_entropy"
    is that of the judge's classes of the samples, in nats, "real_class_entropy" that of its classes
    of the images.
    """
    fake = judge.see(draw(model, split.size, labels_of(split)))
    real = judge.see_split(split)
    return {
        "frechet_classifier_distance": samples.frechet_distance(real.features, fake.features),
        "class_entropy": samples.entropy(samples.class_shares(fake.probs)),
        "real_class_entropy": samples.entropy(samples.class_shares(real.probs)),
    }


def conditional_accuracy(model: Samples, classify, count: int) -> float:
    """Returns the share of samples for label y that a classifier calls y.

    Args:
      model: a conditional model.
      classify: maps images [B, H, W, C] to probabilities [B, K]; not trained on the samples.
      count: number of samples, the labels in turn.
    """
    y = np.arange(count, dtype=np.int32) % model.spec.num_classes
    x = draw(model, count, y)
    return float(np.mean(in_batches(classify, x).argmax(-1) == y))
