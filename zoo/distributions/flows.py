"""Inverse autoregressive flow: a posterior of any shape whose density at its own draws is cheap.

Kingma et al. 2016, Improving Variational Inference with Inverse Autoregressive Flow
(arXiv 1606.04934), over masked networks of Germain et al. 2015, MADE (arXiv 1502.03509).
"""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfb = tfp.bijectors


class MADE(keras.Layer):
    """Two numbers for each of D inputs, of which those for input i see only the inputs before i.

    Args:
      dim: D.
      hidden: units of each hidden layer.
      reverse: count the inputs from the last to the first.
    """

    def __init__(self, dim: int, hidden, reverse: bool = False):
        super().__init__(dtype="float32")
        first = np.arange(1, dim + 1)[:: -1 if reverse else 1]
        # A unit of degree d sees the inputs 1 .. d and is seen by the outputs d + 1 .. D; those of
        # degree 0 bring the context to the first.
        between = [np.arange(units) % dim for units in hidden]
        before, after = [first, *between[:-1]], between
        masks = [a[:, None] <= b[None, :] for a, b in zip(before, after, strict=True)]
        last = between[-1][:, None] < first[None, :]
        self.hidden = [MaskedDense(mask) for mask in masks]
        self.of_context = [
            keras.layers.Dense(units, use_bias=False, dtype="float32") for units in hidden
        ]
        # Small weights at first: each step of the flow starts near the identity.
        small = keras.initializers.RandomNormal(stddev=1e-3)
        self.shift, self.log_scale = (MaskedDense(last, small) for _ in range(2))

    def call(self, z, context):
        """Returns shift and log scale [..., B, D] for z [..., B, D] and context [B, H]."""
        h = z
        for layer, of_context in zip(self.hidden, self.of_context, strict=True):
            h = keras.ops.maximum(layer(h) + of_context(context), 0)  # [..., B, units]
        # A step changes no scale by more than a factor e, so that no draw runs away.
        return self.shift(h), keras.ops.tanh(self.log_scale(h))


class MaskedDense(keras.Layer):
    """A dense layer of which the connections outside `mask` [inputs, units] are cut."""

    def __init__(self, mask: np.ndarray, initializer="glorot_uniform"):
        super().__init__(dtype="float32")
        self.mask = mask.astype(np.float32)
        self.kernel = self.add_weight(
            name="kernel", shape=mask.shape, initializer=initializer, trainable=True
        )
        self.bias = self.add_weight(
            name="bias", shape=mask.shape[1:], initializer="zeros", trainable=True
        )
        self.built = True

    def call(self, h):
        return keras.ops.matmul(h, self.kernel * self.mask) + self.bias


def inverse_autoregressive(mades, context: tf.Tensor) -> tfb.Bijector:
    """Returns the flow whose steps are z <- (z - shift(z)) exp(-log_scale(z)), first to last.

    Forward, one pass of each network gives z and its density; the inverse takes D passes.

    Args:
      mades: one MADE a step.
      context: [B, H], what the encoder tells every step.
    """
    steps = [
        tfb.Invert(tfb.MaskedAutoregressiveFlow(lambda z, made=made: made(z, context)))
        for made in mades
    ]
    return tfb.Chain(steps[::-1])
