"""Bytes of grey images as categories: one probability for each of the 256 values.

Van den Oord et al. 2016, Pixel Recurrent Neural Networks (arXiv 1601.06759), section 3.4. No shape
of the distribution is assumed, so that values that are frequent for no reason of the picture, as
253 and 254 in MNIST, cost little.
"""

import numpy as np
import tensorflow as tf

from zoo.distributions.byte_likelihood import ByteLikelihood, choose
from zoo.distributions.likelihood import LEVELS


class Categorical(ByteLikelihood):
    """Bytes v = 255 x of grey pixels, a softmax over all values."""

    outputs = LEVELS

    def log_prob_of_pixels(self, params, x):
        v = tf.cast(tf.round((LEVELS - 1) * x[..., 0]), tf.int32)
        if v.shape.rank > params.shape.rank - 1:  # the same parameters for many images
            params = tf.broadcast_to(params, tf.concat([tf.shape(v), params.shape[-1:]], 0))
        v = tf.broadcast_to(v, tf.shape(params)[:-1])
        return -tf.nn.sparse_softmax_cross_entropy_with_logits(v, params)

    def mean_of_pixels(self, params):
        values = tf.range(LEVELS, dtype=tf.float32) / (LEVELS - 1)
        return tf.reduce_sum(tf.nn.softmax(params) * values, -1, keepdims=True)

    def draw(self, params, noise):
        return tf.cast(choose(params, noise), tf.float32)[..., None] / (LEVELS - 1)

    def initial_outputs(self, mean):
        """Returns log-probabilities [H, W, 256] with this mean [H, W, 1]: 0, or any other value."""
        others = np.clip(2 * mean, 0.01, 0.99)
        p = np.broadcast_to(others / (LEVELS - 1), (*mean.shape[:-1], LEVELS - 1))
        return np.log(np.concatenate([1 - others, p], -1))
