"""Gaussians of full covariance as products with the second-order features of rows.

log N(x; m_k, S_k) = w_k . phi(x), where phi(x) are the products x_i x_j (i <= j), x itself and 1.
The E-step and the moments of the M-step are one matrix product each, with the same features, and
take half the multiplications of residuals from each component.
"""

import numpy as np
import tensorflow as tf

from zoo.distributions.gaussians import LOG_2PI, as_float64, half_log_det

# Features grow with the square of the dimensions: beyond so many they no longer fit into caches.
LARGEST_DIM = 64
# Of the terms that cancel in a log density: float32 leaves an error of about 1e-7 times as much.
LARGEST_TERM = 3e3
# Of the terms that cancel where rows are whitened.
LARGEST_GAIN = 1e3


class Expansion:
    """The weights w of K components, and the way to their features and back.

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
        constant = half_log_det(whitener) - 0.5 * (distance + dim * LOG_2PI)
        rounded = tf.cast(residual, tf.float32)
        precision = tf.reshape(tf.matmul(rounded, rounded, transpose_a=True), [count, -1])
        once = np.where(upper[0] == upper[1], 0.5, 1.0).astype(np.float32)
        quadratic = -once * tf.gather(precision, self.upper, axis=1)
        rest = tf.cast(tf.concat([linear, constant[:, None]], 1), tf.float32)
        self.weights = tf.concat([quadratic, rest], 1)  # [K, F]

        terms = 0.5 * (tf.reduce_sum(residual**2, [1, 2]) + distance)
        deviations = tf.sqrt(tf.linalg.diag_part(covariance))
        gain = tf.reduce_max(tf.linalg.matvec(tf.abs(self.whitener), deviations))
        self.rounds = ~((terms < LARGEST_TERM) & (gain < LARGEST_GAIN))  # NaN rounds

    def features(self, x: tf.Tensor) -> tf.Tensor:
        """Returns phi [F, B] of rows x [B, D], float32."""
        white = tf.matmul(tf.cast(self.whitener, x.dtype), x, transpose_b=True)  # [D, B]
        products = [white[i] * white[i:] for i in range(white.shape[0])]
        return tf.concat([*products, white, tf.ones_like(white[:1])], 0)

    def log_prob(self, features: tf.Tensor) -> tf.Tensor:
        """Returns log densities [K, B], float64."""
        return tf.cast(tf.matmul(self.weights, features), tf.float64)

    def sums(self, features: tf.Tensor, r: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns "first" [K, D], and "second" [K, D, D] of whitened rows, float64.

        Args:
          features: [F, B].
          r: responsibilities [K, B].
        """
        moments = tf.cast(tf.matmul(r, features, transpose_b=True), tf.float64)
        first = moments[:, len(self.upper) : -1]
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
