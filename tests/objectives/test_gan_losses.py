"""Losses of both players against their formulas, their gradients and the theory of the minimax."""

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.special
import tensorflow as tf

from tests.objectives.formulas import FORMULAS
from zoo.objectives.gan_losses import LOSSES, classify, minimax


def test_every_loss_has_a_formula_here():
    assert set(FORMULAS) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("player", [0, 1])
def test_values_and_gradients_are_those_of_the_formula(name, player):
    """Gradients by finite differences of the formula, in float64, away from the hinge's kinks."""
    rng = np.random.default_rng(0)
    real, fake = 3 * rng.normal(size=(2, 50))
    formula, loss = FORMULAS[name][player], LOSSES[name][player]
    tensors = [tf.constant(a) for a in (real, fake)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = loss(*tensors)
    np.testing.assert_allclose(value, np.broadcast_to(formula(real, fake), 50), rtol=1e-10)
    h = 1e-6
    by_real = (formula(real + h, fake) - formula(real - h, fake)) / (2 * h)
    by_fake = (formula(real, fake + h) - formula(real, fake - h)) / (2 * h)
    gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    for found, expected in zip(gradients, (by_real, by_fake), strict=True):
        np.testing.assert_allclose(found, np.broadcast_to(expected, 50), atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_logits_far_out_give_finite_losses(name):
    far = tf.constant([-1e4, 1e4])
    for loss in LOSSES[name][:2]:
        assert np.all(np.isfinite(loss(far, -far)))


def test_the_best_discriminator_is_p_over_p_plus_q():
    """On four outcomes with known probabilities; the value is then 2 JSD(p, q) - log 4."""
    p, q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.4, 0.1, 0.1])
    for other in (q, p):
        logits = tf.Variable(np.zeros(4))

        def value(logits=logits, other=other):
            """The mean loss of D: real outcomes by p, generated ones by the other."""
            return tf.reduce_sum(
                p[:, None] * other[None] * classify(logits[:, None], logits[None, :])
            )

        optimizer = tf.keras.optimizers.SGD(5.0)
        for _ in range(500):
            with tf.GradientTape() as tape:
                loss = value()
            optimizer.apply([tape.gradient(loss, logits)], [logits])
        np.testing.assert_allclose(tf.sigmoid(logits), p / (p + other), atol=1e-5)
        divergence = scipy.spatial.distance.jensenshannon(p, other) ** 2
        assert -float(value()) == pytest.approx(2 * divergence - np.log(4), abs=1e-8)
        # What G minimises is the part of the value that it can change.
        fake = tf.reduce_sum(other * minimax(None, logits))
        real = tf.reduce_sum(p * tf.math.log_sigmoid(logits))
        assert float(fake + real) == pytest.approx(-float(value()), abs=1e-8)
    assert -float(value()) == pytest.approx(-np.log(4), abs=1e-8)
