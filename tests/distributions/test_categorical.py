"""A softmax over bytes against sums and frequencies of draws."""

import ml_collections
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from zoo.configs.spec import Spec
from zoo.distributions.categorical import Categorical

LAYER = Categorical(ml_collections.ConfigDict(), Spec((1, 1, 1), 0))
BYTES = np.arange(256, dtype=np.float32)[:, None, None, None] / 255


def make_params():
    return np.random.default_rng(0).normal(size=[1, 1, 256]).astype(np.float32)


def test_probabilities_are_those_of_a_softmax():
    p = LAYER.distribution(make_params()).prob(BYTES)
    np.testing.assert_allclose(p, scipy.special.softmax(make_params()[0, 0]), rtol=1e-4)
    mean = LAYER.distribution(make_params()).mean()
    assert float(mean[0, 0, 0]) == pytest.approx(float(np.sum(p * BYTES[:, 0, 0, 0])), rel=1e-4)


def test_draws_have_these_probabilities():
    u = (np.arange(100_000, dtype=np.float32)[:, None] + 0.5) / 100_000
    x = LAYER.draw(tf.constant(make_params()[0]), u)
    found = np.bincount(np.rint(255 * x[:, 0]).astype(int), minlength=256) / len(u)
    np.testing.assert_allclose(found, scipy.special.softmax(make_params()[0, 0]), atol=1e-4)


def test_first_outputs_have_the_mean():
    mean = np.array([[[0.05]], [[0.4]]])
    p = LAYER.distribution(tf.constant(LAYER.initial_outputs(mean), tf.float32))
    np.testing.assert_allclose(p.mean(), mean, atol=0.01)


def test_features_tell_bytes_apart():
    features = LAYER.features(BYTES)[:, 0, 0]
    assert features.shape[-1] == LAYER.features_size
    distance = np.linalg.norm(features[:, None] - features[None], axis=-1)
    assert np.min(distance + 10 * np.eye(256)) > 0.5
