"""A causal transformer: logits of each token of a grid, given those before it and a label.

Vaswani et al. 2017, Attention Is All You Need (arXiv 1706.03762), the decoder alone, with
normalisation before each layer. All heads share one key and one value per token (Shazeer 2019, Fast
Transformer Decoding, arXiv 1911.02150): in sampling, most time would go to copying those of the
tokens drawn before. A feature that is dropped in training is dropped at all tokens of an image (Gal
and Ghahramani 2016, arXiv 1512.05287).
"""

import functools
import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import seeds
from zoo.distributions.byte_likelihood import choose

HEADS = 4
# Guidance draws no token that is less probable than this share of the most probable one: it would
# prefer what the local model finds impossible (Li et al. 2023, arXiv 2210.15097).
PLAUSIBLE = 0.003
# Rows down and columns right from a place to tokens near it that are drawn before.
NEIGHBOURS = ((0, -1), (-1, -1), (-1, 0), (-1, 1))


class Block(keras.Layer):
    """Attention to a token and all before it, then two dense layers, each with a sum around it."""

    def __init__(self, width: int):
        super().__init__()
        self.size = width // HEADS
        self.norm_1 = keras.layers.LayerNormalization()
        self.query = keras.layers.Dense(width)
        self.key_value = keras.layers.Dense(2 * self.size)
        self.mix = keras.layers.Dense(width)
        self.norm_2 = keras.layers.LayerNormalization()
        self.wide = keras.layers.Dense(4 * width)
        self.narrow = keras.layers.Dense(width)

    def call(self, h, kept):
        """Returns features of all tokens at once, [B, N, width].

        Args:
          h: features, of the same shape.
          kept: two factors, of what attention adds and of what the dense layers add, [B, 1, width]
            or a shape like it.
        """
        count, normalised = h.shape[1], self.norm_1(h)
        queries = ops.reshape(self.query(normalised), [-1, count * HEADS, self.size])
        keys, values = ops.split(self.key_value(normalised), 2, -1)
        scores = ops.reshape(self._scores(queries, keys), [-1, count, HEADS, count])
        later = ops.triu(ops.ones([count, count]), 1)[:, None]
        weights = tf.nn.softmax(scores - 1e9 * later)
        mixed = ops.matmul(ops.reshape(weights, [-1, count * HEADS, count]), values)
        return self._finish(h, ops.reshape(mixed, [-1, count, HEADS * self.size]), kept)

    def step(self, h, keys, values):
        """Returns features [B, width] of one token, and keys and values with its own added.

        Args:
          h: its features, [B, width].
          keys, values: of the tokens before it, [B, n, size].
        """
        normalised = self.norm_1(h)
        queries = ops.reshape(self.query(normalised), [-1, HEADS, self.size])
        key, value = ops.split(self.key_value(normalised)[:, None], 2, -1)
        keys, values = tf.concat([keys, key], 1), tf.concat([values, value], 1)
        mixed = ops.matmul(tf.nn.softmax(self._scores(queries, keys)), values)
        return self._finish(h, ops.reshape(mixed, [-1, HEADS * self.size])), keys, values

    def _scores(self, queries, keys):
        return ops.matmul(queries, ops.transpose(keys, [0, 2, 1])) / self.size**0.5

    def _finish(self, h, mixed, kept=(1.0, 1.0)):
        h += kept[0] * self.mix(mixed)
        return h + kept[1] * self.narrow(ops.relu(self.wide(self.norm_2(h))))


class CausalTransformer(keras.Layer):
    """p(t_1 .. t_N | y) = prod_i p(t_i | t_1 .. t_(i-1), y), of the tokens of a grid, row by row.

    The features of a place are sums of what is learned of the place, of the label, and of the token
    to the left and the three above it, which attention would have to find first. From these sums
    without the label, a small network predicts q(t_i | tokens near it), the local model that
    `generate` can be guided away from; its gradient does not go further.

    Args:
      num_tokens: number of different tokens.
      grid: height and width of the grid.
      num_labels: number of different labels y.
      width: of the features of a token.
      depth: number of blocks.
      dropout: share of the features of each block that are dropped in training.
    """

    def __init__(
        self,
        num_tokens: int,
        grid: tuple[int, int],
        num_labels: int,
        width: int,
        depth: int,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.dropout = dropout
        self.length, self.size = math.prod(grid), width // HEADS
        self.built = True  # its layers are built when they are first called; it has no call
        self.outside = num_tokens  # the token of places outside of the grid
        self.neighbours = [_find_neighbours(grid, *way) for way in NEIGHBOURS]
        shapes = {
            "places": (self.length, width),
            "labels": (num_labels, width),
            "embedding": (len(NEIGHBOURS), num_tokens + 1, width),
        }
        self.places, self.labels, self.embedding = (
            self.add_weight(
                name=name,
                shape=shape,
                initializer=keras.initializers.RandomNormal(stddev=0.02),
            )
            for name, shape in shapes.items()
        )
        self.blocks = [Block(width) for _ in range(depth)]
        self.norm = keras.layers.LayerNormalization()
        self.last = _last(num_tokens)
        self.local = [
            keras.layers.LayerNormalization(),
            keras.layers.Dense(2 * width, "relu"),
            _last(num_tokens),
        ]

    def logits(self, tokens: tf.Tensor, y: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Returns logits [B, N, num_tokens] of each of tokens [B, N], for labels y [B].

        Args:
          tokens: int32 [B, N].
          y: labels, int32 [B].
          seed: in training, int32 [2], for the features that are dropped.
        """
        h = tf.gather(self.labels.value, y)[:, None] + self._near_all(tokens)
        for block, kept in zip(self.blocks, self._kept(h, seed), strict=True):
            h = block(h, kept=kept)
        return self.last(self.norm(h))

    def local_logits(self, tokens: tf.Tensor) -> tf.Tensor:
        """Returns logits [B, N, num_tokens] of q(t_i | tokens near it), of tokens [B, N]."""
        return self._local(tf.stop_gradient(self._near_all(tokens)))

    # A function of the graph: an export holds its loop once.
    @functools.partial(tf.function, autograph=False)
    def generate(
        self, noise: tf.Tensor, y: tf.Tensor, temperature: float = 1.0, guidance: float = 1.0
    ) -> tf.Tensor:
        """Returns tokens int32 [B, N], drawn one after another.

        Keys and values of the tokens before are kept, so that a token takes one step.
        Probabilities are those of `guide`, to the power of 1 / temperature.

        Args:
          noise: uniform in [0, 1), [B, N].
          y: labels [B].
          temperature: logits are divided by it.
          guidance: 1 draws from p.
        """
        label = tf.gather(self.labels.value, y)
        none = tf.zeros_like(noise[:, :0, None]) + tf.zeros([self.size])  # [B, 0, size]
        caches = [(none, none) for _ in self.blocks]
        tokens = self._behind_outside(tf.zeros_like(noise[:, :0], tf.int32))

        def next_token(i, tokens, caches):
            near, grown = self._near(tokens, i), []
            h = label + near
            for block, (keys, values) in zip(self.blocks, caches, strict=True):
                h, *cache = block.step(h, keys, values)
                grown.append(tuple(cache))
            logits = self.last(self.norm(h))
            if guidance != 1:
                logits = guide(logits, self._local(near), guidance)
            token = choose(logits / temperature, noise[:, i, None])
            return i + 1, tf.concat([tokens, token[:, None]], 1), grown

        unknown = tf.TensorShape([None, None, self.size])
        shapes = (
            tf.TensorShape([]),
            tf.TensorShape([None, None]),
            [(unknown, unknown) for _ in self.blocks],
        )
        state = (0, tokens, caches)
        _, tokens, _ = tf.while_loop(lambda i, *_: i < self.length, next_token, state, shapes)
        return tf.ensure_shape(tokens[:, 1:], [None, self.length])

    def _near_all(self, tokens):
        """Returns features [B, N, width] of each place and of the tokens near it."""
        return self._near(self._behind_outside(tokens), tf.range(self.length))

    def _near(self, tokens, places):
        """Returns features of some places, and of the tokens near them: [B, *places, width].

        Args:
          tokens: from the first, behind that of places outside.
          places: numbers of the places, int32, [] or [n].
        """
        features = tf.gather(self.places.value, places)
        for i, numbers in enumerate(self.neighbours):
            near = tf.gather(tokens, tf.gather(numbers, places), axis=1)
            features += tf.gather(self.embedding.value[i], near)
        return features

    def _local(self, near):
        return functools.reduce(lambda h, layer: layer(h), self.local, near)

    def _kept(self, h, seed):
        """Returns two factors for each block, which are 0 where a feature is dropped."""
        if seed is None or not self.dropout:
            return [(1.0, 1.0)] * len(self.blocks)
        shape = [len(self.blocks), 2, tf.shape(h)[0], 1, h.shape[-1]]
        kept = seeds.uniform(shape, seed) >= self.dropout
        factors = tf.cast(kept, h.dtype) / (1 - self.dropout)
        return [tf.unstack(two) for two in tf.unstack(factors)]

    def _behind_outside(self, tokens):
        """Returns tokens [B, n] behind that of places outside, [B, 1 + n]."""
        return tf.pad(tokens, [[0, 0], [1, 0]], constant_values=self.outside)


def guide(logits: tf.Tensor, local: tf.Tensor, guidance: float) -> tf.Tensor:
    """Returns logits of p^guidance q^(1 - guidance), with -1e9 for tokens that are implausible.

    Args:
      logits: of p, [..., num_tokens].
      local: of q, of the same shape.
      guidance: 1 gives p of all plausible tokens.
    """
    implausible = logits < tf.reduce_max(logits, -1, keepdims=True) + math.log(PLAUSIBLE)
    return tf.where(implausible, -1e9, guidance * logits + (1 - guidance) * local)


def _last(num_tokens):
    """The layer of logits, all 0 at first."""
    return keras.layers.Dense(num_tokens, kernel_initializer="zeros", dtype="float32")


def _find_neighbours(grid, down, right):
    """Where each place's neighbour stands behind the token of places outside, [N]."""
    rows, columns = np.indices(grid)
    rows, columns = rows + down, columns + right
    inside = (rows >= 0) & (columns >= 0) & (columns < grid[1])
    return np.where(inside, 1 + rows * grid[1] + columns, 0).ravel()
