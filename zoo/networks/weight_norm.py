"""The noisy classifier of Improved GAN: dense layers with weight normalisation.

Salimans et al. 2016, Improved Techniques for Training GANs (arXiv 1606.03498).
"""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import ops

from zoo import seeds


class WeightNorm(keras.Layer):
    """x [B, D] to g x v / |v| + b, [B, units].

    Salimans and Kingma 2016, Weight Normalization (arXiv 1602.07868), equation 2. `start` sets g
    and b by data, such that outputs have mean 0 and deviation 1 (equations 5 and 6).

    Args:
      units: of the layer.
      train_scale: whether g is learned. A layer that could make its outputs larger would drown the
        noise that is added to them.
    """

    def __init__(self, units: int, train_scale: bool):
        super().__init__()
        self.units, self.train_scale = units, train_scale

    def build(self, shape):
        self.v = self.add_weight(
            name="v",
            shape=(shape[-1], self.units),
            initializer=keras.initializers.RandomNormal(stddev=0.1),
        )
        self.g = self.add_weight(
            name="g", shape=(self.units,), initializer="ones", trainable=self.train_scale
        )
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros")

    def call(self, x):
        scale = self.g / ops.sqrt(ops.sum(ops.square(self.v), axis=0))  # [units]
        return ops.matmul(x, self.v * scale) + self.b

    def start(self, x) -> None:
        """Sets g and b by rows x [N, D]."""
        self.g.assign(tf.ones_like(self.g))
        self.b.assign(tf.zeros_like(self.b))
        mean, variance = tf.nn.moments(self(x), 0)
        deviation = tf.sqrt(variance + 1e-8)
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
      shape: of one x.
      hidden: units of the layers.
      num_classes: K.
      input_noise: deviation of the noise that is added to x.
      hidden_noise: deviation of that added to hidden layers.
      group: rows that are compared by minibatch discrimination; 1 for none.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        hidden: Sequence[int],
        num_classes: int,
        input_noise: float,
        hidden_noise: float,
        group: int = 1,
    ):
        super().__init__()
        self.size = math.prod(shape)
        self.hidden = [WeightNorm(units, train_scale=False) for units in hidden]
        self.last = WeightNorm(num_classes, train_scale=True)
        self.noise = [input_noise, *[hidden_noise] * len(hidden)]
        self.group = group
        self.comparison = MinibatchDiscrimination(group) if group > 1 else None

    def call(self, x):
        """Returns logits [B, K], without noise."""
        return self.logits(self.features(x))

    def features(self, x, seed=None):
        """Returns the last hidden layer [B, F]; with noise if a seed is given."""
        h = ops.reshape(x, [-1, self.size])
        noise = iter(self._noise(tf.shape(h)[0], seed))
        h += next(noise)
        for layer in self.hidden:
            h = ops.relu(layer(h)) + next(noise)
        return h

    def logits(self, features):
        """Returns logits [B, K] from `features`."""
        return self.last(self.comparison(features) if self.comparison else features)

    def start(self, x) -> None:
        """Sets scales and biases of all layers by rows x [N, ...], one layer after the other."""
        h = ops.reshape(x, [-1, self.size])
        for layer in self.hidden:
            layer.start(h)
            h = ops.relu(layer(h))
        self.last.start(self.comparison(h) if self.comparison else h)

    def _noise(self, rows, seed):
        """Noise for each layer, [B, units].

        All of it is cut from one row of numbers, at random places: to draw each number anew would
        take as long as the rest of a step.
        """
        widths = [self.size, *(layer.units for layer in self.hidden)]
        if seed is None:
            return [0.0] * len(widths)
        count = rows * max(widths)
        drawn = seeds.normal([2 * count], seeds.fold_in(seed, 0))
        places = seeds.uniform([len(widths)], seeds.fold_in(seed, 1))
        cuts = []
        for i, (width, deviation) in enumerate(zip(widths, self.noise, strict=True)):
            start = tf.cast(places[i] * tf.cast(count, tf.float32), tf.int32)
            cut = tf.slice(drawn, [start], [rows * width])
            cuts.append(deviation * tf.reshape(cut, [rows, width]))
        return cuts
