"""Means of a model's own loss terms."""

import tensorflow as tf

from zoo import seeds
from zoo.evaluation.protocol import BATCH_SIZE, SEED


def mean_terms(model, split) -> dict[str, float]:
    """Returns the mean of each of the model's loss terms over all rows of a split.

    Terms that need labels are means over the labelled rows, and left out if there are none.
    """
    totals: dict[str, float] = {}
    known = 0
    for i, batch in split.batches(BATCH_SIZE, model.config.pixels, SEED).enumerate():
        seed = seeds.stream(SEED, seeds.Stream.EVALUATION, i)
        known += int(tf.reduce_sum(tf.cast(batch["y"] >= 0, tf.int32)))
        for name, values in model.compiled_method("loss_terms")(batch, seed).items():
            totals[name] = totals.get(name, 0.0) + float(tf.reduce_sum(values))
    counts = {name: known if name in model.rules.label_terms else split.size for name in totals}
    return {name: total / counts[name] for name, total in totals.items() if counts[name]}
