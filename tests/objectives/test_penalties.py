"""Penalties against closed forms and finite differences, in float64."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.objectives import penalties

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(2, 6, 3))
T = RNG.random(6)


def test_squared_slope_of_a_linear_discriminator_is_that_of_its_weights():
    w = np.array([[1.0], [-2.0], [0.5]])
    slope = penalties.logits_and_squared_gradients(
        lambda x: (x @ w)[:, 0] + 3.0, tf.constant(REAL)
    )[1]
    np.testing.assert_allclose(slope, np.full(6, np.sum(w**2)))
    images = tf.constant(RNG.normal(size=(4, 2, 3, 1)))
    slope = penalties.logits_and_squared_gradients(
        lambda x: tf.reduce_sum(x, [1, 2, 3]) * 2, images
    )[1]
    np.testing.assert_allclose(slope, np.full(4, 4 * 6))


def test_gradient_penalty_of_a_linear_discriminator():
    w = np.array([[1.0], [-2.0], [0.5]])
    args = [tf.constant(a) for a in (REAL, FAKE, T)]
    penalty = penalties.gradient_penalty(lambda x: (x @ w)[:, 0], *args)
    np.testing.assert_allclose(penalty, np.full(6, (np.linalg.norm(w) - 1) ** 2), rtol=1e-6)


def test_gradient_penalty_is_taken_between_real_and_generated_rows():
    """D = |x|^2 / 2 has the slope |x|."""
    args = [tf.constant(a) for a in (REAL, FAKE, T)]
    penalty = penalties.gradient_penalty(lambda x: tf.reduce_sum(x**2, -1) / 2, *args)
    between = REAL + T[:, None] * (FAKE - REAL)
    np.testing.assert_allclose(penalty, (np.linalg.norm(between, axis=1) - 1) ** 2, rtol=1e-6)


def test_the_gradient_of_no_slope_at_all_is_finite():
    x = tf.constant(REAL)
    w = tf.Variable(np.zeros([3, 1]))
    with tf.GradientTape() as tape:
        penalty = penalties.gradient_penalty(lambda x: (x @ w)[:, 0], x, x, tf.constant(T))
    assert np.all(np.isfinite(tape.gradient(penalty, w)))


def numeric_slope(discriminator, x, h=1e-5):
    """|dD/dx|^2 of each row by finite differences in x."""
    total = np.zeros(len(x))
    for i in range(x.shape[1]):
        step = h * np.eye(x.shape[1])[i]
        total += ((discriminator(x + step) - discriminator(x - step)) / (2 * h)) ** 2
    return total


@pytest.mark.parametrize("kind", ["squared_slopes", "gradient_penalty"])
def test_gradients_for_the_weights_are_those_of_finite_differences(kind):
    """A small tanh network, whose input gradient comes from finite differences as well."""
    first, last = RNG.normal(size=(3, 4)), RNG.normal(size=4)

    def value(first):
        def discriminator(x):
            return np.tanh(x @ first) @ last

        if kind == "squared_slopes":
            return numeric_slope(discriminator, REAL).mean()
        between = REAL + T[:, None] * (FAKE - REAL)
        return np.mean((np.sqrt(numeric_slope(discriminator, between)) - 1) ** 2)

    weights = tf.Variable(first)
    with tf.GradientTape() as tape:

        def logit(x):
            return tf.linalg.matvec(tf.tanh(x @ weights), last)

        args = [tf.constant(a) for a in (REAL, FAKE, T)]
        penalty = (
            penalties.logits_and_squared_gradients(logit, args[0])[1]
            if kind == "squared_slopes"
            else penalties.gradient_penalty(logit, *args)
        )
        mean = tf.reduce_mean(penalty)
    assert float(mean) == pytest.approx(value(first), rel=1e-6)
    gradient = tape.gradient(mean, weights).numpy()
    h = 1e-4
    for i in np.ndindex(*first.shape):
        step = np.zeros_like(first)
        step[i] = h
        numeric = (value(first + step) - value(first - step)) / (2 * h)
        assert gradient[i] == pytest.approx(numeric, rel=1e-3, abs=1e-5)


def test_l2_is_half_the_sum_of_squares():
    assert float(penalties.l2([tf.constant([1.0, 2.0]), tf.constant([[3.0]])])) == 7.0
