"""Gaussian mixture VAE: codes in clusters, p(z) = sum_c pi_c p(z|c), found without labels.

Jiang et al. 2017, Variational Deep Embedding (arXiv 1611.05148). The bound is that of a VAE with
this mixture for a prior: with q(c|x) = p(c|z), its best choice (equation 16 there), the terms with
c of the paper's equation 7 sum to

    log p(x) >= E_q(z|x) [log p(x|z) + log p(z) - log q(z|x)]

Unlike there, components have full covariances and no autoencoder is trained before: until
a share of the run has passed (`cluster_at`) all components are one Gaussian, then they become the
mixture that EM fits to codes.
"""

import numpy as np
import tensorflow as tf

from zoo import mixtures, seeds
from zoo.models import refusals
from zoo.models.traits import Trait
from zoo.models.vae import VAE


class GMVAE(VAE):
    """A VAE whose prior's components c are clusters."""

    needs_start = True

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        yield from refusals.gmvae_conflicts(config)

    @property
    def traits(self):
        return super().traits | {Trait.CLUSTERS, Trait.CLUSTER_SAMPLES}

    def start_from(self, split):
        super().start_from(split)
        self.priors.loc.assign(tf.zeros_like(self.priors.loc))

    def start_epoch(self, epoch, epochs, split):
        if epoch == int(self.config.cluster_at * epochs):
            fitted = self._fit_mixture(split).as_arrays()
            mixing = np.maximum(fitted["mixing"], 1e-6)
            self.priors.assign(mixing, fitted["means"], fitted["covariances"])

    def _fit_mixture(self, split):
        """Returns the mixture that fits codes best, one drawn from q(z|x) for each x."""
        config = self.config
        encode, codes = self.in_graph("encode"), []
        for i, batch in split.batches(1000, config.pixels, config.seed).enumerate():
            q = encode(batch["x"])
            noise = seeds.normal(
                tf.shape(q["loc"]), seeds.stream(config.seed, seeds.Stream.CODES, i)
            )
            codes.append((q["loc"] + q["scale"] * noise).numpy())
        codes, fits = np.concatenate(codes), []
        for i in range(config.num_starts):
            seed = seeds.integer(config.seed, seeds.Stream.CODES, i)
            fits.append(mixtures.fit(codes, config.prior_components, seed=seed))
        return max(fits, key=lambda fit: fit.log_likelihood).mixture

    def responsibilities(self, x):
        """Returns p(c|z) [B, C] at the mean of q(z|x)."""
        loc, _ = self.posteriors.moments(self.posterior_params(x))
        p = self.prior()
        log_joint = p.components_distribution.log_prob(loc[:, None])  # [B, C]
        return tf.nn.softmax(log_joint + tf.math.log_softmax(self.priors.logits.value))

    def sample_cluster(self, seed, cluster):
        """Returns the mean of p(x|z), z drawn from p(z|c); row i depends on seed[i], cluster[i]."""
        noise = seeds.row_normal(seed, self.config.latent_dim)
        return self.decode(self.priors.chosen(None, cluster).bijector.forward(noise))

    def signatures(self):
        return {
            **super().signatures(),
            "responsibilities": self.signature(lambda x: {"probs": self.responsibilities(x)}, "x"),
            "sample_cluster": self.signature(
                lambda *row: {"x": self.sample_cluster(*row)}, "seed", "cluster"
            ),
        }
