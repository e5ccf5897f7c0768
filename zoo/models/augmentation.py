"""Images changed such that what they show stays the same."""

import tensorflow as tf

from zoo import seeds


def shift(x: tf.Tensor, most: int, seed: tf.Tensor) -> tf.Tensor:
    """Moves each image [B, H, W, C] by up to `most` pixels down and right or up and left.

    What leaves on one side is lost, the edge is repeated on the other.
    """
    batch, height, width, _ = tf.unstack(tf.shape(x))
    moves = seeds.uniform([2, batch, 1], seed) * (2 * most + 1)
    moves = tf.cast(tf.floor(moves), tf.int32) - most  # [2, B, 1]
    rows = tf.clip_by_value(tf.range(height) - moves[0], 0, height - 1)  # [B, H]
    columns = tf.clip_by_value(tf.range(width) - moves[1], 0, width - 1)  # [B, W]
    x = tf.gather(x, rows, axis=1, batch_dims=1)
    return tf.gather(x, columns, axis=2, batch_dims=1)
