"""Generative adversarial networks: a generator G and a discriminator D are updated in turn.

Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661), algorithm 1, in each step:

    k times:  take examples x and codes z;  D descends the gradient of its loss
    once:     G descends the gradient of its loss

Here D(x) is a logit; the paper's D is its sigmoid. A variant is a loss (`gan_losses`), weights of
penalties and two networks. With x' between x and G(z) on a line,

    D minimises  E[d(D(x), D(G(z))) + r1/2 |dD/dx|^2 + r2/2 |dD/dG(z)|^2
                   + gradient_penalty (|dD/dx'| - 1)^2] + d_l2/2 |weights of D|^2
    G minimises  E[g(D(x), D(G(z)))] + l2/2 |weights of G|^2

G's update reuses the examples of D's last one, where algorithm 1 draws new ones: that saves a pass
through G. The defaults are the non-saturating loss and R1 with Adam; the paper's own loss is
`loss=minimax`.
"""

from typing import NamedTuple

import tensorflow as tf

from zoo import seeds
from zoo.distributions.standardizer import Standardizer
from zoo.models import optimizers
from zoo.models.two_players import TwoPlayerModel
from zoo.networks.discriminator import Discriminator
from zoo.networks.generator import Generator
from zoo.objectives import gan_losses, penalties


class Examples(NamedTuple):
    """The examples of one update.

    Attributes:
      real: examples of the data, [B, ...].
      fake: examples that G made, [B', ...].
      y: labels of the real examples, int32 [B]; None for models that do not use them.
      z: codes of the generated examples, [B', D].
      seed: int32 [2].
    """

    real: tf.Tensor
    fake: tf.Tensor
    y: tf.Tensor | None
    z: tf.Tensor
    seed: tf.Tensor


class AlternatingUpdates(TwoPlayerModel):
    """The two updates of algorithm 1; a subclass defines the losses, and their order in `learn`."""

    def update_discriminator(self, examples: Examples):
        """D descends the gradient of its loss; generated examples are constants.

        Returns the means of `discriminator_terms`.
        """
        examples = examples._replace(fake=tf.stop_gradient(examples.fake))
        with tf.GradientTape() as tape:
            terms = self.discriminator_terms(examples, training=True)
            means = {name: tf.reduce_mean(term) for name, term in terms.items()}
            loss = sum(means[name] for name in self.discriminator_loss_names if name in means)
            loss += self.discriminator_weight_decay()
        variables = self.discriminator_variables()
        optimizers.descend(loss, tape, self.d_optimizer, variables, self.config.clip_norm)
        return means

    def update_generator(self, examples: Examples, tape: tf.GradientTape):
        """G descends the gradient of its loss, through D and the examples generated under `tape`.

        Returns "g_loss" and the diagnostics "gradient_norm" and "spread".
        """
        # Resumes the tape that recorded G; it was closed meanwhile, so that it skipped D's update.
        with tape:
            g_loss = tf.reduce_mean(self.generator_loss(examples))
            loss = g_loss + self.generator_weight_decay()
        variables = self.generator.trainable_variables
        norm = optimizers.descend(loss, tape, self.optimizer, variables, self.config.clip_norm)
        spread = gan_losses.relative_spread(examples.real, examples.fake)
        return {"g_loss": g_loss, "gradient_norm": norm, "spread": spread}

    def discriminator_terms(self, examples: Examples, training=False):
        """Returns D's losses and outputs, {"d_loss", "real_logit", "fake_logit", ...}.

        Args:
          examples: real and generated ones.
          training: whether D is being updated.
        """
        raise NotImplementedError

    def discriminator_weight_decay(self):
        """Returns the weight decay of D, []."""
        return 0.0

    def generator_loss(self, examples: Examples):
        """Returns G's loss: of each example [B], or of the batch []."""
        raise NotImplementedError

    def generator_weight_decay(self):
        """Returns the weight decay of G, []."""
        return 0.0


class GAN(AlternatingUpdates):
    """G(z) and D(x), `d_steps` updates of D to one of G.

    A batch holds the real examples of all updates of a step.
    """

    # --- Algorithm 1 ------------------------------------------------------------------------

    def learn(self, batch, seed):
        batch = self.prepare(batch)
        x, y = batch["x"], batch["y"] if self.conditional else None
        z = seeds.sample(self.prior(), tf.shape(x)[0], seed)
        # 1. k updates of D.
        for first in range(self.d_steps):
            # Replicas hold consecutive examples: with a stride, each update has the same examples
            # on any number of replicas.
            x_, z_, y_ = (None if a is None else a[first :: self.d_steps] for a in (x, z, y))
            with tf.GradientTape() as tape:
                fake = self.generate(z_, y_, training=True)
            examples = Examples(x_, fake, y_, z_, seeds.fold_in(seed, first))
            d_terms = self.update_discriminator(examples)
        # 2. One update of G.
        g_terms = self.update_generator(examples, tape)
        return {**d_terms, **g_terms}

    def discriminator_terms(self, examples, training=False):
        """Returns D's losses and outputs, [B / packing] each."""
        config, y = self.config, examples.y
        real, fake = self.discriminator.pack(examples.real), self.discriminator.pack(examples.fake)

        def logit(x):
            labels = None if y is None else tf.tile(y, [tf.shape(x)[0] // tf.shape(real)[0]])
            return self._logit(labels)(x, training)

        # Gradients with respect to x are expensive: one pass through D for each set of penalties.
        at_real = at_fake = 0.0
        if config.r2:
            both, squared = penalties.logits_and_squared_gradients(
                logit, tf.concat([real, fake], 0)
            )
            (d_real, d_fake), (at_real, at_fake) = tf.split(both, 2), tf.split(squared, 2)
        elif config.r1:
            d_real, at_real = penalties.logits_and_squared_gradients(logit, real)
            # Without training=True, or the spectral norm's power iteration would advance twice.
            d_fake = self._logit(y)(fake)
        else:
            d_real, d_fake = tf.split(logit(tf.concat([real, fake], 0)), 2)
        terms = self.loss.terms(d_real, d_fake)
        if self.has_penalty:
            terms["penalty"] = config.r1 / 2 * at_real + config.r2 / 2 * at_fake
        if config.gradient_penalty:
            t = seeds.uniform([tf.shape(real)[0]], examples.seed)
            between = penalties.gradient_penalty(self._logit(y), real, fake, t)
            terms["penalty"] += config.gradient_penalty * between
        return terms

    def discriminator_weight_decay(self):
        return _weight_decay(self.config.d_l2, self.discriminator)

    def generator_loss(self, examples):
        d_real = self.logits(examples.real, examples.y) if self.loss.paired else None
        return self.loss.generator(d_real, self.logits(examples.fake, examples.y))

    def generator_weight_decay(self):
        return _weight_decay(self.config.l2, self.generator)

    def loss_terms(self, batch, seed, training=False):
        """Returns both players' losses without weight decay, and D's outputs, [B] each; no "loss".

        Examples of one pack all have the terms of the pack.
        """
        size = tf.shape(batch["x"])[0]
        batch = self.prepare(batch)
        real, y = batch["x"], batch["y"] if self.conditional else None
        z = seeds.sample(self.prior(), tf.shape(real)[0], seed)
        examples = Examples(real, self.generate(z, y, training), y, z, seed)
        terms = {**self.discriminator_terms(examples), "g_loss": self.generator_loss(examples)}
        return {k: tf.repeat(term, self.config.packing)[:size] for k, term in terms.items()}

    # --- The players ------------------------------------------------------------------------

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.units = Standardizer(spec.shape[-1], config.standardize)
        self.has_penalty = bool(config.r1 or config.r2 or config.gradient_penalty)
        self.d_steps = config.d_steps
        self.group_size = config.d_steps * self.discriminator.group_size
        if config.batch_norm:
            self.min_rows = 2 * self.group_size

    def make_generator(self):
        config = self.config
        return Generator(
            config.network,
            self.spec.shape,
            config.g_hidden,
            config.g_dense,
            config.batch_norm,
            # Without normalisation a unit that is 0 for all codes would stay 0.
            "relu" if config.batch_norm else "leaky_relu",
        )

    def make_discriminator(self):
        config = self.config
        return Discriminator(
            config.network,
            self.spec.shape,
            config.d_hidden,
            config.d_dense,
            num_labels=self.spec.num_classes if self.conditional else 0,
            label=config.label,
            packing=config.packing,
            spectral_norm=config.spectral_norm,
            minibatch_stddev=config.minibatch_stddev,
        )

    def initialize_from_data(self, split):
        super().initialize_from_data(split)
        self.units.initialize_from_data(split)

    def standardize(self, x):
        return self.units.standardize(x)

    def prepare(self, batch):
        """Returns the batch as the players see it."""
        batch = self.pad_to_multiple(batch)
        return {**batch, "x": self.standardize(batch["x"])}

    def decode(self, z, y=None):
        return self.units.restore(self.generate(z, y))

    def logits(self, x, y=None):
        """D(x, y) of x as the players see it, a logit per pack, [B / packing]."""
        return self._logit(y)(self.discriminator.pack(x))

    def _logit(self, y):
        """Returns D as a function of packed x alone."""
        condition = self.one_hot(y)
        if condition is not None:
            condition = tf.reshape(condition, [-1, self.config.packing * self.spec.num_classes])
        return lambda x, training=False: self.discriminator(x, condition, training=training)

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        if config.loss == "wasserstein" and not (config.gradient_penalty or config.spectral_norm):
            yield (
                "loss='wasserstein' is a distance only if D's gradient is bounded: choose "
                "--config.gradient_penalty=10 or --config.spectral_norm."
            )
        if config.batch_norm and config.batch_size < 2 * config.d_steps:
            yield (
                f"batch_norm=True normalises over the rows of an update, of which batch_size="
                f"{config.batch_size} leaves one: choose --config.batch_size={2 * config.d_steps} "
                "or more, or --config.batch_norm=False."
            )

    def collapse_remedies(self):
        return [f"--config.packing={2 * self.config.packing}", *self.gradient_remedies()]

    def gradient_remedies(self):
        config = self.config
        return [] if config.gradient_penalty else [f"--config.r1={10 * config.r1 or 1:g}"]


def _weight_decay(weight, player):
    """weight |weights of a player|^2 / 2, []"""
    return weight * penalties.l2([v.value for v in player.trainable_variables]) if weight else 0.0
