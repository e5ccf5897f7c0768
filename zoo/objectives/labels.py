"""What a classifier pays where only some rows have a label."""

import tensorflow as tf
import tensorflow_probability as tfp


def label_terms(
    q_y: tfp.distributions.Categorical, y: tf.Tensor, training: bool
) -> dict[str, tf.Tensor]:
    """Returns "cross_entropy" and "error" of q(y|x), [B] each, 0 where no label is known.

    In training they are such that their means over a batch are means over its labelled rows.

    Args:
      q_y: of the rows, over [B].
      y: their labels, int32 [B]; -1 where none is known.
      training: whether this is a training step.
    """
    share = tf.cast(y >= 0, tf.float32)  # [B]
    if training:
        share = tf.math.divide_no_nan(share, tf.reduce_mean(share))
    return {
        "cross_entropy": -share * q_y.log_prob(tf.maximum(y, 0)),
        "error": share * tf.cast(q_y.mode() != y, tf.float32),
    }
