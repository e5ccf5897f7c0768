"""What needs the batch of all replicas."""

import tensorflow as tf


def all_reduce(operation: str, values):
    """Returns tensors "sum"med or "mean"ed over replicas; unchanged if there is one.

    Args:
      operation: "sum" or "mean".
      values: a tensor or a nest of tensors.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce(operation, values)


def gather(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | int]:
    """Returns the values of all replicas [R, ...], and which of them are this one's.

    Gradients go back to the replica that a value comes from. All have as many.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values[None], 0
    place = tf.convert_to_tensor(context.replica_id_in_sync_group)
    chosen = tf.one_hot(place, context.num_replicas_in_sync)
    chosen = tf.reshape(chosen, [-1] + [1] * len(values.shape))
    return context.all_reduce("sum", chosen * values[None]), place
