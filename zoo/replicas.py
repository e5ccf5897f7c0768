"""Reductions over the batch of all replicas."""

import tensorflow as tf


def all_reduce(operation: str, values):
    """Returns tensors "sum"med or "mean"ed over replicas; as they are where there is one.

    Args:
      operation: "sum" or "mean".
      values: a tensor or a nest of tensors.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce(operation, values)
