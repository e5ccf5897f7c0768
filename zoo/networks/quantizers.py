"""Quantizers: vectors of real numbers to tokens, whole numbers from 0, and back.

A codebook is a list of vectors, and a token the number of the nearest one. Van den Oord et al.
2017, Neural Discrete Representation Learning (arXiv 1711.00937), train it by gradient (equation 3)
or by moving averages (appendix A.1). Finite scalar quantization (Mentzer et al. 2023, arXiv
2309.15505) has no codebook: each number of a vector is rounded to one of a few levels.
"""

import math

import keras
import tensorflow as tf

from zoo import replicas, seeds

# A vector that is used less than this share of the mean use is replaced.
DEAD = 0.03


class Quantizer(keras.Layer):
    """Base class.

    Attributes:
      num_tokens: number of different tokens.
      dim: of a vector.
    """

    num_tokens: int
    dim: int

    def bound(self, z: tf.Tensor) -> tf.Tensor:
        """Returns vectors [..., dim] in the range of `embed`; these are rounded to tokens."""
        return z

    def tokens(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the tokens int32 [...] of bounded vectors [..., dim]."""
        raise NotImplementedError

    def embed(self, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the vectors [..., dim] that tokens [...] stand for."""
        raise NotImplementedError

    def costs(self, z: tf.Tensor, e: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the terms of the loss beside the distortion, [B] each.

        Args:
          z: bounded vectors, [B, h, w, dim].
          e: what they are rounded to, of the same shape.
        """
        del z, e
        return {}

    def update(self, z: tf.Tensor, seed: tf.Tensor) -> None:
        """Learns from the vectors of a training step what it does not learn by gradient.

        Args:
          z: bounded vectors of this replica, [B, h, w, dim].
          seed: int32 [2], the same on all replicas.
        """


class Codebook(Quantizer):
    """Vectors that follow the gradient of |sg[z] - e|^2."""

    learned_by_gradient = True

    def __init__(self, config):
        super().__init__()
        self.num_tokens, self.dim = config.num_tokens, config.token_dim
        self.beta = config.beta
        self.built = True  # has no call
        self.vectors = self.add_weight(
            name="vectors",
            shape=(self.num_tokens, self.dim),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=self.learned_by_gradient,
            aggregation="mean",
        )

    def tokens(self, z):
        e = self.vectors.value
        # |z - e|^2 without |z|^2, which is the same for all e.
        distances = tf.reduce_sum(tf.square(e), -1) - 2 * tf.matmul(_rows(z), e, transpose_b=True)
        nearest = tf.argmin(distances, -1, tf.int32)
        return tf.reshape(nearest, tf.shape(z)[:-1])

    def embed(self, tokens):
        return tf.gather(self.vectors.value, tokens)

    def costs(self, z, e):
        return {
            "codebook": _distance(tf.stop_gradient(z), e),
            "commitment": self.beta * _distance(z, tf.stop_gradient(e)),
        }


class MovingAverageCodebook(Codebook):
    """Vectors that are moving averages of the z whose nearest one they are.

    With n_k the number of such z in a batch and s_k their sum, both over all replicas,

        N_k <- decay N_k + (1 - decay) n_k,    M_k <- decay M_k + (1 - decay) s_k,
        e_k = M_k / N_k.

    A vector whose N_k has become small is replaced by a z of the batch, chosen at random; a new
    codebook thus begins with vectors of its first batch.
    """

    learned_by_gradient = False

    def __init__(self, config):
        super().__init__(config)
        self.decay = config.decay
        state = {"trainable": False, "initializer": "zeros", "aggregation": "mean"}
        self.counts = self.add_weight(name="counts", shape=(self.num_tokens,), **state)
        self.sums = self.add_weight(name="sums", shape=(self.num_tokens, self.dim), **state)

    def costs(self, z, e):
        return {"commitment": self.beta * _distance(z, tf.stop_gradient(e))}

    def update(self, z, seed):
        rows = _rows(z)
        chosen = tf.one_hot(self.tokens(rows), self.num_tokens)  # [N, K]
        batch = tf.reduce_sum(chosen, 0), tf.matmul(chosen, rows, transpose_a=True)
        old = self.counts.value, self.sums.value
        counts, sums = (
            self.decay * before + (1 - self.decay) * now
            for before, now in zip(old, replicas.all_reduce("sum", batch), strict=True)
        )
        mean = tf.reduce_mean(counts)
        dead = counts < DEAD * mean
        candidates = _rows(replicas.gather(rows)[0])
        count = tf.shape(candidates)[0]
        picks = seeds.uniform([self.num_tokens], seed) * tf.cast(count, tf.float32)
        fresh = tf.gather(candidates, tf.minimum(tf.cast(picks, tf.int32), count - 1))
        counts = tf.where(dead, mean, counts)
        sums = tf.where(dead[:, None], mean * fresh, sums)
        self.counts.assign(counts)
        self.sums.assign(sums)
        self.vectors.assign(sums / counts[:, None])


class FiniteScalar(Quantizer):
    """Each number of a vector rounded to one of L levels; a token has a digit for each.

    Equation 1 of the paper, with the bound of its appendix: for even L it is shifted by half a
    level, so that all of them are equally wide. Vectors are scaled to [-1, 1].
    """

    def __init__(self, config):
        super().__init__()
        self.levels = tuple(config.scalar_levels)
        self.num_tokens, self.dim = math.prod(self.levels), len(self.levels)
        self.halves = [float(level // 2) for level in self.levels]
        self.places = [math.prod(self.levels[:i]) for i in range(self.dim)]
        self.built = True

    def bound(self, z):
        reach = [(level - 1) * (1 + 1e-3) / 2 for level in self.levels]
        offset = [0.0 if level % 2 else 0.5 for level in self.levels]
        shift = [math.atanh(o / r) for o, r in zip(offset, reach, strict=True)]
        return (tf.tanh(z + shift) * reach - offset) / self.halves

    def tokens(self, z):
        digits = tf.cast(tf.round(z * self.halves) + self.halves, tf.int32)
        return tf.reduce_sum(digits * self.places, -1)

    def embed(self, tokens):
        digits = tokens[..., None] // self.places % list(self.levels)
        return tf.cast(digits, tf.float32) / self.halves - 1.0


KINDS = {
    "moving_average": MovingAverageCodebook,
    "gradient": Codebook,
    "finite_scalar": FiniteScalar,
}


@tf.custom_gradient
def straight_through(z: tf.Tensor, e: tf.Tensor):
    """Returns e, whose gradient goes to z unchanged."""
    return tf.identity(e), lambda upstream: (upstream, tf.zeros_like(upstream))


def _rows(z):
    return tf.reshape(z, [-1, z.shape[-1]])


def _distance(z, e):
    """|z - e|^2 of each example, [B], summed over its grid."""
    return tf.reduce_sum(tf.square(z - e), [1, 2, 3])
