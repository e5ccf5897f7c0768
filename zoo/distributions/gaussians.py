"""Arithmetic of Gaussians that priors and mixtures share."""

import math

import tensorflow as tf
import tensorflow_probability as tfp

LOG_2PI = math.log(2 * math.pi)


def as_float64(*tensors) -> list[tf.Tensor]:
    """Returns the tensors in float64."""
    return [tf.cast(tensor, tf.float64) for tensor in tensors]


def squared_distances(x: tf.Tensor, means: tf.Tensor, variances: tf.Tensor) -> tf.Tensor:
    """Returns sum_d (x - m)^2 / v [K, B] of x [B, D] from m, v [K, D], all float64.

    (x - m)^2 / v = x^2 / v - 2 x m / v + m^2 / v: two matrix products. These terms are large and
    their sum is not, hence float64.
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
    uniform = tfp.distributions.Normal(0.0, 1.0).cdf(noise)  # [B]
    return tf.reduce_sum(tf.cast(uniform[:, None] > cumulative[:-1], tf.int32), -1)
