"""Mixtures at the edges: rows far from zero, points far away, arguments that are none."""

import numpy as np
import pytest
import sklearn.mixture

import zoo
from tests.entries import METRICS
from tests.models.gmms import make
from zoo import configs, data, mixtures, models
from zoo.serving import export
from zoo.training import loop

KINDS_OF_SCIKIT = {"spherical": "spherical", "diag": "diag", "tied": "tied", "full": "full"}


@pytest.mark.parametrize("kind", KINDS_OF_SCIKIT)
def test_rows_far_from_zero_keep_their_digits(kind):
    """Unix times with a spread of ten seconds: float32 has steps of 128 there.

    scikit-learn, which loses digits there too, fits the same rows around zero.
    """
    zero = 1.7e9
    rng = np.random.default_rng(0)
    clusters = rng.integers(0, 2, 600)
    x = zero + 40.0 * clusters[:, None] + rng.normal(0, 10, (600, 2)) * [1.0, 0.3]
    model, reached = mixtures.fit(x, 2, kind, tolerance=1e-9, max_iterations=300)
    means = np.array([[0.0, 0.0], [40.0, 40.0]])
    theirs = sklearn.mixture.GaussianMixture(
        2, covariance_type=kind, tol=1e-9, max_iter=300, means_init=means
    ).fit(x - zero)
    assert reached == pytest.approx(theirs.score(x - zero), abs=1e-3)
    mine = model.as_arrays()
    order = np.argsort(mine["means"][:, 0])
    np.testing.assert_allclose(mine["means"][order] - zero, theirs.means_, atol=0.02)
    np.testing.assert_allclose(mine["mixing"][order], theirs.weights_, atol=1e-3)
    variance = mine["covariances"][order][0, 0, 0]
    assert variance == pytest.approx(theirs.covariances_.ravel()[0], rel=5e-3)
    np.testing.assert_allclose(model.log_prob(x[:9]), theirs.score_samples(x[:9] - zero), atol=0.02)


def test_rows_that_float32_holds_stay_float32():
    rng = np.random.default_rng(0)
    assert data.InMemory(1.7e9 + rng.normal(size=(50, 3))).x.dtype == np.float64
    for x in (rng.normal(size=(50, 3)), 1e3 + rng.normal(size=(50, 3)), np.ones((5, 2))):
        assert data.InMemory(x).x.dtype == np.float32


@pytest.mark.parametrize("kind", [*KINDS_OF_SCIKIT, "low_rank"])
def test_a_point_far_away_has_finite_answers(kind, tmp_path):
    x = np.random.default_rng(0).normal(size=(200, 3)) * [1, 0.1, 10]
    model = make(dim=3, count=2, kind=kind, covariance_rank=1, dataset="rows")
    model.initialize_from_data(data.InMemory(x))
    far = np.array([[1e5, 0, 0], [1e20, -1e20, 1e20], [0, 3e38, 0], [-1e12, 1, 1]], np.float32)
    loaded = zoo.load(export.export(model, tmp_path, METRICS))
    near = model.log_prob(x[:1].astype(np.float32)).numpy()
    for answer in (model, loaded):
        log_prob = np.asarray(answer.log_prob(far) if answer is model else answer.score(x=far))
        r = np.asarray(answer.responsibilities(far))
        assert np.all(np.isfinite(log_prob)) and np.all(log_prob < near)
        assert log_prob[1] < log_prob[3] < log_prob[0]
        np.testing.assert_allclose(r.sum(1), 1, rtol=1e-6)
    if kind != "low_rank":
        p = model.mixture.components.distribution()
        expected = p.log_prob(far[:1, None]) + np.log(model.mixture.mixing.numpy())
        np.testing.assert_allclose(log_prob[0], np.max(expected), rtol=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mixing": [1.0]}, r"mixing is expected of shape \(2,\), got \(1,\)"),
        ({"mixing": [-1.0, 2.0]}, "mixing has weights of 0 or more"),
        ({"mixing": [0.0, 0.0]}, "not all 0"),
        ({"mixing": [np.nan, 1.0]}, "mixing has values that are NaN"),
        ({"means": np.zeros((2, 3))}, r"means is expected of shape \(2, 2\), got \(2, 3\)"),
        ({"covariances": np.ones((2, 2))}, r"of shape \(2, 2, 2\) or \(1, 2, 2\), got \(2, 2\)"),
        ({"covariances": [np.diag([1.0, -1.0])] * 2}, r"covariances\[0\] is not a covariance.*-1"),
        ({"covariances": [np.eye(2), [[1, 0.5], [0, 1]]]}, r"covariances\[1\] is not symmetric"),
    ],
)
def test_parameters_that_are_none_are_refused(changes, message):
    model = make(dim=2, count=2, kind="full").mixture
    before = model.as_arrays()
    given = {"mixing": [0.5, 0.5], "means": np.zeros((2, 2)), "covariances": [np.eye(2)] * 2}
    with pytest.raises(zoo.UserError, match=message):
        model.assign(**{**given, **changes})
    for name, array in model.as_arrays().items():
        np.testing.assert_array_equal(array, before[name])


def test_parameters_assigned_are_parameters_read():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(3, 4, 4))
    given = {
        "mixing": np.array([0.2, 0.3, 0.5]),
        "means": 1e6 + rng.normal(size=(3, 4)),
        "covariances": factors @ factors.transpose(0, 2, 1) + np.eye(4),
    }
    model = make(dim=4, count=3, kind="full").mixture
    model.assign(**given)
    for name, array in model.as_arrays().items():
        np.testing.assert_allclose(array, given[name], rtol=1e-5)


def test_images_start_as_pixels_between_0_and_1(tiny_data):
    model = models.create(configs.get_tiny("gmm", dataset="tiny"), tiny_data.spec)
    model.initialize_from_data(tiny_data.train)
    means = model.mixture.as_arrays()["means"]
    assert means.min() > 0 and means.max() < 1


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros(5), None, r"rows of numbers \[N, D\], got shape \(5,\): x\[:, None\]"),
        (np.zeros((5, 4, 4), np.uint8), None, r"got shape \(5, 4, 4\): x\[\.\.\., None\] adds one"),
        (np.array([["a"]]), None, "Rows must be numbers, got <U1"),
        (np.zeros((2, 3)), [0, 1, 2], r"shape \[2\], one per row, got \(3,\)"),
        (np.zeros((2, 3)), np.eye(2), r"got \(2, 2\): use np\.argmax\(y, 1\)"),
        (
            np.zeros((2, 3)),
            ["cat", "dog"],
            "whole numbers from 0, got <U3 such as .*cat.*unique",
        ),
        (np.zeros((2, 3)), [0.5, 1], "whole numbers from 0, got float64"),
        (np.zeros((2, 3)), [-2, 1], "whole numbers from 0, or -1 where unknown, got -2"),
    ],
)
def test_arrays_of_the_wrong_kind_are_named(x, y, message):
    with pytest.raises(zoo.UserError, match=message):
        data.InMemory(x, y)


def test_labels_may_be_lists_or_columns():
    for y in ([0, 1], np.array([[0.0], [1.0]]), (np.uint8(0), 1)):
        assert data.InMemory(np.zeros((2, 3)), y).y.tolist() == [0, 1]


def test_labels_beyond_the_spec_are_refused_before_training(tiny_data, tmp_path):
    tiny_data.validation.y[2] = 7
    with pytest.raises(zoo.UserError, match=r"label 7 in its split 'validation', but 3 classes"):
        loop.train(configs.get_tiny("gmm", dataset="tiny"), tiny_data, tmp_path)
