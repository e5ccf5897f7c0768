"""Generators: codes [B, D] to data.

As dense layers ("mlp"), or as the convolutions of Radford et al. 2016, Unsupervised Representation
Learning with Deep Convolutional GANs (arXiv 1511.06434): strided, 4x4, with batch normalisation.
Images are in [0, 1].
"""

import functools
import math
from collections.abc import Sequence

import keras
from keras import ops

from zoo.networks.activations import ACTIVATIONS
from zoo.networks.conv import halve


class Generator(keras.Layer):
    """G(z, y): the label, if any, is concatenated to the code.

    Args:
      kind: "mlp" or "conv".
      shape: of one x.
      hidden: units, or channels, of the layers, starting at x.
      dense: units of dense layers between convolutions and code, starting at the convolutions.
      batch_norm: whether hidden layers are normalised over the batch of all replicas.
      activation: of hidden layers, "relu", "leaky_relu" or "softplus".
    """

    def __init__(
        self,
        kind: str,
        shape: tuple[int, ...],
        hidden: Sequence[int],
        dense: Sequence[int],
        batch_norm: bool,
        activation: str = "relu",
    ):
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.shape, self.start, self.reshaped = shape, None, None
        # Batch normalisation subtracts the mean and has its own bias.
        no_bias = {"use_bias": False} if batch_norm else {}
        if kind == "mlp":
            layers = [keras.layers.Dense(units, **no_bias) for units in hidden[::-1]]
            self.last = keras.layers.Dense(math.prod(shape), dtype="float32")
        else:
            self.start = (*halve(shape, len(hidden)), hidden[-1])
            self.reshaped = len(dense)  # index of the layer whose output is reshaped to an image
            layers = [
                *(keras.layers.Dense(units, **no_bias) for units in dense[::-1]),
                keras.layers.Dense(math.prod(self.start), **no_bias),
                *(_transposed(channels, **no_bias) for channels in hidden[-2::-1]),
            ]
            self.last = _transposed(shape[-1], dtype="float32")
        self.hidden = layers
        # Over all replicas, or each would have its own statistics.
        normalisation = functools.partial(keras.layers.BatchNormalization, synchronized=True)
        make = normalisation if batch_norm else keras.layers.Identity
        self.normalisations = [make() for _ in layers]

    def call(self, z, condition=None, training=False):
        """Returns x [B, ...]; Keras passes `training` on to the normalisations."""
        h = z if condition is None else ops.concatenate([z, condition], axis=-1)
        for i, (layer, normalisation) in enumerate(
            zip(self.hidden, self.normalisations, strict=True)
        ):
            h = layer(h)
            if i == self.reshaped:
                h = ops.reshape(h, [-1, *self.start])
            h = self.activation(normalisation(h))
        x = ops.reshape(self.last(h), [-1, *self.shape])
        return ops.sigmoid(x) if len(self.shape) == 3 else x


def _transposed(channels, **fields):
    return keras.layers.Conv2DTranspose(channels, 4, strides=2, padding="same", **fields)
