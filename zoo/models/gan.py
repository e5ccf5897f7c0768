"""Generative adversarial networks: a generator G and a discriminator D evolve in turn.

Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661), algorithm 1. D is a binary
classifier, real 1, generated 0. Every variant is a loss, some penalties and two networks that
compose:

    D minimises  E d(D(x), D(G(z)))  + r1 / 2 |dD/dx|^2 + r2 / 2 |dD/dG(z)|^2 + gradient_penalty
                                     + d_l2 |weights of D|^2 / 2
    G minimises  E g(D(x), D(G(z)))  + l2 |weights of G|^2 / 2
"""

import tensorflow as tf

from zoo import seeds
from zoo.distributions.standardizer import Standardizer
from zoo.models import refusals
from zoo.models.adversarial import Adversarial, Turn
from zoo.models.traits import Trait
from zoo.networks import adversarial as networks
from zoo.objectives import penalties


class GAN(Adversarial):
    """D has `d_steps` turns to one of G; a batch holds the real rows of all turns of a step.

    G's turn is on the rows and the codes of D's last one.
    """

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.units = Standardizer(spec.shape[-1], config.standardize)
        self.penalised = bool(config.r1 or config.r2 or config.gradient_penalty)
        self.d_steps = config.d_steps
        self.rows_at_once = config.d_steps * self.discriminator.rows_at_once
        if config.batch_norm:
            self.fewest_rows = 2 * self.rows_at_once

    def make_generator(self):
        config = self.config
        return networks.Generator(
            config.network,
            self.spec.shape,
            config.g_hidden,
            config.g_dense,
            config.batch_norm,
            # Without normalisation a unit that is 0 for all codes would stay so.
            "relu" if config.batch_norm else "leaky_relu",
        )

    def make_discriminator(self):
        config = self.config
        return networks.Discriminator(
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

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        yield from refusals.gan_conflicts(config)

    @classmethod
    def misfits(cls, config, spec):
        yield from super().misfits(config, spec)
        yield from refusals.standardize_misfits(config, spec)

    def start_from(self, split):
        super().start_from(split)
        self.units.start_from(split)

    def decode(self, z, y=None):
        """Returns G(z, y), [B, ...], in the units of the data."""
        return self.units.restore(self.generate(z, y))

    def discriminate(self, x, y=None):
        """Returns D(x, y), [B], of rows in the units of the data."""
        return self.judge(self.units.standardize(x), y)

    def in_units(self, batch):
        """The batch as the players see it."""
        batch = self.fill(batch)
        return {**batch, "x": self.units.standardize(batch["x"])}

    def judge(self, x, y=None):
        """D(x, y), a logit for each pack of rows, [B / packing]."""
        return self._logit(y)(self.discriminator.pack(x))

    def _logit(self, y):
        """D as a function of packed x alone."""
        condition = self._one_hot(y)
        if condition is not None:
            condition = tf.reshape(condition, [-1, self.config.packing * self.spec.num_classes])
        return lambda x, training=False: self.discriminator(x, condition, training=training)

    # --- Learning ---------------------------------------------------------------------------

    def learn(self, batch, seed):
        batch = self.in_units(batch)
        x, y = batch["x"], batch["y"] if self.conditional else None
        z = seeds.sample(self.prior(), tf.shape(x)[0], seed)
        for first in range(self.d_steps):
            # One in this many rows, the same ones for any number of replicas.
            x_, z_, y_ = (None if a is None else a[first :: self.d_steps] for a in (x, z, y))
            with tf.GradientTape() as tape:
                fake = self.generate(z_, y_, training=True)
            turn = Turn(x_, fake, y_, z_, seeds.fold_in(seed, first))
            terms = self.update_discriminator(turn)
        return {**terms, **self.update_generator(turn, tape)}

    def generator_loss(self, turn):
        d_real = self.judge(turn.real, turn.y) if self.loss.paired else None
        return self.loss.generator(d_real, self.judge(turn.fake, turn.y))

    def generator_penalty(self):
        return _weight_decay(self.config.l2, self.generator)

    def discriminator_penalty(self):
        return _weight_decay(self.config.d_l2, self.discriminator)

    def discriminator_terms(self, turn, training=False):
        """Returns what D minimises, and what it says, [B / packing] each."""
        config, y = self.config, turn.y
        real, fake = self.discriminator.pack(turn.real), self.discriminator.pack(turn.fake)

        def logit(x):
            labels = None if y is None else tf.tile(y, [tf.shape(x)[0] // tf.shape(real)[0]])
            return self._logit(labels)(x, training)

        # Slopes cost the most: as few passes through D as give those that are asked for.
        at_real = at_fake = 0.0
        if config.r2:
            both, slopes = penalties.logits_and_slopes(logit, tf.concat([real, fake], 0))
            (d_real, d_fake), (at_real, at_fake) = tf.split(both, 2), tf.split(slopes, 2)
        elif config.r1:
            d_real, at_real = penalties.logits_and_slopes(logit, real)
            d_fake = self._logit(y)(fake)  # no second power iteration
        else:
            d_real, d_fake = tf.split(logit(tf.concat([real, fake], 0)), 2)
        terms = self.loss.terms(d_real, d_fake)
        if self.penalised:
            terms["penalty"] = config.r1 / 2 * at_real + config.r2 / 2 * at_fake
        if config.gradient_penalty:
            t = seeds.uniform([tf.shape(real)[0]], turn.seed)
            between = penalties.gradient_penalty(self._logit(y), real, fake, t)
            terms["penalty"] += config.gradient_penalty * between
        return terms

    def loss_terms(self, batch, seed, training=False):
        """Returns what both players minimise, and what D says, [B] each.

        Of packed rows each has the terms of its pack.
        """
        size = tf.shape(batch["x"])[0]
        batch = self.in_units(batch)
        real, y = batch["x"], batch["y"] if self.conditional else None
        z = seeds.sample(self.prior(), tf.shape(real)[0], seed)
        turn = Turn(real, self.generate(z, y, training), y, z, seed)
        terms = {**self.discriminator_terms(turn), "g_loss": self.generator_loss(turn)}
        return {k: tf.repeat(term, self.config.packing)[:size] for k, term in terms.items()}

    def against_collapse(self):
        return [f"--config.packing={2 * self.config.packing}", *self.against_steep_slopes()]

    def against_steep_slopes(self):
        config = self.config
        return [] if config.gradient_penalty else [f"--config.r1={10 * config.r1 or 1:g}"]


def _weight_decay(weight, player):
    """weight |weights of a player|^2 / 2, []"""
    return weight * penalties.l2([v.value for v in player.trainable_variables]) if weight else 0.0


class ConditionalGAN(GAN):
    """G(z, y) and D(x, y): images of a label.

    Mirza and Osindero 2014, Conditional Generative Adversarial Nets (arXiv 1411.1784).
    """

    conditional = needs_labels = True

    @property
    def traits(self):
        return super().traits | {Trait.LABELLED_SAMPLES}

    def morph(self, z, y, y_new, t):
        """Returns G(z, (1 - t) y + t y_new), t in [0, 1]: between two labels, code z kept."""
        t = t[:, None]
        condition = (1.0 - t) * self._one_hot(y) + t * self._one_hot(y_new)
        return self.units.restore(self.generator(z, condition))

    def signatures(self):
        morph = self.signature(lambda *row: {"x": self.morph(*row)}, "z", "y", "y_new", "t")
        return {**super().signatures(), "morph": morph}
