"""Components whose covariance is of low rank plus a diagonal: a mixture of factor analysers."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo.distributions.gaussians import LOG_2PI, as_float64, half_log_det, squared_distances
from zoo.mixtures.components import EMPTY, Components


class LowRank(Components):
    """Covariances U_k U_k^T + diag(v_k): a mixture of factor analysers, x = m_k + U_k f + noise.

    Ghahramani and Hinton 1996, The EM Algorithm for Mixtures of Factor Analyzers (CRG-TR-96-1).
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.noise_size = self.dim + self.rank
        self.factors = self.state("factors", [self.count, self.dim, self.rank], "zeros")
        self.variances = self.state("variances", [self.count, self.dim], "ones")

    def _posterior(self):
        """Returns A [K, R, D] with A (x - m) the factors, whitened; and L of their precision."""
        factors, variances = as_float64(self.factors, self.variances)
        scaled = factors / variances[:, :, None]  # [K, D, R]
        eye = tf.eye(self.rank, dtype=tf.float64)
        scale = tf.linalg.cholesky(eye + tf.matmul(factors, scaled, transpose_a=True))
        return tf.linalg.triangular_solve(scale, tf.linalg.matrix_transpose(scaled)), scale

    def coefficients(self, dtype=None):
        project, scale = self._posterior()
        offset = tf.linalg.matvec(project, tf.cast(self.means, tf.float64))  # [K, R]
        stacked, offset = (tf.cast(t, dtype or self.dtype) for t in (project, offset))
        return {
            "stacked": tf.reshape(stacked, [-1, self.dim]),
            "offset": offset[:, :, None],
            "scale": scale,
        }

    def features(self, x, coefficients):
        stacked, offset = coefficients["stacked"], coefficients["offset"]
        x = self.relative(x, stacked.dtype)
        products = tf.matmul(stacked, x, transpose_b=True)  # [K R, B]
        white = tf.reshape(products, [self.count, self.rank, -1]) - offset
        return {**coefficients, "x": x, "white": white}

    def log_prob(self, features):
        x, means, variances = as_float64(features["x"], self.means, self.variances)
        # Woodbury: the whitened factors explain a part of the distance.
        distances = squared_distances(x, means, variances)
        distances -= tf.cast(tf.reduce_sum(features["white"] ** 2, 1), tf.float64)  # [K, B]
        log_det = 0.5 * tf.reduce_sum(tf.math.log(variances), -1) + half_log_det(features["scale"])
        return -0.5 * (distances + self.dim * LOG_2PI) - log_det[:, None]

    def sums(self, features, r):
        x, white, scale = features["x"], features["white"], features["scale"]
        eye = tf.eye(self.rank, batch_shape=[self.count], dtype=tf.float64)
        inverse = tf.linalg.triangular_solve(scale, eye)
        factors = tf.matmul(tf.cast(inverse, x.dtype), white, transpose_a=True)  # E f [K, R, B]
        factors = tf.concat([factors, tf.ones_like(factors[:, :1])], 1)  # ... and 1
        weighted = r[:, None] * factors  # [K, R + 1, B]
        stacked = tf.reshape(weighted, [-1, tf.shape(x)[0]])
        cross = tf.reshape(tf.matmul(stacked, x), [self.count, self.rank + 1, self.dim])
        moments = tf.matmul(weighted, factors, transpose_b=True)
        x, r, cross, moments = as_float64(x, r, cross, moments)
        count = tf.reduce_sum(r, 1)
        covariance = tf.matmul(inverse, inverse, transpose_a=True)  # of f given x
        covariance = tf.pad(covariance, [[0, 0], [0, 1], [0, 1]]) * count[:, None, None]
        return {
            "count": count,
            "first": cross[:, -1],
            "second": tf.matmul(r, x * x),  # [K, D]
            "cross": cross,
            "moments": moments + covariance,
        }

    def maximize(self, sums):
        counts = tf.maximum(sums["count"], EMPTY)[:, None]
        # The moments of an empty component are singular.
        moments = sums["moments"] + 1e-9 * tf.eye(self.rank + 1, dtype=tf.float64)
        # The regression of x on (f, 1) gives factors and mean together.
        solved = tf.linalg.solve(moments, sums["cross"])  # [K, R + 1, D]
        explained = tf.reduce_sum(solved * sums["cross"], 1)
        variances = tf.maximum((sums["second"] - explained) / counts, 0.0) + self.reg_covar
        loadings, means = tf.linalg.matrix_transpose(solved[:, :-1]), solved[:, -1]
        # Were f free to be N(a, L L^T) it would be; that is to be N(0, I) with other loadings and
        # mean. Without this step their scale hardly moves where the variances are small (parameter
        # expansion: Liu, Rubin and Wu 1998, Biometrika 85).
        a = moments[:, -1, :-1] / counts  # [K, R]
        covariance = moments[:, :-1, :-1] / counts[:, :, None] - a[:, :, None] * a[:, None]
        scale = tf.linalg.cholesky(covariance + 1e-9 * tf.eye(self.rank, dtype=tf.float64))
        self.factors.assign(tf.cast(tf.matmul(loadings, scale), self.dtype))
        self.means.assign(tf.cast(means + tf.linalg.matvec(loadings, a), self.dtype))
        self.variances.assign(tf.cast(variances, self.dtype))

    def assign_covariances(self, covariances):
        values, vectors = np.linalg.eigh(covariances)  # ascending
        largest = np.maximum(values[:, -self.rank :], 0)
        rest = np.trace(covariances, axis1=1, axis2=2) - largest.sum(-1)
        rest = np.maximum(rest / max(self.dim - self.rank, 1), self.reg_covar)  # [K]
        scales = np.sqrt(np.maximum(largest - rest[:, None], 0))
        factors = vectors[:, :, -self.rank :] * scales[:, None]
        self.factors.assign(np.broadcast_to(factors, self.factors.shape))
        remaining = np.diagonal(covariances, axis1=1, axis2=2) - np.sum(factors**2, -1)
        remaining = np.maximum(remaining, self.reg_covar)
        self.variances.assign(np.broadcast_to(remaining, self.variances.shape))

    def distribution(self):
        return tfd.MultivariateNormalDiagPlusLowRankCovariance(
            self.loc(), self.variances.value, self.factors.value
        )

    def draw(self, chosen, noise):
        means, variances = tf.gather(self.means, chosen), tf.gather(self.variances, chosen)
        common = tf.linalg.matvec(tf.gather(self.factors, chosen), noise[:, self.dim :])
        return means + tf.sqrt(variances) * noise[:, : self.dim] + common

    def covariance_variables(self):
        return [self.factors, self.variances]

    def num_parameters(self):
        # A rotation of the factors changes nothing.
        free = self.dim * self.rank - self.rank * (self.rank - 1) // 2
        return self.count * (2 * self.dim + free)
