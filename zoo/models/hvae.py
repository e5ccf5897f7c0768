"""Hierarchical VAE: codes in levels, each given those above it.

Sonderby et al. 2016, Ladder Variational Autoencoders (arXiv 1602.02282); with the prior of Tomczak
and Welling 2018 (arXiv 1705.07120) on top. The bound is a sum over levels from the top, z_1, down:

    log p(x) >= E_q [log p(x|z)] - sum_l E_q KL(q(z_l|x, z_1 .. z_(l-1)) || p(z_l|z_1 .. z_(l-1)))

The decoder and the distributions of each level see all codes above them. With one level this is a
VAE. A level whose rate is below `free_bits` nats costs as much as if it had that rate, so that no
level is given up early in training.
"""

import ml_collections

from zoo.distributions import hierarchy, posteriors
from zoo.models.vae import VAE
from zoo.objectives import bounds


class HVAE(VAE):
    """q(z|x), p(z), p(x|z) with z = (z_1 .. z_L), from the top down."""

    def make_code_layers(self, config, spec):
        top = ml_collections.ConfigDict(config)
        top.latent_dim = config.latent_dim // config.levels
        posterior, prior = super().make_code_layers(top, spec)
        return (
            hierarchy.HierarchicalPosterior(config, posterior),
            hierarchy.HierarchicalPrior(config, prior),
        )

    def elbo_terms(self, x, y, params, noise, beta):
        """Returns -ELBO, its KL weighted by beta, and the rate of each level, from the top."""
        q, p = self.posterior_layer.distribution(params), self.prior()
        z = posteriors.reparametrize(q, noise)
        distortion = -self.likelihood(z, y).log_prob(x)[0]
        rates = [
            bounds.rate(q_l, p_l, z_l)[0]
            for (q_l, z_l), (p_l, _) in zip(q.levels(z), p.levels(z), strict=True)
        ]
        costs = [bounds.free_bits_of_group(rate, self.config.free_bits) for rate in rates]
        of_levels = {f"rate_{i}": rate for i, rate in enumerate(rates, 1)}
        loss = distortion + beta * sum(costs)
        return {"loss": loss, "rate": sum(rates), "distortion": distortion, **of_levels}

    # --- Serving ----------------------------------------------------------------------------

    def redraw(self, x, level, seed):
        """Returns x with the codes of its upper `level` levels kept and the rest drawn from p.

        All are drawn at level 0, none at the number of levels: the reconstruction.
        """
        kept = self.encode(x)["loc"]
        z = self.prior_layer.draw_below(self.posterior_components, seed, kept, level)
        return self.draw_image(z, seed)

    def signatures(self):
        redraw = self.signature(self.redraw, "x", "level", "seed", output="x")
        return {**super().signatures(), "redraw": redraw}

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def free_bits_problems(cls, config):
        """None: they are those of a level, whose rate needs no closed form."""
        yield from ()

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        if config.latent_dim % config.levels:
            size = config.levels * -(-config.latent_dim // config.levels)
            yield (
                f"latent_dim={config.latent_dim} is not a multiple of levels={config.levels}: "
                f"choose --config.latent_dim={size}."
            )
        if config.doubly_reparametrized:
            yield (
                f"doubly_reparametrized=True is for one level of codes, not for {config.model!r}: "
                "leave it out."
            )
