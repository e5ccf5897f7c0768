"""Splits of datasets as batches {"x": [B, ...], "y": [B]}.

A row is an image, uint8 [H, W, C], or a vector, float32 [D]; its label y is a whole number from 0,
or -1 where it is unknown. Every split has the same two methods. `epoch` feeds the
training loop: rows in an order that is a function of (seed, epoch), from any step on, sharded over
workers and replicas such that R replicas together see the same batches as one. `batches` is
for evaluation and for people: float32 in a fixed order, every row once.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.configs.spec import Spec
from zoo.data.pipeline import to_float
from zoo.errors import UserError

# Number of rows that identify a split that is not in memory.
FINGERPRINTED = 1000


class Dataset(NamedTuple):
    """Three splits of a dataset; `validation` is part of the original training split."""

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
                    f"{self.spec.num_classes} classes: labels must be in 0 .. "
                    f"{self.spec.num_classes - 1}."
                )

    def check_float32(self) -> None:
        """Raises a UserError if float32 cannot tell the training rows apart."""
        if self.train.needs_float64():
            raise UserError(
                f"Columns of {self.name!r} vary too little around a large value for this model, "
                "which computes in float32: subtract the mean of each column, or choose "
                "--model=gmm."
            )

    def fingerprint(self) -> dict:
        """Returns the numbers of rows, and a SHA-256 of their content."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        content = hashlib.sha256()
        for split in splits.values():
            split.add_to(content)
        sizes = {name: split.size for name, split in splits.items()}
        return {**sizes, "sha256": content.hexdigest()}


class Shard(NamedTuple):
    """The part of each global batch that one worker's input pipeline produces."""

    worker: int = 0
    num_workers: int = 1
    local_replicas: int = 1

    @property
    def num_replicas(self):
        return self.num_workers * self.local_replicas


class Split:
    """Base class of all splits."""

    size: int

    def epoch(
        self,
        seed,
        epoch,
        first_step,
        batch_size,
        shard=Shard(),  # noqa: B008
        keep_remainder=False,
    ) -> tf.data.Dataset:
        """Returns the batches of one replica after another, from `first_step` on.

        Rows that do not fill a batch are dropped. With `keep_remainder` the last batch is padded
        with other rows, and each batch has {"weight": float32 [B]}: 0 for padding, else 1 or the
        row's own weight.
        """
        raise NotImplementedError

    def epochs(self, seed, first_step, batch_size, shard=Shard(), keep_remainder=False):  # noqa: B008
        """Returns the batches of one epoch after another, from a step of the run on, endlessly.

        One tf.data.Dataset serves the whole run: creating one takes longer than a short epoch.
        """

        def of(epoch, first_step=0):
            return self.epoch(seed, epoch, first_step, batch_size, shard, keep_remainder)

        epoch, first_step = divmod(first_step, self.steps_per_epoch(batch_size, keep_remainder))
        later = tf.data.Dataset.range(epoch + 1, np.iinfo(np.int64).max).flat_map(of)
        return of(tf.constant(epoch, tf.int64), first_step).concatenate(later).prefetch(4)

    def shuffled(self, seed, count: int) -> Iterator[np.ndarray]:
        """Yields x of the first rows that a run sees, unconverted, batch by batch.

        Args:
          seed: of the run.
          count: at most `size`.
        """
        rows = self.epoch(seed, 0, 0, 1).take(count).unbatch().batch(100)
        for batch in rows.as_numpy_iterator():
            yield batch["x"]

    def mean(self, seed, count: int = 10_000) -> np.ndarray:
        """Returns the mean of x over the first rows that a run sees, unconverted, float64.

        Args:
          seed: of the run.
          count: number of rows; all where there are fewer.
        """
        count = min(count, self.size)
        return sum(x.sum(0, np.float64) for x in self.shuffled(seed, count)) / count

    def batches_of_bytes(self, batch_size: int) -> tf.data.Dataset:
        """Returns unconverted batches in a fixed order; the last one may be smaller."""
        raise NotImplementedError

    def highest_label(self) -> int:
        """Returns the highest label of rows in memory; -1 where it is not known."""
        return -1

    def count_unknown(self) -> int:
        """Returns the number of rows that are known to have no label."""
        return 0

    def needs_float64(self) -> bool:
        """Returns whether float32 cannot tell rows apart."""
        return False

    def labels(self) -> np.ndarray:
        """Returns the labels of all rows, int32 [N]; -1 where a row has none."""
        return np.concatenate([b["y"] for b in self.batches_of_bytes(1000).as_numpy_iterator()])

    def where(self, rows: np.ndarray) -> "Split":
        """Returns the rows for which a mask [N] is True."""
        raise NotImplementedError

    def add_to(self, content) -> None:
        """Adds the rows to a hash; only the first FINGERPRINTED if they are not in memory."""
        for batch in self.take(FINGERPRINTED).batches_of_bytes(1000).as_numpy_iterator():
            for _, array in sorted(batch.items()):
                content.update(np.ascontiguousarray(array))

    def take(self, count: int) -> "Split":
        """Returns the first rows, or all if there are no more."""
        raise NotImplementedError

    def steps_per_epoch(self, batch_size: int, keep_remainder: bool = False) -> int:
        return -(-self.size // batch_size) if keep_remainder else self.size // batch_size

    def batches(self, batch_size: int, pixels: str = "scaled", seed: int = 0) -> tf.data.Dataset:
        """Returns float32 batches in a fixed order; the last one may be smaller.

        The noise that `pixels` (see `to_float`) needs is a function of `seed` and position: equal
        arguments always give equal images.
        """

        def convert(i, batch):
            return to_float(batch, pixels, seeds.stream(seed, seeds.Stream.FIXED_PIXELS, i))

        return self.batches_of_bytes(batch_size).enumerate().map(convert).prefetch(2)


def weight_out_padding(batch, positions, size):
    """The batch with a weight per row: 0 where the position is past the last row."""
    inside = tf.cast(positions < size, tf.float32)
    return {**batch, "weight": batch.get("weight", 1.0) * inside}
