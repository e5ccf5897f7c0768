"""What a trained model is worth: bounds, conditional accuracy, active units."""

import numpy as np
import tensorflow as tf

from zoo import seeds

# One fixed size and seed, so that the binarised images and the noise are the same at every call.
BATCH_SIZE = 500
SEED = 20140620
# Burda et al. 2016 (arXiv 1509.00519): a unit is active if its mean varies by more than this.
ACTIVE_VARIANCE = 0.01


def mean_terms(model, split, binarize: bool) -> dict[str, float]:
    """Returns the mean of each of the model's loss terms over all images of a split."""

    @tf.function(reduce_retracing=True)
    def sums(batch, i):
        seed = seeds.fold_in(seeds.root(SEED), seeds.EVALUATION, i)
        return {k: tf.reduce_sum(v) for k, v in model.loss_terms(batch, seed).items()}

    totals: dict[str, float] = {}
    for i, batch in split.batches(BATCH_SIZE, binarize, SEED).enumerate():
        for name, value in sums(batch, i).items():
            totals[name] = totals.get(name, 0.0) + float(value)
    return {name: total / split.size for name, total in totals.items()}


def active_units(model, split, binarize: bool) -> int:
    """Returns the number of dimensions of z whose posterior mean varies with x."""
    encode = tf.function(model.encode, reduce_retracing=True)
    conditions = ("x", "y") if model.conditional else ("x",)
    means = [
        encode(*(batch[name] for name in conditions))["loc"].numpy()
        for batch in split.batches(BATCH_SIZE, binarize, SEED)
    ]
    return int(np.sum(np.var(np.concatenate(means), axis=0) > ACTIVE_VARIANCE))


def conditional_accuracy(model, classify, samples: int = 10_000) -> float:
    """Returns the share of samples for label y that a classifier calls y.

    Args:
      model: a conditional model.
      classify: maps images [B, H, W, C] to probabilities [B, K]; not trained on the samples.
      samples: number of samples, the labels in turn, the seeds 0 to samples - 1.
    """
    draw = tf.function(model.sample, reduce_retracing=True)
    right = 0
    for start in range(0, samples, BATCH_SIZE):
        row = np.arange(start, min(start + BATCH_SIZE, samples), dtype=np.int32)
        y = row % model.spec.num_classes
        probs = np.asarray(classify(draw(tf.constant(row), tf.constant(y))))
        right += int(np.sum(probs.argmax(-1) == y))
    return right / samples


def evaluate(model, split, judge=None) -> dict[str, float]:
    """Returns all metrics that make sense for the model, on images of `split`.

    Args:
      model: a Keras model of the zoo.
      split: of the set that it was trained on.
      judge: classifier for the conditional accuracy, as in `conditional_accuracy`; may be None.
    """
    binarize = model.config.binarize
    terms = mean_terms(model, split, binarize)
    metrics = dict(terms)
    if "rate" in terms:
        metrics["elbo"] = -(terms["rate"] + terms["distortion"])
        metrics["active_units"] = active_units(model, split, binarize)
    if "error" in terms:
        metrics["accuracy"] = 1.0 - terms["error"]
    if judge is not None and model.conditional and hasattr(model, "sample"):
        metrics["conditional_accuracy"] = conditional_accuracy(model, judge)
    return metrics
