"""The zoo's Adam does what Keras' does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.models import optimizers

SHAPES = [(3, 2), (5,), ()]


def _steps(make, count=7):
    """The variables after some steps of a rate that falls, from gradients of all sizes."""
    noise = np.random.default_rng(0)
    variables = [keras.Variable(noise.normal(size=shape).astype(np.float32)) for shape in SHAPES]
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.7)
    optimizer = make(schedule, beta_1=0.5, beta_2=0.9, epsilon=1e-3)
    optimizer.build(variables)
    step = tf.function(lambda gradients: optimizer.apply(gradients, variables))
    for _ in range(count):
        scale = 10.0 ** noise.integers(-4, 3)
        step([tf.constant(scale * noise.normal(size=s), tf.float32) for s in SHAPES])
    return [v.numpy() for v in [*variables, *optimizer.variables[2:]]]


def test_adam_is_that_of_keras():
    ours, theirs = _steps(optimizers.Adam), _steps(keras.optimizers.Adam)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_adam_without_amsgrad_says_so():
    with pytest.raises(ValueError, match=r"keras\.optimizers\.Adam"):
        _steps(lambda *args, **kwargs: optimizers.Adam(*args, amsgrad=True, **kwargs))
