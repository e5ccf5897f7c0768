"""The base class of likelihoods, and the scale of a pixel."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo.data import Split

# The standard deviation of a Gaussian pixel is at least this, half a grey level: without a floor
# the density of pixels that never change (MNIST's border) grows without bound.
MIN_SCALE = 0.5 / 256
LEVELS = 256


class Likelihood(keras.Layer):
    """Base class."""

    # Kind of pixels (zoo.data) of which this is a density or probability.
    fits: str
    # Decoder outputs per value of the image.
    outputs = 1
    # Whether it is a probability of bytes rather than a density.
    discrete = False
    # Whether x are images, in [0, 1].
    of_images = True
    # Whether pixels are drawn one after another, each given those before it.
    draws_in_turn = False
    # Uniform numbers that `draw` takes for each pixel.
    noise_size = 1

    def __init__(self, config, spec):
        super().__init__()
        self.config, self.spec = config, spec

    def distribution(self, params: tf.Tensor) -> tfd.Distribution:
        """Returns p(x|z) from decoder outputs [..., H, W, C * outputs]."""
        raise NotImplementedError

    @property
    def per_pixel(self) -> int:
        """Number of decoder outputs for each pixel, all its channels together."""
        return self.spec.shape[-1] * self.outputs

    def log_prob_of_pixels(self, params: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """Returns the terms of log p(x) by pixel, [..., H, W]; only where `draw` is defined."""
        raise NotImplementedError

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """Returns pixels [..., C] as autoregressive networks take them, [..., features_size]."""
        return 2 * x - 1

    @property
    def features_size(self) -> int:
        """Number of features of a pixel."""
        return self.spec.shape[-1]

    def draw(self, params: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Returns pixels [..., C] from outputs [..., per_pixel] and uniform noise.

        Args:
          params: of each pixel.
          noise: uniform in [0, 1), [..., noise_size].
        """
        raise NotImplementedError

    def image(self, p: tfd.Distribution) -> tf.Tensor:
        """Returns the image [..., H, W, C] that stands for p(x|z): its mean."""
        return p.mean()

    def sample_image(self, p: tfd.Distribution, row_seeds: tf.Tensor) -> tf.Tensor:
        """Returns the image that stands for a sample of p(x|z) of each row: its mean.

        Args:
          p: of B rows.
          row_seeds: int32 [B]; row i depends on row_seeds[i] alone.
        """
        del row_seeds
        return self.image(p)

    def standardize(self, x: tf.Tensor) -> tf.Tensor:
        """Returns x in the units in which networks take it."""
        return x

    def measure(self, split: Split) -> None:
        """Sets its units from the training rows, if it has any."""

    def initial_outputs(self, mean: np.ndarray) -> np.ndarray:
        """Returns decoder outputs [H, W, C * outputs] that fit the mean image [H, W, C]."""
        mean = np.clip(mean, 0.001, 0.999)
        logits = np.log(mean) - np.log1p(-mean)
        if self.outputs == 1:
            return logits
        scales = np.full_like(mean, raw_scale(self.config.pixel_scale))
        columns = [np.zeros_like(mean)] * (self.outputs - 2)
        return np.concatenate([logits, scales, *columns], -1)

    def split(self, params):
        """Returns the outputs [..., H, W, C] one by one."""
        return tf.split(params, self.outputs, axis=-1)


def positive_scale(raw: tf.Tensor) -> tf.Tensor:
    """Maps any number to a standard deviation above its floor."""
    return MIN_SCALE + tf.nn.softplus(raw)


def raw_scale(scale):
    """Inverse of `positive_scale`."""
    return float(np.log(np.expm1(max(scale - MIN_SCALE, 1e-4))))
