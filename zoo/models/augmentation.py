"""Augmentation: changes of images that keep their content."""

import keras
import tensorflow as tf

from zoo import seeds


def shift(x: tf.Tensor, maximum: int, seed: tf.Tensor) -> tf.Tensor:
    """Moves each image [B, H, W, C] by up to `maximum` pixels down and right or up and left.

    Crops what moves out of the image, and repeats the edge on the other side.
    """
    batch, height, width, _ = tf.unstack(tf.shape(x))
    moves = seeds.uniform([2, batch, 1], seed) * (2 * maximum + 1)
    moves = tf.cast(tf.floor(moves), tf.int32) - maximum  # [2, B, 1]
    rows = tf.clip_by_value(tf.range(height) - moves[0], 0, height - 1)  # [B, H]
    columns = tf.clip_by_value(tf.range(width) - moves[1], 0, width - 1)  # [B, W]
    x = tf.gather(x, rows, axis=1, batch_dims=1)
    return tf.gather(x, columns, axis=2, batch_dims=1)


def distort(x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Turns, slants, stretches, moves and thickens or thins each image [B, H, W, C] at random.

    By up to 17 degrees, a slant of 0.4, a factor of 1.35 in either direction, and a tenth of the
    image; strokes gain or lose up to a pixel on each side. Images are 0 beyond their edge.
    """
    count, (height, width) = tf.shape(x)[0], x.shape[1:3]
    u = 2.0 * seeds.uniform([6, count], seeds.fold_in(seed, 0)) - 1.0
    angle, slant = 0.3 * u[0], 0.4 * u[1]
    across, down = tf.exp(0.3 * u[2]), tf.exp(0.3 * u[3])
    cos, sin = tf.cos(angle), tf.sin(angle)
    # From places of the output to places of the input: a rotation of a slant of a stretch.
    xx, xy = cos * across, (cos * slant - sin) * down
    yx, yy = sin * across, (sin * slant + cos) * down
    # The middle stays where it is, but for the move.
    x0, y0 = (width - 1) / 2, (height - 1) / 2
    move_x = x0 - xx * x0 - xy * y0 + 0.1 * width * u[4]
    move_y = y0 - yx * x0 - yy * y0 + 0.1 * height * u[5]
    zero = tf.zeros([count])
    places = tf.stack([xx, xy, move_x, yx, yy, move_y, zero, zero], 1)  # [B, 8]
    x = keras.ops.image.affine_transform(x, places, "bilinear", "constant")

    thicker = 2.0 * seeds.uniform([count, 1, 1, 1], seeds.fold_in(seed, 1)) - 1.0
    widest, thinnest = tf.nn.max_pool2d(x, 3, 1, "SAME"), -tf.nn.max_pool2d(-x, 3, 1, "SAME")
    return x + tf.abs(thicker) * (tf.where(thicker > 0.0, widest, thinnest) - x)
