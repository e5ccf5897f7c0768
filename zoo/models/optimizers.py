"""Optimizers from a config, and a gradient step on all replicas."""

import keras
import tensorflow as tf

from zoo import replicas
from zoo.models import keras_state


def adam(
    config,
    total_steps: int | None,
    learning_rate: float | None = None,
    betas: tuple[float, float] = (0.9, 0.999),
) -> keras.Optimizer:
    """Returns Adam with the config's schedule.

    Args:
      config: learning_rate, warmup and schedule are read.
      total_steps: length of the run, at whose end a cosine schedule reaches zero; None for a
        constant rate without warm-up.
      learning_rate: replaces the config's, for a second optimizer.
      betas: decay rates of the first and the second moment.
    """
    rate = config.learning_rate if learning_rate is None else learning_rate
    if total_steps is not None:
        warmup_steps = round(config.warmup * total_steps)
        rate = _Schedule(rate, warmup_steps, config.schedule, total_steps)
    with keras_state.settings(floatx="float32"):  # the type of the rate
        return Adam(rate, *betas)


def descend(
    loss: tf.Tensor,
    tape: tf.GradientTape,
    optimizer: keras.Optimizer,
    variables,
    clip_norm: float = 0.0,
) -> tf.Tensor:
    """Takes one step down the gradient of a loss on the batch of all replicas.

    Args:
      loss: mean loss [] over the rows of this replica.
      tape: the tape that recorded the loss.
      optimizer: built for the variables.
      variables: the variables to change.
      clip_norm: if above 0, the whole batch's gradient is scaled down to this global norm.

    Returns:
      The norm [] of this replica's gradient.
    """
    count = tf.distribute.get_strategy().num_replicas_in_sync
    # Keras sums gradients over replicas: each contributes its share of the global mean.
    share = 1.0 / tf.cast(count, loss.dtype)
    gradients = tape.gradient(loss, [v.value for v in variables], output_gradients=share)
    # Those of tables whose rows are looked up are sparse.
    gradients = [None if g is None else tf.convert_to_tensor(g) for g in gradients]
    norm = tf.linalg.global_norm(gradients) * count
    if clip_norm:
        # Keras would clip each replica's share separately, which gives another gradient.
        gradients, _ = tf.clip_by_global_norm(replicas.all_reduce("sum", gradients), clip_norm)
        gradients = [gradient / count for gradient in gradients]
    optimizer.apply(gradients, variables)
    return norm


@keras.saving.register_keras_serializable("zoo")
class Adam(keras.optimizers.Adam):
    """Keras' Adam, each variable updated by one operation that reads and writes it once.

    Kingma and Ba 2014, Adam: A Method for Stochastic Optimization (arXiv 1412.6980). Keras' own
    takes ten operations, each of which reads all numbers again.
    """

    def build(self, variables):
        if self.amsgrad:
            raise ValueError("amsgrad is not for this Adam: take keras.optimizers.Adam.")
        super().build(variables)

    def update_step(self, gradient, variable, learning_rate):
        index, kind = self._get_variable_index(variable), variable.dtype
        step = tf.cast(self.iterations.value + 1, kind)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=tf.cast(learning_rate, kind),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, kind),
        )


@keras.saving.register_keras_serializable("zoo")
class _Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then constant or half a cosine to zero."""

    def __init__(self, peak, warmup_steps, schedule, total_steps):
        self.peak, self.warmup_steps = peak, warmup_steps
        self.schedule, self.total_steps = schedule, total_steps

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        rate = self.peak
        if self.schedule == "cosine":
            done = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
            rate *= 0.5 * (1.0 + keras.ops.cos(3.14159265 * keras.ops.clip(done, 0.0, 1.0)))
        if self.warmup_steps:
            rate *= keras.ops.minimum(1.0, (step + 1.0) / self.warmup_steps)
        return rate

    def get_config(self):
        return dict(vars(self))
