"""Variational autoencoder: a posterior, a prior and a likelihood that compose.

Kingma and Welling 2014, Auto-Encoding Variational Bayes (arXiv 1312.6114), equation 3:

    log p(x) >= E_q(z|x) [log p(x|z)] - KL(q(z|x) || p(z))

Each of the three is a tfp distribution of a kind that the config names; distortion is the negative
first term, rate the second.
"""

import numpy as np
import tensorflow as tf
from absl import logging

from zoo import errors, networks, seeds
from zoo.distributions import codes, likelihoods, posteriors, priors
from zoo.models import refusals
from zoo.models.base import GenerativeModel
from zoo.models.traits import Trait
from zoo.objectives import bounds

# Number of training rows whose mean initialises the decoder's biases.
START_ROWS = 10_000


class VAE(GenerativeModel):
    """q(z|x), p(z), p(x|z); where a subclass is conditional, all but p(z) given a label y too."""

    takes_vectors = is_m1 = True

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.posteriors = posteriors.KINDS[config.posterior](config)
        self.priors = priors.KINDS[config.prior](config, spec)
        self.likelihoods = likelihoods.KINDS[config.likelihood](config, spec)
        for part in (self.posteriors, self.priors, self.likelihoods):
            part.built = True  # Keras would wait for a call, which parts do not have
        *sides, channels = spec.shape
        outputs = (*sides, channels * self.likelihoods.outputs)
        self.encoder = networks.encoder(
            config.network, spec.shape, config.hidden, self.posteriors.outputs
        )
        self.decoder = networks.decoder(config.network, outputs, config.hidden)
        self.convolutional = config.network == "conv"

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        yield from refusals.vae_conflicts(config, cls.conditional)

    @classmethod
    def misfits(cls, config, spec):
        yield from super().misfits(config, spec)
        yield from refusals.vae_misfits(config, spec)

    @property
    def traits(self):
        of_bytes = self.likelihoods.discrete or self.config.pixels == "dequantized"
        can = {Trait.SAMPLES, Trait.CODES, Trait.POSTERIOR}
        return frozenset(can | ({Trait.BYTES} if of_bytes else set()))

    def posterior(self, x, y=None):
        """q(z|x)"""
        return self.posteriors.distribution(self.posterior_params(x, y))

    def posterior_params(self, x, y=None, times=1):
        """Parameters of q(z|x), [B, ...]; repeated `times` for as many labels."""
        return self.encoder(self.likelihoods.standardize(x), self._one_hot(y), times=times)

    def prior(self):
        """p(z)"""
        return self.priors.distribution(self.posterior_components)

    def posterior_components(self, x):
        """q(z|x) of pseudo-inputs x, as components of a mixture"""
        return self.posteriors.components(self.posterior_params(x))

    def likelihood(self, z, y=None):
        """p(x|z) of z [..., B, D]"""
        codes = tf.reshape(z, [-1, z.shape[-1]])  # [... B, D]
        condition = self._one_hot(y)
        if condition is not None and len(z.shape) > 2:
            condition = tf.tile(condition, [tf.shape(codes)[0] // tf.shape(condition)[0], 1])
        params = self.decoder(codes, condition)
        shape = tf.concat([tf.shape(z)[:-1], params.shape[1:]], 0)
        return self.likelihoods.distribution(tf.reshape(params, shape))

    def loss_terms(self, batch, seed, training=False):
        """Returns "loss", "rate" and "distortion", [B] each.

        Rate and distortion are those of the ELBO, from k = `importance_samples` codes per image.
        The loss is minimised: the negative importance-weighted bound of k codes, its rate weighted
        by beta; in training beta grows during the warm-up.
        """
        return self.bound_terms(batch["x"], self._label(batch), seed, training)

    def bound_terms(self, x, y, seed, training=False, times=1):
        """Returns the terms of `loss_terms`, [times B] of x [B, ...] and labels y [times B]."""
        config, beta = self.config, self.config.beta
        if training:
            beta *= bounds.linear_warm_up(self.step, self.annealing_steps)
        params = self.posterior_params(x, y, times)
        x = tf.tile(x, [times, *[1] * (len(x.shape) - 1)]) if times > 1 else x
        noise = seeds.normal([config.importance_samples, tf.shape(x)[0], config.latent_dim], seed)
        terms = self.elbo_terms if config.importance_samples == 1 else self.importance_terms
        return terms(x, y, params, noise, beta)

    def elbo_terms(self, x, y, params, noise, beta):
        """-ELBO = -log p(x|z) + beta KL(q(z|x) || p(z)), z by noise [1, B, D]."""
        q, p = self.posteriors.distribution(params), self.prior()
        z = posteriors.reparametrize(q, noise)
        distortion = -self.likelihood(z, y).log_prob(x)[0]  # [B]
        rate = bounds.rate(q, p, z)[0]  # [B]
        loss = distortion + beta * self.penalty(q, p, rate)
        return {"loss": loss, "rate": rate, "distortion": distortion}

    def importance_terms(self, x, y, params, noise, beta):
        """-log 1/k sum_i p(x|z_i) (p(z_i) / q(z_i|x))^beta, z by noise [k, B, D]."""
        q, p = self.posteriors.distribution(params), self.prior()
        z, bound = posteriors.reparametrize(q, noise), bounds.importance_weighted_bound
        if self.config.doubly_reparametrized:
            q = self.posteriors.distribution(tf.stop_gradient(params))
            z, bound = bounds.doubly_reparametrized(z, beta)
        distortion = -self.likelihood(z, y).log_prob(x)  # [k, B]
        rate = q.log_prob(z) - p.log_prob(z)
        loss = -bound(-distortion - beta * rate)
        means = tf.reduce_mean(rate, 0), tf.reduce_mean(distortion, 0)
        return {"loss": loss, "rate": means[0], "distortion": means[1]}

    def penalty(self, q, p, rate):
        """Returns what stands in the ELBO for the rate [B]."""
        least = self.config.free_bits
        return bounds.free_bits(q, p, least) if least else rate

    def compile_for_run(self, total_steps):
        super().compile_for_run(total_steps)
        self.set_schedule(total_steps)

    def set_schedule(self, total_steps: int | None) -> None:
        """Sets up schedules for a run of this many steps; there are none if None."""
        self.annealing_steps = round(self.config.kl_warmup * (total_steps or 0))

    def start_from(self, split):
        super().start_from(split)
        config = self.config
        if self.of_images and config.likelihood == "bernoulli" and self.spec.shape[-1] == 3:
            logging.warning(
                errors.word(
                    "likelihood='bernoulli' has pixels that are on or off: eight colours remain. "
                    "For colours choose --config.pixels=dequantized --config.likelihood=gaussian."
                )
            )
        rows = split.shuffled(config.seed, min(split.size, START_ROWS))
        mean = sum(x.sum(0, np.float64) for x in rows) / min(split.size, START_ROWS)
        mean /= 255.0 if self.of_images else 1.0
        self.likelihoods.measure(split)
        if config.network == "conv":  # whose biases are the same for all pixels
            mean = np.broadcast_to(mean.mean((0, 1)), mean.shape)
        self.decoder.start_at(self.likelihoods.start(mean))
        self.priors.start_from(split, config.seed)

    def call(self, x, y=None, training=False):
        """Returns the reconstruction of x."""
        batch = self.to_batch((x, y), noise=False)
        return self.reconstruct(batch["x"], self._label(batch))

    # --- Serving ----------------------------------------------------------------------------

    def sample(self, seed, y=None):
        """Returns the mean of p(x|z), z drawn from the prior; row i depends on seed[i], y[i]."""
        return self.decode(self.priors.draw(self.posterior_components, seed), y)

    def way(self, z0, z1, t):
        """Returns the codes at t [B] of the ways from z0 to z1, [B, D] each, as arrays."""
        path = codes.arc if self.config.prior == "standard" else codes.line
        return path(z0, z1, t)

    def encode(self, x, y=None):
        """Returns q(z|x)'s mean ("loc") and standard deviation ("scale"), [B, D] each."""
        loc, scale = self.posteriors.moments(self.posterior_params(x, y))
        return {"loc": loc, "scale": scale}

    def decode(self, z, y=None):
        """Returns the mean of p(x|z)."""
        return self.likelihood(z, y).mean()

    def reconstruct(self, x, y=None):
        """Returns the decoded mean of q(z|x): of a Gaussian, the code at e = 0."""
        return self.decode(self.encode(x, y)["loc"], y)

    def interpolate(self, x0, x1, t, y=None):
        """Returns the decoded point at t in [0, 1] of the line from x0's code to x1's."""
        z0, z1 = (self.encode(x, y)["loc"] for x in (x0, x1))
        return self.decode(z0 + t[:, None] * (z1 - z0), y)

    def score(self, x, y=None, *, seed):
        """Returns the ELBO of each row, from one draw of z by seed[i]."""
        q = self.posterior(x, y)
        z = posteriors.reparametrize(q, seeds.row_normal(seed, self.config.latent_dim))
        return self.likelihood(z, y).log_prob(x) - bounds.rate(q, self.prior(), z)

    def signatures(self):
        y = ("y",) if self.conditional else ()

        def score(x, *y_and_seed):
            *y, seed = y_and_seed
            return {"elbo": self.score(x, *y, seed=seed)}

        return {
            "sample": self.signature(lambda *row: {"x": self.sample(*row)}, "seed", *y),
            "encode": self.signature(self.encode, "x", *y),
            "decode": self.signature(lambda *row: {"x": self.decode(*row)}, "z", *y),
            "reconstruct": self.signature(lambda *row: {"x": self.reconstruct(*row)}, "x", *y),
            "score": self.signature(score, "x", *y, "seed"),
            "interpolate": self.signature(
                lambda *row: {"x": self.interpolate(*row)}, "x0", "x1", "t", *y
            ),
        }

    def _label(self, batch):
        return batch["y"] if self.conditional else None

    def _one_hot(self, y):
        return None if y is None else tf.one_hot(y, self.spec.num_classes)  # [B, K]
