"""A likelihood that models how pixels depend on each other, so that the code need not.

Gulrajani et al. 2017, PixelVAE: A Latent Variable Model for Natural Images (arXiv 1611.05013),
section 3: each pixel is given the code and the pixels before it,

    p(x|z) = prod_i p(x_i | x_1 .. x_(i-1), z)

A few causal convolutions see the pixels nearby: with squares of 4x4 pixels and one layer, 12 to 15
rows above and as many columns to the left. What is outside of these, a pixel knows from z alone.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.distributions.bernoulli import Bernoulli
from zoo.distributions.byte_likelihood import ImageDistribution
from zoo.distributions.likelihood import Likelihood
from zoo.distributions.logistic_mixture import LogisticMixture
from zoo.networks.causal_convolutions import CausalConvolutions, Context

# Outputs of the decoder for each pixel, beside the parameters of the pixel's own distribution.
FEATURES = 2


class PixelByPixel(Likelihood):
    """Binarised pixels, each given z and the pixels before it."""

    fits = "binarized"
    of_pixel: type[Likelihood] = Bernoulli
    draws_in_turn = True

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.pixel = self.of_pixel(config, spec)
        self.pixel.built = True
        width = config.pixel_width
        self.network = CausalConvolutions(
            self.pixel, width, config.pixel_depth, config.pixel_block, config.pixel_head_width
        )
        self.from_code = keras.layers.Dense(width)

    @property
    def per_pixel(self):
        return self.pixel.per_pixel + FEATURES

    def distribution(self, params):
        return ImageDistribution(self, params)

    def context(self, params):
        """Returns the decoder's outputs [B, H, W, P] as what the network's pixels are given."""
        squares = self.from_code(self.network.to_squares(params))
        return Context(squares, params[..., : self.pixel.per_pixel])

    def log_prob_of_pixels(self, params, x):
        batch = tf.broadcast_dynamic_shape(tf.shape(params)[:-3], tf.shape(x)[:-3])
        params, x = (
            tf.reshape(tf.broadcast_to(a, tf.concat([batch, a.shape[-3:]], 0)), [-1, *a.shape[-3:]])
            for a in (params, x)
        )
        outputs = self.network.params(x, self.context(params))
        log_probs = self.pixel.log_prob_of_pixels(outputs, x)  # [N, H, W]
        return tf.reshape(log_probs, tf.concat([batch, log_probs.shape[1:]], 0))

    def mean_of_pixels(self, params):
        raise NotImplementedError("pixels depend on each other: draw images by `image`")

    def draw(self, params, noise):
        sides, channels = params.shape[-3:-1], self.spec.shape[-1]
        batch = tf.shape(params)[:-3]
        noise = tf.reshape(noise, [-1, *sides, self.pixel.noise_size])
        none = tf.zeros_like(noise[..., :1])
        context = self.context(tf.reshape(params, [-1, *params.shape[-3:]]))
        x = self.network.generate(tf.repeat(none, channels, -1), none, noise, context)
        return tf.reshape(x, tf.concat([batch, [*sides, channels]], 0))

    @property
    def noise_size(self):
        return self.pixel.noise_size

    def image(self, p):
        """Returns the image whose pixels have, in turn, their median given those before them.

        Of a mixture it is the median of the component where the cumulative weights pass 1/2.
        """
        shape = tf.concat([tf.shape(p.params)[:-1], [self.noise_size]], 0)
        return self.draw(p.params, tf.fill(shape, 0.5))

    def sample_image(self, p, row_seeds):
        """Returns an image for each row, drawn by its seed."""
        # The first 1 + D normal numbers of each seed are those of the code, made from pairs of
        # uniform ones.
        first = 2 * (1 + self.config.latent_dim // 2)
        count = math.prod(self.spec.shape[:2]) * self.noise_size
        noise = seeds.row_uniform(row_seeds, first + count)[:, first:]
        return self.draw(p.params, tf.reshape(noise, [-1, *self.spec.shape[:2], self.noise_size]))

    def initial_outputs(self, mean):
        logits = self.pixel.initial_outputs(mean)
        return np.concatenate([logits, np.zeros([*mean.shape[:-1], FEATURES])], -1)


class BytesByPixel(PixelByPixel):
    """Bytes of grey or colour images, each pixel given z and the pixels before it."""

    fits = "scaled"
    discrete = True
    of_pixel = LogisticMixture
