"""Components with correlations: a full covariance each, or one for all."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo.distributions.gaussians import LOG_2PI, as_float64, half_log_det, squared_distances
from zoo.mixtures.components import Components


class Triangular(Components):
    """Covariances L L^T."""

    covariance_of_each = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        shape = [self.count] * self.covariance_of_each + [self.dim, self.dim]
        self.scale_tril = self.state("scale_tril", shape, _identities)  # L
        self.whitener = self.state("whitener", shape, _identities)  # L^-1

    def assign_covariances(self, covariances):
        self._assign_scale(tf.constant(np.linalg.cholesky(covariances)))

    def distribution(self):
        return tfd.MultivariateNormalTriL(self.loc(), self.scale_tril.value)

    def covariance_variables(self):
        return [self.scale_tril, self.whitener]

    def num_parameters(self):
        covariances = self.scale_tril.shape.num_elements() // self.dim**2
        return self.count * self.dim + covariances * self.dim * (self.dim + 1) // 2

    def _assign_fitted(self, covariances, second):
        """Assigns covariances that came of second moments, whatever rounding has left of them."""
        rounding = 4 * self.dim * np.finfo(np.float64).eps * tf.linalg.diag_part(second)
        diagonal = tf.maximum(tf.linalg.diag_part(covariances), 0.0) + self.reg_covar + rounding
        self._assign_scale(tf.linalg.cholesky(tf.linalg.set_diag(covariances, diagonal)))

    def _assign_scale(self, scale):
        scale = tf.broadcast_to(scale, self.scale_tril.shape)
        identity = tf.eye(self.dim, dtype=scale.dtype)
        whitener = tf.linalg.triangular_solve(scale, tf.broadcast_to(identity, scale.shape))
        self.scale_tril.assign(tf.cast(scale, self.dtype))
        self.whitener.assign(tf.cast(whitener, self.dtype))


class Tied(Triangular):
    """One covariance for all."""

    covariance_of_each = False

    def log_prob(self, features):
        whitener, means = as_float64(self.whitener, self.means)
        x, means = (tf.matmul(rows, whitener, transpose_b=True) for rows in (features["x"], means))
        distances = squared_distances(x, means, tf.ones_like(means))  # [K, B]
        return -0.5 * (distances + self.dim * LOG_2PI) + half_log_det(whitener)

    def sums(self, features, r):
        x, r = as_float64(features["x"], r)
        weighted = x * tf.reduce_sum(r, 0)[:, None]
        return {
            "count": tf.reduce_sum(r, 1),
            "first": tf.matmul(r, x),
            "second": tf.matmul(weighted, x, transpose_a=True),  # [D, D], of all rows
        }

    def maximize(self, sums):
        means, counts = self._maximize_means(sums)
        between = tf.matmul(means * counts, means, transpose_a=True)
        second, total = sums["second"], tf.reduce_sum(counts)
        self._assign_fitted((second - between) / total, second / total)

    def assign_covariances(self, covariances):
        super().assign_covariances(np.mean(covariances, 0))

    def draw(self, chosen, noise):
        noise = tf.matmul(noise, self.scale_tril, transpose_b=True)
        return tf.gather(self.means, chosen) + noise

    def shapes(self):
        return []


class Full(Triangular):
    """A covariance each.

    All residuals y = L_k^-1 (x - m_k) are one matrix product, and their own second moments are what
    a pass adds up. Those are near the identity wherever the components lie, so float32 holds them.
    """

    def features(self, x, dtype=None):
        dtype = dtype or self.dtype
        whitener, means = as_float64(self.whitener, self.means)
        offset = tf.linalg.matvec(whitener, means)  # [K, D]
        offset = tf.cast(tf.reshape(offset, [-1, 1]), dtype)  # [K D, 1]
        x = self.relative(x, dtype)
        # The offset as one more column: a sum over so many numbers takes as long as the product.
        whitener = tf.cast(tf.reshape(self.whitener, [-1, self.dim]), dtype)
        stacked = tf.concat([whitener, -offset], 1)
        residuals = tf.matmul(
            stacked, tf.concat([x, tf.ones_like(x[:, :1])], 1), transpose_b=True
        )  # [K D, B]
        return {"x": x, "residuals": tf.reshape(residuals, [self.count, self.dim, -1])}

    def log_prob(self, features):
        distances = tf.cast(tf.reduce_sum(features["residuals"] ** 2, 1), tf.float64)  # [K, B]
        log_det = half_log_det(*as_float64(self.whitener))[:, None]
        return -0.5 * (distances + self.dim * LOG_2PI) + log_det

    def sums(self, features, r):
        weighted = tf.sqrt(r)[:, None] * features["residuals"]  # [K, D, B]
        second = tf.matmul(weighted, weighted, transpose_b=True)
        x, r, second = as_float64(features["x"], r, second)
        return {"count": tf.reduce_sum(r, 1), "first": tf.matmul(r, x), "second": second}

    def to_row_moments(self, sums):
        scale, means = as_float64(self.scale_tril, self.means)
        # E (x - m)(x - m)^T = L E y y^T L^T, and of x alone with n (E x m^T + m E x^T - m m^T).
        around = tf.matmul(scale, tf.matmul(sums["second"], scale, transpose_b=True))
        cross = sums["first"][:, :, None] * means[:, None]
        squares = sums["count"][:, None, None] * means[:, :, None] * means[:, None]
        return {**sums, "second": around + cross + tf.linalg.matrix_transpose(cross) - squares}

    def maximize(self, sums):
        means, counts = self._maximize_means(sums)
        second = sums["second"] / counts[:, :, None]
        self._assign_fitted(second - means[:, :, None] * means[:, None], second)

    def draw(self, chosen, noise):
        scale = tf.gather(self.scale_tril, chosen)  # [B, D, D]
        return tf.gather(self.means, chosen) + tf.linalg.matvec(scale, noise)


def _identities(shape, dtype):
    return tf.eye(shape[-1], batch_shape=shape[:-2], dtype=dtype)
