"""Diagonal Gaussians over codes, z [B, D]."""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


def diagonal(params: tf.Tensor) -> tfd.Distribution:
    """Returns N(m, exp(s)^2) from network outputs [B, 2 D] = (m, s), s the log of the scale."""
    loc, log_scale = tf.split(params, 2, axis=-1)  # [B, D] each
    return tfd.Independent(tfd.Normal(loc, tf.exp(log_scale)), 1)


def standard(dim: int) -> tfd.Distribution:
    """Returns N(0, I) over codes of size `dim`."""
    return tfd.Independent(tfd.Normal(tf.zeros(dim), tf.ones(dim)), 1)


def reparametrize(q: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    """Returns z = m + exp(s) * e for standard normal noise e [B, D]; gradients reach m and s.

    The noise is given rather than drawn inside, because tfp draws with the slower generator.
    """
    return q.mean() + q.stddev() * noise
