"""Generators, codes [B, D] to data, and discriminators, data to logits [B].

Both come as dense layers ("mlp") and as the convolutions of Radford et al. 2016, Unsupervised
Representation Learning with Deep Convolutional GANs (arXiv 1511.06434): strided, 4x4, with batch
normalisation in the generator. Images are in [0, 1] outside, in [-1, 1] inside; vectors [D] are
what they are.
"""

import functools
import math
from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import ops

from zoo.networks.conv import halve
from zoo.networks.normalisation import MinibatchStddev, SpectralNorm

# Of leaky rectifiers in discriminators.
LEAK = 0.2
# Units between D's last hidden layer and what InfoGAN's Q reads.
RECOGNITION_UNITS = 128
# And those by which it compares images.
PROJECTION_UNITS = 64
# Rows of which `minibatch_stddev` takes the deviation.
STDDEV_GROUP = 4
KINDS = ("mlp", "conv")


class Generator(keras.Layer):
    """G(z, y): the label, if any, is concatenated to the code.

    Args:
      kind: one of KINDS.
      shape: of one x.
      hidden: units, or channels, of the layers in the discriminator's order: from x inwards.
      dense: units of dense layers between convolutions and code, in the same order.
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
        # A normalisation takes the mean away and has a bias of its own.
        no_bias = {"use_bias": False} if batch_norm else {}
        if kind == "mlp":
            layers = [keras.layers.Dense(units, **no_bias) for units in hidden[::-1]]
            self.last = keras.layers.Dense(math.prod(shape), dtype="float32")
        else:
            self.start = (*halve(shape, len(hidden)), hidden[-1])
            self.reshaped = len(dense)  # the layer whose output gets the shape of an image
            layers = [
                *(keras.layers.Dense(units, **no_bias) for units in dense[::-1]),
                keras.layers.Dense(math.prod(self.start), **no_bias),
                *(_transposed(channels, **no_bias) for channels in hidden[-2::-1]),
            ]
            self.last = _transposed(shape[-1], dtype="float32")
        self.hidden = layers
        # Over all replicas, or each would have statistics of its own.
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


class Discriminator(keras.Layer):
    """D(x, y), a logit, positive where x looks real.

    Args:
      kind: one of KINDS.
      shape: of one x.
      hidden: units, or channels, of the layers.
      dense: units of dense layers after convolutions.
      num_labels: K, of the labels given as one-hot vectors; 0 for none.
      label: "projection" (Miyato and Koyama 2018, cGANs with Projection Discriminator, arXiv
        1802.05637, equation 3: the logit gains the product of features and the label's embedding)
        or "concatenation" (Mirza and Osindero 2014, Conditional Generative Adversarial Nets, arXiv
        1411.1784: the label is part of the input).
      packing: number of consecutive rows that are judged together, as channels (Lin et al.
        2018, PacGAN, arXiv 1712.04086).
      spectral_norm: whether to bound every layer's slope.
      minibatch_stddev: whether to see how alike rows are.
    """

    def __init__(
        self,
        kind: str,
        shape: tuple[int, ...],
        hidden: Sequence[int],
        dense: Sequence[int] = (),
        *,
        num_labels: int = 0,
        label: str = "projection",
        packing: int = 1,
        spectral_norm: bool = False,
        minibatch_stddev: bool = False,
    ):
        super().__init__()
        self.shape, self.packing = shape, packing
        self.label = label if num_labels else None

        def linear(layer, *args, **fields):
            if spectral_norm:
                return SpectralNorm(layer(*args, use_bias=False, **fields))
            return layer(*args, **fields)

        if kind == "mlp":
            self.convolutions, units = [], hidden
        else:
            flat = math.prod(halve(shape, len(hidden))) * hidden[-1]
            self.convolutions, units = (
                [linear(keras.layers.Conv2D, c, 4, strides=2, padding="same") for c in hidden],
                dense,
            )
        self.dense = [linear(keras.layers.Dense, count) for count in units]
        self.stddev = MinibatchStddev(STDDEV_GROUP) if minibatch_stddev else None
        self.last = linear(keras.layers.Dense, 1, dtype="float32")
        if self.label == "projection":
            width = units[-1] if units else flat
            self.embedding = keras.layers.Dense(width, use_bias=False, dtype="float32")

    @property
    def rows_at_once(self) -> int:
        """The number of consecutive rows on which one logit depends."""
        return self.packing * (self.stddev.group if self.stddev else 1)

    def pack(self, x):
        """Returns [B / packing, ...]: consecutive rows of x side by side on the last axis."""
        if self.packing == 1:
            return x
        packs = ops.reshape(x, [-1, self.packing, *x.shape[1:]])
        last = len(packs.shape) - 1
        packs = ops.moveaxis(packs, 1, last)  # [B / m, ..., C, m] has the packs last
        packs = ops.swapaxes(packs, last - 1, last)
        return ops.reshape(packs, [-1, *x.shape[1:-1], self.packing * x.shape[-1]])

    def call(self, x, condition=None, training=False):
        """Returns logits [B / packing].

        Args:
          x: packed, [B / packing, ...].
          condition: one-hot labels of the packs, [B / packing, packing K].
          training: whether spectral norms take their power iteration; Keras passes it on.
        """
        return self.logit(self.features(x, condition), condition)

    def features(self, x, condition=None):
        """Returns the last hidden layer [B / packing, F]; arguments as those of `call`."""
        h = 2.0 * x - 1.0 if len(self.shape) == 3 else x
        if not self.convolutions:
            h = _flatten(h)
        if self.label == "concatenation":
            planes = ops.reshape(condition, [-1, *[1] * (len(h.shape) - 2), condition.shape[-1]])
            planes = ops.broadcast_to(planes, [*ops.shape(h)[:-1], condition.shape[-1]])
            h = ops.concatenate([h, planes], axis=-1)
        for layer in self.convolutions:
            h = _leaky_relu(layer(h))
        h = _flatten(h)
        for layer in self.dense:
            h = _leaky_relu(layer(h))
        return ops.cast(h, "float32")

    def logit(self, features, condition=None):
        """Returns logits [B / packing] from `features`."""
        varied = self.stddev(features) if self.stddev else features
        logit = self.last(varied)[:, 0]
        if self.label == "projection":
            logit += ops.sum(features * self.embedding(condition), axis=-1)
        return logit


class Recognition(keras.Layer):
    """InfoGAN's Q: D's features [B, F] to what it reads of the codes, [B, outputs].

    Args:
      outputs: numbers to read.
      compares: whether it has a projection by which images are compared.
    """

    def __init__(self, outputs: int, compares: bool = False):
        super().__init__()
        self.hidden = keras.layers.Dense(RECOGNITION_UNITS, dtype="float32")
        self.last = keras.layers.Dense(outputs, dtype="float32")
        dense = keras.layers.Dense(PROJECTION_UNITS, dtype="float32")
        self.projection = dense if compares else None

    def build(self, shape):
        self.hidden.build(shape)
        for layer in filter(None, (self.last, self.projection)):
            layer.build([None, RECOGNITION_UNITS])

    def call(self, features):
        return self.last(_leaky_relu(self.hidden(features)))

    def project(self, features):
        """Returns [B, P], by which images are compared, of a Q that compares."""
        return self.projection(_leaky_relu(self.hidden(features)))


def _flatten(h):
    return ops.reshape(h, [-1, math.prod(h.shape[1:])])


def _leaky_relu(h):
    return tf.nn.leaky_relu(h, LEAK)


ACTIVATIONS = {"relu": ops.relu, "leaky_relu": _leaky_relu, "softplus": ops.softplus}
