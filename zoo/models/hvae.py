"""Hierarchical VAE: codes in levels, each given those above it.

Sonderby et al. 2016, Ladder Variational Autoencoders (arXiv 1602.02282); with the prior of Tomczak
and Welling 2018 (arXiv 1705.07120) on top. The bound is a sum over levels from the top, z_1, down:

    log p(x) >= E_q [log p(x|z)] - sum_l E_q KL(q(z_l|x, z_1 .. z_(l-1)) || p(z_l|z_1 .. z_(l-1)))

The distributions of each level see all codes above them, the decoder sees all codes. With one level
this is a VAE. Two things keep levels from being given up early in training: the warm-up of the KL,
and, if it is set, `free_bits`: a level whose rate is lower costs as much as if it had that rate.
"""

import ml_collections

from zoo.distributions import codes, hierarchy, posteriors
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
        rates = {name: rate[0] for name, rate in self.rates_of_parts(q, p, z).items()}
        loss = distortion + beta * sum(map(self._cost, rates.values()))
        return {"loss": loss, "rate": sum(rates.values()), "distortion": distortion, **rates}

    def rates_of_parts(self, q, p, z):
        return {
            f"rate_{i}": bounds.rate(q_l, p_l, z_l)
            for i, ((q_l, z_l), (p_l, _)) in enumerate(
                zip(q.levels(z), p.levels(z), strict=True), 1
            )
        }

    def _cost(self, rate):
        minimum = self.config.free_bits
        return bounds.free_bits_of_group(rate, minimum) if minimum else rate

    # --- Serving ----------------------------------------------------------------------------

    def interpolate_codes(self, z0, z1, t):
        """Returns codes on lines: levels together are not N(0, I), whose codes lie on arcs."""
        return codes.line(z0, z1, t)

    def redraw(self, x, level, seed):
        """Returns x with the codes of its upper `level` levels kept and the rest drawn from p.

        All are drawn at level 0, none at the number of levels, which gives an image of x's codes.
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
