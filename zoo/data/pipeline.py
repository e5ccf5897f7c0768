"""Splits of images as batches {"x": [B, H, W, C], "y": [B]}, in memory or streamed.

Both kinds of split answer to the same two methods. `epoch` feeds the training loop: uint8 rows in
an order that is a function of (seed, epoch), from any step on, sharded over workers and replicas
such that R replicas together see the very batches that one would. `batches` is for evaluation and
for people: float32 in a fixed order, every image once.
"""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.errors import UserError

SHUFFLE_BUFFER = 10_000
# Splits of this many bytes or fewer are read into memory, where batches cost a gather each.
IN_MEMORY_BYTES = 2 * 2**30


class Spec(NamedTuple):
    """What a model must know of its data: the shape of one x, the number of labels (0: none)."""

    shape: tuple[int, ...]
    num_classes: int


class Dataset(NamedTuple):
    """Three splits of one set; `validation` is carved from the set's training split."""

    name: str
    spec: Spec
    train: "Split"
    validation: "Split"
    test: "Split"


class Shard(NamedTuple):
    """The part of each global batch that one worker's input pipeline makes."""

    worker: int = 0
    num_workers: int = 1
    local_replicas: int = 1

    @property
    def num_replicas(self):
        return self.num_workers * self.local_replicas


def to_float(batch, pixels: str = "scaled", seed: tf.Tensor | None = None):
    """Returns the batch with x float32 in [0, 1], made of bytes v in one of three ways.

    Args:
      batch: {"x": uint8 [B, H, W, C], "y": [B]}.
      pixels: "scaled" gives v / 255; "binarized" 1 with probability v / 255, else 0 ("dynamic"
        where the seed is another at each visit); "dequantized" (v + u) / 256 with u uniform in
        [0, 1), so that a density over x is a bound on the probability of the bytes (Theis et al.
        2016, arXiv 1511.01844, section 3.1).
      seed: int32 [2], for the latter two.
    """
    x = tf.cast(batch["x"], tf.float32)
    if pixels == "scaled":
        x /= 255.0
    elif pixels == "binarized":
        x = tf.cast(_is_white(x, seed), tf.float32)
    elif pixels == "dequantized":
        x = (x + seeds.uniform(tf.shape(x), seed)) / 256.0
    else:
        raise ValueError(f"unknown kind of pixels {pixels!r}")
    return {"x": x, "y": batch["y"]}


def binarize(batch, seed: tf.Tensor):
    """Returns the batch with x drawn as for "binarized", still as bytes: 0 or 255."""
    white = _is_white(tf.cast(batch["x"], tf.float32), seed)
    return {"x": 255 * tf.cast(white, tf.uint8), "y": batch["y"]}


def _is_white(x, seed):
    return seeds.uniform(tf.shape(x), seed) < x / 255.0


class Split:
    """The common part of both kinds of split."""

    size: int

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard()) -> tf.data.Dataset:  # noqa: B008
        """Returns the uint8 batches of one replica after another, from `first_step` on."""
        raise NotImplementedError

    def batches_of_bytes(self, batch_size: int) -> tf.data.Dataset:
        """Returns uint8 batches in a fixed order, the last one as small as it comes."""
        raise NotImplementedError

    def take(self, count: int) -> "Split":
        """Returns the first images, or all if there are no more."""
        raise NotImplementedError

    def steps_per_epoch(self, batch_size: int) -> int:
        return self.size // batch_size

    def batches(self, batch_size: int, pixels: str = "scaled", seed: int = 0) -> tf.data.Dataset:
        """Returns float32 batches in a fixed order, the last one as small as it comes.

        Noise that `pixels` (see `to_float`) asks for is drawn once and for all from `seed`: equal
        arguments give equal images, whenever and wherever they are asked for.
        """

        def convert(i, batch):
            return to_float(batch, pixels, seeds.fold_in(seeds.root(seed), seeds.DATA, i))

        return self.batches_of_bytes(batch_size).enumerate().map(convert).prefetch(2)


class InMemory(Split):
    """uint8 arrays; a batch is one gather of whole rows."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        self.x, self.y, self.size = _bytes(x), y.astype(np.int32), len(x)

    @functools.cached_property
    def _tensors(self):
        """The arrays as tensors, made once: in host memory, where tf.data reads them."""
        with tf.device("CPU:0"):
            return {"x": tf.constant(self.x), "y": tf.constant(self.y)}

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard()):  # noqa: B008
        rows = batch_size // shard.num_replicas
        tensors = self._tensors

        def gather(i):
            step, replica = i // shard.local_replicas, i % shard.local_replicas
            replica += shard.worker * shard.local_replicas
            positions = step * batch_size + replica * rows + tf.range(rows, dtype=tf.int64)
            # A permutation that can be entered anywhere: resuming costs nothing.
            chosen = tf.random.experimental.index_shuffle(
                positions, tf.constant([seed, epoch], tf.int64), self.size - 1
            )
            return {name: tf.gather(tensor, chosen) for name, tensor in tensors.items()}

        steps = self.steps_per_epoch(batch_size)
        turns = tf.data.Dataset.range(
            first_step * shard.local_replicas, steps * shard.local_replicas
        )
        return turns.map(gather).prefetch(2 * shard.local_replicas)

    def take(self, count):
        return InMemory(self.x[:count], self.y[:count])

    def batches_of_bytes(self, batch_size):
        return tf.data.Dataset.from_tensor_slices(self._tensors).batch(batch_size)


def _bytes(x):
    """Images as uint8; floats in [0, 1] are rounded to bytes."""
    if x.dtype == np.uint8:
        return x
    if not np.issubdtype(x.dtype, np.floating):
        raise UserError(f"Images are expected as bytes or as floats in [0, 1], got {x.dtype}.")
    if not np.all(np.isfinite(x)):
        count, first = np.sum(~np.isfinite(x)), np.argwhere(~np.isfinite(x))[0][0]
        raise UserError(
            f"{count} pixels are NaN or infinite, the first in image {first}: mend or drop these "
            "images."
        )
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise UserError(
            f"Pixels are expected in [0, 1], got {x.min():g} to {x.max():g}: divide bytes by 255."
        )
    return np.round(255 * x).astype(np.uint8)


class Streamed(Split):
    """Examples read from files at each pass, for sets that do not fit into memory.

    Args:
      examples: dataset of undecoded examples, in a fixed order.
      decode: maps an example to {"x": uint8 [H, W, C], "y": int32 []}.
      size: number of examples.
    """

    def __init__(self, examples: tf.data.Dataset, decode, size: int):
        self.examples, self.decode, self.size = examples, decode, size

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard()):  # noqa: B008
        rows = batch_size // shard.num_workers

        def mine(i, _):
            return i % batch_size // rows == shard.worker

        order = int(np.random.default_rng((seed, epoch)).integers(2**31))
        examples = self.examples.shuffle(SHUFFLE_BUFFER, order, reshuffle_each_iteration=False)
        examples = examples.take(self.steps_per_epoch(batch_size) * batch_size).enumerate()
        # What was seen is skipped, and other workers' rows are dropped, before anything is decoded.
        examples = examples.skip(first_step * batch_size).filter(mine)
        decoded = examples.map(
            lambda _, example: self.decode(example), num_parallel_calls=tf.data.AUTOTUNE
        )
        return decoded.batch(rows // shard.local_replicas, drop_remainder=True).prefetch(4)

    def take(self, count):
        return Streamed(self.examples.take(count), self.decode, min(count, self.size))

    def batches_of_bytes(self, batch_size):
        return self.examples.map(self.decode, tf.data.AUTOTUNE).batch(batch_size)
