"""Bytes as a discretised mixture of logistics, the channels of a pixel in turn.

Salimans et al. 2017, PixelCNN++ (arXiv 1701.05517), sections 2.1 and 2.2. With pixels in [-1, 1],
the probability of byte v of channel c under component k is the mass of a logistic around m_kc, half
a grey level to each side; the mass beyond the ends goes to 0 and 255. The mean m_kc depends
linearly on the channels before c, and a component belongs to a whole pixel:

    p(x) = sum_k w_k prod_c P(x_c | m_kc + sum_{d < c} a_kcd x_d, s_kc)
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo.distributions.byte_likelihood import HALF, ByteLikelihood, choose

MIN_LOG_SCALE, MAX_LOG_SCALE, FIRST_LOG_SCALE = -7.0, 5.0, -2.0


class Params(NamedTuple):
    """Parameters of a pixel's K components and C channels.

    Attributes:
      logits: of the components' weights, [..., K].
      loc: m, [..., K, C].
      log_scale: log s, [..., K, C].
      slopes: a_kcd, tanh of any number, [..., K, C (C - 1) / 2], row by row of the triangle.
    """

    logits: tf.Tensor
    loc: tf.Tensor
    log_scale: tf.Tensor
    slopes: tf.Tensor

    def conditional_loc(self, c: int, before: list):
        """Returns the mean [..., K] of channel c given the channels before, [..., 1 or K] each."""
        first = c * (c - 1) // 2
        loc = self.loc[..., c]
        for d, value in enumerate(before):
            loc += self.slopes[..., first + d] * value
        return loc


class LogisticMixture(ByteLikelihood):
    """Bytes v = 255 x of pixels, each a mixture of `pixel_components` discretised logistics."""

    @property
    def per_pixel(self):
        channels = self.spec.shape[-1]
        return self.config.pixel_components * (1 + 2 * channels + channels * (channels - 1) // 2)

    @property
    def noise_size(self):
        return 1 + self.spec.shape[-1]  # the component, then each channel

    def unpack(self, params: tf.Tensor) -> Params:
        """Returns the parameters that the outputs [..., per_pixel] are."""
        count, channels = self.config.pixel_components, self.spec.shape[-1]
        sizes = [count, count * channels, count * channels]
        logits, loc, log_scale, slopes = tf.split(
            params, [*sizes, self.per_pixel - sum(sizes)], axis=-1
        )

        def by_component(values, width):
            return tf.reshape(values, tf.concat([tf.shape(values)[:-1], [count, width]], 0))

        return Params(
            logits,
            by_component(loc, channels),
            tf.clip_by_value(by_component(log_scale, channels), MIN_LOG_SCALE, MAX_LOG_SCALE),
            tf.tanh(by_component(slopes, channels * (channels - 1) // 2)),
        )

    def log_prob_of_pixels(self, params, x):
        p = self.unpack(params)
        v = tf.round(x / HALF) * HALF  # the nearest byte
        z = [2 * value[..., None] - 1 for value in tf.unstack(v, axis=-1)]  # [..., H, W, 1] each
        total = tf.nn.log_softmax(p.logits)
        for c, value in enumerate(z):
            total += _log_mass(value, p.conditional_loc(c, z[:c]), p.log_scale[..., c])
        return tf.reduce_logsumexp(total, -1)

    def mean_of_pixels(self, params):
        """Returns the means of logistics that are cut at -1 and 1 but not rounded, in [0, 1].

        For later channels approximate, as if those before had their mean.
        """
        p, means = self.unpack(params), []
        for c in range(self.spec.shape[-1]):
            loc = p.conditional_loc(c, means)
            scale = tf.exp(p.log_scale[..., c])
            above = tf.nn.softplus((loc + 1) / scale) - tf.nn.softplus((loc - 1) / scale)
            means.append(scale * above - 1)
        z = tf.reduce_sum(tf.nn.softmax(p.logits)[..., None] * tf.stack(means, -1), -2)
        return tf.clip_by_value((z + 1) / 2, 0.0, 1.0)

    def draw(self, params, noise):
        p = self.unpack(params)
        k = choose(p.logits, noise[..., :1])
        chosen = tf.one_hot(k, self.config.pixel_components)[..., None]
        p = Params(p.logits, *(tf.reduce_sum(chosen * part, -2) for part in p[1:]))
        drawn: list[tf.Tensor] = []
        for c in range(self.spec.shape[-1]):
            u = tf.clip_by_value(noise[..., 1 + c], 1e-6, 1 - 1e-6)
            logistic = tf.math.log(u) - tf.math.log1p(-u)
            z = p.conditional_loc(c, drawn) + tf.exp(p.log_scale[..., c]) * logistic
            drawn.append(2 * HALF * tf.round((tf.clip_by_value(z, -1.0, 1.0) + 1) / 2 / HALF) - 1)
        return (tf.stack(drawn, -1) + 1) / 2

    def initial_outputs(self, mean):
        *sides, channels = mean.shape
        count = self.config.pixel_components
        spread = np.linspace(-0.3, 0.3, count)[:, None] if count > 1 else 0.0
        loc = np.clip(2 * mean[..., None, :] - 1 + spread, -1, 1)
        columns = [
            np.zeros([*sides, count]),
            loc.reshape(*sides, -1),
            np.full([*sides, count * channels], FIRST_LOG_SCALE),
            np.zeros([*sides, count * (channels * (channels - 1) // 2)]),
        ]
        return np.concatenate(columns, -1)


def _log_mass(z, loc, log_scale):
    """Log of the mass of a logistic within HALF of z; at -1 and 1, of all beyond as well.

    With b and a the standardised ends, S(b) - S(a) = S(b) S(-a) (1 - exp(a - b)) for the sigmoid S:
    no difference of nearly equal numbers.
    """
    inverse = tf.exp(-log_scale)
    upper, lower = (z - loc + HALF) * inverse, (z - loc - HALF) * inverse
    below, above = tf.math.log_sigmoid(upper), tf.math.log_sigmoid(-lower)
    within = below + above + tf.math.log(-tf.math.expm1(-2 * HALF * inverse))
    return tf.where(z < -1 + HALF, below, tf.where(z > 1 - HALF, above, within))
