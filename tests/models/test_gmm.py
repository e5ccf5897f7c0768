"""The model gmm: runs of EM, and data that break it."""

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import zoo
from tests.mixtures.rows import KINDS, K, clusters, parameters
from tests.models.gmms import make
from zoo import configs, data, mixtures
from zoo.configs.spec import Spec
from zoo.drawing import pictures
from zoo.training import loop


def dataset(x, weight=None):
    splits = data.InMemory(x, weight=weight), data.InMemory(x), data.InMemory(x)
    return data.Dataset("rows", Spec(x.shape[1:], 0), *splits)


def config(**overrides):
    fields = {"num_components": K, "batch_size": 64, "eval_every": 100, **overrides}
    return configs.get("gmm", **fields)


@pytest.mark.parametrize(
    "start",
    ["kmeans++", *(pytest.param(s, marks=pytest.mark.thorough) for s in ("kmeans", "random"))],
)
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
    order = np.argmin(np.linalg.norm(means[:, None] - model.mixture.components.loc(), axis=-1), 1)
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(model.mixture.components.loc().numpy()[order], means, atol=0.1)
    np.testing.assert_allclose(model.mixture.mixing.numpy()[order], [0.5, 0.2, 0.3], atol=0.02)
    found = model.mixture.components.distribution().covariance().numpy()[order]
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
    for a, b in zip(*(parameters(run.mixture) for run in runs), strict=True):
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


def test_a_run_ends_where_rows_in_memory_do(tmp_path):
    x = clusters()
    trained = loop.train(config(), dataset(x), tmp_path).model
    assert mixtures.fit(x, K).log_likelihood == pytest.approx(
        float(tf.reduce_mean(trained.log_prob(x))), abs=1e-2
    )


def test_components_that_became_empty_are_told():
    model = make()
    model.reseeded.assign(1.0)
    assert model.warning({}, "train") == "1 empty components took a part of the heaviest."


@pytest.mark.parametrize(
    "kind", ["full", *(pytest.param(k, marks=pytest.mark.thorough) for k in KINDS if k != "full")]
)
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
    assert all(np.all(np.isfinite(p)) for p in parameters(model.mixture))
    assert np.all(np.isfinite(model.log_prob(x)))
    if case == "far out":  # the others are still told apart
        rest = np.linalg.norm(model.mixture.components.loc(), axis=1) < 100
        assert rest.sum() == K - 1


@pytest.mark.parametrize(
    ("x", "overrides", "message"),
    [
        (np.zeros((2, 3)), {}, "num_components=3 with 2 rows.*num_components=2 or less"),
        (np.full((5, 3), np.nan), {}, "5 rows have values that are NaN"),
        (np.full((5, 3), 1e300), {}, "5 rows have values that .*beyond float32"),
        (np.zeros((0, 3)), {}, "no rows"),
        (np.zeros((9, 3)), {"covariance": "low_rank"}, "covariance_rank=10 is not a low rank in 3"),
    ],
)
def test_data_that_no_mixture_fits_are_refused(x, overrides, message, tmp_path):
    with pytest.raises(zoo.UserError, match=message):
        loop.train(config(batch_size=2, **overrides), dataset(x), tmp_path)


def test_a_mixture_in_the_plane_is_drawn_beside_its_data(tmp_path):
    ring = data.load("ring/1000")
    model = make(dim=2, count=8)
    model.initialize_from_data(ring.train)
    pictures.save_samples(tmp_path / "both.png", model, ring.test)
    pictures.save_samples(tmp_path / "one.png", model)
    both, one = (PIL.Image.open(tmp_path / f"{name}.png") for name in ("both", "one"))
    assert 2 * both.width == 3 * one.width and np.std(np.asarray(both)) > 0
