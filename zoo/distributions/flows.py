"""Inverse autoregressive flow: a flexible posterior whose density at its own draws is cheap.

Kingma et al. 2016, Improving Variational Inference with Inverse Autoregressive Flow
(arXiv 1606.04934), over masked networks of Germain et al. 2015, MADE (arXiv 1502.03509).
"""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import bijectors as tfb


class MADE(keras.Layer):
    """Two numbers for each of D inputs, where those for input i depend only on the inputs before i.

    Args:
      dim: D.
      hidden: units of each hidden layer.
      reverse: whether the order runs from the last input to the first.
    """

    def __init__(self, dim: int, hidden, reverse: bool = False):
        super().__init__(dtype="float32")
        first = np.arange(1, dim + 1)[:: -1 if reverse else 1]
        # A unit of degree d depends on the inputs 1 .. d and feeds the outputs d + 1 .. D; units of
        # degree 0 feed the context to the first.
        between = [np.arange(units) % dim for units in hidden]
        before, after = [first, *between[:-1]], between
        self.hidden = [MaskedDense(a, b) for a, b in zip(before, after, strict=True)]
        self.of_context = [
            keras.layers.Dense(units, use_bias=False, dtype="float32") for units in hidden
        ]
        # Small initial weights: each step of the flow starts near the identity.
        small = keras.initializers.RandomNormal(stddev=1e-3)
        last = (between[-1], first - 1, small)
        self.shift, self.log_scale = (MaskedDense(*last) for _ in range(2))

    def call(self, z, context):
        """Returns shift and log scale [..., B, D] for z [..., B, D] and context [B, H]."""
        h = z
        for layer, of_context in zip(self.hidden, self.of_context, strict=True):
            h = keras.ops.maximum(layer(h) + of_context(context), 0)  # [..., B, units]
        # A step changes a scale by at most a factor e, so that draws cannot diverge.
        return self.shift(h), keras.ops.tanh(self.log_scale(h))


class MaskedDense(keras.Layer):
    """A dense layer in which a unit feeds only units of its own degree and above.

    Args:
      before: degrees of the inputs.
      after: degrees of the outputs.
      initializer: of the kernel.
    """

    def __init__(self, before: np.ndarray, after: np.ndarray, initializer="glorot_uniform"):
        super().__init__(dtype="float32")
        self.before, self.after = before, after
        shape = (len(before), len(after))
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=initializer)
        self.bias = self.add_weight(name="bias", shape=shape[1:], initializer="zeros")
        self.built = True

    def call(self, h):
        # The graph computes the mask from the degrees: as a constant it would be as large as the
        # kernel in each signature of an export.
        mask = tf.cast(tf.constant(self.before)[:, None] <= tf.constant(self.after), tf.float32)
        return keras.ops.matmul(h, self.kernel * mask) + self.bias


def inverse_autoregressive(mades, context: tf.Tensor) -> tfb.Bijector:
    """Returns the flow whose steps are z <- (z - shift(z)) exp(-log_scale(z)), first to last.

    Forward, one pass of each network gives z and its density; the inverse takes D passes.

    Args:
      mades: one MADE a step.
      context: [B, H], features of the encoder for every step.
    """
    # Short names: each operation of an exported graph carries the names of its scopes.
    steps = [
        tfb.Invert(
            tfb.MaskedAutoregressiveFlow(lambda z, made=made: made(z, context), name="maf"),
            name="step",
        )
        for made in mades
    ]
    return tfb.Chain(steps[::-1], name="flow")
