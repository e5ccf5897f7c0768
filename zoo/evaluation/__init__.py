"""What a trained model is worth: bounds, log-likelihood, conditional accuracy, active units."""

import math

import numpy as np
import tensorflow as tf

from zoo import objectives, seeds
from zoo.evaluation import clustering, density
from zoo.evaluation.protocol import BATCH_SIZE, SEED

# Burda et al. 2016 (arXiv 1509.00519): a unit is active if its mean varies by more than this.
ACTIVE_VARIANCE = 0.01
# Samples for the conditional accuracy.
SAMPLES = 10_000


def mean_terms(model, split) -> dict[str, float]:
    """Returns the mean of each of the model's loss terms over all images of a split."""
    totals: dict[str, float] = {}
    for i, batch in split.batches(BATCH_SIZE, model.config.pixels, SEED).enumerate():
        seed = seeds.fold_in(seeds.root(SEED), seeds.EVALUATION, i)
        for name, values in model.in_graph("loss_terms")(batch, seed).items():
            totals[name] = totals.get(name, 0.0) + float(tf.reduce_sum(values))
    return {name: total / split.size for name, total in totals.items()}


def active_units(model, split) -> int:
    """Returns the number of dimensions of z whose posterior mean varies with x."""
    conditions = ("x", "y") if model.conditional else ("x",)
    means = [
        model.in_graph("encode")(*(batch[name] for name in conditions))["loc"].numpy()
        for batch in split.batches(BATCH_SIZE, model.config.pixels, SEED)
    ]
    return int(np.sum(np.var(np.concatenate(means), axis=0) > ACTIVE_VARIANCE))


def conditional_accuracy(model, classify, samples: int = SAMPLES) -> float:
    """Returns the share of samples for label y that a classifier calls y.

    Args:
      model: a conditional model.
      classify: maps images [B, H, W, C] to probabilities [B, K]; not trained on the samples.
      samples: number of samples, the labels in turn, the seeds 0 to samples - 1.
    """
    right = 0
    for start in range(0, samples, BATCH_SIZE):
        row = np.arange(start, min(start + BATCH_SIZE, samples), dtype=np.int32)
        y = row % model.spec.num_classes
        x = model.in_graph("sample")(tf.constant(row), tf.constant(y))
        probs = np.asarray(classify(x))
        right += int(np.sum(probs.argmax(-1) == y))
    return right / samples


def report(
    model,
    split,
    judge=None,
    training: dict | None = None,
    importance_samples: int = 0,
    chunk: int = density.CHUNK,
) -> dict:
    """Returns what metrics.json holds: every metric that makes sense for the model, and how.

    Args:
      model: a Keras model of the zoo.
      split: of the set that it was trained on.
      judge: a loaded classifier for the conditional accuracy, or None.
      training: steps, best_step, seconds and hardware of the run.
      importance_samples: codes an image for the log-likelihood of a VAE; 0 leaves it out, with
        all else that takes minutes.
      chunk: codes that are decoded at once for it.
    """
    metrics = evaluate(model, split, judge.classify if judge else None, importance_samples, chunk)
    protocol = ["All figures are of the test split, which chose nothing."]
    exact = hasattr(model, "log_prob")
    if model.config.pixels != "scaled" and len(model.spec.shape) == 3:
        protocol.append(f"Images are {model.config.pixels} once, from seed {SEED}.")
    if exact:
        protocol.append(
            "The negative log-likelihood, -log p(x), is exact; the standard error is that of the "
            "mean over the test set."
        )
    elif "nll" in metrics:
        of = "-log p(x given y)" if model.conditional else "-log p(x)"
        protocol.append(
            f"The negative log-likelihood, {of}, is by importance sampling with "
            f"{importance_samples:,} codes an image; the standard error is that of the mean over "
            "images."
        )
    if "bits_per_dim" in metrics:
        bound = "negative log-likelihood" if "nll" in metrics else "ELBO"
        protocol.append(f"Bits a dimension are of bytes, from the {bound}.")
    if "mutual_information" in metrics:
        protocol.append(
            f"The mutual information is that of a code and the number of its image, at most "
            f"log {split.size:,} = {np.log(split.size):.2f}, from "
            f"{density.codes_for_information(model, split):,} codes."
        )
    if "clustering_accuracy" in metrics:
        protocol.append(
            "Clusters are the most probable ones; labels serve to name them alone, one label a "
            "cluster (Hungarian matching)."
        )
    if judge is not None and model.conditional:
        protocol.append(
            f"Conditional accuracy: the share of {SAMPLES:,} samples for label y that "
            f"`{judge.path.parent.name}` (test accuracy "
            f"{judge.metrics['metrics']['accuracy']:.2%}) calls y."
        )
    return {
        "entry": model.config.model,
        "dataset": model.config.dataset,
        "split": "test",
        "images": split.size,
        "metrics": metrics,
        **({"importance_samples": importance_samples} if "nll" in metrics and not exact else {}),
        "protocol": protocol,
        "training": training or {},
    }


def _of_log_likelihoods(log_p):
    error = float(np.std(log_p) / np.sqrt(len(log_p)))
    return {"nll": -float(np.mean(log_p, dtype=np.float64)), "nll_standard_error": error}


def evaluate(
    model, split, classify=None, importance_samples: int = 0, chunk: int = density.CHUNK
) -> dict[str, float]:
    """Returns the metrics alone, by name; arguments as for `report` and `conditional_accuracy`."""
    terms = mean_terms(model, split)
    metrics = dict(terms)
    if "rate" in terms:
        metrics["elbo"] = -(terms["rate"] + terms["distortion"])
        metrics["active_units"] = active_units(model, split)
        if importance_samples:
            log_p = density.log_likelihoods(model, split, importance_samples, chunk)
            metrics |= _of_log_likelihoods(log_p)
            metrics["mutual_information"] = density.mutual_information(model, split)
            metrics["marginal_kl"] = terms["rate"] - metrics["mutual_information"]
    if hasattr(model, "log_prob"):
        metrics |= _of_log_likelihoods(density.exact_log_likelihoods(model, split))
    discrete = hasattr(model, "likelihoods") and model.likelihoods.discrete
    dequantized = model.config.pixels == "dequantized" and len(model.spec.shape) == 3
    if discrete or dequantized:
        nats = metrics["nll"] if "nll" in metrics else -metrics["elbo"]
        metrics["bits_per_dim"] = objectives.bits_per_dim(
            nats, math.prod(model.spec.shape), discrete
        )
    if hasattr(model, "responsibilities") and model.spec.num_classes > 1:
        metrics |= clustering.measure(model, split)
    if "error" in terms:
        metrics["accuracy"] = 1.0 - terms["error"]
    if classify is not None and model.conditional:
        metrics["conditional_accuracy"] = conditional_accuracy(model, classify)
    return metrics
