"""Conditional VAE: an image is a label y and a style z.

Kingma, Rezende, Mohamed and Welling 2014, Semi-supervised Learning with Deep Generative Models
(arXiv 1406.5298), equation 2 with the label given:

    log p(x|y) >= E_q(z|x,y) [log p(x|y,z)] - KL(q(z|x,y) || p(z))
"""

import tensorflow as tf

from zoo import networks, seeds
from zoo.distributions import gaussian, likelihoods
from zoo.errors import UserError
from zoo.models.base import GenerativeModel


class CVAE(GenerativeModel):
    """q(z|x,y) diagonal Gaussian, p(x|y,z) Bernoulli, p(z) standard normal."""

    conditional = True

    def __init__(self, config, spec):
        super().__init__(config, spec)
        if spec.num_classes < 2:
            raise UserError(
                f"Model {config.model!r} is conditional and needs labels; dataset "
                f"{config.dataset!r} names {spec.num_classes} classes."
            )
        if not config.binarize:
            raise UserError(
                "The likelihood of cvae is Bernoulli, which is none of grey pixels: use "
                "--config.binarize=True."
            )
        self.encoder = networks.encoder(
            config.network, spec.shape, config.hidden, 2 * config.latent_dim
        )
        self.decoder = networks.decoder(config.network, spec.shape, config.hidden)

    def prior(self):
        """p(z)"""
        return gaussian.standard(self.config.latent_dim)

    def posterior(self, x, y):
        """q(z|x,y)"""
        return gaussian.diagonal(self.encoder(2.0 * x - 1.0, self._one_hot(y)))

    def likelihood(self, z, y):
        """p(x|y,z)"""
        return likelihoods.bernoulli(self.decoder(z, self._one_hot(y)))

    def loss_terms(self, batch, seed, training=False):
        """Returns the negative ELBO ("loss"): the rate KL(q||p) and the distortion."""
        x, y = batch["x"], batch["y"]
        q = self.posterior(x, y)
        z = gaussian.reparametrize(q, seeds.normal([tf.shape(x)[0], self.config.latent_dim], seed))
        rate = q.kl_divergence(self.prior())
        distortion = -self.likelihood(z, y).log_prob(x)
        return {
            "loss": distortion + self.config.beta * rate,
            "rate": rate,
            "distortion": distortion,
        }

    def sample(self, seed, y):
        """Returns the mean of p(x|y,z), z drawn from the prior; row i depends on seed[i], y[i]."""
        return self.decode(seeds.row_normal(seed, self.config.latent_dim), y)

    def encode(self, x, y):
        """Returns q(z|x,y)'s loc and scale, [B, D] each."""
        q = self.posterior(x, y)
        return {"loc": q.mean(), "scale": q.stddev()}

    def decode(self, z, y):
        """Returns the mean of p(x|y,z)."""
        return self.likelihood(z, y).mean()

    def restyle(self, x, y, y_new):
        """Returns the style of x, which shows y, with the content y_new."""
        return self.decode(self.posterior(x, y).mean(), y_new)

    def interpolate(self, x0, x1, t, y):
        """Returns the decoded point at t in [0, 1] of the line from x0's mean code to x1's."""
        z0, z1 = self.posterior(x0, y).mean(), self.posterior(x1, y).mean()
        return self.decode(z0 + t[:, None] * (z1 - z0), y)

    def score(self, x, y, seed):
        """Returns the ELBO of each row, from one draw of z by seed[i]."""
        q, noise = self.posterior(x, y), seeds.row_normal(seed, self.config.latent_dim)
        z = gaussian.reparametrize(q, noise)
        return self.likelihood(z, y).log_prob(x) - q.kl_divergence(self.prior())

    def signatures(self):
        return {
            "sample": self.signature(lambda s, y: {"x": self.sample(s, y)}, "seed", "y"),
            "encode": self.signature(self.encode, "x", "y"),
            "decode": self.signature(lambda z, y: {"x": self.decode(z, y)}, "z", "y"),
            # The notes' e = 0: the style is the posterior's mean, the content stays.
            "reconstruct": self.signature(lambda x, y: {"x": self.restyle(x, y, y)}, "x", "y"),
            "score": self.signature(
                lambda x, y, s: {"elbo": self.score(x, y, s)}, "x", "y", "seed"
            ),
            "interpolate": self.signature(
                lambda x0, x1, t, y: {"x": self.interpolate(x0, x1, t, y)}, "x0", "x1", "t", "y"
            ),
            "restyle": self.signature(
                lambda x, y, y_new: {"x": self.restyle(x, y, y_new)}, "x", "y", "y_new"
            ),
        }

    def _one_hot(self, y):
        return tf.one_hot(y, self.spec.num_classes)  # [B, K]
