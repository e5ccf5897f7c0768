"""Rows of numbers in units of their columns."""

import keras
import numpy as np
import tensorflow as tf

from zoo.data import Split

# Rows that center and spread are measured on.
MEASURED_ROWS = 100_000


class Standardizer(keras.Layer):
    """Maps rows x [..., D] to (x - center) / spread, column by column, and back.

    Center and spread are mean and standard deviation of the training rows, which
    `initialize_from_data` measures; before that, and without `active`, rows are unchanged.

    Args:
      dim: D.
      active: whether to standardize; without it there are no weights.
    """

    def __init__(self, dim: int, active: bool):
        super().__init__()
        self.active = active
        if active:
            self.center, self.spread = (
                self.add_weight(name=name, shape=(dim,), initializer=start, trainable=False)
                for name, start in (("center", "zeros"), ("spread", "ones"))
            )
        self.built = True

    def standardize(self, x: tf.Tensor) -> tf.Tensor:
        """Returns rows [..., D] in units of their columns."""
        return (x - self.center.value) / self.spread.value if self.active else x

    def restore(self, x: tf.Tensor) -> tf.Tensor:
        """Returns standardized rows [..., D] in the units of the data."""
        return self.center.value + self.spread.value * x if self.active else x

    def rescale(self, scale: tf.Tensor) -> tf.Tensor:
        """Returns standard deviations of standardized columns in the units of the data."""
        return self.spread.value * scale if self.active else scale

    def initialize_from_data(self, split: Split) -> None:
        """Measures center and spread; a column without spread keeps its unit."""
        if not self.active:
            return
        rows = split.take(min(split.size, MEASURED_ROWS)).batches(10_000).as_numpy_iterator()
        x = np.concatenate([batch["x"] for batch in rows]).astype(np.float64)
        spread = x.std(0)
        self.center.assign(x.mean(0))
        self.spread.assign(np.where(spread > 1e-6 * np.abs(x).max(0), spread, 1.0))
