"""Gaussians as components of a mixture, and arithmetic that priors and mixtures share."""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

LOG_2PI = math.log(2 * math.pi)


def as_float64(*tensors) -> list[tf.Tensor]:
    """Returns the tensors in float64."""
    return [tf.cast(tensor, tf.float64) for tensor in tensors]


def squared_distances(x: tf.Tensor, means: tf.Tensor, variances: tf.Tensor) -> tf.Tensor:
    """Returns sum_d (x - m)^2 / v [K, B] of x [B, D] from m, v [K, D], all float64.

    (x - m)^2 / v = x^2 / v - 2 x m / v + m^2 / v: two matrix products. These terms are large and
    their sum is not, hence the float64.
    """
    precisions = 1 / variances
    squares = tf.matmul(precisions, x * x, transpose_b=True)
    products = tf.matmul(means * precisions, x, transpose_b=True)
    return squares - 2 * products + tf.reduce_sum(means**2 * precisions, -1, keepdims=True)


def half_log_det(scale_tril: tf.Tensor) -> tf.Tensor:
    """Returns log det L [...] of triangular L [..., D, D]: half of that of the covariance L L^T."""
    return tf.reduce_sum(tf.math.log(tf.linalg.diag_part(scale_tril)), -1)


def choose_components(probs: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Returns components int32 [B], drawn with probabilities [C] by standard normal noise [B]."""
    cumulative = tf.cumsum(tf.cast(probs, noise.dtype))  # [C]
    uniform = tfd.Normal(0.0, 1.0).cdf(noise)  # [B]
    return tf.reduce_sum(tf.cast(uniform[:, None] > cumulative[:-1], tf.int32), -1)


class DiagonalComponents(tfd.MultivariateNormalDiag):
    """C diagonal Gaussians [C, D] whose densities at many z are two matrix products.

    Nothing of shape [B, C, D] is made.
    """

    def _log_prob(self, z):
        if z.shape[-2] != 1:  # the mixture asks for another shape
            return super()._log_prob(z)
        loc, scale, z = as_float64(self.mean(), self.stddev(), z)
        rows = tf.reshape(z, [-1, z.shape[-1]])  # [B, D]
        distances = tf.transpose(squared_distances(rows, loc, tf.square(scale)))  # [B, C]
        log_det = tf.reduce_sum(tf.math.log(scale), -1)  # [C]
        return _of_each(z, distances, log_det)


class FullComponents(tfd.MultivariateNormalTriL):
    """C Gaussians [C, D] whose residuals at many z are one matrix product."""

    def _log_prob(self, z):
        if z.shape[-2] != 1:
            return super()._log_prob(z)
        loc, scale = self.mean(), self.scale.to_dense()
        count, dim = loc.shape
        whitener = tf.linalg.triangular_solve(scale, tf.eye(dim, batch_shape=[count]))
        offset = tf.linalg.matvec(whitener, loc)  # [C, D]
        rows = tf.reshape(z, [-1, dim])  # [B, D]
        residuals = tf.matmul(rows, tf.reshape(whitener, [-1, dim]), transpose_b=True)
        residuals = tf.reshape(residuals, [-1, count, dim]) - offset  # [B, C, D]
        log_det = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(scale)), -1)  # [C]
        return _of_each(z, tf.reduce_sum(residuals**2, -1), log_det)


def _of_each(z, distances, log_det):
    """Log densities [..., C] of z [..., 1, D] from squared distances [B, C], log det L [C]."""
    log_probs = tf.cast(-0.5 * (distances + z.shape[-1] * LOG_2PI) - log_det, tf.float32)
    return tf.reshape(log_probs, tf.concat([tf.shape(z)[:-2], [log_det.shape[0]]], 0))
