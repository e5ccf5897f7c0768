"""What likelihoods of bytes share: p(x) of independent pixels, and the features of a byte."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from zoo.distributions.likelihood import LEVELS, Likelihood

# Half a grey level of pixels in [-1, 1].
HALF = 1 / (LEVELS - 1)
# Waves over the range of a byte: 64, 16 and 4 grey levels long.
WAVES = (4, 16, 64)


class ByteLikelihood(Likelihood):
    """Of bytes v = 255 x.

    Networks see bytes as waves of several lengths too (Kingma et al. 2021, Variational Diffusion
    Models, arXiv 2107.00630, appendix C): in [-1, 1] alone, neighbouring bytes look the same.
    """

    fits = "scaled"
    discrete = True

    def distribution(self, params):
        return ImageDistribution(self, params)

    def mean_of_pixels(self, params: tf.Tensor) -> tf.Tensor:
        """Returns the mean of each pixel, [..., H, W, C]."""
        raise NotImplementedError

    def features(self, x):
        angles = [2 * np.pi * count * x for count in WAVES]
        waves = [wave(angle) for angle in angles for wave in (tf.sin, tf.cos)]
        return tf.concat([2 * x - 1, *waves], -1)

    @property
    def features_size(self):
        return self.spec.shape[-1] * (1 + 2 * len(WAVES))


def choose(logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Returns categories int32 [...], with a softmax's probabilities, from uniform [..., 1]."""
    ends = tf.cumsum(tf.nn.softmax(logits), axis=-1)[..., :-1]
    return tf.reduce_sum(tf.cast(uniform >= ends, tf.int32), -1)


class ImageDistribution(tfd.Distribution):
    """p(x) over images [H, W, C], by the formulas of a likelihood."""

    def __init__(self, likelihood: "ByteLikelihood", params: tf.Tensor):
        self.likelihood, self.params = likelihood, tf.convert_to_tensor(params)
        super().__init__(
            dtype=tf.float32,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters={"likelihood": likelihood, "params": params},
            name=type(likelihood).__name__,
        )

    def _event_shape(self):
        return tf.TensorShape(self.likelihood.spec.shape)

    def _event_shape_tensor(self):
        return tf.constant(self.likelihood.spec.shape)

    def _batch_shape(self):
        return self.params.shape[:-3]

    def _batch_shape_tensor(self):
        return tf.shape(self.params)[:-3]

    def _sample_n(self, n, seed=None):
        shape = tf.concat([[n], tf.shape(self.params)[:-1], [self.likelihood.noise_size]], 0)
        noise = tf.random.stateless_uniform(shape, tfp.random.sanitize_seed(seed))
        repeated = tf.concat([[n], tf.shape(self.params)], 0)
        return self.likelihood.draw(tf.broadcast_to(self.params, repeated), noise)

    def _log_prob(self, x):
        return tf.reduce_sum(self.likelihood.log_prob_of_pixels(self.params, x), [-2, -1])

    def _mean(self):
        return self.likelihood.mean_of_pixels(self.params)
