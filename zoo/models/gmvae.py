"""Gaussian mixture VAE: codes in clusters, p(z) = sum_c pi_c p(z|c), found without labels.

Jiang et al. 2017, Variational Deep Embedding (arXiv 1611.05148). The bound is that of a VAE with
this mixture for a prior: with q(c|x) = p(c|z), the optimal choice (equation 16 there), the terms
with c of the paper's equation 7 sum to

    log p(x) >= E_q(z|x) [log p(x|z) + log p(z) - log q(z|x)]

Unlike there, components have full covariances and no autoencoder is trained before: for the first
share `cluster_at` of the run all components are one Gaussian, then they become the mixture that EM
fits to the codes.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from zoo import mixtures, seeds
from zoo.models.capabilities import Capability
from zoo.models.vae import VAE


class GMVAE(VAE):
    """A VAE whose prior's components c are clusters."""

    rules = dataclasses.replace(VAE.rules, needs_initial_data=True)

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        if config.prior != "mog_full":
            yield (
                f"prior={config.prior!r} has no clusters that EM can start: model "
                f"{config.model!r} takes 'mog_full'."
            )

    @property
    def capabilities(self):
        return super().capabilities | {Capability.CLUSTERS, Capability.CLUSTER_SAMPLES}

    def initialize_from_data(self, split):
        super().initialize_from_data(split)
        self.prior_layer.loc.assign(tf.zeros_like(self.prior_layer.loc))

    def start_epoch(self, epoch, epochs, split):
        if epoch == int(self.config.cluster_at * epochs):
            fitted = self._fit_mixture(split).as_arrays()
            mixing = np.maximum(fitted["mixing"], 1e-6)
            self.prior_layer.assign(mixing, fitted["means"], fitted["covariances"])

    def _fit_mixture(self, split):
        """Returns the best of several mixtures fitted to codes, one from q(z|x) for each x."""
        config = self.config
        encode, codes = self.compiled_method("encode"), []
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
        loc, _ = self.posterior_layer.moments(self.posterior_params(x))
        p = self.prior()
        log_joint = p.components_distribution.log_prob(loc[:, None])  # [B, C]
        return tf.nn.softmax(log_joint + tf.math.log_softmax(self.prior_layer.logits.value))

    def sample_cluster(self, seed, cluster):
        """Returns an image of p(x|z), z drawn from p(z|c); row i depends on seed[i], cluster[i]."""
        noise = seeds.row_normal(seed, self.config.latent_dim)
        z = self.prior_layer.chosen(None, cluster).bijector.forward(noise)
        return self.draw_image(z, seed)

    def signatures(self):
        return {
            **super().signatures(),
            "responsibilities": self.signature(self.responsibilities, "x", output="probs"),
            "sample_cluster": self.signature(self.sample_cluster, "seed", "cluster", output="x"),
        }
