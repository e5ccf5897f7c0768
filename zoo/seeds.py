"""Stateless noise: every random number is a function of an int32 [2] seed and nothing else.

A training step folds its seed from (run seed, stream, step, replica), so a run is a function of its
config. Philox is named everywhere: TensorFlow's default generator is several times slower inside
XLA on a CPU. Equal seeds give equal numbers in two steps if both are compiled by XLA, or neither;
between the two the numbers differ, their distribution does not.
"""

import enum

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from zoo import philox


class Stream(enum.IntEnum):
    """The consumers of random numbers, each with its own number.

    Served samples are drawn from `root(seed)` itself, which is not a stream.
    """

    MODEL = 0  # noise of a training step
    FIXED_PIXELS = 1  # binarised or dequantised pixels, the same at each visit
    EVALUATION = 2  # codes for metrics
    PIXELS = 3  # binarised or dequantised pixels in training, new at each visit
    SHUFFLE = 4  # order of streamed rows
    GENERATED = 5  # rows of a density
    CODES = 6  # codes that are clustered between two epochs
    STARTS = 7  # initialisations of EM
    LABELS = 8  # choice of the rows that keep their labels
    DIAGNOSIS = 9  # rows for discriminators that are trained for a diagnosis
    MOMENTS = 10  # codes that estimate the moments of a posterior
    LABELLED = 11  # order of labelled rows beside others


def root(seed) -> tf.Tensor:
    """Returns the int32 [2] seed of a run, from its integer seed."""
    return tf.stack([tf.cast(seed, tf.int32), tf.constant(0, tf.int32)])


def stream(seed, which: Stream, *data) -> tf.Tensor:
    """Returns the int32 [2] seed of one stream of the run with an integer seed.

    Args:
      seed: integer of the run.
      which: the stream.
      *data: integers that identify one draw: a step, a replica, a batch.
    """
    return fold_in(root(seed), which, *data)


def integer(seed: int, which: Stream, *data: int) -> int:
    """Returns an integer seed in [0, 2^31), for libraries that take one."""
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


def random_uint16(size, seed: tf.Tensor) -> tf.Tensor:
    """Returns uniform random numbers, uint16 [size]."""
    pairs = tf.random.stateless_uniform(
        [(size + 1) // 2], seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    return tf.reshape(tf.bitcast(pairs, tf.uint16), [-1])[:size]


def row_normal(seeds: tf.Tensor, size: int) -> tf.Tensor:
    """Returns standard normal noise [B, size] whose row i depends on `seeds[i]` (int32 [B]) alone.

    A server may then batch one client's rows with another's and still answer each reproducibly.
    Row i equals `normal([size], root(seeds[i]))` up to rounding.
    """
    groups = -(-size // 4)  # Philox gives four words at a time
    words = philox.draw_words(tf.convert_to_tensor(seeds, tf.int32), groups)
    return philox.box_muller(words)[:, :size]


def row_uniform(seeds: tf.Tensor, size: int) -> tf.Tensor:
    """Returns uniform noise in [0, 1), [B, size], row i of `seeds[i]` alone, as in `row_normal`."""
    groups = -(-size // 4)
    words = philox.draw_words(tf.convert_to_tensor(seeds, tf.int32), groups)
    return philox.to_uniform(words)[:, :size]


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
