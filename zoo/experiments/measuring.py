"""What the experiments measure in common."""

import numpy as np
import tensorflow as tf

from zoo import evaluation, seeds
from zoo.evaluation.protocol import BATCH_SIZE, SEED

# For the log-likelihoods; variants are compared with each other, not with the literature.
IMPORTANCE_SAMPLES, IMAGES = 500, 1000


def test_images(model, dataset) -> tf.Tensor:
    """Returns the test images [N, H, W, C] as the model takes them."""
    batches = dataset.test.batches(BATCH_SIZE, model.config.pixels, SEED)
    return tf.concat([batch["x"] for batch in batches], 0)


def codes(model, dataset) -> tuple[np.ndarray, np.ndarray]:
    """Returns location and scale of q(z|x) of all test images, [N, D] each."""
    made = [
        model.in_graph("encode")(batch["x"])
        for batch in dataset.test.batches(BATCH_SIZE, model.config.pixels, SEED)
    ]
    loc, scale = (np.concatenate([m[name] for m in made]) for name in ("loc", "scale"))
    return loc, scale


def terms(model, split) -> dict[str, float]:
    """Returns rate, distortion and ELBO of a split, all at beta = 1 and unablated."""
    means = evaluation.mean_terms(model, split)
    means["elbo"] = -means["rate"] - means["distortion"]
    return means


def with_likelihood(model, dataset) -> dict[str, float]:
    """Returns the same and "nll", the negative log-likelihood, of the first test images."""
    split = dataset.test.take(IMAGES)
    log_p = evaluation.density.log_likelihoods(model, split, IMPORTANCE_SAMPLES)
    return {**terms(model, split), "nll": -float(np.mean(log_p))}


def noise(*shape: int) -> tf.Tensor:
    """Returns the same standard normal noise at every call."""
    return seeds.normal(shape, seeds.root(SEED))
