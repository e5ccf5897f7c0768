"""The noisy classifier of Improved GAN: layers with weight normalisation.

Salimans et al. 2016, Improved Techniques for Training GANs (arXiv 1606.03498).
"""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import ops

from zoo import seeds
from zoo.networks.conv import DENSE_UNITS, halve

KERNEL_SIZE = 4
# A unit that hardly varies in the rows that a layer starts by would be blown up at others.
MIN_DEVIATION = 0.01


class WeightNorm(keras.Layer):
    """x to g x v / |v| + b: a dense layer, or a convolution where a kernel size is given.

    Salimans and Kingma 2016, Weight Normalization (arXiv 1602.07868), equation 2.
    `initialize_from_data` sets g and b so that outputs have mean 0 and deviation 1 (equations 5
    and 6).

    Args:
      units: of the layer, or its channels.
      kernel_size: of a convolution of stride 2; None for a dense layer.
      train_scale: whether g is learned. A layer that could make its outputs larger would drown the
        noise that is added to them.
    """

    def __init__(self, units: int, kernel_size: int | None = None, train_scale: bool = False):
        super().__init__()
        self.units, self.kernel_size, self.train_scale = units, kernel_size, train_scale

    def build(self, shape):
        window = () if self.kernel_size is None else (self.kernel_size, self.kernel_size)
        self.v = self.add_weight(
            name="v",
            shape=(*window, shape[-1], self.units),
            initializer=keras.initializers.RandomNormal(stddev=0.1),
        )
        self.g = self.add_weight(
            name="g", shape=(self.units,), initializer="ones", trainable=self.train_scale
        )
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros")

    def call(self, x):
        axes = list(range(len(self.v.shape) - 1))
        weight = self.v * (self.g / ops.sqrt(ops.sum(ops.square(self.v), axis=axes)))
        if self.kernel_size is None:
            return ops.matmul(x, weight) + self.b
        return ops.conv(x, weight, strides=2, padding="same") + self.b

    def initialize_from_data(self, x) -> None:
        """Sets g and b from rows x [N, ...]."""
        self.g.assign(tf.ones_like(self.g))
        self.b.assign(tf.zeros_like(self.b))
        h = self(x)
        mean, variance = tf.nn.moments(h, list(range(len(h.shape) - 1)))
        deviation = tf.maximum(tf.sqrt(variance), MIN_DEVIATION)
        self.g.assign(1.0 / deviation)
        self.b.assign(-mean / deviation)


class MinibatchDiscrimination(keras.Layer):
    """Appends to features [B, F] how close each row is to the others of its group, [B, F + A].

    Section 3.2 there: M = f(x) T, of A vectors each; o(x_i)_a = sum_j exp(-|M_ia - M_ja|_1).
    """

    def __init__(self, group: int, vectors: int = 50, size: int = 5):
        super().__init__()
        self.group, self.vectors, self.size = group, vectors, size

    def build(self, shape):
        self.t = self.add_weight(
            name="t",
            shape=(shape[-1], self.vectors * self.size),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
        )

    def call(self, h):
        m = ops.reshape(ops.matmul(h, self.t), [-1, self.group, self.vectors, self.size])
        apart = ops.sum(ops.abs(m[:, :, None] - m[:, None]), -1)  # [B / group, group, group, A]
        close = ops.sum(ops.exp(-apart), 2) - 1.0  # a row is close to itself
        return ops.concatenate([h, ops.reshape(close, [-1, self.vectors])], -1)


class NoisyClassifier(keras.Layer):
    """K logits of rows x, as many classes as there are labels; noise on every layer in training.

    Args:
      kind: "mlp", or "conv" for strided convolutions and a dense layer.
      shape: of one x.
      hidden: units of the dense layers, or channels of the convolutions.
      num_classes: K.
      input_noise: deviation of the noise that is added to x.
      hidden_noise: deviation of that added to hidden layers.
      group_size: rows compared by minibatch discrimination; 1 for none.
    """

    def __init__(
        self,
        kind: str,
        shape: tuple[int, ...],
        hidden: Sequence[int],
        num_classes: int,
        input_noise: float,
        hidden_noise: float,
        group_size: int = 1,
    ):
        super().__init__()
        self.convolutions, units, maps = [], hidden, []
        if kind == "conv":
            halve(shape, len(hidden))  # or says what can be
            self.convolutions = [WeightNorm(channels, KERNEL_SIZE) for channels in hidden]
            units = [DENSE_UNITS]
            maps = [math.prod(halve(shape, i + 1)) * c for i, c in enumerate(hidden)]
        self.dense = [WeightNorm(count) for count in units]
        self.widest = max(math.prod(shape), *maps, *units)
        self.last = WeightNorm(num_classes, train_scale=True)
        self.input_noise, self.hidden_noise = input_noise, hidden_noise
        self.group_size = group_size
        self.comparison = MinibatchDiscrimination(group_size) if group_size > 1 else None

    def call(self, x):
        """Returns logits [B, K], without noise."""
        return self.logits(self.features(x))

    def logits(self, features):
        """Returns logits [B, K] from `features`."""
        return self.last(self.comparison(features) if self.comparison else features)

    def initialize_from_data(self, x, seed) -> None:
        """Initialises the layers one after the other from noisy rows x [N, ...]."""
        h = self.features(x, seed, before=lambda layer, h: layer.initialize_from_data(h))
        self.last.initialize_from_data(self.comparison(h) if self.comparison else h)

    def features(self, x, seed=None, before=lambda layer, h: None):
        """Returns the last hidden layer [B, F].

        Args:
          x: rows [B, ...].
          seed: int32 [2] of the noise; None for no noise.
          before: called with each layer and its input.
        """
        noise = Noise(seed, tf.shape(x)[0] * self.widest)
        h = noise.add(x, self.input_noise)
        for layer in [*self.convolutions, *self.dense]:
            if layer is self.dense[0]:
                h = ops.reshape(h, [-1, math.prod(h.shape[1:])])
            before(layer, h)
            h = noise.add(ops.relu(layer(h)), self.hidden_noise)
        return h


class Noise:
    """Normal noise for several layers, cut at random places from one row of numbers.

    Drawing every number would take as long as the rest of a step.

    Args:
      seed: int32 [2]; None for no noise at all.
      largest: numbers that the largest layer takes.
    """

    # Places at which a cut may begin.
    PLACES = 2**16

    def __init__(self, seed: tf.Tensor | None, largest: tf.Tensor):
        self.seed, self.cuts = seed, 0
        if seed is not None:
            self.row = seeds.normal([largest + self.PLACES], seeds.fold_in(seed, 0))

    def add(self, h, deviation: float):
        """Returns h [B, ...] with noise of a deviation."""
        if self.seed is None:
            return h
        self.cuts += 1
        place = self.PLACES * seeds.uniform([], seeds.fold_in(self.seed, self.cuts))
        cut = tf.slice(self.row, [tf.cast(place, tf.int32)], [tf.size(h)])
        return h + deviation * tf.reshape(cut, tf.shape(h))
