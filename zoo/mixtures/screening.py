"""Finds the few components that matter for a row, in float32.

The joint log density log pi_k N(x; m_k, S_k) is a polynomial in x. Here float32 computes it for all
components, together with a bound on its rounding error: a component whose upper bound is MARGIN
nats below the lower bound of the best has a responsibility below exp(-MARGIN), and is left out.
What remains is computed in float64 by the caller, so that the result does not depend on float32.
"""

import abc

import tensorflow as tf

from zoo.distributions.gaussians import as_float64

# A component is left out if its responsibility is certainly below exp(-22) = 3e-10.
MARGIN = 22.0
# Second-order features grow with the square of the dimensions: with more, residuals are faster.
LARGEST_DIM = 64
# Dimensions whose products with the others are formed at once: as many as a cache holds.
GROUP = 10
UNIT_ROUNDOFF = 2.0**-24
# The error of a sum of n terms t is below CONFIDENCE sqrt(n) u sum |t|: five standard deviations,
# if rounding errors are independent and uniform, with variance u^2 / 3 times a squared partial sum.
CONFIDENCE = 3.0


class Screen(abc.ABC):
    """Bounds on the joint log densities of K components."""

    @abc.abstractmethod
    def upper_bounds(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns upper bounds [K, B], and a lower bound of the largest density [B], float32.

        Args:
          x: rows [B, D] relative to the center, float64.
        """

    def candidates(self, x: tf.Tensor) -> tf.Tensor:
        """Returns which components may matter for rows x [B, D], bool [K, B]."""
        upper, best = self.upper_bounds(x)
        # Written so that NaN, from rows beyond the range of float32, leaves nothing out.
        return ~(upper < best - MARGIN)


def make_screen(log_joint_at_mean, means, scale_tril, whitener) -> Screen:
    """Returns the screen of components.

    Args:
      log_joint_at_mean: log pi_k N(m_k; m_k, S_k) [K].
      means: relative to the center, [K, D].
      scale_tril: L [K, D, D] with S = L L^T.
      whitener: L^-1 [K, D, D].
    """
    arguments = as_float64(log_joint_at_mean, means, scale_tril, whitener)
    return (Quadratic if means.shape[1] <= LARGEST_DIM else Residual)(*arguments)


class Quadratic(Screen):
    """The polynomial by one product with the second-order features of whitened rows.

    With y = W x, where W whitens the covariance of all components as if equally heavy,

        log pi_k N(x; m_k, S_k) = -1/2 y^T P_k y + l_k^T y + c_k.

    Whitening keeps the terms small that cancel. The error is at most (CONFIDENCE sqrt(n) + 8) u
    times the sum of the absolute terms (8 for the rounding of weights and features), and

        1/2 |y|^T |P| |y| + |l|^T |y| + |c|  <=  1/2 rho |y|^2 + |l| |y| + |c|,

    rho being a bound on the largest eigenvalue of |P|. These three terms are features as well.
    """

    def __init__(self, log_joint_at_mean, means, scale_tril, whitener):
        count, dim = means.shape
        sides = tf.reshape(tf.transpose(scale_tril, [1, 0, 2]), [dim, -1])  # [D, K D]
        sides = tf.concat([sides, tf.transpose(means)], 1)
        covariance = tf.matmul(sides, sides, transpose_b=True) / count
        scale = tf.linalg.cholesky(covariance)
        self.whitener = tf.linalg.triangular_solve(scale, tf.eye(dim, dtype=tf.float64))

        # R_k (y - W m_k) is the residual of a whitened row, so that P_k = R_k^T R_k.
        residual = tf.matmul(whitener, scale)  # R [K, D, D]
        offset = tf.linalg.matvec(whitener, means)  # [K, D]
        precision = tf.matmul(residual, residual, transpose_a=True)
        linear = tf.linalg.matvec(residual, offset, transpose_a=True)
        constant = tf.maximum(log_joint_at_mean - 0.5 * tf.reduce_sum(offset**2, -1), -1e30)

        terms = dim * (dim + 3) // 2 + 3
        unit = (CONFIDENCE * terms**0.5 + 8) * UNIT_ROUNDOFF
        errors = [0.5 * _largest_eigenvalue(tf.abs(precision)), tf.norm(linear, axis=-1)]
        errors = unit * tf.stack([*errors, tf.abs(constant)], 1)  # [K, 3]
        upper = tf.concat([errors[:, :2], errors[:, 2:] + constant[:, None]], 1)
        self.errors = tf.cast(errors, tf.float32)
        self.linear = tf.cast(tf.concat([linear, upper], 1), tf.float32)  # [K, D + 3]
        self.quadratic = [
            tf.cast(_group_weights(precision, first), tf.float32) for first in range(0, dim, GROUP)
        ]

    def upper_bounds(self, x):
        y = tf.cast(tf.matmul(self.whitener, x, transpose_b=True), tf.float32)  # [D, B]
        squared = tf.reduce_sum(y**2, 0, keepdims=True)
        sizes = tf.concat([squared, tf.sqrt(squared), tf.ones_like(squared)], 0)  # [3, B]
        upper = tf.matmul(self.linear, tf.concat([y, sizes], 0))
        for i, weights in enumerate(self.quadratic):
            group = y[i * GROUP : (i + 1) * GROUP, None] * y[None, i * GROUP :]  # [G, D', B]
            upper += tf.matmul(weights, tf.reshape(group, [weights.shape[1], -1]))
        errors = tf.gather(self.errors, tf.argmax(upper, 0))  # of the best, [B, 3]
        error = tf.reduce_sum(errors * tf.transpose(sizes), 1)
        return upper, tf.reduce_max(upper, 0) - 2 * error


class Residual(Screen):
    """The distances by residuals y = L^-1 (x - m), for many dimensions.

    A residual has an error of at most d = (CONFIDENCE sqrt(D) + 8) u (|A| |x| + |A m|), with the
    Frobenius norm of A = L^-1, and so has its length.
    """

    def __init__(self, log_joint_at_mean, means, scale_tril, whitener):
        del scale_tril
        dim = means.shape[1]
        offset = tf.linalg.matvec(whitener, means)
        stacked = tf.concat([whitener, -offset[:, :, None]], 2)  # [K, D, D + 1]
        self.stacked = tf.cast(tf.reshape(stacked, [-1, dim + 1]), tf.float32)
        unit = (CONFIDENCE * dim**0.5 + 8) * UNIT_ROUNDOFF
        errors = unit * tf.stack([tf.norm(whitener, axis=[1, 2]), tf.norm(offset, axis=-1)], 1)
        self.errors = tf.cast(errors, tf.float32)  # [K, 2]
        self.constant = tf.cast(log_joint_at_mean, tf.float32)[:, None]
        self.shape = [means.shape[0], dim, -1]

    def upper_bounds(self, x):
        x = tf.cast(x, tf.float32)
        with_ones = tf.concat([x, tf.ones_like(x[:, :1])], 1)
        residuals = tf.reshape(tf.matmul(self.stacked, with_ones, transpose_b=True), self.shape)
        lengths = tf.norm(residuals, axis=1)  # [K, B]
        size = tf.stack([tf.norm(x, axis=1), tf.ones_like(x[:, 0])])
        error = tf.matmul(self.errors, size) + 1e-5 * lengths
        slack = 1e-5 * tf.abs(self.constant)
        upper = self.constant + slack - 0.5 * tf.maximum(lengths - error, 0.0) ** 2
        lower = self.constant - slack - 0.5 * (lengths + error) ** 2
        return upper, tf.reduce_max(lower, 0)


def _largest_eigenvalue(matrices, iterations=8):
    """Returns an upper bound of the largest eigenvalue of nonnegative matrices [K, D, D], [K].

    max_i (A v)_i / v_i is one for any positive v (Collatz and Wielandt), close to the eigenvalue if
    v is close to its vector.
    """
    v = tf.ones_like(matrices[:, 0])
    for _ in range(iterations):
        v = tf.linalg.matvec(matrices, v) + 1e-30
        v /= tf.reduce_max(v, -1, keepdims=True)
    v = tf.maximum(v, 1e-6)
    return tf.reduce_max(tf.linalg.matvec(matrices, v) / v, -1)


def _group_weights(precision, first):
    """Returns the weights of the products y_i y_j of a group of dimensions i with all j >= first.

    Within the group both orders occur, so that each has half of the weight -P_ij.
    """
    last = min(first + GROUP, precision.shape[-1])
    rows = precision[:, first:last, first:]
    size = last - first
    weights = tf.concat([-0.5 * rows[:, :, :size], -rows[:, :, size:]], 2)
    return tf.reshape(weights, [precision.shape[0], size * weights.shape[2]])
