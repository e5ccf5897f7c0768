"""Gaussians of full covariance as products with the second-order features of rows.

log N(x; m_k, S_k) = w_k . phi(x) + c_k, phi(x) being the products x_i x_j (i <= j) and x itself.
The E-step and the moments of the M-step are one matrix product each, with the same features, and
take half the multiplications of residuals from each component.
"""

import numpy as np
import tensorflow as tf

from zoo.distributions.gaussians import LOG_2PI, as_float64, half_log_det

# Features grow with the square of the dimensions: beyond this number they cost more than they save.
LARGEST_DIM = 64
# Limit of the terms that cancel in a log density and in moments about a mean: float32 leaves an
# error of about 1e-7 times their size in the former, 1e-6 in the latter.
LARGEST_TERM = 3e3
# Limit of the terms that cancel when rows are whitened.
LARGEST_GAIN = 1e3


class Expansion:
    """The weights w and constants c of K components, and the way to their features and back.

    Rows are whitened first, by the covariance of all components as if equally heavy, which keeps
    the terms small that cancel in a log density.

    Args:
      means: [K, D], relative to the center.
      scale_tril: L [K, D, D].
      whitener: L^-1 [K, D, D].

    Attributes:
      rounds: bool [K], where float32 is not enough: components much narrower than all together.
    """

    def __init__(self, means, scale_tril, whitener):
        means, scale_tril, whitener = as_float64(means, scale_tril, whitener)
        count, dim = means.shape
        upper = np.triu_indices(dim)
        self.upper = np.ravel_multi_index(upper, (dim, dim))
        sides = tf.reshape(tf.transpose(scale_tril, [1, 0, 2]), [dim, -1])  # [D, K D]
        sides = tf.concat([sides, tf.transpose(means)], 1)
        covariance = tf.matmul(sides, sides, transpose_b=True) / count
        self.scale = tf.linalg.cholesky(covariance)
        self.whitener = tf.linalg.triangular_solve(self.scale, tf.eye(dim, dtype=tf.float64))

        # R_k (x - m_k) is the residual of a whitened row, R_k^T R_k the precision.
        means = tf.matmul(means, self.whitener, transpose_b=True)
        residual = tf.matmul(tf.reshape(whitener, [-1, dim]), self.scale)
        residual = tf.reshape(residual, [count, dim, dim])
        offset = tf.linalg.matvec(residual, means)
        linear = tf.linalg.matvec(residual, offset, transpose_a=True)
        distance = tf.reduce_sum(offset**2, -1)
        precision = tf.reshape(tf.matmul(residual, residual, transpose_a=True), [count, -1])
        once = np.where(upper[0] == upper[1], 0.5, 1.0)
        quadratic = -once * tf.gather(precision, self.upper, axis=1)
        self.weights = tf.cast(tf.concat([quadratic, linear], 1), tf.float32)  # [K, F]

        # Float32 rounds the weights: c makes up for it on average over the component's own rows.
        sides = tf.matmul(self.whitener, tf.cast(scale_tril, tf.float64))
        second = tf.matmul(sides, sides, transpose_b=True) + means[:, :, None] * means[:, None]
        size = tf.reduce_max(tf.linalg.diag_part(second), -1)
        second = tf.gather(tf.reshape(second, [count, -1]), self.upper, axis=1)
        mean_features = tf.concat([second, means], 1)
        expected = half_log_det(whitener) - 0.5 * dim * (1 + LOG_2PI)
        rounded = tf.reduce_sum(tf.cast(self.weights, tf.float64) * mean_features, 1)
        self.constants = expected - rounded  # [K]

        terms = 0.5 * (tf.reduce_sum(residual**2, [1, 2]) * tf.maximum(size, 1.0) + distance)
        deviations = tf.sqrt(tf.linalg.diag_part(covariance))
        gain = tf.reduce_max(tf.linalg.matvec(tf.abs(self.whitener), deviations))
        self.rounds = ~((terms < LARGEST_TERM) & (gain < LARGEST_GAIN))  # NaN rounds

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """Returns phi [F, B] of rows x [B, D], float32."""
        white = tf.matmul(tf.cast(self.whitener, x.dtype), x, transpose_b=True)  # [D, B]
        products = [white[i] * white[i:] for i in range(white.shape[0])]
        return tf.concat([*products, white], 0)

    def log_prob(self, features: tf.Tensor) -> tf.Tensor:
        """Returns log densities [K, B], float64."""
        return tf.cast(tf.matmul(self.weights, features), tf.float64) + self.constants[:, None]

    def sums(self, features: tf.Tensor, r: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns "first" [K, D], and "second" [K, D, D] of whitened rows, float64.

        Args:
          features: [F, B].
          r: responsibilities [K, B].
        """
        # In this order: the other one takes four times as long.
        moments = tf.matmul(features, r, transpose_b=True)  # [F, K]
        moments = tf.cast(tf.transpose(moments), tf.float64)
        first = moments[:, len(self.upper) :]
        dim = self.scale.shape[0]
        where = np.zeros((dim, dim), np.int32)
        where.flat[self.upper] = np.arange(len(self.upper))
        return {
            "first": tf.matmul(first, self.scale, transpose_b=True),
            "second": tf.gather(moments, np.maximum(where, where.T), axis=1),
        }

    def to_row_moments(self, second: tf.Tensor) -> tf.Tensor:
        """Returns second moments [K, D, D] of the rows from those of whitened ones."""
        return tf.matmul(self.scale, tf.matmul(second, self.scale, transpose_b=True))
