"""Components with correlations: a full covariance each, or one for all."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo.distributions.gaussians import LOG_2PI, as_float64, half_log_det, squared_distances
from zoo.mixtures import expansions
from zoo.mixtures.components import Components

# Dimensions from which on one component after the other takes less time than all in one product.
LARGE_DIM = 16


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

    Log densities and moments come of residuals y = L_k^-1 (x - m_k); their own second moments are
    what a pass adds up. Those are near the identity wherever the components lie, so float32 holds
    them. In float32 and few dimensions most components do with half of that work, see `expansions`.
    """

    def coefficients(self, dtype=None):
        dtype = dtype or self.dtype
        if not self._expands(dtype):
            return self._residual_coefficients(tf.range(self.count), dtype)
        expansion = self._expansion()
        exact = tf.where(expansion.rounds)[:, 0]
        # Index of the result to use for each component: of those by expansion, then the exact ones.
        behind = self.count + tf.cumsum(tf.cast(expansion.rounds, tf.int32)) - 1
        return {
            "expansion": expansion,
            "exact": exact,
            "chosen": tf.where(expansion.rounds, behind, tf.range(self.count)),
            **self._residual_coefficients(exact, dtype),
        }

    def features(self, x, coefficients):
        stacked = coefficients["stacked"]
        x = self.relative(x, stacked.dtype)
        with_ones = tf.concat([x, tf.ones_like(x[:, :1])], 1)
        residuals = tf.matmul(
            tf.reshape(stacked, [-1, self.dim + 1]), with_ones, transpose_b=True
        )  # [k D, B]
        residuals = tf.reshape(residuals, [-1, self.dim, tf.shape(x)[0]])
        features = {**coefficients, "x": x, "with_ones": with_ones, "residuals": residuals}
        if "expansion" in coefficients:
            features["products"] = coefficients["expansion"].features(x)
        return features

    def log_prob(self, features):
        distances = tf.reduce_sum(features["residuals"] ** 2, 1)
        distances = tf.cast(distances, tf.float64)  # [k, B]
        exactly = -0.5 * (distances + self.dim * LOG_2PI) + features["log_det"]
        if "expansion" not in features:
            return exactly
        by_products = features["expansion"].log_prob(features["products"])
        return tf.gather(tf.concat([by_products, exactly], 0), features["chosen"])

    def sums(self, features, r):
        count = tf.reduce_sum(tf.cast(r, tf.float64), 1)
        if "expansion" not in features:
            return {"count": count, **self._residual_sums(features, r)}
        by_products = features["expansion"].sums(features["products"], r)
        exactly = self._residual_sums(features, tf.gather(r, features["exact"]))
        both = {name: tf.concat([by_products[name], exactly[name]], 0) for name in exactly}
        chosen = {name: tf.gather(sums, features["chosen"]) for name, sums in both.items()}
        return {"count": count, **chosen}

    def to_row_moments(self, sums):
        second = self._of_residuals_to_rows(sums)
        if self._expands(self.dtype):
            expansion = self._expansion()
            expanded = expansion.to_row_moments(sums["second"])
            second = tf.where(expansion.rounds[:, None, None], second, expanded)
        return {**sums, "second": second}

    def maximize(self, sums):
        means, counts = self._maximize_means(sums)
        second = sums["second"] / counts[:, :, None]
        self._assign_fitted(second - means[:, :, None] * means[:, None], second)

    def draw(self, chosen, noise):
        scale = tf.gather(self.scale_tril, chosen)  # [B, D, D]
        return tf.gather(self.means, chosen) + tf.linalg.matvec(scale, noise)

    def _expands(self, dtype):
        return dtype == "float32" and self.dim <= expansions.LARGEST_DIM

    def _expansion(self):
        return expansions.Expansion(self.means.value, self.scale_tril.value, self.whitener.value)

    def _residual_coefficients(self, which, dtype):
        """Returns what makes residuals L_k^-1 (x - m_k) of rows, for the components `which` [k]."""
        whitener, means = (tf.gather(v, which) for v in as_float64(self.whitener, self.means))
        offset = tf.linalg.matvec(whitener, means)  # [k, D]
        # The offset as one more column: a separate sum would take as long as the product.
        stacked = tf.concat([whitener, -offset[:, :, None]], 2)
        return {
            "stacked": tf.cast(stacked, dtype),  # [k, D, D + 1]
            "log_det": half_log_det(whitener)[:, None],
        }

    def _residual_sums(self, features, r):
        second = self._residual_moments(features, r)
        x, r, second = as_float64(features["x"], r, second)
        return {"first": tf.matmul(r, x), "second": second}

    def _residual_moments(self, features, r):
        """Returns sum r y y^T, [k, D, D]."""
        if self.dim < LARGE_DIM:
            residuals = features["residuals"]
            return tf.matmul(r[:, None] * residuals, residuals, transpose_b=True)

        # Anew, in the layout of this product: that takes less time than to transpose them.
        def of_one(given):
            stacked, weights = given
            residuals = tf.matmul(features["with_ones"], stacked, transpose_b=True)  # [B, D]
            return tf.matmul(weights[:, None] * residuals, residuals, transpose_a=True)

        shape = [self.dim, self.dim]
        moments = tf.map_fn(
            of_one, (features["stacked"], r), fn_output_signature=tf.TensorSpec(shape, r.dtype)
        )
        return tf.reshape(moments, [-1, *shape])  # where there are none, too

    def _of_residuals_to_rows(self, sums):
        scale, means = as_float64(self.scale_tril, self.means)
        # E (x - m)(x - m)^T = L E y y^T L^T, and of x alone with n (E x m^T + m E x^T - m m^T).
        around = tf.matmul(scale, tf.matmul(sums["second"], scale, transpose_b=True))
        cross = sums["first"][:, :, None] * means[:, None]
        squares = sums["count"][:, None, None] * means[:, :, None] * means[:, None]
        return around + cross + tf.linalg.matrix_transpose(cross) - squares


def _identities(shape, dtype):
    return tf.eye(shape[-1], batch_shape=shape[:-2], dtype=dtype)
