"""What autoregressive models share: p(x|y) is a product over pixels, each given those before it.

    log p(x|y) = sum_i log p(x_i | x_1 .. x_(i-1), y)

is exact, and so is its gradient. Samples are drawn pixel by pixel in the same order. A subclass has
a network with outputs for all pixels at once (`params`) and one that draws a pixel after another
(`generate`); the likelihood of a pixel is one of LIKELIHOODS.
"""

import math

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.distributions.bernoulli import Bernoulli
from zoo.distributions.categorical import Categorical
from zoo.distributions.logistic_mixture import LogisticMixture
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Capability, Rules

# Likelihoods that can be drawn from pixel by pixel.
LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "categorical": Categorical,
    "logistic_mixture": LogisticMixture,
}


class Autoregressive(GenerativeModel):
    """p(x|y); without labels, or if the config does not want them, p(x)."""

    unsteady_signatures = frozenset({"sample", "complete"})
    # Orders of the pixels that the model is a mixture over. Given pixels say which order is
    # probable, which is why a mixture does not complete images.
    num_orders = 1
    # Not bfloat16: a sample follows from the pixels before it, and their rounding would grow.
    rules = Rules(learns_from_unlabelled=True, precisions=("float32",))

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.conditional = config.class_conditional and spec.num_classes > 1
        self.likelihood_layer = LIKELIHOODS[config.likelihood](config, spec)
        self.likelihood_layer.built = True  # has no weights and no call

    def params(self, x: tf.Tensor, y: tf.Tensor | None) -> tf.Tensor:
        """Returns the likelihood's parameters of all pixels, [B, H, W, P], given those before."""
        raise NotImplementedError

    def generate(self, x, mask, noise, choice, y):
        """Returns x with the pixels where `mask` is 0 sampled in order.

        Args:
          x: [B, H, W, C].
          mask: [B, H, W, 1], 1 where a pixel of x is kept.
          noise: uniform in [0, 1), [B, H, W, noise_size].
          choice: another uniform number for each row, [B].
          y: labels [B], or None.
        """
        raise NotImplementedError

    def loss_terms(self, batch, seed, training=False):
        """Returns -log p(x|y) of each example: "loss" [B]."""
        return {"loss": -self.log_prob(batch["x"], batch["y"])}

    def log_prob(self, x, y=None):
        """Returns log p(x|y) [B] in nats, exactly; log p(x) of a model without labels."""
        return self.likelihood_layer.distribution(self.params(x, y)).log_prob(x)

    def label(self, y):
        """Returns labels [B] as vectors [B, K]; None for a model without labels."""
        return self.one_hot(y) if self.conditional else None

    def pixel_nats(self, x, y=None):
        """Returns -log p(x_i | x_1 .. x_(i-1), y) of each pixel, [B, H, W]."""
        return -self.likelihood_layer.log_prob_of_pixels(self.params(x, y), x)

    def initialize_from_data(self, split):
        super().initialize_from_data(split)
        mean = split.mean(self.config.seed) / 255.0
        self.set_output_bias(self.likelihood_layer.initial_outputs(mean))

    def set_output_bias(self, outputs: np.ndarray) -> None:
        """Sets the last biases to outputs [H, W, P] that fit the mean image."""
        raise NotImplementedError

    # --- Serving ----------------------------------------------------------------------------

    @property
    def capabilities(self):
        can = {Capability.SAMPLES, Capability.LOG_PROB}
        can |= {Capability.COMPLETES} if self.num_orders == 1 else set()
        of_bytes = self.likelihood_layer.discrete
        return super().capabilities | can | ({Capability.BYTES} if of_bytes else set())

    def sample(self, seed, y=None):
        """Returns x, row i from noise that depends on seed[i] alone."""
        shape = [tf.shape(seed)[0], *self.spec.shape]
        x, mask = tf.zeros(shape), tf.zeros([*shape[:-1], 1])
        return self.generate(x, mask, *self._noise(seed), y)

    def complete(self, x, mask, seed, y=None):
        """Returns x with the pixels where `mask` is 0 sampled in the order of the model.

        A pixel is sampled given those before it; kept pixels later in the order have no influence.
        """
        mask = tf.cast(mask >= 0.5, tf.float32)
        return self.generate(x, mask, *self._noise(seed), y)

    def _noise(self, seed):
        """Returns `noise` and `choice` of `generate`."""
        *sides, _ = self.spec.shape
        size = self.likelihood_layer.noise_size
        numbers = seeds.row_uniform(seed, 1 + math.prod(sides) * size)
        return tf.reshape(numbers[:, 1:], [-1, *sides, size]), numbers[:, 0]

    def signatures(self):
        y = ("y",) if self.conditional else ()

        signatures = {
            "sample": self.signature(self.sample, "seed", *y, output="x"),
            "complete": self.signature(self.complete, "x", "mask", "seed", *y, output="x"),
            "score": self.signature(self.log_prob, "x", *y, output="log_prob"),
        }
        if Capability.COMPLETES not in self.capabilities:
            del signatures["complete"]
        return signatures

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        fits = LIKELIHOODS[config.likelihood].fits
        if config.pixels != fits:
            other = "bernoulli" if fits == "scaled" else "logistic_mixture"
            yield (
                f"likelihood={config.likelihood!r} is a probability of {fits} pixels, not of "
                f"{config.pixels} ones: choose --config.pixels={fits}, or "
                f"--config.likelihood={other} with --config.pixels={LIKELIHOODS[other].fits}."
            )

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        if config.likelihood == "categorical" and len(spec.shape) == 3 and spec.shape[-1] > 1:
            yield (
                "likelihood='categorical' is a probability of grey pixels, "
                f"these images have {spec.shape[-1]} channels: choose "
                "--config.likelihood=logistic_mixture."
            )
