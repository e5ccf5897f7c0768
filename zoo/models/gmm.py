"""Mixture of Gaussians, p(x) = sum_k pi_k N(x; m_k, S_k), by expectation maximisation.

Dempster, Laird and Rubin 1977, Maximum Likelihood from Incomplete Data via the EM Algorithm
(JRSS B 39); with an M-step a batch: Cappé and Moulines 2009, Online EM Algorithm for Latent Data
Models (arXiv 0712.4273).
"""

import math

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from zoo import data, replicas, seeds
from zoo.distributions import components, factor_analysers, full_covariances, priors
from zoo.models import starts
from zoo.models.base import GenerativeModel
from zoo.models.traits import Trait

tfd = tfp.distributions

KINDS = {
    "spherical": components.Spherical,
    "diag": components.Diagonal,
    "tied": full_covariances.Tied,
    "full": full_covariances.Full,
    "low_rank": factor_analysers.LowRank,
}
# "auto" has a full covariance up to so many dimensions.
FULL_UP_TO = 64
# What is summed over a pass even where the rest is a running mean.
OF_A_PASS = frozenset({"rows", "log_likelihood", "reseeded"})
STEPWISE_IN_FIT = 0.7
# In the place of what the first pass will tell.
UNKNOWN = 1e30


class GMM(GenerativeModel):
    """A mixture over rows x, flattened to [B, D].

    Every batch adds to the sums of a pass over the data; the end of the pass is the M-step, so that
    an epoch is an iteration of EM on all rows. With `stepwise` above 0 each batch ends with an
    M-step of its own, on a running mean of such sums.
    """

    every_row = takes_vectors = True
    precisions = ("float32", "float64")
    remedy = "Try a larger --config.reg_covar"

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.dim, count = math.prod(spec.shape), config.num_components
        self.components = KINDS[_covariance(config, self.dim)](config, self.dim)
        state = self.components.state
        self.mixing = state("mixing", [count], _constant(1.0 / count))  # pi
        # Sums over rows: of the pass so far, or with `stepwise` their running mean a row.
        self.totals = {
            name: state(f"total_{name}", total.shape, "zeros", "float64")
            for name, total in self.expect({"x": tf.zeros([1, *spec.shape])}).items()
        }
        self.totals["reseeded"] = state("total_reseeded", [], "zeros", "float64")
        # Of a row in the last pass, and how much more that is than in the pass before.
        self.log_likelihood = state("log_likelihood", [], _constant(-UNKNOWN), "float64")
        self.change = state("change", [], _constant(UNKNOWN), "float64")
        self.reseeded = state("reseeded", [], "zeros", "float64")  # components, in the last pass

    @classmethod
    def conflicts(cls, config):
        yield from super().conflicts(config)
        if 0 < config.stepwise <= 0.5:
            yield (
                f"stepwise={config.stepwise} does not converge: choose above 0.5, up to 1, or 0 "
                "for an M-step after each pass."
            )

    @classmethod
    def misfits(cls, config, spec):
        yield from super().misfits(config, spec)
        dim = math.prod(spec.shape)
        low_rank = _covariance(config, dim) == "low_rank"
        if low_rank and config.covariance_rank >= dim:
            yield (
                f"covariance_rank={config.covariance_rank} is no low rank in {dim} dimensions: "
                "choose --config.covariance=full, or a lower rank."
            )

    @property
    def traits(self):
        of_bytes = self.of_images and self.config.pixels == "dequantized"
        return frozenset(
            {Trait.SAMPLES, Trait.LOG_PROB, Trait.CLUSTERS, Trait.COMPONENTS}
            | ({Trait.BYTES} if of_bytes else set())
        )

    # --- The mixture --------------------------------------------------------------------------

    def density(self) -> tfd.Distribution:
        """Returns p(x) over rows [D]."""
        return tfd.MixtureSameFamily(
            tfd.Categorical(probs=self.mixing.value), self.components.distribution()
        )

    def posterior(self, features) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns log p(x), float64 [B], and the responsibilities p(k|x) [K, B]."""
        log_mixing = tf.math.log(tf.cast(self.mixing.value, tf.float64))
        log_joint = self.components.log_prob(features) + log_mixing[:, None]  # [K, B]
        most = tf.reduce_max(log_joint, 0)
        # One exponential, of the model's own precision, gives both.
        parts = tf.exp(tf.cast(log_joint - most, self.compute_dtype))
        total = tf.reduce_sum(parts, 0)
        return most + tf.math.log(tf.cast(total, tf.float64)), parts / total

    def rows(self, x) -> tf.Tensor:
        """Returns [B, D] of x [B, ...]."""
        return tf.reshape(x, [-1, self.dim])

    def log_prob(self, x) -> tf.Tensor:
        """Returns log p(x) [B]."""
        log_prob, _ = self._posterior_of(x)
        # What float32 cannot tell is as improbable as it can tell.
        return tf.cast(tf.maximum(log_prob, tf.float32.min), tf.float32)

    def responsibilities(self, x) -> tf.Tensor:
        """Returns p(k|x) [B, K]."""
        _, r = self._posterior_of(x)
        return tf.cast(tf.transpose(r), tf.float32)

    def _posterior_of(self, x):
        return self.posterior(self.components.features(self.rows(x), tf.float64))

    def sample(self, seed) -> tf.Tensor:
        """Returns a draw of p(x) for each of `seed` [B]; pixels of images are cut to [0, 1]."""
        noise = seeds.row_normal(seed, 1 + self.components.noise_size)
        chosen = priors.choose(self.mixing.value, noise[:, 0])
        drawn = self.components.draw(chosen, tf.cast(noise[:, 1:], self.compute_dtype))
        x = tf.cast(drawn, tf.float64) + self.components.center
        x = tf.reshape(tf.cast(x, tf.float32), [-1, *self.spec.shape])
        return tf.clip_by_value(x, 0.0, 1.0) if self.of_images else x

    def num_parameters(self) -> int:
        """Returns the number of free parameters, for BIC and AIC."""
        return self.components.num_parameters() + self.config.num_components - 1

    # --- Expectation maximisation -------------------------------------------------------------

    def assign(self, mixing, means, covariances) -> None:
        """Sets the parameters: [K], [K, D] and [K, D, D], or [1, D, D] for one of all.

        Raises:
          UserError: for other shapes, weights that are negative, or covariances that are none.
        """
        given = starts.check_parameters(mixing, means, covariances, self.mixing.shape[0], self.dim)
        mixing, means, covariances = given
        self.components.center.assign(means.mean(0))
        self.mixing.assign(mixing / mixing.sum())
        self.components.assign(means, covariances)

    def as_arrays(self) -> dict[str, np.ndarray]:
        """Returns "mixing" [K], "means" [K, D] and "covariances" [K, D, D] in float64."""
        components = self.components
        return {
            "mixing": self.mixing.numpy().astype(np.float64),
            "means": components.loc(tf.float64).numpy(),
            "covariances": components.covariances().numpy(),
        }

    def start_from(self, split: data.Split) -> None:
        starts.start(self, split)

    def fit_in_memory(self, split: data.InMemory) -> float:
        """Iterates on all rows at once, without a run; returns the log-likelihood a row.

        It begins with the parameters that the model has, after `start_from` or `assign`, and ends
        as a run does, by `tolerance` or after `num_epochs` iterations.
        """
        weight = np.ones(split.size, np.float32) if split.weight is None else split.weight
        # The pixels that `start_from` sees: bytes become floats in one way.
        batches = split.batches(10_000, self.config.pixels, self.config.seed)
        x = np.concatenate([batch["x"] for batch in batches.as_numpy_iterator()])
        batch, reached = {"x": tf.constant(x), "weight": tf.constant(weight)}, -np.inf
        iterate = tf.function(lambda: starts.iterate(self, batch))
        for _ in range(self.config.num_epochs):
            last, reached = reached, float(iterate()) / weight.sum()
            if reached - last < self.config.tolerance:
                break
        return reached

    def compile_for_run(self, total_steps):
        self.compile()

    def optimizers(self):
        return {}

    def loss_terms(self, batch, seed, training=False):
        return {"loss": -self.log_prob(batch["x"])}

    def expect(self, batch) -> dict[str, tf.Tensor]:
        """The E-step: returns this batch's sums, "rows" and "log_likelihood" among them."""
        features = self.components.features(self.rows(batch["x"]))
        log_prob, r = self.posterior(features)
        weight = batch.get("weight", tf.ones_like(r[0]))
        sums = self.components.sums(features, r * tf.cast(weight, r.dtype))
        weight = tf.cast(weight, tf.float64)
        return {
            **sums,
            "rows": tf.reduce_sum(weight),
            "log_likelihood": tf.reduce_sum(weight * log_prob),
        }

    def maximize(self, sums) -> tf.Tensor:
        """The M-step: assigns the parameters that best fit sums of rows (`components.of_rows`).

        An empty component takes a part of the heaviest: its shape, and a mean drawn from it.
        Returns the number of such components, float64 [].
        """
        self.components.maximize(sums)
        count = sums["count"]
        empty, heaviest = count < components.EMPTY, tf.argmax(count)
        seed = seeds.stream(self.config.seed, seeds.Stream.MODEL, self.step)
        noise = seeds.normal([count.shape[0], self.components.noise_size], seed)
        self.components.reseed(empty, heaviest, noise)
        parts = empty | (tf.range(count.shape[0], dtype=tf.int64) == heaviest)
        share = count[heaviest] / tf.reduce_sum(tf.cast(parts, tf.float64))
        count = tf.where(parts, share, count)
        self.mixing.assign(tf.cast(count / tf.reduce_sum(count), self.mixing.dtype))
        return tf.reduce_sum(tf.cast(empty, tf.float64))

    def learn(self, batch, seed):
        return self._learn(batch, self.config.stepwise)

    def train_step(self, data):
        # Keras' fit tells of no end of a pass, so there every batch ends with an M-step.
        batch = self.to_batch(data, self.step)
        terms = self._learn(batch, self.config.stepwise or STEPWISE_IN_FIT)
        self.step.assign_add(1)
        return self._mean_so_far(terms, tf.shape(batch["x"])[0])

    def _learn(self, batch, stepwise):
        sums = replicas.all_reduce("sum", self.expect(batch))
        rows = tf.maximum(sums["rows"], components.EMPTY)
        loss = -sums["log_likelihood"] / rows
        if stepwise:
            sums = self.components.of_rows(sums)
            rate = tf.cast(self.step + 1, tf.float64) ** -stepwise
            mean = {
                name: self.totals[name] + rate * (sums.pop(name) / rows - self.totals[name])
                for name in sorted(set(sums) - OF_A_PASS)
            }
            for name, value in mean.items():
                self.totals[name].assign(value)
            # As if all batches were like the mean: a component is empty if its share of one is.
            scaled = {name: self.config.batch_size * value for name, value in mean.items()}
            sums["reseeded"] = self.maximize(scaled)
        for name, value in sums.items():
            self.totals[name].assign(self.totals[name] + value)
        return {"loss": tf.cast(loss, tf.float32)}

    def end_epoch(self):
        mean = self.totals["log_likelihood"] / self.totals["rows"]
        self.change.assign(mean - self.log_likelihood)
        self.log_likelihood.assign(mean)
        reseeded = self.totals["reseeded"]
        if not self.config.stepwise:
            totals = {name: tf.identity(total) for name, total in self.totals.items()}
            reseeded = self.maximize(self.components.of_rows(totals))
        self.reseeded.assign(reseeded)
        for name, total in self.totals.items():
            if name in OF_A_PASS or not self.config.stepwise:
                total.assign(tf.zeros_like(total))

    def converged(self):
        return abs(float(tf.convert_to_tensor(self.change.value))) < self.config.tolerance

    def remark(self, terms, split):
        if split != "train":
            return None
        count = int(tf.convert_to_tensor(self.reseeded.value))
        return f"{count} empty components took a part of the heaviest." if count else None

    # --- Serving ------------------------------------------------------------------------------

    def served_variables(self):
        return [self.step, self.mixing, *self.components.parameters()]

    def signatures(self):
        return {
            "sample": self.signature(lambda seed: {"x": self.sample(seed)}, "seed"),
            "score": self.signature(lambda x: {"log_prob": self.log_prob(x)}, "x"),
            "responsibilities": self.signature(lambda x: {"probs": self.responsibilities(x)}, "x"),
        }


def _covariance(config, dim):
    """The kind of covariances in so many dimensions."""
    if config.covariance == "auto":
        return "full" if dim <= FULL_UP_TO else "low_rank"
    return config.covariance


def _constant(value):
    return keras.initializers.Constant(value)
