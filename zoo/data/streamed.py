"""Splits whose rows are made on demand: read from files, or drawn."""

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.data.splits import Shard, Split, weight_out_padding

# Rows of a streamed split that are brought into another order at once.
SHUFFLED_AT_ONCE = 10_000
# Rows that a generated split draws at once.
GENERATED_BLOCK = 4096


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

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard(), keep_remainder=False):  # noqa: B008
        rows = batch_size // shard.num_workers

        def mine(i, _):
            return i % batch_size // rows == shard.worker

        def decode(i, example):
            decoded = self.decode(example)
            return weight_out_padding(decoded, i, self.size) if keep_remainder else decoded

        examples = self._shuffled(seeds.stream(seed, seeds.Stream.SHUFFLE, epoch))
        steps = self.steps_per_epoch(batch_size, keep_remainder)
        examples = examples.repeat().take(steps * batch_size).enumerate()
        # What was seen is skipped, and other workers' rows are dropped, before anything is decoded.
        examples = examples.skip(first_step * batch_size).filter(mine)
        decoded = examples.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        return decoded.batch(rows // shard.local_replicas, drop_remainder=True)

    def _shuffled(self, seed):
        """The examples, each block of SHUFFLED_AT_ONCE in an order that depends on the seed."""

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

    def epoch(self, seed, epoch, first_step, batch_size, shard=Shard(), keep_remainder=False):  # noqa: B008
        del seed, epoch  # independent rows need no other order
        rows = batch_size // shard.num_replicas
        steps = self.steps_per_epoch(batch_size, keep_remainder)
        first = first_step * batch_size
        batches = self._rows_from(first, rows).take((steps - first_step) * shard.num_replicas)

        def mine(i, _):
            return i % shard.num_replicas // shard.local_replicas == shard.worker

        def weighted(i, batch):
            positions = first + i * rows + tf.range(rows, dtype=tf.int64)
            return weight_out_padding(batch, positions, self.size) if keep_remainder else batch

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
