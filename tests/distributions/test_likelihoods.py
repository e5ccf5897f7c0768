"""Each likelihood is a density over its own kind of pixels, and of no other."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.distributions import likelihood, likelihoods

SPEC = Spec((1, 2, 1), 0)
INDEPENDENT = [name for name, kind in likelihoods.KINDS.items() if not kind.draws_in_turn]


def make(kind, **overrides):
    config = configs.get("vae", likelihood=kind, likelihood_rank=2, **overrides)
    part = likelihoods.KINDS[kind](config, SPEC)
    params = np.random.default_rng(1).normal(size=[1, 1, 2, part.per_pixel])
    return part, part.distribution(tf.constant(params, tf.float32))


def pairs(values):
    """Every image of two pixels [G, 1, 2, 1] with these values."""
    return np.stack(np.meshgrid(values, values), -1).reshape(-1, 1, 2, 1).astype(np.float32)


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_sums_or_integrates_to_one(kind):
    part, p = make(kind)
    if kind == "bernoulli":
        x, area = pairs([0, 1]), 1.0
    elif part.discrete:
        x, area = pairs(np.arange(256) / 255), 1.0
    else:
        edges = (0, 1) if kind == "continuous_bernoulli" else (-6, 7)
        grid = np.linspace(*edges, 1301)
        middle = (grid[1:] + grid[:-1]) / 2
        x, area = pairs(middle), (grid[1] - grid[0]) ** 2
    mass = np.exp(np.float64(p.log_prob(x))) * area  # [G]
    assert mass.sum() == pytest.approx(1.0, abs=2e-3)
    mean = np.sum(mass[:, None, None, None] * x, 0)
    tolerance = 0.5 / 255 if part.discrete else 2e-3
    np.testing.assert_allclose(p.mean()[0], mean, atol=tolerance)


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_draws_are_images_whose_density_is_finite(kind):
    _, p = make(kind, pixel_scale=0.5)
    x = p.sample(2000, seed=[1, 2])  # [S, 1, 1, 2, 1]
    assert np.all(np.isfinite(p.log_prob(x)))
    np.testing.assert_allclose(np.mean(x, 0), p.mean(), atol=0.1)


def test_low_rank_pixels_go_together_and_the_others_do_not():
    x = pairs(np.linspace(-6, 7, 1300))
    for kind, together in (("gaussian_pixel", False), ("gaussian_low_rank", True)):
        mass = np.exp(np.float64(make(kind, pixel_scale=0.5)[1].log_prob(x)))
        covariance = np.cov(x.reshape(-1, 2).T, aweights=mass)
        assert (abs(covariance[0, 1]) > 1e-3) == together


@pytest.mark.parametrize("kind", ["gaussian_shared", "gaussian_pixel", "gaussian_low_rank"])
def test_scale_has_a_floor(kind):
    part, _ = make(kind)
    if kind == "gaussian_shared":
        part.raw_scale.assign(-1e4)
    p = part.distribution(tf.fill([1, 1, 2, part.outputs], -1e4))
    if kind == "gaussian_low_rank":
        p = part.distribution(tf.concat([tf.fill([1, 1, 2, 2], -1e4), tf.zeros([1, 1, 2, 2])], -1))
    peak = float(p.log_prob(p.mean())[0]) / 2
    assert peak == pytest.approx(-np.log(likelihood.MIN_SCALE * np.sqrt(2 * np.pi)), rel=1e-3)


@pytest.mark.parametrize("kind", INDEPENDENT)
def test_decoder_starts_at_the_mean_image(kind):
    part, _ = make(kind, pixel_scale=0.05)
    mean = np.array([[[0.2], [0.9]]])
    p = part.distribution(tf.constant(part.initial_outputs(mean)[None], tf.float32))
    if kind == "continuous_bernoulli":
        assert 0.2 < p.mean()[0, 0, 0, 0] < 0.5 < p.mean()[0, 0, 1, 0] < 0.9
    else:
        np.testing.assert_allclose(p.mean()[0], mean, atol=0.05)


@pytest.mark.parametrize("pixels", ["scaled", "dequantized", "binarized"])
@pytest.mark.parametrize("kind", list(likelihoods.KINDS))
def test_pixels_that_do_not_fit_are_refused_with_a_hint(kind, pixels):
    config = configs.get_tiny("vae", likelihood=kind, pixels=pixels)
    fits = pixels == likelihoods.KINDS[kind].fits
    if fits and likelihoods.KINDS[kind].of_images:
        models.create(config, Spec((4, 4, 1), 0))
    else:
        message = (
            "is a density of real numbers" if fits else "is not a density of .* pixels: choose"
        )
        with pytest.raises(zoo.UserError, match=message):
            models.create(config, Spec((4, 4, 1), 0))
