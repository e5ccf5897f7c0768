"""Components with correlations: a full covariance each, or one for all."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo.distributions.gaussians import LOG_2PI, as_float64, half_log_det, squared_distances
from zoo.mixtures import screening
from zoo.mixtures.components import EMPTY, Components


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
        scale = tf.cast(self.scale_tril.value, self.precision)
        return tfd.MultivariateNormalTriL(self.loc(), scale)

    def covariances(self):
        scale = tf.cast(self.scale_tril, tf.float64)
        covariances = tf.matmul(scale, scale, transpose_b=True)
        return tf.broadcast_to(covariances, [self.count, self.dim, self.dim])

    def covariance_variables(self):
        return [self.scale_tril, self.whitener]

    def num_parameters(self):
        covariances = self.scale_tril.shape.num_elements() // self.dim**2
        return self.count * self.dim + covariances * self.dim * (self.dim + 1) // 2

    def _assign_fitted(self, covariances, second):
        """Assigns covariances, made positive definite if rounding has spoilt them."""
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

    Float32 finds the few components that matter for a row (`screening`); their log densities,
    responsibilities and moments are float64, whatever the model's precision. Moments are those of
    residuals y = L_k^-1 (x - m_k), which are near the identity wherever the components lie.
    """

    parameter_dtype = "float64"

    def log_prob(self, features):
        centred = features["x"] - self.means[:, None]  # [K, B, D]
        residuals = tf.matmul(centred, self.whitener, transpose_b=True)
        return self._log_density_at_mean()[:, None] - 0.5 * tf.reduce_sum(residuals**2, 2)

    def prepare(self, log_mixing):
        log_joint_at_mean = log_mixing + self._log_density_at_mean()
        parameters = (self.means.value, self.scale_tril.value, self.whitener.value)
        return {
            "log_joint_at_mean": log_joint_at_mean,
            "screen": screening.make_screen(log_joint_at_mean, *parameters),
            # Rows have a 1 appended, so that one product gives counts, sums and moments.
            "means": tf.pad(self.means, [[0, 0], [0, 1]]),
            "whitener": tf.linalg.LinearOperatorBlockDiag(
                [
                    tf.linalg.LinearOperatorFullMatrix(self.whitener.value),
                    tf.linalg.LinearOperatorIdentity(1, [self.count], tf.float64),
                ]
            ).to_dense(),
        }

    def expect(self, x, weight, prepared):
        x = self.relative(x, tf.float64)
        x_1 = tf.pad(x, [[0, 0], [0, 1]], constant_values=1.0)
        pairs = tf.where(prepared["screen"].candidates(x))  # component by component, [M, 2]
        component, row = tf.unstack(pairs, axis=1)
        ends = tf.searchsorted(component, tf.range(self.count, dtype=tf.int64), side="right")
        starts = tf.concat([[0], ends[:-1]], 0)

        def add_residuals(k, residuals, distances):
            rows = tf.gather(x_1, row[starts[k] : ends[k]]) - prepared["means"][k]
            y_1 = tf.matmul(rows, prepared["whitener"][k], transpose_b=True)  # [n, D + 1]
            squared = tf.reduce_sum(y_1**2, 1) - 1.0
            return k + 1, residuals.write(k, y_1), distances.write(k, squared)

        residuals, distances = self._for_each(add_residuals, [None, self.dim + 1], [None])
        log_joint = tf.gather(prepared["log_joint_at_mean"], component)
        log_joint -= 0.5 * distances.concat()
        highest = tf.math.unsorted_segment_max(log_joint, row, tf.shape(x)[0])
        parts = tf.exp(log_joint - tf.gather(highest, row))
        total = tf.math.unsorted_segment_sum(parts, row, tf.shape(x)[0])
        log_prob = highest + tf.math.log(total)
        r = parts * tf.gather(weight / total, row)

        def add_moments(k, moments):
            y_1 = residuals.read(k)
            weighted = r[starts[k] : ends[k], None] * y_1
            return k + 1, moments.write(k, tf.matmul(weighted, y_1, transpose_a=True))

        (moments,) = self._for_each(add_moments, [self.dim + 1, self.dim + 1])
        moments = moments.stack()  # of y_1, [K, D + 1, D + 1]
        return log_prob, {
            "count": moments[:, -1, -1],
            "first": moments[:, :-1, -1],
            "second": moments[:, :-1, :-1],
        }

    def to_row_moments(self, sums):
        count, first, second = sums["count"][:, None], sums["first"], sums["second"]
        # E x = m + L E y, and E x x^T = L E y y^T L^T + (L E y) m^T + m (L E y)^T + m m^T.
        first = tf.linalg.matvec(self.scale_tril, first)
        cross = first[:, :, None] * self.means[:, None]
        around = tf.matmul(self.scale_tril, tf.matmul(second, self.scale_tril, transpose_b=True))
        squares = count[:, :, None] * self.means[:, :, None] * self.means[:, None]
        second = around + cross + tf.linalg.matrix_transpose(cross) + squares
        return {**sums, "first": first + count * self.means, "second": second}

    def from_row_moments(self, moments):
        count = moments["count"][:, None]
        first = moments["first"] - count * self.means
        cross = first[:, :, None] * self.means[:, None]
        squares = count[:, :, None] * self.means[:, :, None] * self.means[:, None]
        around = moments["second"] - cross - tf.linalg.matrix_transpose(cross) - squares
        second = tf.matmul(self.whitener, tf.matmul(around, self.whitener, transpose_b=True))
        return {**moments, "first": tf.linalg.matvec(self.whitener, first), "second": second}

    def maximize(self, sums):
        counts = tf.maximum(sums["count"], EMPTY)[:, None]
        mean, second = sums["first"] / counts, sums["second"] / counts[:, :, None]
        residual = second - mean[:, :, None] * mean[:, None]
        covariances, second = (
            tf.matmul(self.scale_tril, tf.matmul(moment, self.scale_tril, transpose_b=True))
            for moment in (residual, second)
        )
        self.means.assign(self.means + tf.linalg.matvec(self.scale_tril, mean))
        self._assign_fitted(covariances, second)

    def draw(self, chosen, noise):
        scale = tf.gather(self.scale_tril, chosen)  # [B, D, D]
        return tf.gather(self.means, chosen) + tf.linalg.matvec(scale, noise)

    def _log_density_at_mean(self):
        """Returns log N(m_k; m_k, S_k), [K]."""
        return half_log_det(self.whitener.value) - 0.5 * self.dim * LOG_2PI

    def _for_each(self, body, *shapes):
        """Runs body(k, *arrays) for each component; returns the arrays, with items of `shapes`."""
        arrays = [
            tf.TensorArray(tf.float64, self.count, element_shape=shape, infer_shape=False)
            for shape in shapes
        ]
        return tf.while_loop(lambda k, *_: k < self.count, body, (0, *arrays))[1:]


def _identities(shape, dtype):
    return tf.eye(shape[-1], batch_shape=shape[:-2], dtype=dtype)
