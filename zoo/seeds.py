"""Stateless noise: every random number is a function of an int32 [2] seed, and of nothing else.

A training step folds its seed from (run seed, stream, step, replica), so a run is a function of its
config. Philox is named everywhere: left to choose, TensorFlow takes a generator that is several
times slower inside XLA on a CPU. Equal seeds give equal numbers in two steps that are both compiled
by XLA, or both not; between the two kinds the numbers differ, their distribution does not.
"""

import enum

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp


class Stream(enum.IntEnum):
    """Everything that draws random numbers; no two streams share a number.

    A served sample is drawn from `root(seed)` itself, which no stream is.
    """

    MODEL = 0  # the noise of a training step
    FIXED_PIXELS = 1  # binarised or dequantised pixels that are the same at each visit
    EVALUATION = 2  # codes drawn to measure a model
    PIXELS = 3  # binarised or dequantised pixels of training, new at each visit
    SHUFFLE = 4  # the order of streamed rows
    GENERATED = 5  # the rows of a density
    CODES = 6  # codes that are clustered between two epochs
    STARTS = 7  # where EM starts
    LABELS = 8  # which rows keep their labels
    DIAGNOSIS = 9  # rows for discriminators that are trained to diagnose
    MOMENTS = 10  # codes that estimate the moments of a posterior
    LABELLED = 11  # the order of labelled rows beside others


def root(seed) -> tf.Tensor:
    """Returns the int32 [2] seed of a run, from its integer seed."""
    return tf.stack([tf.cast(seed, tf.int32), tf.constant(0, tf.int32)])


def stream(seed, which: Stream, *data) -> tf.Tensor:
    """Returns the int32 [2] seed of one stream of the run with an integer seed.

    Args:
      seed: integer of the run.
      which: the stream.
      *data: integers that name one draw of it: a step, a replica, a batch.
    """
    return fold_in(root(seed), which, *data)


def integer(seed: int, which: Stream, *data: int) -> int:
    """Returns a whole number in [0, 2^31) in place of a seed, for libraries that take one."""
    return int(np.random.default_rng([seed, which, *data]).integers(2**31))


def fold_in(seed: tf.Tensor, *data) -> tf.Tensor:
    """Returns a new int32 [2] seed from `seed` and the integers in `data`, one after the other."""
    for number in data:
        number = tf.cast(number, tf.int32)
        seed = tf.random.experimental.stateless_fold_in(seed, number, alg="philox")
    return seed


def replica_id() -> tf.Tensor:
    """Returns the number of this replica among all replicas of all workers, int32 []."""
    context = tf.distribute.get_replica_context()
    return tf.cast(context.replica_id_in_sync_group if context else 0, tf.int32)


def normal(shape, seed: tf.Tensor) -> tf.Tensor:
    """Returns standard normal noise, float32 `shape`."""
    return tf.random.stateless_normal(shape, seed, alg="philox")


def uniform(shape, seed: tf.Tensor) -> tf.Tensor:
    """Returns uniform noise in [0, 1), float32 `shape`."""
    return tf.random.stateless_uniform(shape, seed, alg="philox")


def words(size, seed: tf.Tensor) -> tf.Tensor:
    """Returns random words of 16 bits, uint16 [size]."""
    pairs = tf.random.stateless_uniform(
        [(size + 1) // 2], seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    return tf.reshape(tf.bitcast(pairs, tf.uint16), [-1])[:size]


def row_normal(seeds: tf.Tensor, size: int) -> tf.Tensor:
    """Returns standard normal noise [B, size] whose row i depends on `seeds[i]` (int32 [B]) alone.

    A server may then batch one client's rows with another's and still answer each reproducibly.
    Row i is `normal([size], root(seeds[i]))` but for rounding, of all rows at once.
    """
    groups = -(-size // 4)  # Philox gives four words at a time
    words = _philox_words(tf.convert_to_tensor(seeds, tf.int32), groups)
    return _box_muller(words)[:, :size]


def _philox_words(seeds, groups):
    """uint32 [B, groups, 4], which stateless_normal would draw for `root(seeds[i])`.

    Philox 4x32-10 of Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    sign = tf.cast(tf.bitwise.right_shift(seeds, 31), tf.uint32)  # all ones in a negative seed
    seed, zero = tf.cast(seeds, tf.uint32), tf.zeros_like(sign)
    keys = [
        [(k + i * step) & _WORD for i in range(10)] for k, step in zip(_MIX, _STEPS, strict=True)
    ]
    mixed = _philox([seed, sign, zero, zero], keys)
    keys = [
        [k[:, None] + tf.constant(i * step & _WORD, tf.uint32) for i in range(10)]
        for k, step in zip(mixed[:2], _STEPS, strict=True)
    ]
    group = tf.constant(np.arange(groups), tf.uint32)[None, :] + zero[:, None]
    counters = [group, tf.zeros_like(group), *(c[:, None] + 0 * group for c in mixed[2:])]
    return tf.stack(_philox(counters, keys), axis=-1)


_WORD = 0xFFFFFFFF
_FACTORS = (0xD2511F53, 0xCD9E8D57)
_STEPS = (0x9E3779B9, 0xBB67AE85)
# The key by which TensorFlow makes a key and a counter of a seed.
_MIX = (0x3EC8F720, 0x02461E29)


def _philox(counter, keys):
    """Four words from a counter of four and the two keys of each round, all of them uint32.

    Without products of 64 bits, which converters of graphs do not know.
    """
    c = counter
    for k0, k1 in zip(*keys, strict=True):
        (high, low), (high2, low2) = _multiply(_FACTORS[0], c[0]), _multiply(_FACTORS[1], c[2])
        c = [high2 ^ c[1] ^ k0, low2, high ^ c[3] ^ k1, low]
    return c


def _multiply(factor, word):
    """The upper and the lower uint32 of a number times a word."""
    # (a 2^16 + b)(c 2^16 + d) by halves; neither of the two sums exceeds 32 bits. The lower half is
    # not taken by a mask, which LiteRT lacks, nor by a difference, which TensorFlow may rewrite to
    # a sum with the negative, which uint32 lacks.
    a, b = factor >> 16, factor & 0xFFFF
    c, d = _shift(word, 16), _shift(word * 0x10000, 16)
    middle = d * a + _shift(d * b, 16)
    rest = c * b + _shift(middle * 0x10000, 16)
    return c * a + _shift(middle, 16) + _shift(rest, 16), word * factor


def _shift(word, bits):
    return tf.bitwise.right_shift(word, tf.constant(bits, tf.uint32))


def _box_muller(words):
    """Standard normal numbers [B, 4 groups] from uint32 [B, groups, 4], two from each two words."""
    u = tf.cast(_shift(words * 0x200, 9), tf.float32) * 2.0**-23  # of the lower 23 bits
    u = tf.reshape(u, [tf.shape(u)[0], u.shape[1] * 2, 2])
    radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(u[..., 0], 1e-7)))
    angle = 2.0 * np.float32(np.pi) * u[..., 1]
    pairs = tf.stack([tf.sin(angle) * radius, tf.cos(angle) * radius], axis=-1)
    return tf.reshape(pairs, [tf.shape(u)[0], u.shape[1] * 2])


def sample(p: tfp.distributions.Distribution, count, seed: tf.Tensor) -> tf.Tensor:
    """Returns draws [count, ...] of any tfp distribution."""
    return p.sample(count, seed=seed)


def row_sample(p: tfp.distributions.Distribution, seeds: tf.Tensor) -> tf.Tensor:
    """Returns draws [B, ...] of any tfp distribution, row i depending on `seeds[i]` alone."""
    return tf.map_fn(
        lambda seed: p.sample(seed=root(seed)),
        tf.convert_to_tensor(seeds, tf.int32),
        fn_output_signature=tf.TensorSpec(p.event_shape, p.dtype),
    )
