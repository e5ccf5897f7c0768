"""Splits as batches {"x": [B, ...], "y": [B]}: in memory, streamed or generated.

A row is an image, uint8 [H, W, C], or a vector, float32 [D]; its label y is a whole number from 0,
or -1 where it is unknown. All kinds of split answer to the same
two methods. `epoch` feeds the training loop: rows in an order that is a
function of (seed, epoch), from any step on, sharded over workers and replicas such that R replicas
together see the very batches that one would. `batches` is for evaluation and for people: float32 in
a fixed order, every row once.
"""

import functools
import hashlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.data.pipeline import Spec, to_float
from zoo.errors import UserError

# Rows of a streamed split that are brought into another order at once.
SHUFFLED_AT_ONCE = 10_000
# Rows that a generated split draws at once.
GENERATED_BLOCK = 4096
# Rows of a split that is not in memory by which it is known again.
FINGERPRINTED = 1000


class Dataset(NamedTuple):
    """Three splits of one set; `validation` is carved from the set's training split."""

    name: str
    spec: Spec
    train: "Split"
    validation: "Split"
    test: "Split"

    def check_labels(self, all_known: bool = False) -> None:
        """Raises a UserError if rows have labels that the spec does not have.

        Args:
          all_known: whether rows without a label are refused as well.
        """
        unknown = self.train.count_unknown()
        if all_known and unknown:
            raise UserError(
                f"{unknown:,} of the {self.train.size:,} training rows of {self.name!r} have no "
                "label, and this model learns from labelled rows alone: choose --model=m2 or "
                "--model=m1_m2, or leave these rows out."
            )
        for name, split in zip(("train", "validation", "test"), self[2:], strict=True):
            highest = split.highest_label()
            if self.spec.num_classes and highest >= self.spec.num_classes:
                raise UserError(
                    f"Dataset {self.name!r} has the label {highest} in its split {name!r}, but "
                    f"{self.spec.num_classes} classes: labels are expected in 0 .. "
                    f"{self.spec.num_classes - 1}."
                )

    def fingerprint(self) -> dict:
        """Returns the numbers of rows, and a SHA-256 that other rows change."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        content = hashlib.sha256()
        for split in splits.values():
            split.add_to(content)
        sizes = {name: split.size for name, split in splits.items()}
        return {**sizes, "sha256": content.hexdigest()}


class Shard(NamedTuple):
    """The part of each global batch that one worker's input pipeline makes."""

    worker: int = 0
    num_workers: int = 1
    local_replicas: int = 1

    @property
    def num_replicas(self):
        return self.num_workers * self.local_replicas


class Split:
    """The common part of both kinds of split."""

    size: int

    def epoch(
        self,
        seed,
        epoch,
        first_step,
        batch_size,
        shard=Shard(),  # noqa: B008
        every_row=False,
    ) -> tf.data.Dataset:
        """Returns the batches of one replica after another, from `first_step` on.

        What does not fill a batch is left out. With `every_row` it is padded with other rows, and
        each batch has {"weight": float32 [B]}: 0 for padding, for others 1 or their own weight.
        """
        raise NotImplementedError

    def epochs(self, seed, first_step, batch_size, shard=Shard(), every_row=False):  # noqa: B008
        """Returns the batches of one epoch after another, from a step of the run on, without end.

        To make a dataset takes longer than a short epoch: there is one for the whole run.
        """

        def of(epoch, first_step=0):
            return self.epoch(seed, epoch, first_step, batch_size, shard, every_row)

        epoch, first_step = divmod(first_step, self.steps_per_epoch(batch_size, every_row))
        later = tf.data.Dataset.range(epoch + 1, np.iinfo(np.int64).max).flat_map(of)
        return of(tf.constant(epoch, tf.int64), first_step).concatenate(later).prefetch(4)

    def batches_of_bytes(self, batch_size: int) -> tf.data.Dataset:
        """Returns batches as they are stored, in a fixed order, the last as small as it comes."""
        raise NotImplementedError

    def highest_label(self) -> int:
        """Returns the highest label of rows in memory; -1 where it is not known."""
        return -1

    def count_unknown(self) -> int:
        """Returns the number of rows that are known to have no label."""
        return 0

    def labels(self) -> np.ndarray:
        """Returns the labels of all rows, int32 [N]; -1 where a row has none."""
        return np.concatenate([b["y"] for b in self.batches_of_bytes(1000).as_numpy_iterator()])

    def where(self, rows: np.ndarray) -> "Split":
        """Returns the rows for which a mask [N] is True."""
        raise NotImplementedError

    def in_memory(self) -> "InMemory":
        """Returns the same rows as arrays."""
        batches = list(self.batches_of_bytes(1024).as_numpy_iterator())
        return InMemory(*(np.concatenate([b[name] for b in batches]) for name in ("x", "y")))

    def add_to(self, content) -> None:
        """Adds the rows to a hash; of rows that are not in memory the first FINGERPRINTED."""
        for batch in self.take(FINGERPRINTED).batches_of_bytes(1000).as_numpy_iterator():
            for _, array in sorted(batch.items()):
                content.update(np.ascontiguousarray(array))

    def take(self, count: int) -> "Split":
        """Returns the first rows, or all if there are no more."""
        raise NotImplementedError

    def steps_per_epoch(self, batch_size: int, every_row: bool = False) -> int:
        return -(-self.size // batch_size) if every_row else self.size // batch_size

    def batches(self, batch_size: int, pixels: str = "scaled", seed: int = 0) -> tf.data.Dataset:
        """Returns float32 batches in a fixed order, the last one as small as it comes.

        Noise that `pixels` (see `to_float`) asks for is drawn once and for all from `seed`: equal
        arguments give equal images, whenever and wherever they are asked for.
        """

        def convert(i, batch):
            return to_float(batch, pixels, seeds.stream(seed, seeds.Stream.FIXED_PIXELS, i))

        return self.batches_of_bytes(batch_size).enumerate().map(convert).prefetch(2)


class InMemory(Split):
    """Arrays; a batch is one gather of whole rows.

    Args:
      x: images [N, H, W, C], kept as bytes; or vectors [N, D], kept as float32, as float64 where
        float32 could not tell rows apart.
      y: labels [N], whole numbers from 0, or -1 where none is known; all 0 if None.
      weight: [N], how often each row counts, for models that learn from weighted rows (gmm).

    Raises:
      UserError: for other shapes, values that are not finite, pixels or labels out of range.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray | None = None, weight=None):
        x = np.asarray(x)
        if x.ndim not in (2, 4):
            advice = {1: "x[:, None] makes rows of one number each", 3: "x[..., None] adds one"}
            raise UserError(
                f"Expected images [N, H, W, C] or rows of numbers [N, D], got shape {x.shape}"
                f"{f': {advice[x.ndim]}' if x.ndim in advice else ''}."
            )
        self.x, self.size = _vectors(x) if x.ndim == 2 else _bytes(x), len(x)
        self.y = np.zeros(self.size, np.int32) if y is None else _labels(y, self.size)
        self.weight = None if weight is None else _weights(weight, self.size)

    @functools.cached_property
    def _tensors(self):
        """The arrays as tensors, made once: in host memory, where tf.data reads them."""
        with tf.init_scope(), tf.device("CPU:0"):
            tensors = {"x": tf.constant(self.x), "y": tf.constant(self.y)}
            if self.weight is not None:
                tensors["weight"] = tf.constant(self.weight)
            return tensors

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard(), every_row=False):  # noqa: B008
        rows = batch_size // shard.num_replicas
        tensors = self._tensors

        def gather(i):
            step, replica = i // shard.local_replicas, i % shard.local_replicas
            replica += shard.worker * shard.local_replicas
            positions = step * batch_size + replica * rows + tf.range(rows, dtype=tf.int64)
            # A permutation that can be entered anywhere: resuming costs nothing.
            chosen = tf.random.experimental.index_shuffle(
                positions % self.size, tf.stack([tf.cast(seed, tf.int64), epoch]), self.size - 1
            )
            batch = {name: tf.gather(tensor, chosen) for name, tensor in tensors.items()}
            return _without_padding(batch, positions, self.size) if every_row else batch

        steps = self.steps_per_epoch(batch_size, every_row)
        turns = tf.data.Dataset.range(
            first_step * shard.local_replicas, steps * shard.local_replicas
        )
        return turns.map(gather)

    def highest_label(self):
        return int(self.y.max(initial=-1))

    def count_unknown(self):
        return int(np.sum(self.y < 0))

    def labels(self):
        return self.y

    def where(self, rows):
        """Returns the rows that a mask [N] or numbers of rows choose."""
        weight = None if self.weight is None else self.weight[rows]
        return InMemory(self.x[rows], self.y[rows], weight)

    def in_memory(self):
        return self

    def add_to(self, content):
        for array in (self.x, self.y, self.weight):
            if array is not None:
                content.update(np.ascontiguousarray(array))

    def take(self, count):
        weight = None if self.weight is None else self.weight[:count]
        return InMemory(self.x[:count], self.y[:count], weight)

    def batches_of_bytes(self, batch_size):
        return tf.data.Dataset.from_tensor_slices(self._tensors).batch(batch_size)


def _without_padding(batch, positions, size):
    """The batch with a weight a row: none where the position is past the last row."""
    inside = tf.cast(positions < size, tf.float32)
    return {**batch, "weight": batch.get("weight", 1.0) * inside}


def _labels(y, size):
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] > 1:
        raise UserError(f"Labels are expected as [{size}], got {y.shape}: np.argmax(y, 1) it is.")
    if y.shape not in ((size,), (size, 1)):
        raise UserError(f"Labels are expected as [{size}], one per row, got shape {y.shape}.")
    whole = y.dtype.kind in "iub" or (y.dtype.kind == "f" and np.all(y == np.floor(y)))
    if not whole:
        example = y.reshape(-1)[0]
        raise UserError(
            f"Labels are expected as whole numbers from 0, got {y.dtype} such as {example!r}: "
            "np.unique(y, return_inverse=True)[1] counts classes."
        )
    if y.size and y.min() < -1:
        raise UserError(
            "Labels are expected as whole numbers from 0, or -1 where none is known, got "
            f"{y.min()}."
        )
    return y.reshape(-1).astype(np.int32)


# Rows keep float64 where float32 is off by more than this share of their spread.
LOST_SHARE = 1e-4


def _vectors(x):
    """Rows of numbers as float32 if that can tell them apart, else as float64."""
    if x.dtype.kind not in "iubf":
        raise UserError(f"Rows are expected as numbers, got {x.dtype}.")
    rows = np.asarray(x, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        x = np.asarray(x, np.float32)
        lost = np.max(np.abs(rows - x), 0, initial=0.0)
        spread = rows.std(0) if len(rows) else 0.0
    finite = np.all(np.isfinite(x), 1)
    if not np.all(finite):
        raise UserError(
            f"{np.sum(~finite)} rows have values that are NaN, infinite or beyond float32, the "
            f"first is row {np.argmin(finite)}: mend or drop these rows."
        )
    return rows if np.any(lost > LOST_SHARE * spread) else x


def _weights(weight, size):
    weight = np.asarray(weight, np.float32)
    if weight.shape != (size,) or not np.all(np.isfinite(weight) & (weight >= 0)):
        raise UserError(
            f"Weights are expected as {size} finite numbers of 0 or more, one a row, got shape "
            f"{weight.shape}" + (f" from {weight.min()} to {weight.max()}." if weight.size else ".")
        )
    if not weight.sum() > 0:
        raise UserError("All weights are 0: no row is left to learn from.")
    return weight


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
      y: labels [N], if they are known without decoding the examples.
    """

    def __init__(self, examples: tf.data.Dataset, decode, size: int, y: np.ndarray | None = None):
        self.examples, self.decode, self.size, self.y = examples, decode, size, y

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard(), every_row=False):  # noqa: B008
        rows = batch_size // shard.num_workers

        def mine(i, _):
            return i % batch_size // rows == shard.worker

        def decode(i, example):
            decoded = self.decode(example)
            return _without_padding(decoded, i, self.size) if every_row else decoded

        examples = self._shuffled(seeds.stream(seed, seeds.Stream.SHUFFLE, epoch))
        steps = self.steps_per_epoch(batch_size, every_row)
        examples = examples.repeat().take(steps * batch_size).enumerate()
        # What was seen is skipped, and other workers' rows are dropped, before anything is decoded.
        examples = examples.skip(first_step * batch_size).filter(mine)
        decoded = examples.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        return decoded.batch(rows // shard.local_replicas, drop_remainder=True)

    def _shuffled(self, seed):
        """The examples, those of each block of SHUFFLED_AT_ONCE in an order that the seed tells."""

        def shuffle(i, block):
            rows = tf.range(tf.shape(tf.nest.flatten(block)[0])[0])
            order = tf.random.experimental.stateless_shuffle(
                rows, seeds.fold_in(seed, i), alg="philox"
            )
            return tf.nest.map_structure(lambda column: tf.gather(column, order), block)

        return self.examples.batch(SHUFFLED_AT_ONCE).enumerate().map(shuffle).unbatch()

    def count_unknown(self):
        return 0 if self.y is None else int(np.sum(self.y < 0))

    def labels(self):
        return super().labels() if self.y is None else self.y

    def where(self, rows):
        kept = tf.data.Dataset.zip(tf.data.Dataset.from_tensor_slices(rows), self.examples)
        examples = kept.filter(lambda keep, _: keep).map(lambda _, example: example)
        y = None if self.y is None else self.y[rows]
        return Streamed(examples, self.decode, int(np.sum(rows)), y)

    def take(self, count):
        y = None if self.y is None else self.y[:count]
        return Streamed(self.examples.take(count), self.decode, min(count, self.size), y)

    def batches_of_bytes(self, batch_size):
        return self.examples.map(self.decode, tf.data.AUTOTUNE).batch(batch_size)


class Generated(Split):
    """Rows that are drawn when they are asked for, the same ones at each pass: any number of them.

    Args:
      draw: maps (seed int32 [2], count) to {"x": float32 [count, D], "y": int32 [count]}.
      size: number of rows.
      seed: int32 [2]; row i is a function of (seed, i).
    """

    def __init__(self, draw, size: int, seed: tf.Tensor):
        self.draw, self.size, self.seed = draw, size, seed

    def _rows_from(self, first, batch_size):
        """Batches from row `first` on, without end."""

        def block(i):
            batch = self.draw(seeds.fold_in(self.seed, i), GENERATED_BLOCK)
            start = tf.maximum(first - i * GENERATED_BLOCK, 0)
            return {name: tensor[start:] for name, tensor in batch.items()}

        blocks = tf.data.Dataset.range(first // GENERATED_BLOCK, np.iinfo(np.int32).max)
        return blocks.map(block, tf.data.AUTOTUNE).rebatch(batch_size)

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard(), every_row=False):  # noqa: B008
        del seed, epoch  # independent rows need no other order
        rows = batch_size // shard.num_replicas
        steps = self.steps_per_epoch(batch_size, every_row)
        first = first_step * batch_size
        batches = self._rows_from(first, rows).take((steps - first_step) * shard.num_replicas)

        def mine(i, _):
            return i % shard.num_replicas // shard.local_replicas == shard.worker

        def weighted(i, batch):
            positions = first + i * rows + tf.range(rows, dtype=tf.int64)
            return _without_padding(batch, positions, self.size) if every_row else batch

        return batches.enumerate().filter(mine).map(weighted)

    def take(self, count):
        return Generated(self.draw, min(count, self.size), self.seed)

    def batches_of_bytes(self, batch_size):
        whole, rest = divmod(self.size, batch_size)
        batches = self._rows_from(0, batch_size).take(whole + (rest > 0))

        def cut(i, batch):
            size = tf.minimum(self.size - i * batch_size, batch_size)
            return {name: tensor[:size] for name, tensor in batch.items()}

        return batches.enumerate().map(cut)
