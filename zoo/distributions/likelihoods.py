"""Distributions over images, p(x|z), from a decoder's output."""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


def bernoulli(logits: tf.Tensor) -> tfd.Distribution:
    """Returns independent Bernoulli pixels from logits [B, H, W, C], for x in {0., 1.}."""
    return tfd.Independent(tfd.Bernoulli(logits=logits, dtype=tf.float32), 3)
