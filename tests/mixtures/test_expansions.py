"""Products with second-order features against residuals, which float64 goes by."""

import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf

from zoo import mixtures
from zoo.mixtures import mixture as mixture_module

K, ROWS = 4, 500


def make(precision, dim, widths, away=0.0):
    """Components of these widths, all of them `away` from the center, and rows of them."""
    rng = np.random.default_rng(0)
    means = away + rng.normal(size=(K, dim))
    sides = rng.normal(size=(K, dim, dim)) * np.reshape(widths, [K, -1, 1])
    covariances = sides @ np.swapaxes(sides, 1, 2) + 1e-9 * np.eye(dim)
    made = mixtures.Mixture(K, dim, "full", precision=precision)
    made.assign(np.arange(1, K + 1), means, covariances)
    drawn = [rng.multivariate_normal(m, c, ROWS) for m, c in zip(means, covariances, strict=True)]
    # As float32 holds them, or the rows would differ where components are narrow.
    return made, np.concatenate(drawn).astype(np.float32)


def by_products(model):
    return (~model.components._expansion().rounds.numpy()).tolist()


@pytest.mark.parametrize("dim", [6, 20])
@pytest.mark.parametrize("away", [0.0, 100.0])
@pytest.mark.parametrize("narrow", [1.0, 1e-2, 1e-4])
def test_the_e_step_and_its_moments_are_those_of_float64(narrow, away, dim):
    widths = [1.0, narrow, 0.3, 1.0]
    single, x = make("float32", dim, widths, away)
    double, _ = make("float64", dim, widths, away)
    if narrow < 0.1:
        assert not by_products(single)[1]
    one, other = single.expect(x), double.expect(x)
    assert float(one["log_likelihood"]) == pytest.approx(float(other["log_likelihood"]), rel=1e-4)
    np.testing.assert_allclose(one["count"], other["count"], rtol=1e-4)
    moments = [m.components.to_row_moments(s) for m, s in ((single, one), (double, other))]
    for name in ("first", "second"):
        scale = np.abs(moments[1][name]).max()
        np.testing.assert_allclose(moments[0][name], moments[1][name], atol=1e-4 * scale)
    if away == 0.0:  # elsewhere float32 holds no narrow covariance at all
        for m, s in zip((single, double), moments, strict=True):
            m.components.maximize(s)
        for a, b in zip(
            *(m.components.covariances().numpy() for m in (single, double)), strict=True
        ):
            ratios = scipy.linalg.eigvalsh(a, b)  # of variances, in the worst direction
            np.testing.assert_allclose(ratios, 1.0, atol=1e-2)


@pytest.mark.parametrize("flat", [0.1, 0.05, 0.02, 0.01, 1e-3])
def test_flat_components_keep_their_smallest_variance(flat):
    """Whether products or residuals make it: on either side of the threshold."""
    dim = 5
    widths = np.ones((K, dim))
    widths[:, 0] = flat
    single, x = make("float32", dim, widths)
    double, _ = make("float64", dim, widths)
    covariances = []
    for model in (single, double):
        model.components.maximize(model.components.to_row_moments(model.expect(x)))
        covariances.append(model.components.covariances().numpy())
    for a, b in zip(*covariances, strict=True):
        np.testing.assert_allclose(scipy.linalg.eigvalsh(a, b), 1.0, atol=5e-3)
    at_rows = single.log_prob(x), double.log_prob(x)
    np.testing.assert_allclose(*at_rows, atol=0.02)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("rows", [1, 250, 1000])
def test_blocks_add_up_with_both_kinds_in_one_mixture(rows, jit, monkeypatch):
    model, x = make("float32", 6, [1.0, 1e-3, 0.3, 1.0])
    assert set(by_products(model)) == {True, False}
    x = np.random.default_rng(0).permutation(x)[:rows]
    whole = model.expect(x)
    monkeypatch.setattr(mixture_module, "BLOCK", 100)
    in_blocks = tf.function(model.expect, jit_compile=jit)(tf.constant(x))
    for name, total in whole.items():
        scale = np.abs(total).max()
        np.testing.assert_allclose(in_blocks[name], total, atol=1e-4 * scale + 1e-4, err_msg=name)


def test_no_rows_sum_to_nothing():
    model, x = make("float32", 6, [1.0, 1e-3, 0.3, 1.0])
    assert all(not np.any(total) for total in model.expect(x[:0]).values())
