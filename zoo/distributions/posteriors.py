"""Posteriors q(z|x) over codes z [D], from an encoder's output.

All of them are a bijector's image of standard normal noise e: z = f(e; x), of the
diagonal Gaussian exp(s) e + m. Each class says how many numbers it wants of the encoder (`outputs`)
and makes a distribution of them, anew at each call, for gradients to pass.
"""

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from zoo import seeds
from zoo.distributions import flows

# Numbers that the encoder tells every step of a flow.
CONTEXT = 64
# Draws, half of them mirrored, that tell the moments of a posterior without a closed form.
MOMENT_DRAWS = 64


class Diagonal(keras.Layer):
    """N(m, diag(exp(s))^2), as in Kingma and Welling 2014 (arXiv 1312.6114)."""

    # Whether the density at any z has a closed form, and not only at the posterior's own draws.
    closed_form = True

    def __init__(self, config):
        super().__init__()
        self.outputs = 2 * config.latent_dim

    def distribution(self, params: tf.Tensor) -> tfd.Distribution:
        """Returns q from (m, s) [..., 2 D]."""
        loc, log_scale = tf.split(params, 2, axis=-1)  # [..., D] each
        return tfd.MultivariateNormalDiag(loc, tf.exp(log_scale))


class Tril(keras.Layer):
    """N(m, L L^T) with L lower triangular: every covariance there is."""

    closed_form = True

    def __init__(self, config):
        super().__init__()
        self.dim = config.latent_dim
        self.outputs = self.dim + self.dim * (self.dim + 1) // 2

    def distribution(self, params: tf.Tensor) -> tfd.Distribution:
        """Returns q from m and the entries of L, its diagonal as logarithms."""
        entries = tfp.math.fill_triangular(params[..., self.dim :])  # [..., D, D]
        # Divided, so that at first the correlations are small however many dimensions there are.
        scale = tf.linalg.set_diag(entries / self.dim, tf.exp(tf.linalg.diag_part(entries)))
        return tfd.MultivariateNormalTriL(params[..., : self.dim], scale)


class IAF(keras.Layer):
    """A diagonal Gaussian bent by an inverse autoregressive flow."""

    closed_form = False

    def __init__(self, config):
        super().__init__()
        self.dim = config.latent_dim
        self.outputs = 2 * self.dim + CONTEXT
        # Every other step counts backwards, so that each dimension comes to see all others.
        self.mades = [
            flows.MADE(self.dim, config.flow_hidden, reverse=i % 2 == 1)
            for i in range(config.flow_steps)
        ]

    def distribution(self, params: tf.Tensor) -> tfd.Distribution:
        """Returns q from (m, s) of the Gaussian and the flow's context."""
        loc, log_scale, context = tf.split(params, [self.dim, self.dim, CONTEXT], axis=-1)
        gaussian = [tfb.Shift(loc), tfb.Scale(log_scale=log_scale)]
        flow = flows.inverse_autoregressive(self.mades, context)
        noise = tfd.MultivariateNormalDiag(tf.zeros(self.dim), tf.ones(self.dim))
        return tfd.TransformedDistribution(noise, tfb.Chain([flow, *gaussian], name="z"), name="q")


KINDS = {"diagonal": Diagonal, "tril": Tril, "iaf": IAF}


def reparametrize(q: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    """Returns z = f(e) for standard normal noise e [..., B, D]; gradients reach q's parameters.

    The noise is given rather than drawn inside, because tfp draws with a slower generator. The
    bijector remembers e: `q.log_prob(z)` of this very z inverts nothing.
    """
    return q.bijector.forward(noise)


def moments(q: tfd.Distribution) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns mean and standard deviation [B, D]; of a flow as estimated from a few draws."""
    if isinstance(q, tfd.MultivariateNormalLinearOperator):
        return q.mean(), q.stddev()
    half = seeds.normal([MOMENT_DRAWS // 2, 1, *q.event_shape], seeds.root(0))
    z = reparametrize(q, tf.concat([half, -half], 0))  # [S, B, D]
    return tf.reduce_mean(z, 0), tf.math.reduce_std(z, 0)
