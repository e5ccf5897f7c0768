"""Splits weights over files of limited size, without splitting a tensor."""

import tensorflow as tf

# The maximum size of files that repositories and their mirrors accept.
SHARD_BYTES = 4_000_000


class WholeTensors(tf.train.experimental.ShardingCallback):
    """Fills files up to SHARD_BYTES; a tensor that is larger has a file of its own.

    TensorFlow's own policy cuts tensors at the limit, and cannot read the parts of a float16 one.
    """

    @property
    def description(self):
        return f"Files of at most {SHARD_BYTES} bytes, each tensor whole."

    def __call__(self, shardable_tensors):
        """Returns [{checkpoint key: {slice: tensor}}], a dict for each file."""
        shards, filled = [{}], 0
        for given in shardable_tensors:
            size = given.dtype.size * (given.shape.num_elements() or 0)  # 0 of strings
            if filled and filled + size > SHARD_BYTES:
                shards.append({})
                filled = 0
            shards[-1].setdefault(given.checkpoint_key, {})[given.slice_spec] = given.tensor
            filled += size
        return shards
