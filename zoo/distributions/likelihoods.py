"""Distributions over images, p(x|z), from a decoder's output."""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class Bernoulli(tfd.Bernoulli):
    """tfd.Bernoulli for x in {0., 1.}, with one softplus a pixel in its density instead of two.

    On a CPU these are the dearest operations of a small VAE next to its matrix products.
    """

    def _log_prob(self, event):
        logits = self.logits_parameter()
        return event * logits - tf.nn.softplus(logits)


def bernoulli(logits: tf.Tensor) -> tfd.Distribution:
    """Returns independent Bernoulli pixels from logits [B, H, W, C], for x in {0., 1.}."""
    return tfd.Independent(Bernoulli(logits=logits, dtype=tf.float32), 3)
