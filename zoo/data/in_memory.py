"""Splits in memory."""

import functools

import numpy as np
import tensorflow as tf

from zoo.data.splits import Shard, Split, weight_out_padding
from zoo.errors import UserError

# Rows keep float64 if the error of float32 exceeds this share of their spread.
LOST_SHARE = 1e-4


class InMemory(Split):
    """Arrays; a batch is one gather of whole rows.

    Args:
      x: images [N, H, W, C], kept as bytes; or vectors [N, D], kept as float32, or as float64 where
        float32 could not tell rows apart.
      y: labels [N], whole numbers from 0, or -1 where none is known; all 0 if None.
      weight: [N], weights of the rows, for models that can use them (gmm).

    Raises:
      UserError: if shapes are wrong, values are not finite, or pixels or labels are out of range.
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

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard(), keep_remainder=False):  # noqa: B008
        rows = batch_size // shard.num_replicas
        tensors = self._tensors

        def gather(i):
            step, replica = i // shard.local_replicas, i % shard.local_replicas
            replica += shard.worker * shard.local_replicas
            positions = step * batch_size + replica * rows + tf.range(rows, dtype=tf.int64)
            # A permutation with random access, so that resuming costs nothing.
            chosen = tf.random.experimental.index_shuffle(
                positions % self.size, tf.stack([tf.cast(seed, tf.int64), epoch]), self.size - 1
            )
            batch = {name: tf.gather(tensor, chosen) for name, tensor in tensors.items()}
            return weight_out_padding(batch, positions, self.size) if keep_remainder else batch

        steps = self.steps_per_epoch(batch_size, keep_remainder)
        turns = tf.data.Dataset.range(
            first_step * shard.local_replicas, steps * shard.local_replicas
        )
        return turns.map(gather)

    def highest_label(self):
        return int(self.y.max(initial=-1))

    def count_unknown(self):
        return int(np.sum(self.y < 0))

    def needs_float64(self):
        return self.x.dtype == np.float64

    def labels(self):
        return self.y

    def where(self, rows):
        """Returns the rows that a mask [N] or numbers of rows choose."""
        weight = None if self.weight is None else self.weight[rows]
        return InMemory(self.x[rows], self.y[rows], weight)

    def add_to(self, content):
        for array in (self.x, self.y, self.weight):
            if array is not None:
                content.update(np.ascontiguousarray(array))

    def take(self, count):
        weight = None if self.weight is None else self.weight[:count]
        return InMemory(self.x[:count], self.y[:count], weight)

    def batches_of_bytes(self, batch_size):
        return tf.data.Dataset.from_tensor_slices(self._tensors).batch(batch_size)


def to_memory(split: Split) -> InMemory:
    """Returns the same rows as arrays."""
    batches = list(split.batches_of_bytes(1024).as_numpy_iterator())
    return InMemory(**{name: np.concatenate([b[name] for b in batches]) for name in batches[0]})


def _labels(y, size):
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] > 1:
        raise UserError(f"Labels must have shape [{size}], got {y.shape}: use np.argmax(y, 1).")
    if y.shape not in ((size,), (size, 1)):
        raise UserError(f"Labels must have shape [{size}], one per row, got {y.shape}.")
    whole = y.dtype.kind in "iub" or (y.dtype.kind == "f" and np.all(y == np.floor(y)))
    if not whole:
        example = y.reshape(-1)[0]
        raise UserError(
            f"Labels must be whole numbers from 0, got {y.dtype} such as {example!r}: "
            "np.unique(y, return_inverse=True)[1] counts classes."
        )
    if y.size and y.min() < -1:
        raise UserError(f"Labels must be whole numbers from 0, or -1 where unknown, got {y.min()}.")
    return y.reshape(-1).astype(np.int32)


def _vectors(x):
    """Converts vectors to float32 if that can tell them apart, else to float64."""
    if x.dtype.kind not in "iubf":
        raise UserError(f"Rows must be numbers, got {x.dtype}.")
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
            f"Weights must be {size} finite numbers of 0 or more, one per row, got shape "
            f"{weight.shape}" + (f" from {weight.min()} to {weight.max()}." if weight.size else ".")
        )
    if not weight.sum() > 0:
        raise UserError("All weights are 0: at least one must be positive.")
    return weight


def _bytes(x):
    """Images as uint8; floats in [0, 1] are rounded to bytes."""
    if x.dtype == np.uint8:
        return x
    if x.dtype.kind in "iu":
        if x.size and not (x.min() >= 0 and x.max() <= 255):
            raise UserError(
                f"Pixels of {x.dtype} must be bytes, 0 to 255, got {x.min()} to {x.max()}: "
                "scale them to [0, 255], or to floats in [0, 1]."
            )
        return x.astype(np.uint8)
    if not np.issubdtype(x.dtype, np.floating):
        raise UserError(f"Images must be bytes or floats in [0, 1], got {x.dtype}.")
    if not np.all(np.isfinite(x)):
        count, first = np.sum(~np.isfinite(x)), np.argwhere(~np.isfinite(x))[0][0]
        raise UserError(
            f"{count} pixels are NaN or infinite, the first in image {first}: mend or drop these "
            "images."
        )
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise UserError(
            f"Pixels must be in [0, 1], got {x.min():g} to {x.max():g}: "
            f"{'(x + 1) / 2 moves [-1, 1] there' if x.min() < 0 else 'divide bytes by 255'}."
        )
    return np.round(255 * x).astype(np.uint8)
