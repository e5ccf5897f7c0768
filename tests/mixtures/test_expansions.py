"""Products with second-order features against residuals, which float64 goes by."""

import numpy as np
import pytest

from zoo import mixtures

K, D, ROWS = 4, 6, 500


def mixture(precision, widths, away):
    """Components of these widths, all of them `away` from the center, and rows of them."""
    rng = np.random.default_rng(0)
    means = away + rng.normal(size=(K, D))
    sides = rng.normal(size=(K, D, D)) * np.reshape(widths, [K, 1, 1])
    covariances = sides @ np.swapaxes(sides, 1, 2) + 1e-9 * np.eye(D)
    made = mixtures.Mixture(K, D, "full", precision=precision)
    made.assign(np.arange(1, K + 1), means, covariances)
    drawn = [rng.multivariate_normal(m, c, ROWS) for m, c in zip(means, covariances, strict=True)]
    # As float32 holds them, or the rows would differ where components are narrow.
    return made, np.concatenate(drawn).astype(np.float32)


@pytest.mark.parametrize("away", [0.0, 100.0])
@pytest.mark.parametrize("narrow", [1.0, 1e-2, 1e-4])
def test_the_e_step_and_its_moments_are_those_of_float64(narrow, away):
    widths = [1.0, narrow, 0.3, 1.0]
    single, x = mixture("float32", widths, away)
    double, _ = mixture("float64", widths, away)
    expansion = single.components._expansion()
    assert expansion.rounds.numpy().tolist() == [False, narrow < 0.1, False, False]
    one, other = single.expect(x), double.expect(x)
    assert float(one["log_likelihood"]) == pytest.approx(float(other["log_likelihood"]), rel=1e-4)
    np.testing.assert_allclose(one["count"], other["count"], rtol=1e-4)
    moments = [m.components.to_row_moments(s) for m, s in ((single, one), (double, other))]
    for name in ("first", "second"):
        scale = np.abs(moments[1][name]).max()
        np.testing.assert_allclose(moments[0][name], moments[1][name], atol=1e-4 * scale)
    for m, s in zip((single, double), moments, strict=True):
        m.components.maximize(s)
    fitted = [m.components.covariances().numpy() for m in (single, double)]
    for a, b in zip(*fitted, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3 * np.diag(b).max())
