"""Priors p(z) over codes z [D]: the standard normal, and mixtures of Gaussians.

Each class makes its distribution anew at each call. `posterior` is the model's own q(z|x), which
the VampPrior is made of.
"""

import math

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from zoo import seeds

tfd = tfp.distributions


class Standard(keras.Layer):
    """N(0, I)"""

    def __init__(self, config, spec):
        super().__init__()
        del spec
        self.dim = config.latent_dim

    def distribution(self, posterior) -> tfd.Distribution:
        """Returns p(z)."""
        del posterior
        return tfd.MultivariateNormalDiag(tf.zeros(self.dim), tf.ones(self.dim))


class MixtureOfGaussians(keras.Layer):
    """sum_c pi_c N(z; m_c, diag(s_c)^2) with everything learned."""

    def __init__(self, config, spec):
        super().__init__()
        del spec
        count, dim = config.prior_components, config.latent_dim

        def weight(name, shape, initializer):
            return self.add_weight(name=name, shape=shape, initializer=initializer)

        self.logits = weight("logits", (count,), "zeros")
        self.loc = weight("loc", (count, dim), keras.initializers.RandomNormal(stddev=1.0))
        self.log_scale = weight("log_scale", (count, dim), "zeros")

    def distribution(self, posterior) -> tfd.Distribution:
        """Returns p(z)."""
        del posterior
        components = DiagonalComponents(self.loc.value, tf.exp(self.log_scale.value))
        return tfd.MixtureSameFamily(tfd.Categorical(logits=self.logits.value), components)


class Vamp(keras.Layer):
    """1/C sum_c q(z|u_c): the mixture of the posteriors of C learned pseudo-inputs u.

    Tomczak and Welling 2018, VAE with a VampPrior (arXiv 1705.07120), equation 9.
    """

    def __init__(self, config, spec):
        super().__init__()
        # Started from images by `VAE.start_from`.
        self.pseudo_inputs = self.add_weight(
            name="pseudo_inputs",
            shape=(config.prior_components, *spec.shape),
            initializer=keras.initializers.RandomUniform(0.0, 1.0),
            # After each step rather than inside the graph, where a pixel outside would stay there.
            constraint=lambda u: keras.ops.clip(u, 0.0, 1.0),
        )

    def distribution(self, posterior) -> tfd.Distribution:
        """Returns p(z)."""
        q = posterior(self.pseudo_inputs.value)
        if isinstance(q, tfd.MultivariateNormalDiag):
            q = DiagonalComponents(q.mean(), q.stddev())
        logits = tf.zeros(self.pseudo_inputs.shape[0])
        return tfd.MixtureSameFamily(tfd.Categorical(logits=logits), q)


KINDS = {"standard": Standard, "mog": MixtureOfGaussians, "vamp": Vamp}


class DiagonalComponents(tfd.MultivariateNormalDiag):
    """C diagonal Gaussians [C, D] whose densities at many z are two matrix products.

    (z - m)^2 / s^2 = z^2 / s^2 - 2 z m / s^2 + m^2 / s^2: nothing of shape [B, C, D] is made. In
    float64, because these terms are large and their sum is not.
    """

    def _log_prob(self, z):
        if z.shape[-2] != 1:  # not as the mixture asks
            return super()._log_prob(z)
        loc, scale, z = (tf.cast(t, tf.float64) for t in (self.mean(), self.stddev(), z))
        precision = 1.0 / tf.square(scale)  # [C, D]
        z = z[..., 0, :]  # [..., D]
        shape, z = tf.shape(z)[:-1], tf.reshape(z, [-1, z.shape[-1]])  # [B, D]
        squares = tf.matmul(z * z, precision, transpose_b=True)  # [B, C]
        products = tf.matmul(z, loc * precision, transpose_b=True)
        constant = tf.reduce_sum(
            loc * loc * precision - tf.math.log(precision / (2 * math.pi)), -1
        )  # [C]
        log_probs = -0.5 * (squares - 2 * products + constant)
        log_probs = tf.cast(log_probs, tf.float32)
        return tf.reshape(log_probs, tf.concat([shape, [loc.shape[0]]], 0))


def draw(p: tfd.Distribution, row_seeds: tf.Tensor) -> tf.Tensor:
    """Returns z [B, D] of which row i depends on `row_seeds[i]` (int32 [B]) alone."""
    dim = p.event_shape[0]
    if not isinstance(p, tfd.MixtureSameFamily):
        return seeds.row_normal(row_seeds, dim)
    noise = seeds.row_normal(row_seeds, dim + 1)
    chosen = choose(p.mixture_distribution.probs_parameter(), noise[:, -1])
    of_each = p.components_distribution.bijector.forward(noise[:, None, :-1])  # [B, C, D]
    return tf.gather(of_each, chosen, batch_dims=1)


def choose(probs: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Returns components int32 [B], drawn with probabilities [C] by standard normal noise [B]."""
    cumulative = tf.cumsum(tf.cast(probs, noise.dtype))  # [C]
    uniform = tfd.Normal(0.0, 1.0).cdf(noise)  # [B]
    return tf.reduce_sum(tf.cast(uniform[:, None] > cumulative[:-1], tf.int32), -1)
