"""Mixture of Gaussians, p(x) = sum_k pi_k N(x; m_k, S_k), by expectation maximisation.

Dempster, Laird and Rubin 1977, Maximum Likelihood from Incomplete Data via the EM Algorithm
(JRSS B 39); with an M-step per batch: Cappé and Moulines 2009, Online EM Algorithm for Latent Data
Models (arXiv 0712.4273).
"""

import math

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import data, mixtures, replicas, seeds
from zoo.mixtures.components import EMPTY
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Capability, Rules

# "auto" uses a full covariance up to this many dimensions.
FULL_UP_TO = 64
# Sums over a pass even with `stepwise`, where the other totals are running means.
SUMS_OF_A_PASS = frozenset({"rows", "log_likelihood", "reseeded"})
# The field `stepwise` in Keras' fit, which has no hook for the end of a pass.
STEPWISE_IN_FIT = 0.7
# Rows from which EM is initialised.
INITIAL_ROWS = 20_000
# Placeholder until the first pass has run.
UNKNOWN = 1e30


class GMM(GenerativeModel):
    """A mixture over rows x, flattened to [B, D].

    Every batch adds to the sums of a pass over the data; the end of the pass is the M-step, so that
    an epoch is an iteration of EM on all rows. With `stepwise` above 0 each batch ends with an
    M-step of its own, on a running mean of such sums.
    """

    rules = Rules(
        takes_vectors=True,
        takes_float64=True,
        compiles=False,
        needs_initial_data=True,
        keep_remainder=True,
        takes_half_weights=False,
        precisions=("float32", "float64"),
        remedy="Try a larger --config.reg_covar",
    )

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.dim = math.prod(spec.shape)
        self.mixture = mixtures.Mixture(
            config.num_components,
            self.dim,
            _covariance(config, self.dim),
            config.covariance_rank,
            config.reg_covar,
            config.precision,
        )
        state = self.mixture.components.state
        row = tf.TensorSpec([1, self.dim])
        sums = tf.function(self.mixture.expect, autograph=False).get_concrete_function(row)
        # Sums over rows: of the pass so far, or with `stepwise` their running mean per row.
        self.totals = {
            name: state(f"total_{name}", total.shape, "zeros", "float64")
            for name, total in sums.structured_outputs.items()
        }
        self.totals["reseeded"] = state("total_reseeded", [], "zeros", "float64")
        # Per row in the last pass, and in the one before.
        self.log_likelihood = state("log_likelihood", [], _constant(-UNKNOWN), "float64")
        self.log_likelihood_before = state(
            "log_likelihood_before", [], _constant(-2 * UNKNOWN), "float64"
        )
        self.reseeded = state("reseeded", [], "zeros", "float64")  # components, in the last pass

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        if 0 < config.stepwise <= 0.5:
            yield (
                f"stepwise={config.stepwise} does not converge: choose above 0.5, up to 1, or 0 "
                "for an M-step after each pass."
            )

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        dim = math.prod(spec.shape)
        low_rank = _covariance(config, dim) == "low_rank"
        if low_rank and config.covariance_rank >= dim:
            yield (
                f"covariance_rank={config.covariance_rank} is not a low rank in {dim} dimensions: "
                "choose --config.covariance=full, or a lower rank."
            )

    @property
    def capabilities(self):
        of_bytes = self.of_images and self.config.pixels == "dequantized"
        can = {Capability.SAMPLES, Capability.LOG_PROB, Capability.CLUSTERS, Capability.COMPONENTS}
        return frozenset(can | ({Capability.BYTES} if of_bytes else set()))

    # --- The mixture --------------------------------------------------------------------------

    def density(self) -> tfd.Distribution:
        """Returns p(x) over rows [D]."""
        return self.mixture.distribution()

    def rows(self, x) -> tf.Tensor:
        """Returns [B, D] of x [B, ...]."""
        return tf.reshape(x, [-1, self.dim])

    def log_prob(self, x) -> tf.Tensor:
        """Returns log p(x) [B]."""
        return self.mixture.log_prob(self.rows(x))

    def responsibilities(self, x) -> tf.Tensor:
        """Returns p(k|x) [B, K]."""
        return self.mixture.responsibilities(self.rows(x))

    def sample(self, seed) -> tf.Tensor:
        """Returns a draw of p(x) for each of `seed` [B]; pixels of images are cut to [0, 1]."""
        noise = seeds.row_normal(seed, 1 + self.mixture.components.noise_size)
        x = tf.cast(self.mixture.draw(noise), tf.float32)
        x = tf.reshape(x, [-1, *self.spec.shape])
        return tf.clip_by_value(x, 0.0, 1.0) if self.of_images else x

    def num_parameters(self) -> int:
        """Returns the number of free parameters, for BIC and AIC."""
        return self.mixture.num_parameters()

    # --- Expectation maximisation -------------------------------------------------------------

    def initialize_from_data(self, split: data.Split) -> None:
        super().initialize_from_data(split)
        config = self.config
        x, weight = self._sample_rows(split)
        mixtures.start(
            self.mixture,
            x,
            weight,
            method=config.start,
            num_starts=config.num_starts,
            seed=config.seed,
        )

    def _sample_rows(self, split):
        """Returns rows [N, D] from which EM is initialised, and their weights [N]."""
        size = min(split.size, 1000)
        seed = seeds.stream(self.config.seed, seeds.Stream.FIXED_PIXELS)
        x, weight = [], []
        batches = split.epoch(self.config.seed, 0, 0, size, keep_remainder=True)
        for batch in batches.take(-(-INITIAL_ROWS // size)):
            batch = data.to_float(batch, self.config.pixels, seed)
            x.append(self.rows(batch["x"]).numpy())
            weight.append(batch["weight"].numpy())
        return np.concatenate(x), np.concatenate(weight)

    def compile_for_run(self, total_steps):
        self.compile()

    def optimizers(self):
        return {}

    def loss_terms(self, batch, seed, training=False):
        return {"loss": -self.log_prob(batch["x"])}

    def expect(self, batch) -> dict[str, tf.Tensor]:
        """The E-step on a batch: returns its sums over rows; see `Mixture.expect`."""
        return self.mixture.expect(self.rows(batch["x"]), batch.get("weight"))

    def maximize(self, sums) -> tf.Tensor:
        """The M-step; returns how many components were empty; see `Mixture.maximize`."""
        seed = seeds.stream(self.config.seed, seeds.Stream.MODEL, self.step)
        return self.mixture.maximize(sums, seed)

    def learn(self, batch, seed):
        return self._learn(batch, self.config.stepwise)

    def train_step(self, data):
        # Keras' fit has no hook for the end of a pass: every batch ends with an M-step.
        batch = self.to_batch(data, self.step)
        terms = self._learn(batch, self.config.stepwise or STEPWISE_IN_FIT)
        self.step.assign_add(1)
        return self._mean_so_far(terms, tf.shape(batch["x"])[0])

    def _learn(self, batch, stepwise):
        sums = replicas.all_reduce("sum", self.expect(batch))
        rows = tf.maximum(sums["rows"], EMPTY)
        loss = -sums["log_likelihood"] / rows
        if stepwise:
            sums = self.mixture.components.to_row_moments(sums)
            rate = tf.cast(self.step + 1, tf.float64) ** -stepwise
            mean = {
                name: self.totals[name] + rate * (sums.pop(name) / rows - self.totals[name])
                for name in sorted(set(sums) - SUMS_OF_A_PASS)
            }
            for name, value in mean.items():
                self.totals[name].assign(value)
            # Scaled as if all batches were like the mean: a component is empty if its share is.
            scaled = {name: self.config.batch_size * value for name, value in mean.items()}
            sums["reseeded"] = self.maximize(self.mixture.components.from_row_moments(scaled))
        for name, value in sums.items():
            self.totals[name].assign(self.totals[name] + value)
        return {"loss": tf.cast(loss, tf.float32)}

    def end_epoch(self):
        mean = self.totals["log_likelihood"] / self.totals["rows"]
        self.log_likelihood_before.assign(self.log_likelihood)
        self.log_likelihood.assign(mean)
        reseeded = self.totals["reseeded"]
        if not self.config.stepwise:
            reseeded = self.maximize({n: tf.identity(total) for n, total in self.totals.items()})
        self.reseeded.assign(reseeded)
        for name, total in self.totals.items():
            if name in SUMS_OF_A_PASS or not self.config.stepwise:
                total.assign(tf.zeros_like(total))

    def converged(self):
        gain = self.log_likelihood - self.log_likelihood_before
        return abs(float(tf.convert_to_tensor(gain))) < self.config.tolerance

    def warning(self, terms, split):
        if split != "train":
            return None
        count = int(tf.convert_to_tensor(self.reseeded.value))
        return f"{count} empty components took a part of the heaviest." if count else None

    # --- Serving ------------------------------------------------------------------------------

    def served_variables(self):
        return [self.step, *self.mixture.parameters()]

    def signatures(self):
        return {
            "sample": self.signature(self.sample, "seed", output="x"),
            "score": self.signature(self.log_prob, "x", output="log_prob"),
            "responsibilities": self.signature(self.responsibilities, "x", output="probs"),
        }


def _covariance(config, dim):
    """The type of covariances for this number of dimensions."""
    if config.covariance == "auto":
        return "full" if dim <= FULL_UP_TO else "low_rank"
    return config.covariance


def _constant(value):
    return keras.initializers.Constant(value)
