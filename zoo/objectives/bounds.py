"""What a VAE maximises: the rate in its several forms, and importance-weighted bounds.

Symbols: w = p(x|z) p(z) / q(z|x), the importance weight of a code z drawn from q; nats throughout.
"""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import replicas


def rate(q: tfd.Distribution, p: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
    """Returns KL(q || p) [k, B]: in closed form where there is one, else log q(z) - log p(z).

    Args:
      q: posterior of B codes.
      p: prior of one code.
      z: [k, B, D] drawn from q.
    """
    try:
        return tf.broadcast_to(tfd.kl_divergence(q, p), tf.shape(z)[:-1])
    except NotImplementedError:
        return q.log_prob(z) - p.log_prob(z)


def free_bits(q: tfd.Distribution, p: tfd.Distribution, minimum: float) -> tf.Tensor:
    """Returns KL(q || p) [B] of diagonal Gaussians, each dimension's mean at least `minimum` nats.

    Kingma et al. 2016 (arXiv 1606.04934), equation 18, every dimension a group of its own: one
    whose mean over the whole batch is below `minimum` counts as `minimum` and has no gradient.
    """
    of_dimension = tfd.kl_divergence(
        tfd.Normal(q.mean(), q.stddev()), tfd.Normal(p.mean(), p.stddev())
    )  # [B, D]
    return tf.reduce_sum(free_bits_of_group(of_dimension, minimum), -1)


def free_bits_of_group(rate: tf.Tensor, minimum: float) -> tf.Tensor:
    """Returns rates [B, ...] where their mean over the batch exceeds `minimum`, else `minimum`."""
    mean = replicas.all_reduce("mean", tf.stop_gradient(tf.reduce_mean(rate, 0)))
    return tf.where(mean > minimum, rate, minimum)


def importance_weighted_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """Returns log 1/k sum_i w_i [B] from log w [k, B], a lower bound of log p(x) in expectation.

    Burda et al. 2016, Importance Weighted Autoencoders (arXiv 1509.00519), equation 8.
    """
    k = tf.cast(tf.shape(log_weights)[0], log_weights.dtype)
    return tf.reduce_logsumexp(log_weights, 0) - tf.math.log(k)


def doubly_reparametrized(z: tf.Tensor, beta: tf.Tensor | float = 1.0):
    """Returns z and its bound, for a gradient whose noise does not drown it as k grows.

    Tucker et al. 2019, Doubly Reparameterized Gradient Estimators (arXiv 1810.04152), equation 9:
    with u_i = w_i / sum_j w_j, q's parameters learn from sum_i u_i^2 d log w_i / dz_i dz_i / dphi.
    Where w = p(x|z) (p(z) / q(z|x))^beta, the same derivation has u_i (1 - beta (1 - u_i)) for
    u_i^2. For this, log w has to be computed from the z returned, with q's parameters held constant
    in q(z|x).

    Args:
      z: [k, B, D] drawn from q, reparametrised.
      beta: [], the weight of the rate in log w.

    Returns:
      z, and the function to use in place of `importance_weighted_bound`.
    """
    share = {}

    @tf.custom_gradient
    def weighted_once_more(z):
        # Run when log w is known: what comes back from the bound has u_i in it once.
        return tf.identity(z), lambda upstream: upstream * share["factor"][..., None]

    def bound(log_weights):
        u = tf.stop_gradient(tf.nn.softmax(log_weights, 0))  # [k, B]
        share["factor"] = 1.0 - beta * (1.0 - u)
        return importance_weighted_bound(log_weights)

    return weighted_once_more(z), bound


def linear_warm_up(step: tf.Tensor, steps: int) -> tf.Tensor:
    """Returns min(1, step / steps), and 1 where there is no warm-up."""
    return tf.minimum(1.0, tf.cast(step, tf.float32) / steps) if steps else tf.constant(1.0)


def bits_per_dim(nats: float, values: int, discrete: bool) -> float:
    """Returns bits a value of images of bytes, from their negative log-likelihood in nats.

    Args:
      nats: of the probability of the bytes, or of the density of dequantised values in [0, 1].
      values: of an image, H W C.
      discrete: whether it is the former.
    """
    return nats / values / math.log(2) + (0 if discrete else 8)
