"""Posteriors q(z|x) over codes z [D], from an encoder's output.

Each is a bijection of standard normal noise e: z = f(e; x), exp(s) e + m for the diagonal
Gaussian. Each class states how many encoder outputs it needs (`outputs`) and builds a distribution
from them at each call, so that gradients pass.
"""

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from zoo import seeds
from zoo.distributions import flows
from zoo.distributions.gaussians import DiagonalComponents, FullComponents

# Features that the encoder passes to every step of a flow.
CONTEXT = 64
# Scales stay in exp(-10) .. exp(10): rows unlike the training data could make them overflow.
MAX_LOG_SCALE = 10.0
# Draws, half of them mirrored, that estimate the moments of a posterior without a closed form.
MOMENT_DRAWS = 64


def bound(log_scale: tf.Tensor) -> tf.Tensor:
    """Clips logarithms of scales, which an encoder may make extreme far from its data."""
    return tf.clip_by_value(log_scale, -MAX_LOG_SCALE, MAX_LOG_SCALE)


class Posterior(keras.Layer):
    """q(z|x), built from an encoder's output at each call."""

    # Number of encoder outputs for each x.
    outputs: int
    # Whether the density has a closed form at any z, not only at the posterior's own draws.
    closed_form = True

    def distribution(self, params: tf.Tensor) -> tfd.Distribution:
        """Returns q of params [..., outputs]."""
        raise NotImplementedError

    def components(self, params: tf.Tensor) -> tfd.Distribution:
        """Returns the q of params [C, outputs] as components of a mixture, if in closed form."""
        raise NotImplementedError

    def moments(self, params: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns mean and standard deviation [B, D] of q."""
        q = self.distribution(params)
        return q.mean(), q.stddev()


class Diagonal(Posterior):
    """N(m, diag(exp(s))^2), as in Kingma and Welling 2014 (arXiv 1312.6114)."""

    def __init__(self, config):
        super().__init__()
        self.outputs = 2 * config.latent_dim

    def distribution(self, params):
        return tfd.MultivariateNormalDiag(*self.loc_and_scale(params))

    def components(self, params):
        return DiagonalComponents(*self.loc_and_scale(params))

    def loc_and_scale(self, params):
        """Returns m and exp(s), [..., D] each, from (m, s) [..., 2 D]."""
        loc, log_scale = tf.split(params, 2, axis=-1)
        return loc, tf.exp(bound(log_scale))

    def moments(self, params):
        return self.loc_and_scale(params)


class Tril(Posterior):
    """N(m, L L^T) with L lower triangular: any covariance."""

    def __init__(self, config):
        super().__init__()
        self.dim = config.latent_dim
        self.outputs = self.dim + self.dim * (self.dim + 1) // 2

    def distribution(self, params):
        return tfd.MultivariateNormalTriL(*self.loc_and_scale(params))

    def components(self, params):
        return FullComponents(*self.loc_and_scale(params))

    def loc_and_scale(self, params):
        """Returns m [..., D] and L [..., D, D], whose diagonal is the exponential of outputs."""
        entries = tfp.math.fill_triangular(params[..., self.dim :])  # [..., D, D]
        # Divided, so that initial correlations are small in any number of dimensions.
        diagonal = tf.exp(bound(tf.linalg.diag_part(entries)))
        return params[..., : self.dim], tf.linalg.set_diag(entries / self.dim, diagonal)


class IAF(Posterior):
    """A diagonal Gaussian transformed by an inverse autoregressive flow."""

    closed_form = False

    def __init__(self, config):
        super().__init__()
        self.dim = config.latent_dim
        self.outputs = 2 * self.dim + CONTEXT
        # Every other step has the reverse order, so that each dimension depends on all others.
        self.mades = [
            flows.MADE(self.dim, config.flow_hidden, reverse=i % 2 == 1)
            for i in range(config.flow_steps)
        ]

    def distribution(self, params):
        # (m, s) of the Gaussian, and the context of the flow.
        loc, log_scale, context = tf.split(params, [self.dim, self.dim, CONTEXT], axis=-1)
        gaussian = [tfb.Shift(loc), tfb.Scale(log_scale=bound(log_scale))]
        flow = flows.inverse_autoregressive(self.mades, context)
        noise = tfd.MultivariateNormalDiag(tf.zeros(self.dim), tf.ones(self.dim))
        return tfd.TransformedDistribution(noise, tfb.Chain([flow, *gaussian], name="z"), name="q")

    def moments(self, params):
        """Returns estimates from a few draws."""
        q = self.distribution(params)
        seed = seeds.stream(0, seeds.Stream.MOMENTS)
        half = seeds.normal([MOMENT_DRAWS // 2, 1, self.dim], seed)
        z = reparametrize(q, tf.concat([half, -half], 0))  # [S, B, D]
        return tf.reduce_mean(z, 0), tf.math.reduce_std(z, 0)


KINDS = {"diagonal": Diagonal, "tril": Tril, "iaf": IAF}


def reparametrize(q: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    """Returns z = f(e) for standard normal noise e [..., B, D]; gradients reach q's parameters.

    The noise is an argument, because tfp's own generator is slower. The bijector caches e, so that
    `q.log_prob(z)` of this tensor z needs no inverse.
    """
    return q.bijector.forward(noise)
