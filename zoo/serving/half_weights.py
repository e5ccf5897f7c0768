"""Stores weights in half precision: half the size on disk, with computations in float32."""

from collections.abc import Sequence

import keras
import tensorflow as tf

# Smaller weights are not converted: they take little space.
MIN_SIZE = 1024


def store(variables: Sequence[keras.Variable], signatures: dict) -> tuple[list[tf.Variable], dict]:
    """Returns variables to save, and signatures that compute with them.

    Args:
      variables: those that the signatures read.
      signatures: {name: tf.function}.

    Returns:
      A tf.Variable for each variable, of float16 where it is a large one of float32; and signatures
      in which each of these, cast to float32, replaces its original variable.
    """
    large = [v.dtype == "float32" and v.shape.num_elements() >= MIN_SIZE for v in variables]
    stored = [
        tf.Variable(tf.cast(v.value, tf.float16), name=v.name) if is_large else v.value
        for v, is_large in zip(variables, large, strict=True)
    ]
    halves = [(v, s) for v, s, is_large in zip(variables, stored, large, strict=True) if is_large]
    return stored, {name: _reads(halves, function) for name, function in signatures.items()}


def _reads(halves, function):
    """The same tf.function, reading the stored variables instead."""

    def run(*row):
        with _Reading(halves):
            return function.python_function(*row)

    return tf.function(run, function.input_signature, autograph=False)


class _Reading(keras.StatelessScope):
    """Variables have the values of the stored ones, cast where they are read.

    A function that signatures share may not have the result of a cast in one of them.
    """

    def __init__(self, halves):
        super().__init__()
        self.halves = {id(variable): half for variable, half in halves}

    def get_current_value(self, variable):
        half = self.halves.get(id(variable))
        return None if half is None else tf.cast(half, variable.dtype)
