"""A mixture of Gaussians, p(x) = sum_k pi_k N(x; m_k, S_k), with its E-step and its M-step.

Dempster, Laird and Rubin 1977, Maximum Likelihood from Incomplete Data via the EM Algorithm
(JRSS B 39).
"""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import seeds
from zoo.distributions.gaussians import choose_components
from zoo.errors import UserError
from zoo.mixtures import components, factor_analysers, full_covariances

# Rows of an E-step at once: bounds the memory of their features.
BLOCK = 4096

COVARIANCES = {
    "spherical": components.Spherical,
    "diag": components.Diagonal,
    "tied": full_covariances.Tied,
    "full": full_covariances.Full,
    "low_rank": factor_analysers.LowRank,
}


class Mixture(keras.Layer):
    """A mixture over rows x [B, D].

    Args:
      num_components: K.
      dim: D.
      covariance: one of COVARIANCES.
      rank: number of factors of "low_rank".
      reg_covar: added to every variance, in squared units of x.
      precision: "float32" or "float64", of large products. Sums are float64 in any case, and so is
        everything about full covariances.

    Raises:
      UserError: for a kind of covariance that there is not.

    Attributes:
      mixing: pi [K].
      components: m_k and S_k.
    """

    def __init__(
        self,
        num_components: int,
        dim: int,
        covariance: str = "full",
        rank: int = 0,
        reg_covar: float = 1e-6,
        precision: str = "float32",
    ):
        super().__init__(dtype=precision)
        if covariance not in COVARIANCES:
            raise UserError(
                f"covariance={covariance!r} is unknown: choose one of {', '.join(COVARIANCES)}."
            )
        self.num_components, self.dim, self.reg_covar = num_components, dim, reg_covar
        self.components = COVARIANCES[covariance](num_components, dim, reg_covar, rank, precision)
        evenly = keras.initializers.Constant(1.0 / num_components)
        self.mixing = self.components.state("mixing", [num_components], evenly)

    def parameters(self) -> list[keras.Variable]:
        """Returns all variables that the density is a function of."""
        return [self.mixing, *self.components.parameters()]

    def num_parameters(self) -> int:
        """Returns the number of free parameters, for BIC and AIC."""
        return self.components.num_parameters() + self.num_components - 1

    # --- The density --------------------------------------------------------------------------

    def distribution(self) -> tfd.Distribution:
        """Returns p(x) over rows [D], in the mixture's precision."""
        probs = tf.cast(self.mixing.value, self.compute_dtype)
        return tfd.MixtureSameFamily(tfd.Categorical(probs=probs), self.components.distribution())

    def _log_mixing(self):
        return tf.math.log(tf.cast(self.mixing.value, tf.float64))

    def log_prob(self, x) -> tf.Tensor:
        """Returns log p(x) [B], float32, of rows x [B, D]."""
        log_prob, _ = self._posterior(x)
        # Log densities below the range of float32 get its lowest number.
        return tf.cast(tf.maximum(log_prob, tf.float32.min), tf.float32)

    def responsibilities(self, x) -> tf.Tensor:
        """Returns p(k|x) [B, K], float32, of rows x [B, D]."""
        _, r = self._posterior(x)
        return tf.cast(tf.transpose(r), tf.float32)

    def _posterior(self, x):
        # In float64, rows far from all components have finite log densities too.
        features = self.components.features(x, self.components.coefficients("float64"))
        log_joint = self.components.log_prob(features) + self._log_mixing()[:, None]  # [K, B]
        return components.to_posterior(log_joint, self.compute_dtype)

    def draw(self, noise: tf.Tensor) -> tf.Tensor:
        """Returns rows [B, D], float64, by standard normal noise [B, 1 + components.noise_size]."""
        chosen = choose_components(self.mixing.value, noise[:, 0])
        drawn = self.components.draw(chosen, tf.cast(noise[:, 1:], self.components.dtype))
        return tf.cast(drawn, tf.float64) + self.components.center

    # --- Expectation maximisation -------------------------------------------------------------

    def expect(self, x, weight=None) -> dict[str, tf.Tensor]:
        """The E-step: returns sums over rows, "rows" and "log_likelihood" among them.

        Args:
          x: rows [B, D].
          weight: of each [B]; 1 if None.
        """
        x = tf.convert_to_tensor(x)
        weight = tf.ones(tf.shape(x)[:1]) if weight is None else tf.convert_to_tensor(weight)
        # Rows that pad a batch have no weight.
        x, weight = (tf.boolean_mask(rows, weight > 0) for rows in (x, weight))
        prepared = self.components.prepare(self._log_mixing())
        rows = tf.shape(x)[0]
        size = tf.minimum(rows, BLOCK)
        whole = tf.maximum(rows - 1, 0) // BLOCK  # the remaining rows are one more block

        def add_block(i, sums):
            block = tf.slice(x, [i * size, 0], [size, self.dim])
            more = self._expect_block(block, tf.slice(weight, [i * size], [size]), prepared)
            return i + 1, {name: sums[name] + more[name] for name in sums}

        rest = slice(whole * BLOCK, None)
        sums = self._expect_block(x[rest], weight[rest], prepared)
        return tf.while_loop(lambda i, _: i < whole, add_block, (0, sums), parallel_iterations=1)[1]

    def _expect_block(self, x, weight, prepared):
        weight = tf.cast(weight, tf.float64)
        log_prob, sums = self.components.expect(x, weight, prepared)
        return {
            **sums,
            "rows": tf.reduce_sum(weight),
            "log_likelihood": tf.reduce_sum(weight * log_prob),
        }

    def maximize(self, sums: dict[str, tf.Tensor], seed: tf.Tensor) -> tf.Tensor:
        """The M-step: assigns the parameters that fit best.

        An empty component takes a part of the heaviest: its shape, and a mean drawn from it.

        Args:
          sums: from `expect`, under the present parameters.
          seed: int32 [2]; draws the means of empty components.

        Returns:
          The number of empty components, float64 [].
        """
        self.components.maximize(sums)
        count = sums["count"]
        empty, heaviest = count < components.EMPTY, tf.argmax(count)
        noise = seeds.normal([self.num_components, self.components.noise_size], seed)
        self.components.reseed(empty, heaviest, noise)
        parts = empty | (tf.range(self.num_components, dtype=tf.int64) == heaviest)
        share = count[heaviest] / tf.reduce_sum(tf.cast(parts, tf.float64))
        count = tf.where(parts, share, count)
        self.mixing.assign(tf.cast(count / tf.reduce_sum(count), self.mixing.dtype))
        return tf.reduce_sum(tf.cast(empty, tf.float64))

    def iterate(self, x, weight, seed: tf.Tensor) -> tf.Tensor:
        """Returns the log-likelihood of rows [N, D] before one iteration of EM on them."""
        sums = self.expect(x, weight)
        self.maximize(sums, seed)
        return sums["log_likelihood"]

    # --- Parameters from outside --------------------------------------------------------------

    def assign(self, mixing, means, covariances) -> None:
        """Sets the parameters: [K], [K, D] and [K, D, D], or [1, D, D] for one of all.

        Raises:
          UserError: for other shapes, weights that are negative, or covariances that are none.
        """
        given = check_parameters(mixing, means, covariances, self.num_components, self.dim)
        mixing, means, covariances = given
        self.components.center.assign(means.mean(0))
        self.mixing.assign(mixing / mixing.sum())
        self.components.assign(means, covariances)

    def as_arrays(self) -> dict[str, np.ndarray]:
        """Returns "mixing" [K], "means" [K, D] and "covariances" [K, D, D] in float64."""
        return {
            "mixing": self.mixing.numpy().astype(np.float64),
            "means": self.components.loc(tf.float64).numpy(),
            "covariances": self.components.covariances().numpy(),
        }


def check_parameters(mixing, means, covariances, count: int, dim: int):
    """Returns the parameters of a mixture as float64 arrays.

    Raises:
      UserError: for other shapes than [K], [K, D] and [K or 1, D, D], mixing weights that are
        negative or all 0, or covariances that are not symmetric and positive definite.
    """
    mixing, means, covariances = (np.asarray(a, np.float64) for a in (mixing, means, covariances))
    expected: dict[str, list[tuple[int, ...]]] = {
        "mixing": [(count,)],
        "means": [(count, dim)],
        "covariances": [(count, dim, dim), (1, dim, dim)],
    }
    given = {"mixing": mixing, "means": means, "covariances": covariances}
    for name, array in given.items():
        if array.shape not in expected[name]:
            shapes = " or ".join(map(str, dict.fromkeys(expected[name])))
            raise UserError(f"{name} is expected of shape {shapes}, got {array.shape}.")
        if not np.all(np.isfinite(array)):
            raise UserError(f"{name} has values that are NaN or infinite.")
    if np.any(mixing < 0) or not mixing.sum() > 0:
        raise UserError(f"mixing has weights of 0 or more, not all 0; got {mixing.tolist()}.")
    for k, covariance in enumerate(covariances):
        if not np.allclose(covariance, covariance.T, rtol=1e-5, atol=0):
            raise UserError(f"covariances[{k}] is not symmetric.")
        lowest = np.linalg.eigvalsh(covariance)[0]
        if not lowest > 0:
            raise UserError(
                f"covariances[{k}] is not a covariance: its lowest eigenvalue is {lowest:.3g}, "
                "expected above 0. Variances belong on its diagonal."
            )
    return mixing, means, covariances
