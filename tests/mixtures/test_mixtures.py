"""Mixtures by EM against scikit-learn, their densities against scipy."""

import numpy as np
import pytest
import scipy.stats
import sklearn.mixture
import tensorflow as tf

from tests.mixtures.rows import KINDS, D, K, clusters, parameters
from zoo import mixtures, seeds
from zoo.errors import UserError
from zoo.mixtures import mixture as mixture_module


def make(kind="full", dim=D, count=K, **settings):
    return mixtures.Mixture(count, dim, kind, **{"rank": 2, **settings})


def started(model, x, seed=0):
    """The model at a start that any implementation can share: (mixing, means, covariance)."""
    count = model.num_components
    means = x[np.random.default_rng(seed).choice(len(x), count, replace=False)].astype(np.float64)
    covariance = np.cov(x.T.astype(np.float64)).reshape(x.shape[1], -1)
    model.components.center.assign(np.median(x, 0))
    model.assign(np.ones(count), means, covariance[None])
    return np.full(count, 1 / count), means, covariance


def iterations(model, x, count, weight=None):
    """Mean log-likelihood before each of these iterations of EM."""
    weight = np.ones(len(x)) if weight is None else weight
    iterate = tf.function(lambda: model.iterate(x, weight, seeds.root(0)))
    return np.array([float(iterate()) for _ in range(count)]) / float(weight.sum())


@pytest.mark.parametrize(("precision", "close"), [("float64", 1e-9), ("float32", 1e-4)])
@pytest.mark.parametrize("kind", ["spherical", "diag", "tied", "full"])
def test_each_iteration_is_that_of_scikit_learn(kind, precision, close):
    x, model = clusters(), make(kind, precision=precision)
    mixing, means, covariance = started(model, x)
    precisions = {
        "spherical": np.full(K, 1 / np.mean(np.diag(covariance))),
        "diag": np.tile(1 / np.diag(covariance), (K, 1)),
        "tied": np.linalg.inv(covariance),
        "full": np.tile(np.linalg.inv(covariance), (K, 1, 1)),
    }
    theirs = sklearn.mixture.GaussianMixture(
        K,
        covariance_type=kind,
        weights_init=mixing,
        means_init=means,
        precisions_init=precisions[kind],
        max_iter=1,
        tol=0,
        warm_start=True,
    )
    expected = []
    with np.testing.suppress_warnings() as quiet:
        quiet.filter(sklearn.exceptions.ConvergenceWarning)
        for _ in range(10):
            expected.append(theirs.fit(x.astype(np.float64)).lower_bound_)
    np.testing.assert_allclose(iterations(model, x, 10), expected, atol=close)
    np.testing.assert_allclose(model.components.loc(), theirs.means_, atol=1e3 * close)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("kind", KINDS)
def test_likelihood_never_falls(kind, precision):
    x, model = clusters(seed=1), make(kind, precision=precision, reg_covar=0.0)
    started(model, x)
    reached = iterations(model, x, 40)
    assert np.diff(reached).min() > (-1e-9 if precision == "float64" else -1e-5)
    assert reached[-1] > reached[0] + 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_density_is_that_of_scipy(kind):
    x, model = clusters(), make(kind)
    started(model, x)
    iterations(model, x, 5)
    covariances = model.components.distribution().covariance().numpy()
    joint = [
        np.log(p) + scipy.stats.multivariate_normal(m, c).logpdf(x)
        for p, m, c in zip(model.mixing.numpy(), model.components.loc(), covariances, strict=True)
    ]
    expected = scipy.special.logsumexp(joint, 0)
    np.testing.assert_allclose(model.log_prob(x), expected, rtol=1e-4)
    np.testing.assert_allclose(model.distribution().log_prob(x), expected, rtol=1e-4)
    responsibilities = np.exp(np.array(joint) - expected).T
    np.testing.assert_allclose(model.responsibilities(x), responsibilities, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_follow_the_density(kind):
    x, model = clusters(), make(kind)
    started(model, x)
    iterations(model, x, 5)
    noise = seeds.row_normal(np.arange(4000, dtype=np.int32), 1 + model.components.noise_size)
    ours = model.draw(noise).numpy()
    theirs = model.distribution().sample(4000, seed=[1, 2]).numpy()
    directions = np.random.default_rng(0).normal(size=(D, 6))
    for a, b in zip((ours @ directions).T, (theirs @ directions).T, strict=True):
        assert scipy.stats.ks_2samp(a, b).pvalue > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_rows_and_components_changes_nothing(kind):
    x = clusters()
    one, other = make(kind, precision="float64"), make(kind, precision="float64")
    mixing, means, covariance = started(one, x)
    started(other, x)
    other.assign(mixing, means[::-1], covariance[None])
    shuffled = np.random.default_rng(0).permutation(x)
    np.testing.assert_allclose(iterations(one, x, 10), iterations(other, shuffled, 10), rtol=1e-9)
    for a, b in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_allclose(a, b[::-1], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_repetitions(kind):
    x = clusters(90)
    times = np.random.default_rng(0).integers(0, 4, len(x))
    one, other = make(kind, precision="float64"), make(kind, precision="float64")
    started(one, x)
    started(other, x)
    a = iterations(one, x, 5, times.astype(np.float32))
    b = iterations(other, np.repeat(x, times, 0), 5)
    np.testing.assert_allclose(a, b, rtol=1e-9)
    for p, q in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("kind", "free"),
    [
        ("spherical", 3 * 4 + 3 + 2),
        ("diag", 3 * 4 + 3 * 4 + 2),
        ("tied", 3 * 4 + 10 + 2),
        ("full", 3 * 4 + 3 * 10 + 2),
        ("low_rank", 3 * 4 + 3 * 4 + 3 * (8 - 1) + 2),
    ],
)
def test_number_of_free_parameters(kind, free):
    assert make(kind).num_parameters() == free


def test_factors_find_their_scale_where_there_is_little_noise():
    """One factor, hardly any noise: plain EM would keep loadings a thousand times too large."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 1)) * [1.0, -2.0, 0.5, 3.0] + 1e-3 * rng.normal(size=(500, D))
    model = make("low_rank", count=1, rank=1, precision="float64")
    model.assign([1.0], np.zeros([1, D]), 1e6 * np.cov(x.T)[None])
    model.components.variances.assign(np.full([1, D], 1e-6))
    iterations(model, x, 20)
    covariance = model.components.distribution().covariance().numpy()[0]
    np.testing.assert_allclose(covariance, np.cov(x.T, ddof=0), rtol=0.02, atol=1e-3)


def test_an_empty_component_takes_a_part_of_the_heaviest():
    model, x = make(), clusters()
    mixing, means, covariance = started(model, x)
    means[1] = 1e4
    model.assign(mixing, means, covariance[None])
    sums = model.expect(x)
    assert float(sums["count"][1]) == 0
    assert float(model.maximize(sums, seeds.root(0))) == 1
    assert np.abs(model.components.loc()[1]).max() < 100
    assert model.mixing.numpy().min() > 0.05


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 200, 201, 600])
def test_blocks_of_rows_add_up(kind, rows, monkeypatch):
    x, model = clusters()[:rows], make(kind, precision="float64")
    started(model, clusters())
    weight = np.random.default_rng(0).uniform(size=rows)
    whole = model.expect(x, weight)
    monkeypatch.setattr(mixture_module, "BLOCK", 100)
    in_blocks = tf.function(model.expect)(x, weight)
    assert whole.keys() == in_blocks.keys()
    for name, total in whole.items():
        np.testing.assert_allclose(in_blocks[name], total, rtol=1e-9, atol=1e-9, err_msg=name)


def test_iterations_go_on_from_given_parameters_and_weights_are_repetitions():
    x = clusters()
    fitted = mixtures.fit(x, K)
    again = mixtures.iterate_until_converged(fitted.mixture, x)
    assert again == pytest.approx(fitted.log_likelihood, abs=1e-3)
    weight = np.random.default_rng(0).integers(0, 3, len(x))
    repeated, weighted = make(), make()
    for mixture, rows in ((repeated, (np.repeat(x, weight, 0),)), (weighted, (x, weight))):
        started(mixture, x)
        mixtures.iterate_until_converged(mixture, *rows)
    for a, b in zip(parameters(repeated), parameters(weighted), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.parametrize(
    ("x", "settings", "message"),
    [
        (np.zeros((2, 3)), {}, "num_components=3 with 2 rows.*num_components=2 or less"),
        (np.zeros((9, 3)), {"covariance": "ful"}, "covariance='ful' is unknown.*full, low_rank"),
        (np.zeros((9, 3)), {"method": "best"}, "'best' is not a known start of EM.*kmeans"),
        (np.zeros((9, 2, 2, 1), np.uint8), {}, r"\[N, D\], got \(9, 2, 2, 1\).*reshape"),
        (np.full((9, 3), np.nan), {}, "9 rows have values that are NaN"),
    ],
)
def test_rows_and_settings_that_are_none_are_refused(x, settings, message):
    with pytest.raises(UserError, match=message):
        mixtures.fit(x, 3, **settings)
