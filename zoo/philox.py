"""Philox 4x32-10 for many seeds at once, in uint32, the numbers that TensorFlow draws.

Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
"""

import functools

import numpy as np
import tensorflow as tf

_FACTORS = (0xD2511F53, 0xCD9E8D57)
_STEPS = (0x9E3779B9, 0xBB67AE85)
# The key with which TensorFlow derives a key and a counter from a seed.
_MIX = (0x3EC8F720, 0x02461E29)


def draw_words(seeds: tf.Tensor, groups: int) -> tf.Tensor:
    """Returns the words that stateless_normal draws for the seeds [seeds[i], 0].

    Args:
      seeds: int32 [B].
      groups: number of groups of four words for each.

    Returns:
      uint32 [B, groups, 4].
    """
    sign = tf.cast(tf.bitwise.right_shift(seeds, 31), tf.uint32)  # all ones in a negative seed
    seed, zero = tf.cast(seeds, tf.uint32), tf.zeros_like(sign)
    mixed = _philox([seed, sign, zero, zero], [zero + tf.constant(k, tf.uint32) for k in _MIX])
    group = tf.constant(np.arange(groups), tf.uint32)[None, :] + zero[:, None]
    *keys, third, fourth = (tf.reshape(word[:, None] + 0 * group, [-1]) for word in mixed)
    group = tf.reshape(group, [-1])
    words = tf.stack(_philox([group, tf.zeros_like(group), third, fourth], keys), -1)
    return tf.reshape(words, [-1, groups, 4])


# Functions of the graph: an export holds the operations of a round, and the ten rounds, once.
_shared = functools.partial(tf.function, autograph=False, reduce_retracing=True)


@_shared
def _philox(counter, keys):
    """Returns four words from a counter of four and two keys, all uint32 [N].

    It uses no 64-bit products, which converters to other formats do not support.
    """
    for _ in range(10):
        counter, keys = _round(counter, keys)
    return counter


@_shared
def _round(c, k):
    """Returns the four words of a counter after a round with two keys, and the next keys."""
    (high, low), (high2, low2) = _multiply(_FACTORS[0], c[0]), _multiply(_FACTORS[1], c[2])
    keys = [key + tf.constant(step, tf.uint32) for key, step in zip(k, _STEPS, strict=True)]
    return [high2 ^ c[1] ^ k[0], low2, high ^ c[3] ^ k[1], low], keys


def _multiply(factor, word):
    """Returns the upper and the lower uint32 of a number times a word."""
    # (a 2^16 + b)(c 2^16 + d) by halves; neither of the two sums exceeds 32 bits. The lower half is
    # taken by shifts: LiteRT has no mask, and TensorFlow may rewrite a difference to a sum with the
    # negative, which uint32 does not have.
    a, b = factor >> 16, factor & 0xFFFF
    c, d = _shift(word, 16), _shift(word * 0x10000, 16)
    middle = d * a + _shift(d * b, 16)
    rest = c * b + _shift(middle * 0x10000, 16)
    return c * a + _shift(middle, 16) + _shift(rest, 16), word * factor


def _shift(word, bits):
    return tf.bitwise.right_shift(word, tf.constant(bits, tf.uint32))


def to_uniform(words: tf.Tensor) -> tf.Tensor:
    """Returns numbers in [0, 1), [B, 4 groups], from words, uint32 [B, groups, 4]."""
    u = tf.cast(_shift(words * 0x200, 9), tf.float32) * 2.0**-23  # from the lower 23 bits
    return tf.reshape(u, [tf.shape(u)[0], u.shape[1] * 4])


def box_muller(words: tf.Tensor) -> tf.Tensor:
    """Returns standard normal numbers [B, 4 groups] from words, uint32 [B, groups, 4]."""
    u = to_uniform(words)
    u = tf.reshape(u, [tf.shape(u)[0], u.shape[1] // 2, 2])
    radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(u[..., 0], 1e-7)))
    angle = 2.0 * np.float32(np.pi) * u[..., 1]
    pairs = tf.stack([tf.sin(angle) * radius, tf.cos(angle) * radius], axis=-1)
    return tf.reshape(pairs, [tf.shape(u)[0], u.shape[1] * 2])
