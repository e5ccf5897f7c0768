"""What a model must know of its data, and how bytes become floats."""

from typing import NamedTuple

import tensorflow as tf

from zoo import seeds


class Spec(NamedTuple):
    """What a model must know of its data: the shape of one x, the number of labels (0: none)."""

    shape: tuple[int, ...]
    num_classes: int


def to_float(batch, pixels: str = "scaled", seed: tf.Tensor | None = None):
    """Returns the batch with x float32 in [0, 1], made of bytes v in one of three ways.

    Args:
      batch: {"x": uint8 [B, H, W, C], "y": [B]}.
      pixels: "scaled" gives v / 255; "binarized" 1 with probability v / 255, else 0 ("dynamic"
        where the seed is another at each visit); "dequantized" (v + u) / 256 with u uniform in
        [0, 1), so that a density over x is a bound on the probability of the bytes (Theis et al.
        2016, arXiv 1511.01844, section 3.1).
      seed: int32 [2], for the latter two.

    Vectors are numbers already and stay what they are.
    """
    if batch["x"].dtype == tf.float32:
        return batch
    x = tf.cast(batch["x"], tf.float32)
    if pixels == "scaled":
        x /= 255.0
    elif pixels == "binarized":
        x = tf.cast(_is_white(x, seed), tf.float32)
    elif pixels == "dequantized":
        x = (x + seeds.uniform(tf.shape(x), seed)) / 256.0
    else:
        raise ValueError(f"unknown kind of pixels {pixels!r}")
    return {**batch, "x": x}


def binarize(batch, seed: tf.Tensor):
    """Returns the batch with x drawn as for "binarized", still as bytes: 0 or 255."""
    white = _is_white(tf.cast(batch["x"], tf.float32), seed)
    return {**batch, "x": 255 * tf.cast(white, tf.uint8)}


def _is_white(x, seed):
    return seeds.uniform(tf.shape(x), seed) < x / 255.0
