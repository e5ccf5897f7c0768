"""Two players in turn: what all generative adversarial networks have in common.

Goodfellow et al. 2014, Generative Adversarial Nets (arXiv 1406.2661), algorithm 1. G maps codes z
to rows, D maps rows to logits. Together they are one large network, from code to logit: a turn of G
updates its first layers alone, a turn of D the last ones alone.
"""

from typing import NamedTuple

import keras
import tensorflow as tf

from zoo import errors, keras_state, optimizers, seeds
from zoo.distributions import codes
from zoo.models import refusals
from zoo.models.base import GenerativeModel
from zoo.models.health import complaints
from zoo.models.traits import Trait
from zoo.objectives import adversarial

# Complaints that have to be true at two looks in a row.
COLLAPSES = frozenset({"spread", "classes"})


class Turn(NamedTuple):
    """What a turn is played on.

    Attributes:
      real: rows of the data, [B, ...].
      fake: rows that G made, [B', ...].
      y: labels of the real rows, int32 [B]; None where they are not looked at.
      z: codes of the generated rows, [B', D].
      seed: int32 [2].
    """

    real: tf.Tensor
    fake: tf.Tensor
    y: tf.Tensor | None
    z: tf.Tensor
    seed: tf.Tensor


class Adversarial(GenerativeModel):
    """Two players, each with its own optimizer, loss and turns.

    A subclass makes the players and defines `discriminator_terms` and `generator_loss`. Evaluation
    and export use the moving average of G's weights; D is that of the last step.
    """

    takes_vectors = True
    # Of D's terms, those whose sum D minimises.
    paid_by_discriminator = ("d_loss", "penalty")
    # Turns of D to one of G.
    d_steps = 1
    learning_signals = ("gradient_norm", "spread")
    # Rows of the smallest batch: over a single one batch normalisation gives 0 for every code.
    fewest_rows = 1
    remedy = "Try a lower --config.learning_rate and --config.d_learning_rate"

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.generator = self.make_generator()
        self.discriminator = self.make_discriminator()
        self.loss = adversarial.LOSSES[config.loss]
        self.convolutional = config.network == "conv"

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        yield from refusals.adversarial_conflicts(config)

    @classmethod
    def misfits(cls, config, spec):
        yield from super().misfits(config, spec)
        yield from refusals.adversarial_misfits(config, spec)

    def make_generator(self):
        """Returns G, a layer that maps (z [B, D], one-hot labels or None) to x [B, ...]."""
        raise NotImplementedError

    def make_discriminator(self):
        """Returns D, a layer that maps rows to logits, `rows_at_once` of them together."""
        raise NotImplementedError

    @property
    def traits(self):
        return frozenset({Trait.SAMPLES, Trait.CODES, Trait.DISCRIMINATOR})

    def prior(self):
        """p(z), over [D]; a subclass may return any tfd distribution."""
        return codes.KINDS[self.config.codes](self.config)

    def way(self, z0, z1, t):
        """Returns the codes at t [B] of the ways from z0 to z1, [B, D] each, as arrays."""
        return codes.PATHS[self.config.codes](z0, z1, t)

    def generate(self, z, y=None, training=False):
        """G(z, y), [B, ...]"""
        return self.generator(z, self._one_hot(y), training=training)

    def decode(self, z, y=None):
        """Returns G(z, y), [B, ...], as it is exported."""
        return self.generate(z, y)

    def discriminate(self, x, y=None):
        """Returns D(x, y), [B], as it is exported."""
        return self.judge(x, y)

    def judge(self, x, y=None):
        """D(x, y), a logit for each row, [B]."""
        raise NotImplementedError

    def _one_hot(self, y):
        return None if y is None else tf.one_hot(y, self.spec.num_classes)  # [B, K]

    # --- Learning ---------------------------------------------------------------------------

    def compile_for_run(self, total_steps):
        config, betas = self.config, (self.config.adam_beta_1, self.config.adam_beta_2)
        turns = total_steps and total_steps * self.d_steps
        self.compile(
            optimizers.adam(config, total_steps, betas=betas),
            optimizers.adam(config, turns, config.d_learning_rate, betas),
        )

    def compile(self, optimizer="adam", d_optimizer=None, **kwargs):
        """Keras' `compile`, with an optimizer for each player; D's is like G's if None."""
        if d_optimizer is optimizer and isinstance(optimizer, keras.Optimizer):
            raise errors.UserError(
                "One optimizer cannot update both players: leave d_optimizer out for one like the "
                "generator's, or give another one."
            )
        super().compile(optimizer=optimizer, **kwargs)
        with keras_state.settings(floatx="float32"):
            if d_optimizer is None:
                d_optimizer = type(self.optimizer).from_config(self.optimizer.get_config())
            self.d_optimizer = keras.optimizers.get(d_optimizer)
        self.optimizer.build(self.generator.trainable_variables)
        self.d_optimizer.build(self.discriminator_variables())

    def optimizers(self):
        return {"g_optimizer": self.optimizer, "d_optimizer": self.d_optimizer}

    def averaged_variables(self):
        # The running statistics of batch normalisation belong to the weights they were made with.
        return self.generator.variables

    def discriminator_variables(self):
        """Returns the weights that D's turn changes."""
        return self.discriminator.trainable_variables

    def discriminator_terms(self, turn: Turn, training=False):
        """Returns what D minimises and what it says, {"d_loss", "real_logit", "fake_logit", ...}.

        Args:
          turn: real and generated rows.
          training: whether D learns from them.
        """
        raise NotImplementedError

    def generator_loss(self, turn: Turn):
        """Returns G's loss: of each row [B], or of the batch []."""
        raise NotImplementedError

    def fill(self, batch):
        """The batch with its first rows again at the end, to as many as can be judged."""
        size = batch["x"].shape[0]
        # Statistics of batch normalisation are of all replicas.
        fewest = -(-self.fewest_rows // tf.distribute.get_strategy().num_replicas_in_sync)
        if size is not None and size % self.rows_at_once == 0 and size >= fewest:
            return batch
        size = tf.shape(batch["x"])[0]
        rows = -(-size // self.rows_at_once) * self.rows_at_once
        rows = tf.maximum(rows, fewest)
        return {k: tf.gather(v, tf.range(rows) % size) for k, v in batch.items()}

    def generator_penalty(self):
        """Returns what G pays beside its loss, []."""
        return 0.0

    def discriminator_penalty(self):
        """Returns what D pays beside the means of its terms, []."""
        return 0.0

    def update_discriminator(self, turn: Turn):
        """D's turn, on rows that it knows to be real and generated."""
        turn = turn._replace(fake=tf.stop_gradient(turn.fake))

        def loss():
            terms = self.discriminator_terms(turn, training=True)
            means = {name: tf.reduce_mean(term) for name, term in terms.items()}
            paid = sum(means[name] for name in self.paid_by_discriminator if name in means)
            return paid + self.discriminator_penalty(), means

        variables = self.discriminator_variables()
        return optimizers.descend(loss, self.d_optimizer, variables, self.config.clip_norm)[0]

    def update_generator(self, turn: Turn, tape: tf.GradientTape):
        """G's turn, by the gradient through D of rows that were generated under `tape`."""

        def loss():
            g_loss = tf.reduce_mean(self.generator_loss(turn))
            return g_loss + self.generator_penalty(), {"g_loss": g_loss}

        variables = self.generator.trainable_variables
        terms, norm = optimizers.descend(
            loss, self.optimizer, variables, self.config.clip_norm, tape
        )
        spread = adversarial.relative_spread(turn.real, turn.fake)
        return {**terms, "gradient_norm": norm, "spread": spread}

    @property
    def terms_shown(self):
        hidden = ("real_logit", "fake_logit", *self.learning_signals)
        return [name for name in self.term_means if name not in hidden]

    def against_collapse(self) -> list[str]:
        """Returns the flags that keep samples apart."""
        return []

    def against_steep_slopes(self) -> list[str]:
        """Returns the flags that hold D back."""
        return []

    def remark(self, terms, split):
        """Returns what is wrong with the players, once for each kind.

        A collapse is named when it lasts: early in a run samples of all codes look alike, and
        classes come one after another.
        """
        # Past Keras' attribute tracking.
        told, seen = (self.__dict__.setdefault(name, {}) for name in ("_told", "_seen"))
        found = complaints(terms, self.config, self.against_collapse(), self.against_steep_slopes())
        before, seen[split] = seen.get(split, ()), tuple(found)
        lasting = {k: v for k, v in found.items() if k in before or k not in COLLAPSES}
        new = {kind: sentence for kind, sentence in lasting.items() if kind not in told}
        told.update(new)
        return errors.word(" ".join(new.values())) or None

    # --- Serving ----------------------------------------------------------------------------

    def sample(self, seed, y=None):
        """Returns G(z, y), z drawn from the prior; row i depends on seed[i], y[i]."""
        return self.decode(seeds.row_sample(self.prior(), seed), y)

    def signatures(self):
        y = ("y",) if self.conditional else ()
        signatures = {
            "sample": self.signature(lambda *row: {"x": self.sample(*row)}, "seed", *y),
            "decode": self.signature(lambda *row: {"x": self.decode(*row)}, "z", *y),
        }
        # A logit that depends on several rows cannot be served for a single one.
        if self.discriminator.rows_at_once == 1:
            logit = self.signature(lambda *row: {"logit": self.discriminate(*row)}, "x", *y)
            signatures["discriminate"] = logit
        return signatures
