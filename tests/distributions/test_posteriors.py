"""Posteriors and priors against closed forms, quadrature and autodiff."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import configs, seeds
from zoo.configs.spec import Spec
from zoo.distributions import flows, gaussians, posteriors, priors
from zoo.objectives import bounds

DIM = 2
SPEC = Spec((2, 2, 1), 3)


def make_posterior_part(kind, rows=3, dim=DIM):
    """A posterior with weights and parameters far from their start."""
    config = configs.get_tiny("vae", latent_dim=dim, posterior=kind)
    part = posteriors.KINDS[kind](config)
    rng = np.random.default_rng(0)
    params = tf.constant(rng.normal(size=[rows, part.outputs]) * 0.7, tf.float32)
    part.distribution(params).bijector.forward(tf.zeros([rows, dim]))  # makes the weights
    for v in part.trainable_variables:
        v.assign(rng.normal(size=v.shape) * 0.3)
    return part, params


def make_posterior(kind, rows=3, dim=DIM):
    part, params = make_posterior_part(kind, rows, dim)
    return part.distribution(params)


def make_prior_part(kind):
    config = configs.get_tiny("vae", latent_dim=DIM, prior=kind)
    part = priors.KINDS[kind](config, SPEC)
    rng = np.random.default_rng(1)
    for v in part.trainable_variables:
        v.assign(rng.normal(size=v.shape) * 0.5)
    kernel = tf.constant(rng.normal(size=[4, 2 * DIM]), tf.float32)

    def components(x):
        return posteriors.Diagonal(config).components(tf.reshape(x, [-1, 4]) @ kernel)

    return part, components


def make_prior(kind):
    part, components = make_prior_part(kind)
    return part.distribution(components)


@pytest.mark.parametrize("kind", posteriors.KINDS)
def test_scales_stay_finite_far_from_the_data(kind):
    """Where an encoder gives any numbers; near the data they are as before."""
    part, near = make_posterior_part(kind)
    for size in (1e2, 1e4):
        q = part.distribution(near * size)
        z = posteriors.reparametrize(q, tf.ones([3, DIM]))
        assert np.all(np.isfinite(z)) and np.all(np.isfinite(q.log_prob(z)))
        assert np.all(np.isfinite(bounds.rate(q, make_prior("standard"), z[None])))
        assert np.all(np.isfinite(part.moments(near * size)))
    logs = tf.constant([-9.9, 0.3, 9.9])
    np.testing.assert_array_equal(posteriors.bound(logs), logs)
    np.testing.assert_array_equal(posteriors.bound(logs * 20), [-10, 6, 10])


def plane(width=16.0, points=1001):
    """A grid of codes [G, 2] and the area of each."""
    axis = np.linspace(-width, width, points, dtype=np.float32)
    z = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    return z, float(axis[1] - axis[0]) ** 2


@pytest.mark.parametrize("prior", list(priors.KINDS))
@pytest.mark.parametrize("posterior", list(posteriors.KINDS))
def test_rate_is_the_divergence_by_quadrature(posterior, prior):
    """Closed form where there is one, else the mean of the Monte Carlo rate."""
    q, p = make_posterior(posterior), make_prior(prior)
    z, area = plane()
    tiled = tf.tile(tf.constant(z)[:, None], [1, 3, 1])  # [G, B, D]
    log_q = np.float64(q.log_prob(tiled))
    log_p = np.float64(p.log_prob(z))[:, None]
    np.testing.assert_allclose(np.sum(np.exp(log_q), 0) * area, 1.0, atol=2e-3)
    expected = np.sum(np.exp(log_q) * (log_q - log_p), 0) * area

    draws = posteriors.reparametrize(q, seeds.normal([40_000, 3, DIM], seeds.root(0)))
    monte_carlo = q.log_prob(draws) - p.log_prob(draws)  # [k, B]
    error = 5 * np.std(monte_carlo, 0).max() / np.sqrt(40_000)
    np.testing.assert_allclose(np.mean(monte_carlo, 0), expected, atol=error + 2e-3)

    rate = bounds.rate(q, p, draws[:1])
    closed = posterior != "iaf" and prior == "standard"
    assert rate.shape == [1, 3]
    np.testing.assert_allclose(rate[0], expected if closed else monte_carlo[0], atol=2e-3)


def test_closed_form_rate_is_that_of_the_notes():
    """KL(N(m, exp(s)^2) || N(0, I)) = 1/2 sum(exp(2s) - (1 + 2s) + m^2)."""
    params = tf.random.stateless_normal([6, 8], [1, 2])
    m, s = tf.split(params, 2, -1)
    expected = 0.5 * tf.reduce_sum(tf.exp(2 * s) - (1 + 2 * s) + m**2, -1)
    config = configs.get_tiny("vae", latent_dim=4)
    q = posteriors.Diagonal(config).distribution(params)
    p = priors.Standard(config, SPEC).distribution(None)
    np.testing.assert_allclose(bounds.rate(q, p, tf.zeros([2, 6, 4])), [expected] * 2, rtol=1e-5)
    one = tfd.Independent(tfd.Normal(m, tf.exp(s)), 1)
    other = tfd.Independent(tfd.Normal(tf.zeros(4), tf.ones(4)), 1)
    np.testing.assert_allclose(tfd.kl_divergence(one, other), expected, rtol=1e-5)
    np.testing.assert_allclose(bounds.free_bits(q, p, 0.0), expected, rtol=1e-5)


def test_gaussians_have_the_moments_that_they_tell():
    for kind in ("diagonal", "tril"):
        part, params = make_posterior_part(kind)
        q = part.distribution(params)
        z = posteriors.reparametrize(q, seeds.normal([60_000, 3, DIM], seeds.root(0)))
        loc, scale = part.moments(params)
        np.testing.assert_allclose(np.mean(z, 0), loc, atol=0.05)
        np.testing.assert_allclose(np.std(z, 0), scale, rtol=0.03)
        covariance = np.stack([np.cov(np.array(z)[:, i].T) for i in range(3)])
        np.testing.assert_allclose(covariance, q.covariance(), atol=0.1)
        assert (np.abs(covariance[:, 0, 1]).max() > 0.08) == (kind == "tril")


def test_moments_of_a_flow_are_estimates_of_those_of_its_draws():
    part, params = make_posterior_part("iaf")
    q = part.distribution(params)
    z = np.array(posteriors.reparametrize(q, seeds.normal([60_000, 3, DIM], seeds.root(0))))
    loc, scale = part.moments(params)
    error = z.std(0) / np.sqrt(posteriors.MOMENT_DRAWS)
    assert np.all(np.abs(loc - z.mean(0)) < 4 * error)
    np.testing.assert_allclose(scale, z.std(0), rtol=0.5)


def test_density_of_the_flow_is_the_change_of_variables_by_autodiff():
    q = make_posterior("iaf", rows=1, dim=4)
    noise = tf.constant(np.random.default_rng(3).normal(size=[1, 4]), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(noise)
        z = posteriors.reparametrize(q, noise)
    jacobian = tape.jacobian(z, noise)[0, :, 0]  # [D, D]
    expected = scipy.stats.norm.logpdf(noise).sum() - np.linalg.slogdet(jacobian)[1]
    assert float(q.log_prob(z)[0]) == pytest.approx(expected, abs=1e-4)
    # The same without the bijector's memory of z: by the sequential inverse.
    again = make_posterior("iaf", rows=1, dim=4)
    assert float(again.log_prob(tf.constant(z.numpy()))[0]) == pytest.approx(expected, abs=1e-3)
    # Not a Gaussian: its Jacobian depends on the noise.
    with tf.GradientTape() as tape:
        tape.watch(noise)
        elsewhere = posteriors.reparametrize(q, noise + 1.0)
    assert np.abs(tape.jacobian(elsewhere, noise)[0, :, 0] - jacobian).max() > 0.05


def test_flow_starts_near_the_identity():
    part = posteriors.IAF(configs.get("vae", latent_dim=6))
    params = tf.random.stateless_normal([5, part.outputs], [0, 1])
    noise = seeds.normal([5, 6], seeds.root(1))
    z = posteriors.reparametrize(part.distribution(params), noise)
    gaussian = params[:, :6] + tf.exp(params[:, 6:12]) * noise
    np.testing.assert_allclose(z, gaussian, atol=0.3, rtol=0.1)
    assert np.abs(z - gaussian).max() > 0


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_made_is_autoregressive(dim, reverse):
    made = flows.MADE(dim, (16, 16), reverse)
    context = tf.random.stateless_normal([100, 3], [0, 1])
    z = tf.constant(np.random.default_rng(0).normal(size=[100, dim]), tf.float32)
    made(z, context)
    rng = np.random.default_rng(0)
    for v in made.trainable_variables:
        v.assign(rng.normal(size=v.shape))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([z, context])
        shift, log_scale = made(z, context)
    before = np.tril(np.ones([dim, dim]), -1)  # output i sees the inputs j < i
    before = before[::-1, ::-1] if reverse else before
    for output in (shift, log_scale):
        sees = np.any(tape.batch_jacobian(output, z) != 0, 0)  # at any of 100 codes
        np.testing.assert_array_equal(sees, before.astype(bool))
        sees = np.any(tape.batch_jacobian(output, context) != 0, (0, 2))
        assert np.all(sees)  # the first included, which sees nothing else


@pytest.mark.parametrize("kind", ["mog", "mog_full", "vamp"])
def test_draws_of_a_mixture_have_its_moments_and_depend_on_their_own_seed(kind):
    part, components = make_prior_part(kind)
    p, z = part.distribution(components), part.draw(components, np.arange(1000))
    np.testing.assert_allclose(np.mean(z, 0), p.mean(), atol=0.25)
    np.testing.assert_allclose(np.cov(np.array(z).T), p.covariance(), atol=0.8)
    # Sums of other lengths differ in their last digit.
    np.testing.assert_allclose(part.draw(components, [7, 3])[1], z[3], rtol=1e-5, atol=1e-6)


def test_mixture_by_matrix_products_is_tfps():
    rng = np.random.default_rng(0)
    loc, scale = rng.normal(size=[5, 3]) * 2, np.exp(rng.normal(size=[5, 3]))
    z = tf.constant(rng.normal(size=[4, 7, 3]), tf.float32)
    loc, scale = tf.constant(loc, tf.float32), tf.constant(scale, tf.float32)
    scale = scale * tf.constant([[1e-3], [0.1], [1.0], [1.0], [1.0]])
    ours = gaussians.DiagonalComponents(loc, scale)
    theirs = tfd.MultivariateNormalDiag(loc, scale)
    weights = tfd.Categorical(logits=tf.constant([0.0, 1.0, -1.0, 2.0, 0.5]))
    for a, b in ((ours, theirs), *[[tfd.MixtureSameFamily(weights, c) for c in (ours, theirs)]]):
        value = z if isinstance(a, tfd.MixtureSameFamily) else z[:, :, None]
        np.testing.assert_allclose(a.log_prob(value), b.log_prob(value), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(ours.log_prob(loc), theirs.log_prob(loc), rtol=1e-5)
