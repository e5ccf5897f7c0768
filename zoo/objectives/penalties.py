"""What a discriminator D pays for its slope, and any network for its weights."""

from collections.abc import Callable, Sequence

import tensorflow as tf

# Under the square root of a gradient's norm, whose own gradient is infinite at 0.
EPSILON = 1e-12


def logits_and_squared_gradients(
    logit: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns D(x) and |grad_x D(x)|^2 of each row, float32 [B] each, from one pass through D.

    On real images it is the penalty R1, on generated ones R2, each to be weighted by gamma / 2
    (Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?, arXiv
    1801.04406, equations 9 and 10).

    Args:
      logit: D: maps x [B, ...] to logits [B], row by row.
      x: where the slope is taken, float32 [B, ...].
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        logits = logit(x)
    slope = tape.gradient(logits, x)  # of their sum
    return logits, tf.reduce_sum(tf.square(slope), range(1, len(x.shape)))


def gradient_penalty(
    logit: Callable[[tf.Tensor], tf.Tensor], real: tf.Tensor, fake: tf.Tensor, t: tf.Tensor
) -> tf.Tensor:
    """Returns (|grad_x D(x)| - 1)^2 at points x between real and generated rows, float32 [B].

    Gulrajani et al. 2017, Improved Training of Wasserstein GANs (arXiv 1704.00028), equation 3.

    Args:
      logit: D, as there.
      real: float32 [B, ...].
      fake: float32 [B, ...].
      t: uniform in [0, 1), [B]; x is real at 0 and fake at 1.
    """
    t = tf.reshape(t, [-1, *[1] * (len(real.shape) - 1)])
    _, squared_slopes = logits_and_squared_gradients(logit, real + t * (fake - real))
    return tf.square(tf.sqrt(squared_slopes + EPSILON) - 1.0)


def l2(variables: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns half the sum of all squared weights, []."""
    return tf.add_n([tf.nn.l2_loss(variable) for variable in variables])
