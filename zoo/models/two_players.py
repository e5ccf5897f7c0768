"""Base class of all models of two players, without their losses and updates: see gan.py.

G maps codes z to x, D maps x to logits. Together they are one large network, from code to logit.
"""

import keras
import tensorflow as tf

from zoo import errors, seeds
from zoo.distributions import codes
from zoo.models import keras_state, optimizers
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Capability, Rules
from zoo.models.gan_health import find_problems
from zoo.objectives import gan_losses

# Problems that count only if two checks in a row find them.
COLLAPSES = frozenset({"spread", "classes"})


class TwoPlayerModel(GenerativeModel):
    """A generator and a discriminator, each with its own optimizer.

    Evaluation and export use the moving average of G's weights; D is that of the last step.

    Attributes:
      discriminator_loss_names: the terms whose sum D minimises.
      d_steps: updates of D per update of G.
      min_rows: smallest batch; over a single row batch normalisation gives 0 for every code.
    """

    rules = Rules(
        takes_vectors=True,
        diagnostics=("gradient_norm", "spread"),
        remedy="Try a lower --config.learning_rate and --config.d_learning_rate",
    )
    discriminator_loss_names: tuple[str, ...] = ("d_loss", "penalty")
    d_steps = 1
    min_rows = 1

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.generator = self.make_generator()
        self.discriminator = self.make_discriminator()
        self.loss = gan_losses.LOSSES[config.loss]
        self.convolutional = config.network == "conv"

    def make_generator(self):
        """Returns G, a layer that maps (z [B, D], one-hot labels or None) to x [B, ...]."""
        raise NotImplementedError

    def make_discriminator(self):
        """Returns D, a layer that maps rows to logits, `group_size` of them together."""
        raise NotImplementedError

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        if config.network == "conv" and len(spec.shape) != 3:
            yield (
                f"network='conv' makes images, dataset {config.dataset!r} has rows of shape "
                f"{list(spec.shape)}: choose --config.network=mlp."
            )

    @property
    def capabilities(self):
        can = {Capability.SAMPLES, Capability.CODES, Capability.DISCRIMINATOR}
        return super().capabilities | can

    # --- The players ------------------------------------------------------------------------

    def prior(self):
        """p(z), over [D]; a subclass may return any tfd distribution."""
        return codes.KINDS[self.config.codes](self.config)

    def interpolate_codes(self, z0, z1, t):
        """Returns codes between z0 and z1, [B, D] each, at t [B], as arrays."""
        return codes.PATHS[self.config.codes](z0, z1, t)

    def generate(self, z, y=None, training=False):
        """G(z, y), [B, ...]"""
        return self.generator(z, self.one_hot(y), training=training)

    def decode(self, z, y=None):
        """Returns G(z, y), [B, ...], in the units of the data."""
        return self.generate(z, y)

    def standardize(self, x):
        """Returns x as the players see it."""
        return x

    def logits(self, x, y=None):
        """D(x, y) of x as the players see it, a logit per example or pack of examples."""
        raise NotImplementedError

    def discriminate(self, x, y=None):
        """Returns D(x, y) of x in the units of the data, a logit as in `logits`."""
        return self.logits(self.standardize(x), y)

    # --- Optimizers -------------------------------------------------------------------------

    def compile_for_run(self, total_steps):
        config, betas = self.config, (self.config.adam_beta_1, self.config.adam_beta_2)
        d_updates = total_steps and total_steps * self.d_steps
        self.compile(
            optimizers.adam(config, total_steps, betas=betas),
            optimizers.adam(config, d_updates, config.d_learning_rate, betas),
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
        """Returns the weights that an update of D changes."""
        return self.discriminator.trainable_variables

    def pad_to_multiple(self, batch):
        """Returns the batch, its first rows repeated at the end up to a size that D can take."""
        size = batch["x"].shape[0]
        # Statistics of batch normalisation are those of all replicas.
        min_rows = -(-self.min_rows // tf.distribute.get_strategy().num_replicas_in_sync)
        if size is not None and size % self.group_size == 0 and size >= min_rows:
            return batch
        size = tf.shape(batch["x"])[0]
        rows = -(-size // self.group_size) * self.group_size
        rows = tf.maximum(rows, min_rows)
        return {k: tf.gather(v, tf.range(rows) % size) for k, v in batch.items()}

    # --- Monitoring -------------------------------------------------------------------------

    @property
    def terms_shown(self):
        hidden = ("real_logit", "fake_logit", *self.rules.diagnostics)
        return [name for name in self.term_means if name not in hidden]

    def collapse_remedies(self) -> list[str]:
        """Returns flags that help against mode collapse."""
        return []

    def gradient_remedies(self) -> list[str]:
        """Returns flags that bound D's gradient."""
        return []

    def warning(self, terms, split):
        """Returns what is wrong with the players, once for each type of problem.

        A collapse is reported when it lasts: early in a run samples of all codes look alike, and
        classes appear one after another.
        """
        # Past Keras' attribute tracking.
        already_reported, last = (
            self.__dict__.setdefault(name, {}) for name in ("_already_reported", "_last_problems")
        )
        problems = find_problems(
            terms, self.config, self.collapse_remedies(), self.gradient_remedies()
        )
        before, last[split] = last.get(split, ()), tuple(problems)
        lasting = {k: v for k, v in problems.items() if k in before or k not in COLLAPSES}
        new = {kind: text for kind, text in lasting.items() if kind not in already_reported}
        already_reported.update(new)
        return errors.word(" ".join(new.values())) or None

    # --- Serving ----------------------------------------------------------------------------

    def sample(self, seed, y=None):
        """Returns G(z, y), z drawn from the prior; row i depends on seed[i], y[i]."""
        return self.decode(seeds.row_sample(self.prior(), seed), y)

    def signatures(self):
        y = ("y",) if self.conditional else ()
        signatures = {
            "sample": self.signature(self.sample, "seed", *y, output="x"),
            "decode": self.signature(self.decode, "z", *y, output="x"),
        }
        # A logit that depends on several rows cannot be served for a single one.
        if self.discriminator.group_size == 1:
            logit = self.signature(self.discriminate, "x", *y, output="logit")
            signatures["discriminate"] = logit
        return signatures
