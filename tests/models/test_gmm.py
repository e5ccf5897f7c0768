"""Gaussian mixtures: EM against scikit-learn, densities against scipy, and data that break it."""

import numpy as np
import PIL.Image
import pytest
import scipy.stats
import sklearn.mixture
import tensorflow as tf

import zoo
from zoo import configs, data, models, pictures
from zoo.models import gmm
from zoo.training import loop

KINDS = sorted(gmm.KINDS)
D, K = 4, 3


def make(kind="full", dim=D, count=K, **overrides):
    fields = {"covariance": kind, "num_components": count, "covariance_rank": 2, **overrides}
    return models.create("gmm", data.Spec((dim,), 0), **fields)


def clusters(rows=600, dim=D, count=K, seed=0):
    """Rows of clusters of different shapes, which overlap a little."""
    rng = np.random.default_rng(seed)
    each = [
        rng.normal(size=(rows // count, dim)) @ rng.normal(size=(dim, dim))
        + 3 * rng.normal(size=dim)
        for _ in range(count)
    ]
    return np.concatenate(each).astype(np.float32)


def started(model, x, seed=0):
    """The model at a start that any implementation can share: (mixing, means, covariance)."""
    count = model.config.num_components
    means = x[np.random.default_rng(seed).choice(len(x), count, replace=False)].astype(np.float64)
    covariance = np.cov(x.T.astype(np.float64)).reshape(x.shape[1], -1)
    model.components.center.assign(np.median(x, 0))
    model.assign(np.ones(count), means, covariance[None])
    return np.full(count, 1 / count), means, covariance


def iterations(model, x, count, weight=None):
    """Log-likelihood a row before each of so many iterations of EM."""
    batch = {"x": tf.constant(x), **({} if weight is None else {"weight": tf.constant(weight)})}

    @tf.function
    def iterate():
        sums = model.expect(batch)
        model.maximize(model.components.of_rows(sums))
        return sums["log_likelihood"] / sums["rows"]

    return np.array([float(iterate()) for _ in range(count)])


def parameters(model):
    spread = model.components.shapes()
    return [v.numpy() for v in [model.mixing, model.components.loc(), *spread]]


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
    np.testing.assert_allclose(model.density().log_prob(x), expected, rtol=1e-4)
    responsibilities = np.exp(np.array(joint) - expected).T
    np.testing.assert_allclose(model.responsibilities(x), responsibilities, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_follow_the_density(kind):
    x, model = clusters(), make(kind)
    started(model, x)
    iterations(model, x, 5)
    ours = model.in_graph("sample")(np.arange(4000, dtype=np.int32)).numpy()
    theirs = model.density().sample(4000, seed=[1, 2]).numpy()
    directions = np.random.default_rng(0).normal(size=(D, 6))
    for a, b in zip((ours @ directions).T, (theirs @ directions).T, strict=True):
        assert scipy.stats.ks_2samp(a, b).pvalue > 1e-4
    np.testing.assert_allclose(model.sample([7])[0], model.sample([6, 7])[1], atol=1e-6)


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


def dataset(x, weight=None):
    splits = data.InMemory(x, weight=weight), data.InMemory(x), data.InMemory(x)
    return data.Dataset("rows", data.Spec(x.shape[1:], 0), *splits)


def config(**overrides):
    fields = {"num_components": K, "batch_size": 64, "eval_every": 100, **overrides}
    return configs.get("gmm", **fields)


@pytest.mark.parametrize("start", ["kmeans++", "kmeans", "random"])
def test_planted_parameters_are_found(start, tmp_path):
    rng = np.random.default_rng(0)
    means = np.array([[-4.0, 0.0], [4.0, 1.0], [0.0, 5.0]])
    scales = np.array(
        [[[1.0, 0.0], [0.5, 0.4]], [[0.3, 0.0], [0.0, 0.3]], [[0.6, 0.0], [-0.5, 1.0]]]
    )
    y = rng.choice(3, 5000, p=[0.5, 0.2, 0.3])
    x = means[y] + np.einsum("nij,nj->ni", scales[y], rng.normal(size=(5000, 2)))
    chosen = config(start=start, num_starts=3, batch_size=1000, tolerance=1e-6)
    model = loop.train(chosen, dataset(x.astype(np.float32)), tmp_path).model
    order = np.argmin(np.linalg.norm(means[:, None] - model.components.loc(), axis=-1), 1)
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(model.components.loc().numpy()[order], means, atol=0.1)
    np.testing.assert_allclose(model.mixing.numpy()[order], [0.5, 0.2, 0.3], atol=0.02)
    found = model.components.distribution().covariance().numpy()[order]
    np.testing.assert_allclose(found, scales @ scales.transpose(0, 2, 1), atol=0.15)


def test_a_pass_takes_every_row_whatever_the_batch(tmp_path):
    x = clusters(303)
    weight = np.random.default_rng(0).integers(0, 3, len(x)).astype(np.float32)
    runs = [
        loop.train(
            config(batch_size=size, precision="float64", num_epochs=3, tolerance=0.0),
            dataset(x, weight),
            tmp_path / str(size),
        ).model
        for size in (64, 303)
    ]
    for a, b in zip(*map(parameters, runs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
    assert float(runs[0].totals["rows"].numpy()) == 0


def test_it_ends_when_nothing_is_gained(tmp_path):
    run = loop.train(config(tolerance=1e-3), dataset(clusters()), tmp_path)
    steps = run.training["steps"]
    assert steps < 100 * 10
    again = loop.train(config(tolerance=1e-3), dataset(clusters()), tmp_path)
    assert again.was_complete and again.training["steps"] == steps


def test_steps_over_batches_come_to_what_passes_do(tmp_path):
    x = np.random.default_rng(0).permutation(clusters(6000))
    passes = loop.train(config(num_epochs=40), dataset(x), tmp_path / "passes").model
    steps = config(num_epochs=10, stepwise=0.7, tolerance=0.0)
    stepwise = loop.train(steps, dataset(x), tmp_path / "steps").model
    a, b = (float(tf.reduce_mean(model.log_prob(x))) for model in (passes, stepwise))
    assert b == pytest.approx(a, abs=0.05)


def test_rows_in_memory_need_no_run(tmp_path):
    """EM on all rows at once ends where a run does, and goes on from given parameters."""
    x = clusters()
    split = data.InMemory(x)
    trained = loop.train(config(), dataset(x), tmp_path).model
    model = models.create(config(), data.Spec((x.shape[1],), 0))
    model.start_from(split)
    reached = model.fit_in_memory(split)
    assert reached == pytest.approx(float(tf.reduce_mean(trained.log_prob(x))), abs=1e-2)
    assert model.fit_in_memory(split) == pytest.approx(reached, abs=1e-3)
    weight = np.random.default_rng(0).integers(0, 3, len(x))
    repeated, weighted = make(), make()
    for fitted, rows in (
        (repeated, data.InMemory(np.repeat(x, weight, 0))),
        (weighted, data.InMemory(x, weight=weight)),
    ):
        started(fitted, x)
        fitted.fit_in_memory(rows)
    for a, b in zip(parameters(repeated), parameters(weighted), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


def test_an_empty_component_takes_a_part_of_the_heaviest(tmp_path, capsys):
    model, x = make(tolerance=0.0), clusters()
    mixing, means, covariance = started(model, x)
    means[1] = 1e4
    model.assign(mixing, means, covariance[None])
    sums = model.expect({"x": x})
    assert float(sums["count"][1]) == 0
    assert float(model.maximize(model.components.of_rows(sums))) == 1
    assert np.abs(model.components.loc()[1]).max() < 100
    assert model.mixing.numpy().min() > 0.05
    model.reseeded.assign(1.0)
    assert model.remark({}, "train") == "1 empty components took a part of the heaviest."


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "case", ["twins", "one value", "constant column", "far out", "as many as components"]
)
def test_degenerate_rows_leave_finite_parameters(kind, case, tmp_path):
    x = clusters(60)
    if case == "twins":
        x = np.repeat(x[:4], 15, 0)
    elif case == "one value":
        x = np.repeat(x[:1], 60, 0)
    elif case == "constant column":
        x[:, 1] = 5.0
    elif case == "far out":
        x[0] = 1e8
    else:
        x = x[:K]
    chosen = config(covariance=kind, covariance_rank=2, batch_size=len(x), num_epochs=15)
    model = loop.train(chosen, dataset(x), tmp_path).model
    assert all(np.all(np.isfinite(p)) for p in parameters(model))
    assert np.all(np.isfinite(model.log_prob(x)))
    if case == "far out":  # the others are still told apart
        rest = np.linalg.norm(model.components.loc(), axis=1) < 100
        assert rest.sum() == K - 1


@pytest.mark.parametrize(
    ("x", "overrides", "message"),
    [
        (np.zeros((2, 3)), {}, "num_components=3 with 2 rows.*num_components=2 or less"),
        (np.full((5, 3), np.nan), {}, "5 rows have values that are NaN"),
        (np.full((5, 3), 1e300), {}, "5 rows have values that .*beyond float32"),
        (np.zeros((0, 3)), {}, "no rows"),
        (np.zeros((9, 3)), {"covariance": "low_rank"}, "covariance_rank=10 is no low rank in 3"),
    ],
)
def test_data_that_no_mixture_fits_are_refused(x, overrides, message, tmp_path):
    with pytest.raises(zoo.UserError, match=message):
        loop.train(config(batch_size=2, **overrides), dataset(x), tmp_path)


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


def test_a_mixture_in_the_plane_is_drawn_beside_its_data(tmp_path):
    ring = data.load("ring/1000")
    model = make(dim=2, count=8)
    model.start_from(ring.train)
    pictures.save_samples(tmp_path / "both.png", model, ring.test)
    pictures.save_samples(tmp_path / "one.png", model)
    both, one = (PIL.Image.open(tmp_path / f"{name}.png") for name in ("both", "one"))
    assert 2 * both.width == 3 * one.width and np.std(np.asarray(both)) > 0


def test_factors_find_their_scale_where_there_is_little_noise():
    """One factor, hardly any noise: plain EM would keep loadings a thousand times too large."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 1)) * [1.0, -2.0, 0.5, 3.0] + 1e-3 * rng.normal(size=(500, D))
    model = make("low_rank", count=1, covariance_rank=1, precision="float64")
    model.assign([1.0], np.zeros([1, D]), 1e6 * np.cov(x.T)[None])
    model.components.variances.assign(np.full([1, D], 1e-6))
    iterations(model, x, 20)
    covariance = model.components.distribution().covariance().numpy()[0]
    np.testing.assert_allclose(covariance, np.cov(x.T, ddof=0), rtol=0.02, atol=1e-3)
