"""Components of a Gaussian mixture as EM needs them: the base class; those without correlations.

The E-step computes the log densities of rows under every component, and sums over rows weighted by
responsibilities, which add up over batches, replicas and machines; the M-step the parameters that
fit such sums best. Rows are [B, D], K components, R factors.

Rows are taken relative to `center`, a point amid the data, and sums are float64: squares of large
values would leave no digits for a variance. Only responsibilities and the products of low-rank
covariances have the model's own precision; full covariances are float64.
"""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo.distributions.gaussians import LOG_2PI, as_float64, squared_distances

# A component with fewer rows than this has nothing to be estimated from.
EMPTY = 1e-3


def to_posterior(log_joint: tf.Tensor, dtype) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns log p(x), float64 [B], and p(k|x) [K, B] of a dtype, from log p(k, x), float64."""
    highest = tf.reduce_max(log_joint, 0)
    # One exponential gives both.
    parts = tf.exp(tf.cast(log_joint - highest, dtype))
    total = tf.reduce_sum(parts, 0)
    return highest + tf.math.log(tf.cast(total, tf.float64)), parts / total


class Components(keras.Layer):
    """Base class of all kinds of components.

    Args:
      count: K.
      dim: D.
      reg_covar: added to every variance, in squared units of x.
      rank: number of factors of a kind that has some.
      precision: "float32" or "float64".
    """

    parameter_dtype: str | None = None  # the precision if None

    def __init__(
        self,
        count: int,
        dim: int,
        reg_covar: float = 1e-6,
        rank: int = 0,
        precision: str = "float32",
    ):
        super().__init__(dtype=self.parameter_dtype or precision)
        self.precision = precision
        self.count, self.dim, self.reg_covar, self.rank = count, dim, reg_covar, rank
        self.noise_size = dim
        # In float64: it may lie where float32 has no digits left for the spread of the rows.
        self.center = self.state("center", [dim], "zeros", "float64")
        self.means = self.state("means", [self.count, dim], "zeros")  # relative to the center

    def state(self, name, shape, initializer, dtype=None):
        """Returns a weight that EM assigns and no gradient changes."""
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            dtype=dtype,
            trainable=False,
            aggregation="mean",
        )

    def coefficients(self, dtype: str | None = None) -> dict:
        """Returns functions of the parameters that `features` needs for every block of rows.

        Args:
          dtype: of large products; the model's own if None. In float64, rows far from all
            components have finite log densities too.
        """
        del dtype
        return {}

    def features(self, x: tf.Tensor, coefficients: dict) -> dict:
        """Returns functions of rows [B, D] that both `log_prob` and `sums` need.

        Args:
          x: rows, float32 or float64.
          coefficients: from `coefficients`; they are among the features.
        """
        return {**coefficients, "x": self.relative(x, tf.float64)}

    def relative(self, x: tf.Tensor, dtype) -> tf.Tensor:
        """Returns rows relative to the center, subtracted before digits are lost."""
        return tf.cast(tf.cast(x, tf.float64) - self.center, dtype)

    def log_prob(self, features) -> tf.Tensor:
        """Returns log N(x; component), float64 [K, B]."""
        raise NotImplementedError

    def sums(self, features, r: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns float64 sums over rows with responsibilities r [K, B].

        "count" [K] is their number, "first" [K, D] the sum of the rows; the others depend on the
        kind.
        """
        raise NotImplementedError

    def prepare(self, log_mixing: tf.Tensor) -> dict:
        """Returns functions of the parameters that `expect` needs for every block of rows.

        Args:
          log_mixing: log pi [K], float64.
        """
        return {**self.coefficients(), "log_mixing": log_mixing}

    def expect(self, x: tf.Tensor, weight: tf.Tensor, prepared: dict):
        """The E-step: returns log p(x) [B] and the sums over rows, all float64.

        The sums add up while the parameters stay the same; `to_row_moments` makes them comparable
        with sums under other parameters.

        Args:
          x: rows [B, D].
          weight: of each row, float64 [B].
          prepared: from `prepare`.
        """
        features = self.features(x, prepared)
        log_joint = self.log_prob(features) + prepared["log_mixing"][:, None]
        log_prob, r = to_posterior(log_joint, self.compute_dtype)
        return log_prob, self.sums(features, r * tf.cast(weight, r.dtype))

    def to_row_moments(self, sums: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Converts sums relative to the present parameters to moments of the rows."""
        return sums

    def from_row_moments(self, moments: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Inverse of `to_row_moments`."""
        return moments

    def maximize(self, sums: dict[str, tf.Tensor]) -> None:
        """The M-step: assigns the means and covariances that fit the sums best."""
        raise NotImplementedError

    def assign(self, means: np.ndarray, covariances: np.ndarray) -> None:
        """Sets means [K, D], and of covariances [K or 1, D, D] what this kind can hold."""
        self.means.assign(means - self.center.numpy())
        self.assign_covariances(np.asarray(covariances))

    def assign_covariances(self, covariances: np.ndarray) -> None:
        raise NotImplementedError

    def distribution(self) -> tfd.Distribution:
        """Returns the components, batch [K]."""
        raise NotImplementedError

    def draw(self, chosen: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Returns rows [B, D], relative to the center, of the components `chosen` [B].

        Args:
          chosen: int [B].
          noise: standard normal [B, noise_size].
        """
        raise NotImplementedError

    def covariance_variables(self) -> list[keras.Variable]:
        """Returns the variables that hold the covariances."""
        raise NotImplementedError

    def shapes(self) -> list[keras.Variable]:
        """Returns those of them that hold one a component, [K, ...]."""
        return self.covariance_variables()

    def parameters(self) -> list[keras.Variable]:
        """Returns all variables that the densities are a function of."""
        return [self.center, self.means, *self.covariance_variables()]

    def reseed(self, empty: tf.Tensor, heaviest: tf.Tensor, noise: tf.Tensor) -> None:
        """Gives the components where `empty` [K] the shape of one, and means drawn from it."""

        def mend(variable, value):
            which = tf.reshape(empty, [-1] + [1] * (len(variable.shape) - 1))
            variable.assign(tf.where(which, value, variable))

        drawn = self.draw(tf.fill([self.count], heaviest), tf.cast(noise, self.dtype))
        mend(self.means, drawn)
        for variable in self.shapes():
            mend(variable, variable[heaviest])

    def num_parameters(self) -> int:
        """Returns the number of free parameters of means and covariances."""
        raise NotImplementedError

    def loc(self, dtype=None) -> tf.Tensor:
        """Returns the means [K, D], in the model's precision if `dtype` is None."""
        means = tf.cast(self.means.value, tf.float64) + self.center
        return tf.cast(means, dtype or self.precision)

    def covariances(self) -> tf.Tensor:
        """Returns the covariances, float64 [K, D, D]."""
        covariances = tf.cast(self.distribution().covariance(), tf.float64)
        return tf.broadcast_to(covariances, [self.count, self.dim, self.dim])

    def _maximize_means(self, sums):
        """Assigns the means; returns them, [K, D], and the counts [K, 1] to divide by."""
        counts = tf.maximum(sums["count"], EMPTY)[:, None]
        means = sums["first"] / counts
        self.means.assign(tf.cast(means, self.dtype))
        return means, counts


class Diagonal(Components):
    """Covariances diag(v_k)."""

    variances_of_each = None  # as many as dimensions

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        size = self.variances_of_each or self.dim
        self.variances = self.state("variances", [self.count, size], "ones")

    def log_prob(self, features):
        means, variances = as_float64(self.means, self._variances())
        distances = squared_distances(features["x"], means, variances)  # [K, B]
        log_det = tf.reduce_sum(tf.math.log(variances), -1)  # [K]
        return -0.5 * (distances + (log_det + self.dim * LOG_2PI)[:, None])

    def sums(self, features, r):
        x, r = as_float64(features["x"], r)
        return {
            "count": tf.reduce_sum(r, 1),
            "first": tf.matmul(r, x),
            "second": tf.matmul(r, x * x),  # [K, D]
        }

    def maximize(self, sums):
        means, counts = self._maximize_means(sums)
        variances = tf.maximum(sums["second"] / counts - means**2, 0.0) + self.reg_covar
        self._assign_variances(variances)

    def assign_covariances(self, covariances):
        variances = np.diagonal(covariances, axis1=1, axis2=2)
        self._assign_variances(np.broadcast_to(variances, [self.count, self.dim]))

    def distribution(self):
        return tfd.MultivariateNormalDiag(self.loc(), tf.sqrt(self._variances()))

    def draw(self, chosen, noise):
        deviations = tf.gather(tf.sqrt(self._variances()), chosen)
        return tf.gather(self.means, chosen) + deviations * noise

    def covariance_variables(self):
        return [self.variances]

    def num_parameters(self):
        return self.count * self.dim + self.variances.shape.num_elements()

    def _variances(self):
        return tf.broadcast_to(self.variances, [self.count, self.dim])

    def _assign_variances(self, variances):
        self.variances.assign(tf.cast(variances, self.dtype))


class Spherical(Diagonal):
    """Covariances v_k I."""

    variances_of_each = 1

    def _assign_variances(self, variances):
        super()._assign_variances(tf.reduce_mean(variances, -1, keepdims=True))
