"""Generative adversarial networks: a generator G and a discriminator D evolve in turn.

Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661), algorithm 1. D is a binary
classifier, real 1, generated 0. G and D together are one large network, from code to logit; a turn
of G updates its first layers alone, a turn of D the last ones alone. Every variant is a loss, some
penalties and two networks that compose:

    D minimises  E d(D(x), D(G(z)))  + r1 / 2 |dD/dx|^2 + r2 / 2 |dD/dG(z)|^2 + gradient_penalty
    G minimises  E g(D(x), D(G(z)))  + l2 |weights of G|^2 / 2
"""

import keras
import tensorflow as tf

from zoo import optimizers, seeds
from zoo.distributions import codes
from zoo.models.base import GenerativeModel
from zoo.models.traits import Trait
from zoo.networks import adversarial as networks
from zoo.objectives import adversarial, penalties


class GAN(GenerativeModel):
    """Two players, each with its own optimizer, loss and turns; D has `d_steps` turns to one of G.

    A batch holds the real rows of all turns of D in a step. Evaluation and export use the moving
    average of G's weights; D is always that of the last step.
    """

    takes_vectors = True

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.loss = adversarial.LOSSES[config.loss]
        self.generator = networks.Generator(
            config.network, spec.shape, config.g_hidden, config.batch_norm
        )
        self.discriminator = networks.Discriminator(
            config.network,
            spec.shape,
            config.d_hidden,
            num_labels=spec.num_classes if self.conditional else 0,
            label=config.label,
            packing=config.packing,
            spectral_norm=config.spectral_norm,
            minibatch_stddev=config.minibatch_stddev,
        )
        self.penalised = bool(config.r1 or config.r2 or config.gradient_penalty)
        self.rows_at_once = config.d_steps * self.discriminator.rows_at_once
        self.convolutional = config.network == "conv"

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        if config.network not in networks.KINDS:
            yield (
                f"network={config.network!r} is no network of a GAN: choose "
                f"--config.network={' or '.join(networks.KINDS)}."
            )
        if config.loss == "wasserstein" and not (config.gradient_penalty or config.spectral_norm):
            yield (
                "loss='wasserstein' is a distance only where D's slope is bounded: choose "
                "--config.gradient_penalty=10 or --config.spectral_norm."
            )

    @classmethod
    def misfits(cls, config, spec):
        yield from super().misfits(config, spec)
        if config.network == "conv" and len(spec.shape) != 3:
            yield (
                f"network='conv' makes images, dataset {config.dataset!r} has rows of shape "
                f"{list(spec.shape)}: choose --config.network=mlp."
            )

    @property
    def traits(self):
        return frozenset({Trait.SAMPLES})

    def prior(self):
        """p(z), over [D]; a subclass may return any tfd distribution."""
        return codes.KINDS[self.config.codes](self.config.latent_dim)

    def generate(self, z, y=None, training=False):
        """G(z, y), [B, ...]"""
        return self.generator(z, self._one_hot(y), training=training)

    def judge(self, x, y=None, training=False):
        """D(x, y), a logit for each pack of rows, [B / packing]"""
        return self._logit(y)(self.discriminator.pack(x), training)

    def _logit(self, y):
        """D as a function of packed x alone."""
        condition = self._one_hot(y)
        if condition is not None:
            condition = tf.reshape(condition, [-1, self.config.packing * self.spec.num_classes])
        return lambda x, training=False: self.discriminator(x, condition, training=training)

    def _one_hot(self, y):
        return None if y is None else tf.one_hot(y, self.spec.num_classes)  # [B, K]

    # --- Learning ---------------------------------------------------------------------------

    def compile_for_run(self, total_steps):
        config, betas = self.config, (self.config.adam_beta_1, self.config.adam_beta_2)
        turns = total_steps and total_steps * config.d_steps
        self.compile(
            optimizers.adam(config, total_steps, betas=betas),
            optimizers.adam(config, turns, config.d_learning_rate, betas),
        )

    def compile(self, optimizer="adam", d_optimizer=None, **kwargs):
        """Keras' `compile`, with an optimizer for each player; D's is like G's if None."""
        super().compile(optimizer=optimizer, **kwargs)
        if d_optimizer is None:
            d_optimizer = type(self.optimizer).from_config(self.optimizer.get_config())
        self.d_optimizer = keras.optimizers.get(d_optimizer)
        self.optimizer.build(self.generator.trainable_variables)
        self.d_optimizer.build(self.discriminator.trainable_variables)

    def optimizers(self):
        return {"g_optimizer": self.optimizer, "d_optimizer": self.d_optimizer}

    def averaged_variables(self):
        # The running statistics of batch normalisation belong to the weights they were made with.
        return self.generator.variables

    def learn(self, batch, seed):
        config, batch = self.config, self._fill(batch)
        x, y = batch["x"], batch["y"] if self.conditional else None
        z = seeds.sample(self.prior(), tf.shape(x)[0], seed)
        for turn in range(config.d_steps):
            # Every so many rows, which are the same ones however many replicas share the batch.
            x_, z_, y_ = (None if a is None else a[turn :: config.d_steps] for a in (x, z, y))
            with tf.GradientTape() as tape:
                fake = self.generate(z_, y_, training=True)
            turn_seed = seeds.fold_in(seed, turn)
            terms = self.update_discriminator(x_, tf.stop_gradient(fake), y_, turn_seed)
        return {**terms, **self.update_generator(x_, fake, y_, tape)}

    def update_discriminator(self, real, fake, y, seed):
        """D's turn, on rows [B, ...] that it knows to be real and generated."""

        def loss():
            terms = self.discriminator_terms(real, fake, y, seed, training=True)
            total = terms["d_loss"] + terms.get("penalty", 0.0)
            return tf.reduce_mean(total), {k: tf.reduce_mean(v) for k, v in terms.items()}

        variables = self.discriminator.trainable_variables
        return optimizers.descend(loss, self.d_optimizer, variables, self.config.clip_norm)

    def update_generator(self, real, fake, y, tape):
        """G's turn, by the gradient through D of rows that were generated under `tape`."""

        def loss():
            d_real = self.judge(real, y) if self.loss.paired else None
            d_fake = self.judge(fake, y)
            g_loss = tf.reduce_mean(self.loss.generator(d_real, d_fake))
            total = g_loss
            if self.config.l2:
                weights = [v.value for v in self.generator.trainable_variables]
                total += self.config.l2 * penalties.l2(weights)
            return total, {"g_loss": g_loss}

        variables = self.generator.trainable_variables
        return optimizers.descend(loss, self.optimizer, variables, self.config.clip_norm, tape)

    def discriminator_terms(self, real, fake, y, seed, training=False):
        """What D minimises, and its logits, [B / packing] each; rows are real and generated."""
        config = self.config
        real, fake = self.discriminator.pack(real), self.discriminator.pack(fake)

        def logit(x):
            labels = None if y is None else tf.tile(y, [tf.shape(x)[0] // tf.shape(real)[0]])
            return self._logit(labels)(x, training)

        # Slopes are the dear part: as few passes as give those that are asked for.
        if config.r2:
            both, slopes = penalties.logits_and_slopes(logit, tf.concat([real, fake], 0))
            (d_real, d_fake), (at_real, at_fake) = tf.split(both, 2), tf.split(slopes, 2)
        elif config.r1:
            d_real, at_real = penalties.logits_and_slopes(logit, real)
            d_fake, at_fake = logit(fake), 0.0
        else:
            d_real, d_fake = tf.split(logit(tf.concat([real, fake], 0)), 2)
            at_real = at_fake = 0.0
        terms = {
            "d_loss": self.loss.discriminator(d_real, d_fake),
            "real_logit": d_real,
            "fake_logit": d_fake,
        }
        if self.penalised:
            terms["penalty"] = config.r1 / 2 * at_real + config.r2 / 2 * at_fake
        if config.gradient_penalty:
            t = seeds.uniform([tf.shape(real)[0]], seed)
            between = penalties.gradient_penalty(self._logit(y), real, fake, t)
            terms["penalty"] += config.gradient_penalty * between
        return terms

    def loss_terms(self, batch, seed, training=False):
        """Returns what both players minimise without penalties, and D's logits, [B] each.

        Of packed rows each has the terms of its pack.
        """
        size = tf.shape(batch["x"])[0]
        batch = self._fill(batch)
        real, y = batch["x"], batch["y"] if self.conditional else None
        fake = self.generate(seeds.sample(self.prior(), tf.shape(real)[0], seed), y, training)
        terms = self.discriminator_terms(real, fake, y, seed)
        terms["g_loss"] = self.loss.generator(terms["real_logit"], terms["fake_logit"])
        return {k: tf.repeat(term, self.config.packing)[:size] for k, term in terms.items()}

    def _fill(self, batch):
        """The batch with its first rows again at the end, to as many as can be judged."""
        size = batch["x"].shape[0]
        if size is not None and size % self.rows_at_once == 0:
            return batch
        size = tf.shape(batch["x"])[0]
        rows = -(-size // self.rows_at_once) * self.rows_at_once
        return {k: tf.gather(v, tf.range(rows) % size) for k, v in batch.items()}

    # --- Serving ----------------------------------------------------------------------------

    def sample(self, seed, y=None):
        """Returns G(z, y), z drawn from the prior; row i depends on seed[i], y[i]."""
        return self.generate(seeds.row_sample(self.prior(), seed), y)

    def signatures(self):
        y = ("y",) if self.conditional else ()
        signatures = {
            "sample": self.signature(lambda *row: {"x": self.sample(*row)}, "seed", *y),
            "decode": self.signature(lambda *row: {"x": self.generate(*row)}, "z", *y),
        }
        # A logit that depends on several rows is no answer to one.
        if self.discriminator.rows_at_once == 1:
            signatures["discriminate"] = self.signature(
                lambda *row: {"logit": self.judge(*row)}, "x", *y
            )
        return signatures


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
        return self.generator(z, condition)

    def signatures(self):
        morph = self.signature(lambda *row: {"x": self.morph(*row)}, "z", "y", "y_new", "t")
        return {**super().signatures(), "morph": morph}
