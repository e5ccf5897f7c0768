"""Optimizers from a config."""

import keras

from zoo.errors import UserError

SCHEDULES = ("constant", "cosine")


def adam(config, total_steps: int, learning_rate: float | None = None) -> keras.Optimizer:
    """Returns Adam with the config's schedule, clipping and moving average of the weights.

    Args:
      config: learning_rate, warmup_steps, schedule, clip_norm and ema are read.
      total_steps: length of the run, at whose end a cosine schedule reaches zero.
      learning_rate: in place of the config's, for a second optimizer.
    """
    peak = config.learning_rate if learning_rate is None else learning_rate
    if config.schedule not in SCHEDULES:
        raise UserError(
            f"Unknown schedule {config.schedule!r}: expected one of {', '.join(SCHEDULES)}."
        )
    if config.warmup_steps >= total_steps:
        raise UserError(
            f"warmup_steps={config.warmup_steps} is not shorter than the run of {total_steps} "
            "steps: lower it or raise num_epochs."
        )
    return keras.optimizers.Adam(
        _Schedule(peak, config.warmup_steps, config.schedule, total_steps),
        global_clipnorm=config.clip_norm or None,
        use_ema=bool(config.ema),
        ema_momentum=config.ema or 0.99,
    )


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
