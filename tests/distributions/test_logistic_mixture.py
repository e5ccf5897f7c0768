"""The mixture of discretised logistics against sums over all bytes, and its own draws."""

import ml_collections
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from zoo.configs.spec import Spec
from zoo.distributions.logistic_mixture import LogisticMixture

CONFIG = ml_collections.ConfigDict({"pixel_components": 3})
BYTES = np.arange(256, dtype=np.float32) / 255


def make(channels, scale=1.0, seed=0):
    layer = LogisticMixture(CONFIG, Spec((1, 1, channels), 0))
    noise = np.random.default_rng(seed).normal(size=[1, 1, layer.per_pixel])
    return layer, tf.constant(scale * noise, tf.float32)


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_bytes_sum_to_one(scale):
    layer, params = make(1, scale)
    p = layer.distribution(params).prob(BYTES[:, None, None, None])
    assert np.sum(p) == pytest.approx(1, abs=1e-4)


def test_channels_in_turn_sum_to_one():
    """Over each channel, given those before: sums over later ones leave the same."""
    layer, params = make(2)
    grid = np.stack(np.meshgrid(BYTES, BYTES, indexing="ij"), -1)[:, :, None, None]
    p = layer.distribution(params).prob(grid.reshape(-1, 1, 1, 2)).numpy().reshape(256, 256)
    assert p.sum() == pytest.approx(1, abs=1e-4)
    second = p / p.sum(1, keepdims=True)
    assert np.abs(second[0] - second[-1]).max() > 1e-3  # the second depends on the first


def test_mass_is_that_of_a_logistic():
    """One component: scipy's distribution function between the ends of a grey level."""
    config = ml_collections.ConfigDict({"pixel_components": 1})
    layer = LogisticMixture(config, Spec((1, 1, 1), 0))
    params = tf.constant([[[0.3, 0.2, -3.0]]])
    found = layer.distribution(params).log_prob(BYTES[1:-1, None, None, None])
    logistic = scipy.stats.logistic(0.2, np.exp(-3.0))
    z = 2 * BYTES[1:-1].astype(np.float64) - 1
    expected = np.log(logistic.cdf(z + 1 / 255) - logistic.cdf(z - 1 / 255))
    near = expected > -12  # scipy's difference loses its digits beyond
    np.testing.assert_allclose(found[near], expected[near], rtol=1e-3)


def test_draws_have_these_probabilities_and_this_mean():
    layer, params = make(3, 0.7)
    noise = np.random.default_rng(1).uniform(size=[40_000, 1, 1, 4]).astype(np.float32)
    x = layer.draw(tf.repeat(params[None], len(noise), 0), tf.constant(noise)).numpy()[:, 0, 0]
    assert np.allclose(255 * x, np.round(255 * x), atol=1e-3)
    log_p = layer.distribution(params).log_prob(x[:, None, None])
    # Rows of the most frequent first channel: the frequency is the sum of probabilities.
    value, count = np.unique(np.round(255 * x[:, 0]), return_counts=True)
    best = value[np.argmax(count)]
    single = LogisticMixture(CONFIG, Spec((1, 1, 1), 0))
    p = layer.unpack(params)
    first = tf.concat([p.logits, p.loc[..., 0], p.log_scale[..., 0]], -1)
    expected = single.distribution(first).prob(np.full([1, 1, 1], best / 255, np.float32))
    assert count.max() / len(x) == pytest.approx(float(expected), abs=0.01)
    assert np.all(np.isfinite(log_p))


def test_mean_of_narrow_components():
    layer, params = make(3, 0.2)
    p = layer.unpack(params)
    narrow = tf.concat([p.logits, tf.reshape(p.loc, [1, 1, -1]), tf.fill([1, 1, 9], -6.0)], -1)
    narrow = tf.concat([narrow, params[..., -9:]], -1)
    noise = np.random.default_rng(1).uniform(size=[20_000, 1, 1, 4]).astype(np.float32)
    x = layer.draw(tf.repeat(narrow[None], len(noise), 0), tf.constant(noise))
    np.testing.assert_allclose(
        layer.distribution(narrow).mean()[0, 0], np.mean(x, 0)[0, 0], atol=0.01
    )


def test_mean_of_components_beyond_the_ends():
    """Black pixels have components far below -1, whose mass is all at 0."""
    config = ml_collections.ConfigDict({"pixel_components": 2})
    layer = LogisticMixture(config, Spec((1, 1, 1), 0))
    params = tf.constant([[[np.log(0.9), np.log(0.1), -3.0, 1.2, -3.0, -1.0]]], tf.float32)
    p = layer.distribution(params).prob(BYTES[:, None, None, None])
    expected = float(np.sum(p * BYTES))
    assert float(layer.distribution(params).mean()[0, 0, 0]) == pytest.approx(expected, abs=1e-3)


def test_extreme_outputs_have_gradients():
    layer, params = make(3)
    for factor in (-1e3, 1e3):
        with tf.GradientTape() as tape:
            tape.watch(params)
            log_p = layer.distribution(factor * params).log_prob(
                np.full([1, 1, 3], 0.4, np.float32)
            )
        assert np.all(np.isfinite(tape.gradient(log_p, params)))


@pytest.mark.parametrize("components", [1, 2, 5])
def test_first_outputs_fit_the_mean_image(components):
    config = ml_collections.ConfigDict({"pixel_components": components})
    layer = LogisticMixture(config, Spec((2, 2, 3), 0))
    mean = np.random.default_rng(0).uniform(0.3, 0.7, [2, 2, 3])
    outputs = tf.constant(layer.initial_outputs(mean), tf.float32)
    np.testing.assert_allclose(layer.distribution(outputs).mean(), mean, atol=0.03)
