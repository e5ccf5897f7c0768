"""Converts bytes to floats."""

import tensorflow as tf

from zoo import seeds


def to_float(batch, pixels: str = "scaled", seed: tf.Tensor | None = None):
    """Returns the batch with x float32 in [0, 1], made of bytes v in one of three ways.

    Args:
      batch: {"x": uint8 [B, H, W, C], "y": [B]}.
      pixels: "scaled" gives v / 255; "binarized" 1 with probability v / 255, else 0 ("dynamic"
        where the seed is another at each visit); "dequantized" (v + u) / 256 with u uniform in
        [0, 1), so that a density over x is a bound on the probability of the bytes (Theis et al.
        2016, arXiv 1511.01844, section 3.1).
      seed: int32 [2], for the latter two.

    Vectors are returned unchanged.
    """
    if batch["x"].dtype.is_floating:
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


def to_pixels(x: tf.Tensor, pixels: str = "scaled", seed: tf.Tensor | None = None) -> tf.Tensor:
    """Returns images as float32 in [0, 1], made of bytes or of floats in [0, 1] as in `to_float`.

    Integers of any type are bytes. Floats v / 255 are converted as the bytes v are; other floats
    are grey levels for "binarized", and are returned unchanged for "dequantized".

    Args:
      x: images [B, H, W, C].
      pixels: as in `to_float`.
      seed: int32 [2], unless pixels are "scaled".
    """
    if not x.dtype.is_floating:
        return to_float({"x": tf.cast(x, tf.uint8)}, pixels, seed)["x"]
    x = tf.cast(x, tf.float32)
    if pixels == "binarized":
        return tf.cast(seeds.uniform(tf.shape(x), seed) < x, tf.float32)
    if pixels == "dequantized":
        v = tf.round(255.0 * x)
        are_bytes = tf.reduce_all(tf.abs(255.0 * x - v) < 1e-3)
        return tf.where(are_bytes, (v + seeds.uniform(tf.shape(x), seed)) / 256.0, x)
    return x


def binarize(batch, seed: tf.Tensor):
    """Returns the batch with x drawn as for "binarized", still as bytes: 0 or 255.

    By other numbers than `to_float`, 16 bits per value, which take less time: probabilities are
    rounded by up to 2^-16, those of 0 and 255 are not.
    """
    size = tf.size(batch["x"])
    noise = tf.reshape(seeds.random_uint16(size, seed), tf.shape(batch["x"]))
    white = tf.minimum(noise, 65534) < 257 * tf.cast(batch["x"], tf.uint16)
    return {**batch, "x": 255 * tf.cast(white, tf.uint8)}


def _is_white(x, seed):
    return seeds.uniform(tf.shape(x), seed) < x / 255.0
