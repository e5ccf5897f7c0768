"""VAEs whose loss lacks a term of the KL: what the experiments compare with the whole."""

import tensorflow as tf

from zoo.models.vae import VAE


class WithoutVarianceTerms(VAE):
    """The loss lacks exp(2s) - (1 + 2s): nothing keeps the noise from vanishing."""

    def penalty(self, q, p, rate):
        return 0.5 * tf.reduce_sum(q.mean() ** 2, -1)


class WithoutSquaredMean(VAE):
    """The loss lacks m^2: nothing keeps the codes near the origin."""

    def penalty(self, q, p, rate):
        return rate - 0.5 * tf.reduce_sum(q.mean() ** 2, -1)
