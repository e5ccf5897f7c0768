"""Importance-sampled log-likelihoods of VAEs, against quadrature."""

import numpy as np
import pytest
import tensorflow as tf

from tests.models.vaes import copies, tiny
from zoo import configs, data
from zoo.evaluation import density


@pytest.mark.parametrize(
    ("posterior", "prior"),
    [
        ("diagonal", "mog"),
        ("diagonal", "vamp"),
        ("tril", "standard"),
        ("iaf", "standard"),
        ("iaf", "mog"),
    ],
)
def test_log_likelihood_is_the_integral_over_codes(posterior, prior):
    """Compares four images with quadrature over the plane of codes."""
    estimate, exact = _log_likelihoods(tiny(posterior=posterior, prior=prior, latent_dim=2))
    np.testing.assert_allclose(estimate, exact, atol=0.06)


def test_log_likelihood_of_a_conditional_model_is_given_the_label():
    estimate, exact = _log_likelihoods(configs.get_tiny("cvae", latent_dim=2))
    np.testing.assert_allclose(estimate, exact, atol=0.06)


def _log_likelihoods(config):
    """By importance sampling, and by quadrature."""
    model, _ = copies(config, 1, spread=0.5)
    # As wide as the prior, or no number of codes is enough.
    for v in model.encoder.last.variables + model.posterior_layer.variables:
        v.assign(0.03 * v)
    x = 255 * np.random.default_rng(0).integers(0, 2, (4, 2, 2, 1)).astype(np.uint8)
    split = data.InMemory(x, np.array([0, 1, 2, 1]))
    estimate = density.log_likelihoods(model, split, 40_000, 20_000)
    axis = np.linspace(-12, 12, 401, dtype=np.float32)
    z = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    log_prior = np.float64(model.prior().log_prob(z))
    exact = []
    for x, label in zip(split.x / np.float32(255), split.y, strict=True):
        y = tf.fill([len(z)], int(label)) if model.conditional else None
        log_joint = log_prior + np.float64(model.likelihood(z, y).log_prob(x))
        exact.append(np.log(np.sum(np.exp(log_joint)) * (axis[1] - axis[0]) ** 2))
    return estimate, exact
