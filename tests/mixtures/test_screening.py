"""Screening in float32 against all components in float64."""

import numpy as np
import pytest
import scipy.stats
import sklearn.mixture
import tensorflow as tf

from zoo import mixtures, seeds
from zoo.mixtures import screening
from zoo.mixtures.components import Components

K, ROWS = 5, 300


def make(dim, narrow=1.0, away=0.0, flat=1.0):
    """A mixture whose second component is narrow and third one flat, and rows of it."""
    rng = np.random.default_rng(dim)
    means = 3 * rng.normal(size=(K, dim))
    means[3:] += away
    sides = rng.normal(size=(K, dim, dim)) / np.sqrt(dim)
    sides[1] *= narrow
    sides[2, :, 0] *= flat
    covariances = sides @ np.swapaxes(sides, 1, 2) + 1e-12 * np.eye(dim)
    model = mixtures.Mixture(K, dim)
    model.assign(np.arange(1, K + 1), means, covariances)
    rows = [rng.multivariate_normal(m, c, ROWS) for m, c in zip(means, covariances, strict=True)]
    far = scipy.stats.cauchy.rvs(size=(50, dim), random_state=rng)
    return model, np.concatenate([*rows, means, means[:2].mean(0, keepdims=True), far])


def log_joint(model, x):
    features = model.components.features(x, {})
    return (model.components.log_prob(features) + model._log_mixing()[:, None]).numpy()


CASES = [(5, 1.0, 0.0, 1.0), (5, 1e-4, 1e3, 1e-4), (20, 1e-2, 1e6, 1e-8), (20, 1e-4, 0.0, 1e-8)]


@pytest.mark.parametrize(("dim", "narrow", "away", "flat"), [*CASES, (70, 1e-3, 1e4, 1e-4)])
def test_no_component_that_matters_is_left_out(dim, narrow, away, flat):
    model, x = make(dim, narrow, away, flat)
    exact = log_joint(model, x)
    relative = model.components.relative(x, tf.float64)
    screen = model.components.prepare(model._log_mixing())["screen"]
    assert isinstance(screen, screening.Quadratic if dim <= 64 else screening.Residual)
    upper, best = (t.numpy().astype(np.float64) for t in screen.upper_bounds(relative))
    rounding = 1e-6 * np.abs(exact)
    assert np.all(upper >= exact - rounding)
    assert np.all(best <= exact.max(0) + rounding.max(0))
    candidates = screen.candidates(relative).numpy()
    assert np.all(candidates[exact > exact.max(0) - screening.MARGIN])
    if (narrow, away, flat) == (1.0, 0.0, 1.0):
        assert candidates.sum(0).mean() < 2


@pytest.mark.parametrize("scale", [1e-30, 1e30, 1e200])
def test_rows_beyond_the_range_of_float32_leave_nothing_out(scale):
    model, x = make(5)
    relative = model.components.relative(x * scale + scale, tf.float64)
    screen = model.components.prepare(model._log_mixing())["screen"]
    exact = log_joint(model, x * scale + scale)
    candidates = screen.candidates(relative).numpy()
    assert np.all(candidates[exact > exact.max(0) - screening.MARGIN])


@pytest.mark.parametrize(("dim", "narrow", "away", "flat"), CASES)
def test_the_e_step_is_that_of_all_components(dim, narrow, away, flat):
    model, x = make(dim, narrow, away, flat)
    weight = np.random.default_rng(0).uniform(size=len(x))
    sums = model.expect(x, weight)
    joint = log_joint(model, x)
    log_prob = scipy.special.logsumexp(joint, 0)
    r = np.exp(joint - log_prob) * weight
    assert float(sums["log_likelihood"]) == pytest.approx(weight @ log_prob, rel=1e-9)
    np.testing.assert_allclose(sums["count"], r.sum(1), rtol=1e-7)
    parts = model.components
    centred = parts.relative(x, tf.float64).numpy() - parts.means.numpy()[:, None]
    residuals = centred @ np.swapaxes(parts.whitener.numpy(), 1, 2)  # [K, B, D]
    np.testing.assert_allclose(sums["first"], np.einsum("kb,kbi->ki", r, residuals), atol=1e-6)
    second = np.einsum("kb,kbi,kbj->kij", r, residuals, residuals)
    np.testing.assert_allclose(sums["second"], second, atol=1e-6)


def test_moments_of_rows_and_back():
    model, x = make(6)
    sums = model.expect(x)
    moments = model.components.to_row_moments(sums)
    joint = log_joint(model, x)
    r = np.exp(joint - scipy.special.logsumexp(joint, 0))
    relative = model.components.relative(x, tf.float64).numpy()
    np.testing.assert_allclose(moments["first"], r @ relative, rtol=1e-7, atol=1e-7)
    second = np.einsum("kb,bi,bj->kij", r, relative, relative)
    np.testing.assert_allclose(moments["second"], second, rtol=1e-6, atol=1e-6)
    for name, total in model.components.from_row_moments(moments).items():
        np.testing.assert_allclose(total, sums[name], atol=1e-6, err_msg=name)


def test_no_rows_sum_to_nothing():
    model, x = make(6)
    assert all(not np.any(total) for total in model.expect(x[:0]).values())


def hard_rows(kind):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 4)) + 4.0 * rng.integers(0, 3, (600, 1))
    return {
        "ties": np.round(x),
        "constant column": np.where(np.arange(4) == 2, 7.0, x),
        "duplicated rows": np.repeat(x[:60], 10, 0),
        "Cauchy tails": x + 0.1 * scipy.stats.cauchy.rvs(size=x.shape, random_state=rng),
        "scales": x * [1e-5, 1.0, 1e2, 1e5],
        "offset": x + 1e6,
        "few rows": rng.normal(size=(60, 10)),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["ties", "constant column", "duplicated rows", "Cauchy tails", "scales", "offset", "few rows"],
)
def test_hard_rows_have_scikit_learns_iterations(kind):
    x, count = hard_rows(kind), 3
    dim = x.shape[1]
    reg_covar = 1e-14 if kind == "scales" else 1e-6
    covariance = np.cov(x.T, ddof=0) + reg_covar * np.eye(dim)
    # Not the most extreme rows, at which a component could hold a single row.
    means = x[np.argsort(np.abs(x - np.median(x, 0)).sum(1))[[5, 200 % len(x), 40]]]
    model = mixtures.Mixture(count, dim, reg_covar=reg_covar)
    model.components.center.assign(np.median(x, 0))
    model.assign(np.ones(count), means, covariance[None])
    # scikit-learn has no center, and loses digits of rows with an offset.
    shift = 1e6 if kind == "offset" else 0.0
    theirs = sklearn.mixture.GaussianMixture(count, reg_covar=reg_covar)
    theirs.weights_, theirs.means_ = np.full(count, 1 / count), means - shift
    inverse = np.linalg.inv(np.linalg.cholesky(covariance)).T
    theirs.precisions_cholesky_ = np.tile(inverse, (count, 1, 1))
    iterate = tf.function(lambda: model.iterate(x, np.ones(len(x)), seeds.root(0)))
    for _ in range(12):
        reached, log_r = theirs._e_step(x - shift)
        np.testing.assert_allclose(
            model.responsibilities(x), np.exp(log_r), atol=1e-6, err_msg="responsibilities"
        )
        assert float(iterate()) / len(x) == pytest.approx(reached, abs=1e-6)
        theirs._m_step(x - shift, log_r)
        # Compares variances, in the worst direction.
        for ours, other in zip(
            model.components.covariances().numpy(), theirs.covariances_, strict=True
        ):
            ratios = scipy.linalg.eigvalsh(ours, other)
            np.testing.assert_allclose(ratios, 1.0, rtol=1e-6, err_msg="covariances")


def test_other_kinds_take_all_components():
    assert mixtures.Mixture(2, 3, "diag").components.expect.__func__ is Components.expect
