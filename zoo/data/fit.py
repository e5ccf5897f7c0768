"""Fits images of different sizes to one shape."""

import tensorflow as tf

from zoo.errors import UserError

KINDS = ("pad", "crop", "stretch")


def fit_image(image: tf.Tensor, shape: tuple[int, int, int], kind: str = "pad") -> tf.Tensor:
    """Returns an image uint8 [H, W, C] fitted to a shape, uint8 [H', W', C'].

    Args:
      image: grey or colour.
      shape: (H', W', C'), C' 1 or 3.
      kind: "pad" keeps all of the image, and its size where it is small enough, with black around
        it; "crop" fills the shape and crops the rest, evenly from two sides; "stretch" fills the
        shape with all of the image, whose proportions change.
    """
    if kind not in KINDS:
        raise UserError(f"fit={kind!r}: expected one of {', '.join(KINDS)}.")
    if image.shape[-1] == 3 and shape[-1] == 1:
        image = tf.image.rgb_to_grayscale(image)
    if image.shape[-1] == 1 and shape[-1] == 3:
        image = tf.image.grayscale_to_rgb(image)
    sides, wanted = tf.shape(image)[:2], tf.constant(shape[:2])

    def keep():
        return tf.image.resize_with_crop_or_pad(image, *shape[:2])

    def resize():
        # Averages when shrinking, interpolates when enlarging.
        scaled = tf.image.resize(image, _scaled(sides, wanted, kind), "bilinear", antialias=True)
        scaled = tf.image.resize_with_crop_or_pad(scaled, *shape[:2])
        return tf.cast(tf.clip_by_value(tf.round(scaled), 0.0, 255.0), tf.uint8)

    fits = sides <= wanted if kind == "pad" else tf.equal(sides, wanted)
    image = tf.cond(tf.reduce_all(fits), keep, resize)
    image.set_shape(shape)
    return image


def _scaled(sides, wanted, kind):
    """Height and width after resizing; all but "stretch" keep the aspect ratio."""
    if kind == "stretch":
        return wanted
    ratios = tf.cast(wanted, tf.float64) / tf.cast(sides, tf.float64)
    ratio = tf.reduce_min(ratios) if kind == "pad" else tf.reduce_max(ratios)
    scaled = tf.round(tf.cast(sides, tf.float64) * ratio)
    return tf.maximum(tf.cast(scaled, tf.int32), 1)
