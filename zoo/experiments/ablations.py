"""VAEs whose loss lacks a term of the KL, for comparison with the complete loss."""

import tensorflow as tf

from zoo import models
from zoo.models.vae import VAE


class WithoutVarianceTerms(VAE):
    """The loss lacks exp(2s) - (1 + 2s): nothing keeps the noise from vanishing."""

    def rate_or_free_bits(self, q, p, rate):
        return 0.5 * tf.reduce_sum(q.mean() ** 2, -1)


class WithoutSquaredMean(VAE):
    """The loss lacks m^2: nothing keeps the codes near the origin."""

    def rate_or_free_bits(self, q, p, rate):
        return rate - 0.5 * tf.reduce_sum(q.mean() ** 2, -1)


FAMILIES = {
    "vae_without_squared_mean": WithoutSquaredMean,
    "vae_without_variance_terms": WithoutVarianceTerms,
}


def register() -> None:
    """Makes the ablations known as families of models, for configs that name them."""
    models.FAMILIES.update(FAMILIES)
