"""Optimizers from a config."""

import keras
import tensorflow as tf

from zoo.errors import UserError


def adam(config, total_steps: int | None, learning_rate: float | None = None) -> keras.Optimizer:
    """Returns Adam with the config's schedule, clipping and moving average of the weights.

    Args:
      config: learning_rate, warmup_steps, schedule, clip_norm and ema are read.
      total_steps: length of the run, at whose end a cosine schedule reaches zero; None for a
        constant rate without warm-up.
      learning_rate: in place of the config's, for a second optimizer.
    """
    peak = config.learning_rate if learning_rate is None else learning_rate
    if total_steps is None:
        return _adam(config, peak)
    if config.warmup_steps >= total_steps:
        raise UserError(
            f"warmup_steps={config.warmup_steps} is not shorter than the run of {total_steps} "
            "steps: lower it or raise num_epochs."
        )
    return _adam(config, _Schedule(peak, config.warmup_steps, config.schedule, total_steps))


def _adam(config, rate):
    return Adam(
        rate,
        use_ema=bool(config.ema),
        ema_momentum=config.ema or 0.99,
    )


def apply(optimizer: keras.Optimizer, gradients, variables, clip_norm: float = 0.0) -> None:
    """Takes a step with the gradients of this replica's share of the loss.

    Args:
      optimizer: sums gradients over replicas, as Keras' do.
      gradients: of the mean loss of this replica's rows, divided by the number of replicas.
      variables: in the same order.
      clip_norm: if above 0, the whole batch's gradient is scaled down to this global norm.
    """
    if clip_norm:
        # Keras would clip each replica's share by itself, which is another gradient.
        context = tf.distribute.get_replica_context()
        replicas = context.num_replicas_in_sync
        if replicas > 1:
            gradients = context.all_reduce("sum", gradients)
        gradients, _ = tf.clip_by_global_norm(gradients, clip_norm)
        gradients = [gradient / replicas for gradient in gradients]
    optimizer.apply(gradients, variables)


class Adam(keras.optimizers.Adam):
    """Adam whose moving average of the weights soon forgets where they started.

    The momentum after t steps is min(ema, (1 + t) / (10 + t)), so that a short run is not judged
    by weights that are mostly its initial ones.
    """

    @property
    def ema_momentum(self):
        t = keras.ops.cast(self.iterations, "float32")
        return keras.ops.minimum(self._highest_momentum, (1.0 + t) / (10.0 + t))

    @ema_momentum.setter
    def ema_momentum(self, value):
        self._highest_momentum = value


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
