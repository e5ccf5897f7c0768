"""Moving averages of weights, which evaluation and export use instead of the last weights."""

import contextlib
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf


class MovingAverages(tf.Module):
    """Exponential moving averages of some variables of a model.

    The momentum at step t = 0, 1, ... is min(momentum, t / (9 + t)): the weights before the first
    step never count, and a short run is not judged by its early ones. Make it within the strategy's
    scope.

    Args:
      variables: the variables to average.
      momentum: in [0, 1); 0 keeps no averages.
    """

    def __init__(self, variables: Sequence[keras.Variable], momentum: float):
        super().__init__()
        self.momentum = momentum
        self.variables_averaged = [v.value for v in variables] if momentum else []
        self.averages = [
            tf.Variable(
                tf.convert_to_tensor(variable),
                trainable=False,
                # The weights of all replicas are the same, and so are their averages.
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
            for variable in self.variables_averaged
        ]

    def update(self, step: tf.Tensor) -> None:
        """Moves the averages towards the variables; `step` [] is the number of steps before."""
        t = tf.cast(step, tf.float32)
        momentum = tf.minimum(self.momentum, t / (9.0 + t))
        for average, variable in zip(self.averages, self.variables_averaged, strict=True):
            rate = tf.cast(1.0 - momentum, average.dtype)
            average.assign(average + rate * (tf.convert_to_tensor(variable) - average))

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Replaces the variables by the averages while the body runs."""
        raw = [tf.identity(variable) for variable in self.variables_averaged]
        for variable, average in zip(self.variables_averaged, self.averages, strict=True):
            variable.assign(tf.convert_to_tensor(average))
        try:
            yield
        finally:
            for variable, value in zip(self.variables_averaged, raw, strict=True):
                variable.assign(value)
