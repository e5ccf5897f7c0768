"""What a model must know of its data, and how bytes become floats."""

from typing import NamedTuple

import tensorflow as tf

from zoo import seeds
from zoo.errors import UserError, near_miss


class Spec(NamedTuple):
    """What a model must know of its data.

    Attributes:
      shape: of one x.
      num_classes: number of labels, 0 if there are none.
      class_names: of the labels in their order; none if the set has no names.
    """

    shape: tuple[int, ...]
    num_classes: int
    class_names: tuple[str, ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The class names, or the numbers of the labels if the dataset has no names."""
        return self.class_names or tuple(str(label) for label in range(self.num_classes))

    @classmethod
    def from_fields(cls, fields: dict) -> "Spec":
        """Returns the spec that a config.json holds; files of earlier versions have no names."""
        names = tuple(fields.get("class_names", ()))
        return cls(tuple(fields["shape"]), fields["num_classes"], names)

    def to_fields(self) -> dict:
        """Returns the spec as JSON has it."""
        return {**self._asdict(), "shape": list(self.shape), "class_names": list(self.class_names)}

    def label(self, given: int | str) -> int:
        """Returns the number of a class that is given by its number or its name.

        Raises:
          UserError: for a name that no class has, or a number out of range.
        """
        if given in self.class_names:
            return self.class_names.index(given)
        try:
            number = int(given)
        except ValueError as error:
            known = f" Known: {', '.join(self.class_names)}." if self.class_names else ""
            raise UserError(
                f"A label is a whole number or the name of a class, given: {given!r}."
                f"{near_miss(str(given), self.class_names)}{known}"
            ) from error
        if not 0 <= number < self.num_classes:
            raise UserError(f"Label {given} is out of range: expected 0 .. {self.num_classes - 1}.")
        return number


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

    Integers of any type are bytes. Floats v / 255 become what the bytes v become; other floats are
    grey levels for "binarized", and stay what they are for "dequantized".

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
    noise = tf.reshape(seeds.words(size, seed), tf.shape(batch["x"]))
    white = tf.minimum(noise, 65534) < 257 * tf.cast(batch["x"], tf.uint16)
    return {**batch, "x": 255 * tf.cast(white, tf.uint8)}


def _is_white(x, seed):
    return seeds.uniform(tf.shape(x), seed) < x / 255.0
