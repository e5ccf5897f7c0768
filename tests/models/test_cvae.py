"""The conditional VAE against closed forms and quadrature."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import models, seeds
from zoo.configs.spec import Spec


@pytest.fixture(scope="module")
def model():
    """A CVAE of one latent dimension, small enough to integrate over it."""
    made = models.create("cvae", Spec((2, 2, 1), 3), hidden=(5,), latent_dim=1, beta=1.0)
    rng = np.random.default_rng(0)
    for v in made.trainable_variables:
        v.assign(rng.normal(size=v.shape) * 0.3)
    return made


def test_elbo_is_below_log_p_and_its_gap_is_the_posteriors_divergence(model):
    """log p(x|y) and the ELBO by quadrature over z, for each of 16 images."""
    every = np.array(np.meshgrid(*[[0.0, 1.0]] * 4)).reshape(4, 16).T.reshape(16, 2, 2, 1)
    x = tf.constant(every, tf.float32)
    y = tf.constant(np.arange(16) % 3, tf.int32)
    z = np.linspace(-12, 12, 8001, dtype=np.float32)[:, None]  # [G, 1]
    width = float(z[1, 0] - z[0, 0])
    q = model.posterior(x, y)
    log_p, elbo = [], []
    for i in range(16):
        log_likelihood = model.likelihood(z, tf.fill([8001], y[i])).log_prob(x[i])
        log_joint = np.float64(log_likelihood + model.prior().log_prob(z))  # [G]
        log_q = np.float64(q[i].log_prob(z))
        log_p.append(np.log(np.sum(np.exp(log_joint)) * width))
        elbo.append(np.sum(np.exp(log_q) * (log_joint - log_q)) * width)
    assert np.all(np.array(elbo) <= np.array(log_p) + 1e-4)

    batch = {"x": x, "y": y}
    terms = model.compiled_method("loss_terms")
    draws = [terms(batch, seeds.root(i))["loss"] for i in range(3000)]
    np.testing.assert_allclose(-np.mean(draws, 0), elbo, atol=0.05)
    score = model.compiled_method("score")
    scores = [score(x, y, seed=tf.fill([16], i)) for i in range(200)]
    np.testing.assert_allclose(np.mean(scores, 0), elbo, atol=0.25)


def test_label_and_code_both_matter(model):
    z = tf.constant([[0.5], [0.5], [-0.5]])
    x = model.decode(z, tf.constant([0, 1, 0])).numpy()
    assert np.abs(x[0] - x[1]).max() > 1e-3 and np.abs(x[0] - x[2]).max() > 1e-3


def test_restyling_with_its_own_label_is_the_reconstruction(model):
    x, y = np.ones([2, 2, 2, 1], np.float32), np.array([1, 2], np.int32)
    loc = model.encode(x, y)["loc"]
    np.testing.assert_allclose(model.restyle(x, y, y), model.decode(loc, y), atol=1e-6)


def test_interpolation_starts_and_ends_at_the_reconstructions(model):
    rng = np.random.default_rng(0)
    x0, x1 = rng.random((2, 4, 2, 2, 1)).astype(np.float32)
    y = np.array([0, 1, 2, 0], np.int32)
    for t, x in ((0.0, x0), (1.0, x1)):
        made = model.interpolate(x0, x1, tf.fill([4], t), y)
        np.testing.assert_allclose(made, model.restyle(x, y, y), atol=1e-5)


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_networks_take_colour_and_other_sizes(network):
    model = models.create("cvae", Spec((16, 8, 3), 2), network=network, hidden=(4, 8), latent_dim=2)
    x = model.sample(np.array([1, 2, 3]), np.array([0, 1, 0]))
    assert x.shape == (3, 16, 8, 3)
    assert model.encode(x, np.array([0, 1, 0]))["loc"].shape == (3, 2)


def test_same_seed_same_model_and_pythons_generator_untouched():
    import random

    random.seed(5)
    expected = random.random()
    random.seed(5)
    a, b = (models.create("cvae", hidden=(4,), latent_dim=2) for _ in range(2))
    c = models.create("cvae", hidden=(4,), latent_dim=2, seed=1)
    assert random.random() == expected
    np.testing.assert_array_equal(a.trainable_variables[0], b.trainable_variables[0])
    assert not np.array_equal(a.trainable_variables[0], c.trainable_variables[0])


def test_data_without_labels_is_refused():
    with pytest.raises(zoo.UserError, match=r"'cvae' needs labels"):
        models.create("cvae", Spec((8, 8, 1), 0))
