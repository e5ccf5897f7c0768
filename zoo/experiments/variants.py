"""The VAEs that the experiments compare: small enough that each trains within minutes."""

import tensorflow as tf

from zoo import models
from zoo.models.vae import VAE

# Fields of `vae` that differ from the entry in all of them.
COMMON = {
    "hidden": (300,),
    "latent_dim": 20,
    "kl_warmup_epochs": 0,
    "patience": 0,
    "eval_every": 5,
    "ema": 0.99,
}
GREY = {"pixels": "dequantized", "clip_norm": 100.0}
VARIANTS = {
    "diagonal": {},
    "without variance terms": {"family": "vae_without_variance_terms"},
    "without squared mean": {"family": "vae_without_squared_mean"},
    "tril": {"posterior": "tril"},
    "iaf": {"posterior": "iaf"},
    "fixed": {"likelihood": "gaussian", **GREY},
    "shared": {"likelihood": "gaussian_shared", **GREY},
    "per pixel": {"likelihood": "gaussian_pixel", **GREY},
    "low rank": {"likelihood": "gaussian_low_rank", **GREY},
}


class WithoutVarianceTerms(VAE):
    """The loss lacks exp(2s) - (1 + 2s): nothing keeps the noise from vanishing."""

    def penalty(self, q, p, rate):
        return 0.5 * tf.reduce_sum(q.mean() ** 2, -1)


class WithoutSquaredMean(VAE):
    """The loss lacks m^2: nothing keeps the codes near the origin."""

    def penalty(self, q, p, rate):
        return rate - 0.5 * tf.reduce_sum(q.mean() ** 2, -1)


models.FAMILIES["vae_without_variance_terms"] = WithoutVarianceTerms
models.FAMILIES["vae_without_squared_mean"] = WithoutSquaredMean
