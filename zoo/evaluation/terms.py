"""Means of a model's own loss terms."""

import tensorflow as tf

from zoo import seeds
from zoo.evaluation.protocol import BATCH_SIZE, SEED


def mean_terms(model, split) -> dict[str, float]:
    """Returns the mean of each of the model's loss terms over all rows of a split."""
    totals: dict[str, float] = {}
    for i, batch in split.batches(BATCH_SIZE, model.config.pixels, SEED).enumerate():
        seed = seeds.stream(SEED, seeds.Stream.EVALUATION, i)
        for name, values in model.in_graph("loss_terms")(batch, seed).items():
            totals[name] = totals.get(name, 0.0) + float(tf.reduce_sum(values))
    return {name: total / split.size for name, total in totals.items()}
