"""Measurements that several experiments share."""

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.evaluation import density
from zoo.evaluation.map_rows import map_split
from zoo.evaluation.protocol import SEED
from zoo.evaluation.terms import mean_terms

# For the log-likelihoods; variants are compared with each other, not with the literature.
IMPORTANCE_SAMPLES, IMAGES = 500, 1000


def test_images(model, dataset) -> tf.Tensor:
    """Returns the test images [N, H, W, C] as the model takes them."""
    return tf.constant(map_split(lambda batch: batch["x"], dataset.test, model.config.pixels))


def codes(model, dataset) -> tuple[np.ndarray, np.ndarray]:
    """Returns location and scale of q(z|x) of all test images, [N, D] each."""
    encode = model.compiled_method("encode")
    q = map_split(lambda batch: encode(batch["x"]), dataset.test, model.config.pixels)
    return q["loc"], q["scale"]


def terms(model, split) -> dict[str, float]:
    """Returns rate, distortion and ELBO of a split, all at beta = 1 and unablated."""
    means = mean_terms(model, split)
    means["elbo"] = -means["rate"] - means["distortion"]
    return means


def with_likelihood(model, dataset) -> dict[str, float]:
    """Returns the same and "nll", the negative log-likelihood, of the first test images."""
    split = dataset.test.take(IMAGES)
    log_p = density.log_likelihoods(model, split, IMPORTANCE_SAMPLES)
    return {**terms(model, split), "nll": -float(np.mean(log_p))}


def noise(*shape: int) -> tf.Tensor:
    """Returns the same standard normal noise at every call."""
    return seeds.normal(shape, seeds.root(SEED))
