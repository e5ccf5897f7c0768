"""Variational autoencoder: a posterior, a prior and a likelihood that compose.

Kingma and Welling 2014, Auto-Encoding Variational Bayes (arXiv 1312.6114), equation 3:

    log p(x) >= E_q(z|x) [log p(x|z)] - KL(q(z|x) || p(z))  =  ELBO  =  -distortion - rate

z is a function of x and noise e, z = m(x) + s(x) e for a diagonal Gaussian (section 2.4). q(z|x),
p(z) and p(x|z) are tfp distributions; the config names the type of each.
"""

import numpy as np
import tensorflow as tf
from absl import logging

from zoo import errors, networks, seeds
from zoo.distributions import codes, likelihoods, posteriors, priors
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Capability, Rules
from zoo.networks import causal_convolutions
from zoo.objectives import bounds

# Signatures that return images.
PICTURES = frozenset(
    {"sample", "decode", "reconstruct", "interpolate", "restyle", "redraw", "sample_cluster"}
)


class VAE(GenerativeModel):
    """q(z|x), p(z), p(x|z); in a conditional subclass all but p(z) also depend on a label y."""

    rules = Rules(takes_vectors=True)

    # --- The objective ----------------------------------------------------------------------

    def elbo_terms(self, x, y, params, noise, beta):
        """Returns -ELBO, its KL weighted by beta, with z from noise [1, B, D]."""
        q, p = self.posterior_layer.distribution(params), self.prior()
        z = posteriors.reparametrize(q, noise)
        distortion = -self.likelihood(z, y).log_prob(x)[0]  # [B], of one z per image
        rate = bounds.rate(q, p, z)[0]  # [B]
        loss = distortion + beta * self.rate_or_free_bits(q, p, rate)
        return {"loss": loss, "rate": rate, "distortion": distortion}

    def importance_terms(self, x, y, params, noise, beta):
        """Returns -log 1/k sum_i p(x|z_i) (p(z_i) / q(z_i|x))^beta, z from noise [k, B, D]."""
        q, p = self.posterior_layer.distribution(params), self.prior()
        z, bound = posteriors.reparametrize(q, noise), bounds.importance_weighted_bound
        if self.config.doubly_reparametrized:  # q learns through z alone
            q = self.posterior_layer.distribution(tf.stop_gradient(params))
            z, bound = bounds.doubly_reparametrized(z, beta)
        distortion = -self.likelihood(z, y).log_prob(x)  # [k, B]
        rate = q.log_prob(z) - p.log_prob(z)
        loss = -bound(-distortion - beta * rate)
        each = {"rate": rate, "distortion": distortion, **self.rates_of_parts(q, p, z)}
        return {"loss": loss, **{name: tf.reduce_mean(term, 0) for name, term in each.items()}}

    def rates_of_parts(self, q, p, z):
        """Returns {name: rate [k, B]} of parts of the code z [k, B, D]; here it has none."""
        return {}

    def rate_or_free_bits(self, q, p, rate):
        """Returns the rate [B], or what it costs beyond `free_bits` nats per dimension."""
        minimum = self.config.free_bits
        return bounds.free_bits(q, p, minimum) if minimum else rate

    def loss_terms(self, batch, seed, training=False, times=1):
        """Returns "loss", "rate" and "distortion", [B] each.

        Rate and distortion are those of the ELBO, from k = `importance_samples` codes per image.
        The loss is the negative importance-weighted bound of k codes, its rate weighted by beta,
        which grows from 0 during the warm-up in training.

        Args:
          batch: {"x": [B, ...], "y": labels}.
          seed: int32 [2].
          training: whether beta is warmed up.
          times: number of labels to compute the terms for (M2 tries every label): y and the terms
            are then [times * B], with x tiled to match.
        """
        config, beta = self.config, self.config.beta
        if training:
            beta *= bounds.linear_warm_up(self.step, self.annealing_steps)
        x, y = batch["x"], self._label(batch)
        params = self.posterior_params(x, y, times)
        x = tf.tile(x, [times, *[1] * (len(x.shape) - 1)]) if times > 1 else x
        noise = seeds.normal([config.importance_samples, tf.shape(x)[0], config.latent_dim], seed)
        terms = self.elbo_terms if config.importance_samples == 1 else self.importance_terms
        return terms(x, y, params, noise, beta)

    # --- The distributions ------------------------------------------------------------------

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.posterior_layer, self.prior_layer = self.make_code_layers(config, spec)
        self.likelihood_layer = likelihoods.KINDS[config.likelihood](config, spec)
        for part in (self.posterior_layer, self.prior_layer, self.likelihood_layer):
            part.built = True  # layers so that Keras finds their weights; they have no call
        outputs = (*spec.shape[:-1], self.likelihood_layer.per_pixel)
        self.encoder = networks.encoder(
            config.network, spec.shape, config.hidden, self.posterior_layer.outputs
        )
        self.decoder = networks.decoder(config.network, outputs, config.hidden)
        in_turn = self.likelihood_layer.draws_in_turn
        self.convolutional = config.network == "conv" or in_turn
        self.unsteady_signatures = PICTURES if in_turn else frozenset()

    def make_code_layers(self, config, spec):
        """Returns the layers of q(z|x) and of p(z)."""
        posterior = posteriors.KINDS[config.posterior](config)
        return posterior, priors.KINDS[config.prior](config, spec)

    def posterior(self, x, y=None):
        """q(z|x)"""
        return self.posterior_layer.distribution(self.posterior_params(x, y))

    def posterior_params(self, x, y=None, times=1):
        """Parameters of q(z|x), [B, ...]; repeated `times` for as many labels."""
        return self.encoder(self.likelihood_layer.standardize(x), self.one_hot(y), times=times)

    def prior(self):
        """p(z); the VampPrior is a mixture of posteriors, the others ignore the argument."""
        return self.prior_layer.distribution(self.posterior_components)

    def posterior_components(self, x):
        """q(z|x) of the VampPrior's pseudo-inputs x, as components of a mixture."""
        return self.posterior_layer.components(self.posterior_params(x))

    def likelihood(self, z, y=None):
        """p(x|z) of z [..., B, D]"""
        flat = tf.reshape(z, [-1, z.shape[-1]])  # [... B, D]
        condition = self.one_hot(y)
        if condition is not None and len(z.shape) > 2:
            condition = tf.tile(condition, [tf.shape(flat)[0] // tf.shape(condition)[0], 1])
        params = self.decoder(flat, condition)
        shape = tf.concat([tf.shape(z)[:-1], params.shape[1:]], 0)
        return self.likelihood_layer.distribution(tf.reshape(params, shape))

    def _label(self, batch):
        return batch["y"] if self.conditional else None

    @property
    def capabilities(self):
        of_bytes = self.likelihood_layer.discrete or self.config.pixels == "dequantized"
        can = {Capability.SAMPLES, Capability.CODES, Capability.POSTERIOR}
        return super().capabilities | can | ({Capability.BYTES} if of_bytes else set())

    # --- Learning ---------------------------------------------------------------------------

    def compile_for_run(self, total_steps):
        super().compile_for_run(total_steps)
        self.set_warm_up(total_steps)

    def set_warm_up(self, total_steps: int | None) -> None:
        """Sets the length of the warm-up for a run of this many steps; none if None."""
        self.annealing_steps = round(self.config.kl_warmup * (total_steps or 0))

    def initialize_from_data(self, split):
        super().initialize_from_data(split)
        config = self.config
        if self.of_images and config.likelihood == "bernoulli" and self.spec.shape[-1] == 3:
            logging.warning(
                errors.word(
                    "likelihood='bernoulli' has pixels that are on or off: eight colours remain. "
                    "For colours choose --config.pixels=dequantized --config.likelihood=gaussian."
                )
            )
        mean = split.mean(config.seed) / (255.0 if self.of_images else 1.0)
        self.likelihood_layer.measure(split)
        if config.network == "conv":  # convolutions share a bias among all pixels
            mean = np.broadcast_to(mean.mean((0, 1)), mean.shape)
        self.decoder.set_output_bias(self.likelihood_layer.initial_outputs(mean))
        self.prior_layer.initialize_from_data(split, config.seed)

    def call(self, x, y=None, training=False):
        """Returns the reconstruction of x."""
        batch = self.to_batch((x, y), noise=False)
        return self.reconstruct(batch["x"], self._label(batch))

    # --- Serving ----------------------------------------------------------------------------

    def sample(self, seed, y=None):
        """Returns an image of p(x|z), z drawn from the prior; row i depends on seed[i], y[i].

        It is the mean of p(x|z); where pixels depend on each other, they are drawn.
        """
        return self.draw_image(self.prior_layer.draw(self.posterior_components, seed), seed, y)

    def draw_image(self, z, seed, y=None):
        """Returns the image of a sample with codes z drawn from seed; see `sample`."""
        return self.likelihood_layer.sample_image(self.likelihood(z, y), seed)

    def interpolate_codes(self, z0, z1, t):
        """Returns codes between z0 and z1, [B, D] each, at t [B], as arrays."""
        path = codes.arc if self.config.prior == "standard" else codes.line
        return path(z0, z1, t)

    def encode(self, x, y=None):
        """Returns q(z|x)'s mean ("loc") and standard deviation ("scale"), [B, D] each."""
        loc, scale = self.posterior_layer.moments(self.posterior_params(x, y))
        return {"loc": loc, "scale": scale}

    def decode(self, z, y=None):
        """Returns the mean of p(x|z), or medians in turn if pixels depend on those before them."""
        return self.likelihood_layer.image(self.likelihood(z, y))

    def reconstruct(self, x, y=None):
        """Returns the decoded mean of q(z|x): for a Gaussian, z at e = 0."""
        return self.decode(self.encode(x, y)["loc"], y)

    def interpolate(self, x0, x1, t, y=None):
        """Returns the decoded point at t in [0, 1] on the line between the codes of x0 and x1.

        A line, not an arc: these codes are means of q, not draws from the prior.
        """
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
            return self.score(x, *y, seed=seed)

        return {
            "sample": self.signature(self.sample, "seed", *y, output="x"),
            "encode": self.signature(self.encode, "x", *y),
            "decode": self.signature(self.decode, "z", *y, output="x"),
            "reconstruct": self.signature(self.reconstruct, "x", *y, output="x"),
            "score": self.signature(score, "x", *y, "seed", output="elbo"),
            "interpolate": self.signature(self.interpolate, "x0", "x1", "t", *y, output="x"),
        }

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        pixels, likelihood = config.pixels, likelihoods.KINDS[config.likelihood]
        if pixels != likelihood.fits:
            kinds = likelihoods.KINDS.items()
            others = [name for name, kind in kinds if pixels == kind.fits and kind.of_images]
            yield (
                f"likelihood={config.likelihood!r} is not a density of {pixels} pixels: choose "
                f"--config.pixels={likelihood.fits}, or for {pixels} pixels --config.likelihood="
                f"{', '.join(others[:-1])}{' or ' * bool(others[:-1])}{others[-1]}."
            )
        yield from cls.free_bits_problems(config)
        yield from _bound_problems(config)
        if config.prior == "vamp" and cls.conditional:
            yield (
                f"prior='vamp' is a mixture of q(z|x), but model {config.model!r} has q(z|x,y): "
                "choose 'standard' or 'mog'."
            )

    @classmethod
    def free_bits_problems(cls, config):
        """Yields a sentence if the rate of each dimension has no closed form."""
        if config.free_bits and (config.posterior, config.prior) != ("diagonal", "standard"):
            yield (
                f"free_bits={config.free_bits} needs a KL in closed form for each dimension, which "
                f"posterior={config.posterior!r} with prior={config.prior!r} does not have: choose "
                "'diagonal' with 'standard', or free_bits=0."
            )

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        of_images = likelihoods.KINDS[config.likelihood].of_images
        if len(spec.shape) == 1 and of_images:
            yield (
                f"likelihood={config.likelihood!r} is a density of pixels, {config.dataset!r} has "
                "rows of numbers: choose --config.likelihood=normal --config.pixels=scaled."
            )
        if likelihoods.KINDS[config.likelihood].draws_in_turn:
            yield from causal_convolutions.block_problems(
                config.pixel_block, spec.shape, "pixel_block"
            )
        for field in ("network", "class_network"):
            if len(spec.shape) == 1 and config.get(field) == "conv":
                yield (
                    f"{field}='conv' is for images, dataset {config.dataset!r} has rows of "
                    f"numbers: choose --config.{field}=mlp."
                )
        if len(spec.shape) == 3 and not of_images:
            yield (
                f"likelihood={config.likelihood!r} is a density of real numbers such as codes, not "
                "of images: choose --config.likelihood=bernoulli or gaussian."
            )


def _bound_problems(config):
    """Yields what does not fit among posterior, prior and bound."""
    if config.importance_samples > 1 and config.free_bits:
        yield (
            "free_bits is part of the ELBO: choose --config.importance_samples=1 or "
            "--config.free_bits=0."
        )
    if config.doubly_reparametrized and config.importance_samples == 1:
        yield (
            "doubly_reparametrized=True is a gradient of the importance-weighted bound: choose "
            "--config.importance_samples=2 or more."
        )
    needs_density = {
        "doubly_reparametrized=True": config.doubly_reparametrized,
        "prior='vamp'": config.prior == "vamp",
    }
    for setting, is_set in needs_density.items():
        if is_set and not posteriors.KINDS[config.posterior].closed_form:
            yield (
                f"{setting} needs q(z|x) in closed form at any z, which "
                f"posterior={config.posterior!r} does not have: choose 'diagonal' or 'tril'."
            )
