"""Samples of a model for its metrics."""

import time

import numpy as np

from zoo.data import Split
from zoo.evaluation import samples
from zoo.evaluation.headline_metrics import FRECHET
from zoo.evaluation.map_rows import map_arrays
from zoo.models.base import GenerativeModel


def draw(
    model: GenerativeModel,
    count: int,
    labels: np.ndarray | None = None,
    method: str = "sample",
) -> np.ndarray:
    """Returns samples x [count, ...] from the seeds 0 to count - 1.

    Args:
      model: a Keras model with samples.
      count: number of samples.
      labels: [count], for a conditional model; not used by others.
      method: what draws them, a method of (seed[, y]).
    """
    y = [labels.astype(np.int32)] if model.conditional else []
    seed = np.arange(count, dtype=np.int32)
    return map_arrays(model.compiled_method(method), seed, *y)


def time_samples(model: GenerativeModel) -> dict[str, float]:
    """Returns how long one call for 100 samples takes, after a first one: "count", "seconds"."""
    seed = np.arange(100, dtype=np.int32)
    y = [seed % model.spec.num_classes] if model.conditional else []
    sample = model.compiled_method("sample")
    np.asarray(sample(seed, *y))
    start = time.perf_counter()
    np.asarray(sample(seed, *y))
    return {"count": len(seed), "seconds": time.perf_counter() - start}


def validate_samples(model: GenerativeModel, judge, split: Split) -> dict[str, float]:
    """Returns the Fréchet classifier distance of samples to a split's images, and their classes.

    Draws as many samples as images, with their labels if the model is conditional. "class_entropy"
    is that of the judge's classes of the samples, in nats, "real_class_entropy" that of its classes
    of the images.
    """
    fake = judge.features(draw(model, split.size, split.labels()))
    real = judge.features_of_split(split)
    return {
        FRECHET: samples.frechet_distance(real.features, fake.features),
        "class_entropy": samples.entropy(samples.class_shares(fake.probs)),
        "real_class_entropy": samples.entropy(samples.class_shares(real.probs)),
    }


def conditional_accuracy(model: GenerativeModel, classify, count: int) -> float:
    """Returns the share of samples for label y that a classifier calls y.

    Args:
      model: a conditional model.
      classify: maps images [B, H, W, C] to probabilities [B, K]; not trained on the samples.
      count: number of samples, the labels in turn.
    """
    y = np.arange(count, dtype=np.int32) % model.spec.num_classes
    x = draw(model, count, y)
    return float(np.mean(map_arrays(classify, x).argmax(-1) == y))
