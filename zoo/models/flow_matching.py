"""Flow matching: a velocity field that carries noise to data along straight lines.

Lipman et al. 2023, Flow Matching for Generative Modeling (arXiv 2210.02747), equation 23 with
sigma_min = 0; Liu et al. 2022, Flow Straight and Fast (arXiv 2209.03003), equation 1. With noise
x_0, data x_1, a time t and x_t between them,

    loss = E |v(x_t, t, y) - (x_1 - x_0)|^2,    x_t = (1 - t) x_0 + t x_1.

Samples solve dx/dt = v(x, t, y) from noise at t = 0 to data at t = 1. Diffusion is the same with
another path and target: x_t = sin(pi t / 2) x_1 + cos(pi t / 2) x_0, and a network that predicts
the noise x_0 (Ho et al. 2020, arXiv 2006.11239; with the cosine of arXiv 2102.09672).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import seeds
from zoo.distributions import codes, ode
from zoo.distributions.standardizer import Standardizer
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Capability, Rules
from zoo.networks import velocity

HALF_PI = math.pi / 2
LIKELIHOOD_STEPS = 40


class Path(NamedTuple):
    """x_t = alpha(t) x_1 + sigma(t) x_0.

    Attributes:
      alpha, sigma: functions of t.
      d_alpha, d_sigma: their derivatives.
      start: where samples begin, if it is not 0.
    """

    alpha: Callable
    sigma: Callable
    d_alpha: Callable
    d_sigma: Callable
    start: float = 0.0


PATHS = {
    "linear": Path(
        alpha=lambda t: t,
        sigma=lambda t: 1 - t,
        d_alpha=lambda t: tf.ones_like(t),
        d_sigma=lambda t: -tf.ones_like(t),
    ),
    "variance_preserving": Path(
        alpha=lambda t: tf.sin(HALF_PI * t),
        sigma=lambda t: tf.cos(HALF_PI * t),
        d_alpha=lambda t: HALF_PI * tf.cos(HALF_PI * t),
        d_sigma=lambda t: -HALF_PI * tf.sin(HALF_PI * t),
        start=0.01,
    ),
}


class FlowMatching(GenerativeModel):
    """v(x, t, y), a network; y is left out if the data have no labels."""

    rules = Rules(takes_vectors=True, learns_from_unlabelled=True)

    # --- The objective ----------------------------------------------------------------------

    def loss_terms(self, batch, seed, training=False):
        """Returns the squared error of each example, a mean over its values: "loss" [B]."""
        x_1, y = self.standardize(batch["x"]), batch["y"] if self.conditional else None
        count = tf.shape(x_1)[0]
        x_0 = seeds.normal(tf.shape(x_1), seeds.fold_in(seed, 0))
        t = self.draw_times(count, seeds.fold_in(seed, 1))
        if training and self.conditional:
            # As if the label were unknown, for guidance (arXiv 2207.12598).
            dropped = seeds.uniform([count], seeds.fold_in(seed, 2)) < self.config.label_dropout
            y = tf.where(dropped, -1, y)
        alpha, sigma, d_alpha, d_sigma = self._path_at(t)
        x_t = alpha * x_1 + sigma * x_0
        target = x_0 if self.config.predict == "noise" else d_alpha * x_1 + d_sigma * x_0
        error = tf.square(self.predict_target(x_t, t, y) - target)
        return {"loss": tf.reduce_mean(error, range(1, len(error.shape)))}

    def draw_times(self, count, seed):
        """Returns t [B]; "logit_normal" has more of them in the middle (arXiv 2403.03206)."""
        start = self.start
        if self.config.times == "uniform":
            return start + (1 - start) * seeds.uniform([count], seed)
        return start + (1 - start) * tf.sigmoid(seeds.normal([count], seed))

    def predict_target(self, x, t, y):
        """Returns the network's output [B, ...], the velocity or the noise.

        A label y that is None or -1 is unknown.
        """
        if self.conditional and y is None:
            y = tf.fill(tf.shape(x)[:1], -1)
        return self.network(x, t, self.one_hot(y))

    def velocity(self, x, t, y=None):
        """Returns v(x, t, y) [B, ...] at times t [B]."""
        output = self.predict_target(x, t, y)
        if self.config.predict == "velocity":
            return output
        # x_1 = (x_t - sigma x_0) / alpha
        alpha, sigma, d_alpha, d_sigma = self._path_at(t)
        return d_alpha / alpha * (x - sigma * output) + d_sigma * output

    def guided_velocity(self, x, t, y, guidance):
        """Returns v(x, t) + w (v(x, t, y) - v(x, t)), w = guidance [B].

        Ho and Salimans 2022, Classifier-Free Diffusion Guidance (arXiv 2207.12598), equation 6,
        whose weight is w - 1. Before `guidance_start` and after `guidance_end` w is 1, after
        Kynkäänniemi et al. 2024, Applying Guidance in a Limited Interval (arXiv 2404.07724): in
        noise guidance costs variety, and near the data it changes little.
        """
        if y is None:
            return self.velocity(x, t, y)
        inside = (t >= self.config.guidance_start) & (t <= self.config.guidance_end)
        inside &= guidance != 1.0

        def guided():
            both = tf.concat([y, -tf.ones_like(y)], 0)
            v = self.velocity(tf.concat([x, x], 0), tf.concat([t, t], 0), both)
            with_label, without = tf.split(v, 2)
            v = without + self._per_row(guidance) * (with_label - without)
            return tf.where(self._per_row(inside), v, with_label)

        return tf.cond(tf.reduce_any(inside), guided, lambda: self.velocity(x, t, y))

    # --- The flow ---------------------------------------------------------------------------

    def solve(self, x, y, start, end, steps: int, guidance=None):
        """Returns where the path through x at time `start` is at time `end`, times [] or [B].

        The guidance [B] is the config's if it is not given.
        """
        # Traced once for all signatures, each of which calls it several times.
        velocity = self.compiled_method("guided_velocity")
        start, end = self._per_row(start), self._per_row(end)
        if guidance is None:
            guidance = tf.fill(tf.shape(x)[:1], self.config.guidance)

        def times(share):
            return start + share * (end - start)

        def field(x, t):
            t = tf.broadcast_to(tf.reshape(t, [-1]), tf.shape(x)[:1])
            return velocity(x, t, y, guidance)

        return ode.solve(field, x, times, steps, self.config.solver)

    def log_prob(self, x, y=None, probe=None):
        """Returns log p(x) [B], or log p(x|y), in nats: the density of the flow without guidance.

        Exact but for the steps of the solver; with a probe [B, D] of independent -1 and 1, an
        unbiased estimate (`ode.log_density`).
        """

        def field(x, t):
            x = tf.reshape(x, [-1, *self.spec.shape])
            v = self.velocity(x, tf.fill(tf.shape(x)[:1], t), y)
            return tf.reshape(v, [-1, self.latent_dim])

        x = tf.reshape(self.standardize(x), [-1, self.latent_dim])
        log_prior = self.prior().log_prob
        log_p = ode.log_density(field, x, log_prior, self.start, LIKELIHOOD_STEPS, probe)
        return log_p + self.log_scale()

    def prior(self):
        """p(z), the noise flattened to [D]"""
        return tfd.Independent(tfd.Normal(tf.zeros(self.latent_dim), 1.0), 1)

    def interpolate_codes(self, z0, z1, t):
        """Returns codes between z0 and z1, [B, D] each, at t [B], as arrays."""
        return codes.arc(z0, z1, t)

    def decode(self, z, y=None, steps=None, guidance=None):
        """Maps noise z [B, D] to data x."""
        x, steps = tf.reshape(z, [-1, *self.spec.shape]), steps or self.config.steps
        return self.restore(self.solve(x, y, self.start, 1.0, steps, guidance))

    def encode(self, x, y=None):
        """Maps data x to the noise z [B, D] that generates it."""
        z = self.solve(self.standardize(x), y, 1.0, self.start, self.config.steps)
        return {"z": tf.reshape(z, [-1, self.latent_dim])}

    def sample(self, seed, y=None):
        """Returns x from noise that depends on seed[i] alone, in `steps` steps."""
        return self.decode(seeds.row_normal(seed, self.latent_dim), y)

    def sample_fast(self, seed, y=None):
        """Returns the samples of `sample` in `fast_steps` steps."""
        return self.decode(seeds.row_normal(seed, self.latent_dim), y, self.config.fast_steps)

    def sample_guided(self, seed, y, guidance):
        """Returns the samples of `sample` with a guidance of their own, [B]."""
        return self.decode(seeds.row_normal(seed, self.latent_dim), y, None, guidance)

    def trajectory(self, seed, t, y=None):
        """Returns the image at time t [B] on the way from noise, t = 0, to `sample`, t = 1."""
        z = tf.reshape(seeds.row_normal(seed, self.latent_dim), [-1, *self.spec.shape])
        end = self.start + (1 - self.start) * tf.clip_by_value(t, 0.0, 1.0)
        return self.restore(self.solve(z, y, self.start, end, self.config.steps))

    def interpolate(self, x0, x1, t, y=None):
        """Returns the image at t in [0, 1] of the arc between the noise of x0 and of x1."""
        labels = None if y is None else tf.tile(y, [2])
        z0, z1 = tf.split(self.encode(tf.concat([x0, x1], 0), labels)["z"], 2)
        sizes = tf.norm(z0, axis=1) * tf.norm(z1, axis=1)
        cosine = tf.reduce_sum(z0 * z1, 1) / tf.maximum(sizes, 1e-12)
        angle = tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
        sine, small = tf.sin(angle), tf.sin(angle) < 1e-3
        a, b = (
            tf.where(small, line, tf.sin(line * angle) / tf.maximum(sine, 1e-3))
            for line in (1 - t, t)
        )
        return self.decode(a[:, None] * z0 + b[:, None] * z1, y)

    # --- The network and the units ----------------------------------------------------------

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.conditional = config.class_conditional and spec.num_classes > 1
        self.noise_path, self.latent_dim = PATHS[config.path], math.prod(spec.shape)
        # Where alpha(t) = 0, x_t has no information about x_1, and x_1 = (x_t - sigma x_0) / alpha
        # is undefined.
        self.start = 0.01 if config.predict == "noise" else self.noise_path.start
        self.units = Standardizer(spec.shape[-1], config.standardize)
        num_classes = spec.num_classes if self.conditional else 0
        self.network = velocity.make(
            config.network, spec.shape, num_classes, config.width, config.depth
        )
        self.convolutional = config.network == "unet"

    def initialize_from_data(self, split):
        super().initialize_from_data(split)
        self.units.initialize_from_data(split)

    def standardize(self, x):
        """Returns images in [-1, 1], rows in the units of their columns."""
        return 2 * x - 1 if self.of_images else self.units.standardize(x)

    def restore(self, x):
        """Inverse of `standardize`; pixels are cut to [0, 1]."""
        return tf.clip_by_value((x + 1) / 2, 0.0, 1.0) if self.of_images else self.units.restore(x)

    def log_scale(self):
        """Returns log |det dz/dx| of z = standardize(x), []."""
        if self.of_images:
            return self.latent_dim * math.log(2.0)
        return -tf.reduce_sum(tf.math.log(self.units.rescale(tf.ones(self.latent_dim))))

    def _path_at(self, t):
        """alpha, sigma and their derivatives at times t [B], each to multiply x with."""
        return [self._per_row(f(t)) for f in self.noise_path[:4]]

    def _per_row(self, values):
        return tf.reshape(values, [-1, *[1] * len(self.spec.shape)])

    # --- Serving ----------------------------------------------------------------------------

    @property
    def capabilities(self):
        can = {Capability.SAMPLES, Capability.FAST_SAMPLES, Capability.CODES}
        if not self.of_images:
            can.add(Capability.FLOW_LOG_PROB)
        elif self.config.pixels == "dequantized":  # the density of bytes / 255 is unbounded
            can |= {Capability.FLOW_LOG_PROB, Capability.BYTES}
        return super().capabilities | can

    @property
    def sizes(self):
        return super().sizes._replace(latent_dim=self.latent_dim)

    def signatures(self):
        y = ("y",) if self.conditional else ()
        made = {
            "sample": self.signature(self.sample, "seed", *y, output="x"),
            "sample_fast": self.signature(self.sample_fast, "seed", *y, output="x"),
            "trajectory": self.signature(self.trajectory, "seed", "t", *y, output="x"),
            "decode": self.signature(self.decode, "z", *y, output="x"),
            "encode": self.signature(self.encode, "x", *y),
            "interpolate": self.signature(self.interpolate, "x0", "x1", "t", *y, output="x"),
        }
        # Guidance needs a network that has also seen images without their labels.
        if self.conditional and self.config.label_dropout:
            made["sample_guided"] = self.signature(
                self.sample_guided, "seed", "y", "guidance", output="x"
            )
        return made

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        if config.network == "transformer" and config.width % 4:
            yield f"width={config.width} is not a multiple of 4, the number of attention heads."
        if config.network == "unet" and config.width % 2:
            yield f"width={config.width} is odd: the U-Net's 4 attention heads need an even width."
        if config.class_conditional and config.guidance != 1 and not config.label_dropout:
            yield (
                f"guidance={config.guidance} needs a network that has also seen images without "
                "their labels: choose --config.label_dropout=0.1, or --config.guidance=1."
            )
        if config.guidance_start > config.guidance_end:
            yield (
                f"guidance_start={config.guidance_start} is after guidance_end="
                f"{config.guidance_end}: choose --config.guidance_start={config.guidance_end}, or "
                "less."
            )

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        if len(spec.shape) == 3 and config.network != "mlp" and any(s % 4 for s in spec.shape[:2]):
            height, width, _ = spec.shape
            size = 4 * math.ceil(max(height, width) / 4)
            yield (
                f"network={config.network!r} takes images whose sides are multiples of 4, not "
                f"{height}x{width}: choose --config.image_size={size}."
            )
        if len(spec.shape) == 1 and config.network != "mlp":
            yield (
                f"network={config.network!r} is for images, dataset {config.dataset!r} has rows of "
                "numbers: choose --config.network=mlp."
            )
