"""Discriminators: data to logits [B].

As dense layers ("mlp"), or as the strided 4x4 convolutions of Radford et al. 2016, Unsupervised
Representation Learning with Deep Convolutional GANs (arXiv 1511.06434). Images come in [0, 1] and
are scaled to [-1, 1]; vectors [D] are unchanged.
"""

import math
from collections.abc import Sequence

import keras
from keras import ops

from zoo.networks.activations import leaky_relu
from zoo.networks.conv import halve
from zoo.networks.normalisation import MinibatchStddev, SpectralNorm

# Rows in a group of `minibatch_stddev`.
STDDEV_GROUP = 4


class Discriminator(keras.Layer):
    """D(x, y), a logit, positive where x looks real.

    Args:
      kind: "mlp" or "conv".
      shape: of one x.
      hidden: units, or channels, of the layers.
      dense: units of dense layers after convolutions.
      num_labels: K, of the labels given as one-hot vectors; 0 for none.
      label: "projection" (Miyato and Koyama 2018, cGANs with Projection Discriminator, arXiv
        1802.05637, equation 3: the logit gains the product of features and the label's embedding)
        or "concatenation" (Mirza and Osindero 2014, Conditional Generative Adversarial Nets, arXiv
        1411.1784: the label is part of the input).
      packing: number of consecutive rows that get one logit, as channels (Lin et al.
        2018, PacGAN, arXiv 1712.04086).
      spectral_norm: whether to bound the spectral norm of each layer.
      minibatch_stddev: whether to append the standard deviation within groups of rows.
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
    def group_size(self) -> int:
        """The number of consecutive rows on which one logit depends."""
        return self.packing * (self.stddev.group if self.stddev else 1)

    def pack(self, x):
        """Returns [B / packing, ...]: consecutive rows of x concatenated on the last axis."""
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
            h = leaky_relu(layer(h))
        h = _flatten(h)
        for layer in self.dense:
            h = leaky_relu(layer(h))
        return ops.cast(h, "float32")

    def logit(self, features, condition=None):
        """Returns logits [B / packing] from `features`."""
        varied = self.stddev(features) if self.stddev else features
        logit = self.last(varied)[:, 0]
        if self.label == "projection":
            logit += ops.sum(features * self.embedding(condition), axis=-1)
        return logit


def _flatten(h):
    return ops.reshape(h, [-1, math.prod(h.shape[1:])])
