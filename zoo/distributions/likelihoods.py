"""Likelihoods p(x|z) over images x [H, W, C] or rows [D], from a decoder's output.

Each class states how many decoder outputs it needs for each value of the image (`outputs`) and
builds a distribution from them at each call. The first output per value is the logit of its
location (for `Normal` the location itself), the second, if there is one, sets its scale;
`initial_outputs` gives the decoder's first biases from the mean image.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from zoo.distributions.bernoulli import Bernoulli
from zoo.distributions.likelihood import LEVELS, Likelihood, positive_scale, raw_scale
from zoo.distributions.logistic_mixture import LogisticMixture
from zoo.distributions.pixel_by_pixel import BytesByPixel, PixelByPixel
from zoo.distributions.standardizer import Standardizer


class ContinuousBernoulli(Likelihood):
    """Pixels in [0, 1] with a density that is a Bernoulli's, normalised.

    Loaiza-Ganem and Cunningham 2019, The continuous Bernoulli (arXiv 1907.06845).
    """

    fits = "dequantized"

    def distribution(self, params):
        return tfd.Independent(tfd.ContinuousBernoulli(logits=params), 3)


class Gaussian(Likelihood):
    """Pixels N(m, s^2), independent given z, with one fixed s for all."""

    fits = "dequantized"

    def scale(self, params):
        """Returns s, of a shape that broadcasts with [..., H, W, C]."""
        del params
        return tf.constant(self.config.pixel_scale)

    def distribution(self, params):
        logits, *rest = self.split(params)
        return tfd.Independent(tfd.Normal(tf.sigmoid(logits), self.scale(rest)), 3)


class GaussianShared(Gaussian):
    """Pixels N(m, s^2) with one learned s for all."""

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.raw_scale = self.add_weight(
            name="raw_scale",
            shape=(),
            initializer=keras.initializers.Constant(raw_scale(config.pixel_scale)),
        )

    def scale(self, params):
        return positive_scale(self.raw_scale.value)


class GaussianPixel(Gaussian):
    """Pixels N(m, s^2) with m and s of each its own function of z."""

    outputs = 2

    def scale(self, params):
        return positive_scale(params[0])


class GaussianLowRank(GaussianPixel):
    """All pixels together N(m, diag(s^2) + U U^T), U of a few columns: pixels are correlated."""

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.rank = config.likelihood_rank
        self.outputs = 2 + self.rank

    def distribution(self, params):
        logits, raw_scale, *columns = self.split(params)
        size = math.prod(self.spec.shape)

        def flat(x):
            return tf.reshape(x, tf.concat([tf.shape(x)[:-3], [size]], 0))  # [..., H*W*C]

        factor = tf.stack([flat(column) for column in columns], -1)  # [..., H*W*C, R]
        joint = tfd.MultivariateNormalDiagPlusLowRankCovariance(
            flat(tf.sigmoid(logits)),
            tf.square(flat(positive_scale(raw_scale))),
            factor * self.config.pixel_scale,  # so that all outputs are of order 1
        )
        return tfd.TransformedDistribution(joint, tfb.Reshape(self.spec.shape))


class DiscretizedLogistic(Likelihood):
    """Bytes v = 255 x, each with the mass of a logistic between v - 1/2 and v + 1/2.

    Kingma et al. 2016 (arXiv 1606.04934), equation 21; the mass beyond the ends goes to 0 and 255.
    """

    fits = "scaled"
    outputs = 2
    discrete = True

    def distribution(self, params):
        logits, raw_scale = self.split(params)
        top = LEVELS - 1.0
        # tfp's quantisation rounds up: half a level less makes it round to the nearest.
        logistic = tfd.Logistic(tf.sigmoid(logits) * top - 0.5, positive_scale(raw_scale) * top)
        return tfd.Independent(_Bytes(logistic, low=0.0, high=top), 3)


class Normal(Likelihood):
    """Rows of any real numbers, N(m, s^2) with m and s of each its own function of z."""

    fits = "scaled"
    of_images = False
    outputs = 2

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.units = Standardizer(spec.shape[-1], config.standardize)

    def standardize(self, x):
        return self.units.standardize(x)

    def measure(self, split):
        self.units.initialize_from_data(split)

    def initial_outputs(self, mean):
        mean = np.array(self.units.standardize(mean.astype(np.float32)))
        scales = np.full_like(mean, raw_scale(self.config.pixel_scale))
        return np.concatenate([mean, scales], -1)

    def distribution(self, params):
        loc, raw_scale = self.split(params)
        loc, scale = self.units.restore(loc), self.units.rescale(positive_scale(raw_scale))
        return tfd.Independent(tfd.Normal(loc, scale), len(self.spec.shape))


KINDS = {
    "bernoulli": Bernoulli,
    "continuous_bernoulli": ContinuousBernoulli,
    "gaussian": Gaussian,
    "gaussian_shared": GaussianShared,
    "gaussian_pixel": GaussianPixel,
    "gaussian_low_rank": GaussianLowRank,
    "discretized_logistic": DiscretizedLogistic,
    "logistic_mixture": LogisticMixture,
    "normal": Normal,
    "pixelcnn": PixelByPixel,
    "pixelcnn_bytes": BytesByPixel,
}


class _Bytes(tfd.QuantizedDistribution):
    """A logistic rounded to bytes v, as a distribution over x = v / 255."""

    def _log_prob(self, x):
        return super()._log_prob(tf.round(x * (LEVELS - 1)))

    def _sample_n(self, n, seed=None):
        return super()._sample_n(n, seed) / (LEVELS - 1)

    def _mean(self):
        # E v = sum over t of P(v > t) as an integral: right to half a level.
        loc, scale = self.distribution.loc + 0.5, self.distribution.scale
        tails = tf.nn.softplus(loc / scale) - tf.nn.softplus((loc - LEVELS + 1) / scale)
        return tf.clip_by_value(scale * tails / (LEVELS - 1), 0.0, 1.0)
