"""Flow matching against Gaussians, whose optimal velocity and flow are known in closed form."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import zoo
from zoo import configs, data, models, seeds
from zoo.configs.spec import Spec
from zoo.distributions import ode
from zoo.models.flow_matching import PATHS, FlowMatching
from zoo.networks import velocity

MEAN, SPREAD = 1.5, 0.4


def make(entry="flow_matching", spec=Spec((8, 8, 1), 3), **fields):  # noqa: B008
    return models.create(configs.get_tiny(entry, **fields), spec)


def of_rows(**fields):
    """A model of rows [1] with N(MEAN, SPREAD^2), without labels."""
    return make(spec=Spec((1,), 0), network="mlp", **fields)


@pytest.fixture
def optimal(monkeypatch):
    """Gives models the optimal outputs for such rows; returns the function of (model, x, t)."""

    def predict(self, x, t, y=None):
        alpha, sigma, d_alpha, d_sigma = (tf.reshape(f(t), [-1, 1]) for f in self.noise_path[:4])
        variance = alpha**2 * SPREAD**2 + sigma**2
        away = x - alpha * MEAN
        x_0 = sigma / variance * away
        x_1 = MEAN + alpha * SPREAD**2 / variance * away
        return x_0 if self.config.predict == "noise" else d_alpha * x_1 + d_sigma * x_0

    monkeypatch.setattr(FlowMatching, "predict_target", predict)
    return predict


def errors(model, steps):
    z = np.linspace(-2, 2, 9, dtype=np.float32)[:, None]
    return np.abs(model.decode(z, steps=steps) - (MEAN + SPREAD * z)).max()


@pytest.mark.parametrize("solver", ode.SOLVERS)
def test_solvers_have_their_order(solver):
    """On x' = -2 t x^2, with the solution 1 / (1 + t^2)."""
    errors = []
    for steps in (16, 32):
        x = 1.0
        for i in range(steps):
            x = ode.SOLVERS[solver](lambda x, t: -2 * t * x**2, x, i / steps, 1 / steps)
        errors.append(abs(x - 0.5))
    order = {"euler": 1, "midpoint": 2, "heun": 2, "runge_kutta": 4}[solver]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.4)


@pytest.mark.parametrize(
    ("solver", "steps"), [("euler", 150), ("midpoint", 16), ("heun", 16), ("runge_kutta", 4)]
)
def test_samples_of_the_optimal_velocity_have_the_distribution_of_the_data(solver, steps, optimal):
    assert errors(of_rows(solver=solver), steps) < 0.016


@pytest.mark.parametrize(
    ("path", "predict", "error"),
    # This path begins where alpha is 0.016, as if it were 0: z is off by 0.016 MEAN.
    [("linear", "velocity", 0.01), ("variance_preserving", "noise", 0.08)],
)
def test_log_prob_is_the_density_of_the_data(path, predict, error, optimal):
    model = of_rows(path=path, predict=predict, standardize=True)
    model.units.spread.assign([10.0])  # of the data; the model's own unit is 1
    x = 10 * np.linspace(MEAN - 3 * SPREAD, MEAN + 3 * SPREAD, 7, dtype=np.float32)[:, None]
    expected = scipy.stats.norm(10 * MEAN, 10 * SPREAD).logpdf(x[:, 0])
    np.testing.assert_allclose(tf.function(model.log_prob)(x), expected, atol=error)


def test_density_where_the_data_hardly_vary():
    """Images are nearly constant in most directions: here by 0.002 to 1."""
    spread = np.array([0.002, 0.01, 0.3, 1.0], np.float32)
    mean = np.linspace(-1, 1, 4, dtype=np.float32)

    def velocity(x, t):
        variance = t**2 * spread**2 + (1 - t) ** 2
        return mean + (t * spread**2 - (1 - t)) / variance * (x - t * mean)

    x = (mean + spread * np.random.default_rng(0).normal(size=[20, 4])).astype(np.float32)
    gauss = tfd.MultivariateNormalDiag(tf.zeros(4))
    density = tf.function(ode.log_density)
    found = density(velocity, tf.constant(x), gauss.log_prob, 0.0, 40)
    expected = scipy.stats.norm(mean, spread).logpdf(x).sum(1)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_hutchinsons_estimate_is_unbiased():
    """On x' = A x + sin x, over all probes of two dimensions."""
    matrix = tf.constant([[0.3, -1.0], [0.7, 0.2]])
    x = tf.constant([[0.5, -0.2]])
    gauss = tfd.MultivariateNormalDiag(tf.zeros(2))

    def density(probe):
        field = lambda x, t: x @ matrix + tf.sin(x)  # noqa: E731
        return float(ode.log_density(field, x, gauss.log_prob, 0.0, 10, probe)[0])

    signs = [tf.constant([[a, b]]) for a in (-1.0, 1.0) for b in (-1.0, 1.0)]
    estimates = [density(probe) for probe in signs]
    assert np.std(estimates) > 0.01
    assert np.mean(estimates) == pytest.approx(density(None), abs=1e-4)


@pytest.mark.parametrize("solver", ode.SOLVERS)
@pytest.mark.parametrize("steps", [1, 3])
def test_straight_paths_are_solved_exactly(solver, steps, monkeypatch):
    """Whatever the lengths of the steps, also where each row has an end of its own."""
    monkeypatch.setattr(FlowMatching, "predict_target", lambda self, x, t, y=None: tf.ones_like(x))
    model = of_rows(solver=solver)
    z = np.linspace(-2, 2, 4, dtype=np.float32)[:, None]
    np.testing.assert_allclose(model.decode(z, steps=steps), z + 1, atol=1e-5)
    end = np.array([0.0, 0.3, 0.9, 1.0], np.float32)
    np.testing.assert_allclose(
        model.solve(z, None, 0.0, end, steps)[:, 0], z[:, 0] + end, atol=1e-5
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("predict", ["velocity", "noise"])
def test_every_path_and_target_has_samples(path, predict, optimal):
    model = of_rows(path=path, predict=predict, solver="runge_kutta", steps=40)
    x = model.sample(np.arange(2000, dtype=np.int32)).numpy()
    assert x.mean() == pytest.approx(MEAN, abs=0.06) and x.std() == pytest.approx(SPREAD, abs=0.05)


def test_noise_prediction_has_the_same_flow(optimal):
    model = of_rows(path="variance_preserving", predict="noise", solver="runge_kutta")
    assert errors(model, 40) < 0.03  # alpha is 0.016 at the start


@pytest.mark.parametrize(
    ("path", "predict"),
    [("linear", "velocity"), ("linear", "noise"), ("variance_preserving", "velocity")],
)
def test_velocity_is_the_derivative_of_the_flow(path, predict, optimal):
    """The flow of this Gaussian is x_t = alpha m + sqrt(alpha^2 s^2 + sigma^2) z."""
    model = of_rows(path=path, predict=predict)
    z, h = np.linspace(-2, 2, 5, dtype=np.float32)[:, None], 1e-3

    def at(t):
        alpha, sigma = (f(tf.constant(t)) for f in model.noise_path[:2])
        return alpha * MEAN + tf.sqrt(alpha**2 * SPREAD**2 + sigma**2) * z

    for t in (0.2, 0.5, 0.8):
        slope = (at(t + h) - at(t - h)) / (2 * h)
        np.testing.assert_allclose(model.velocity(at(t), tf.fill([5], t)), slope, atol=2e-3)


@pytest.mark.parametrize("times", ["uniform", "logit_normal"])
def test_no_output_has_a_lower_loss_than_the_optimal_one(times, optimal, monkeypatch):
    model = of_rows(times=times)
    x = MEAN + SPREAD * np.random.default_rng(0).normal(size=[40_000, 1]).astype(np.float32)
    batch = {"x": tf.constant(x), "y": tf.zeros(len(x), tf.int32)}

    def loss():
        return float(tf.reduce_mean(model.loss_terms(batch, seeds.root(1))["loss"]))

    best = loss()
    t = model.draw_times(40_000, seeds.fold_in(seeds.root(1), 1)).numpy()
    covariance = t * SPREAD**2 - (1 - t)
    variance = (1 - t) ** 2 + t**2 * SPREAD**2
    assert best == pytest.approx(np.mean(SPREAD**2 + 1 - covariance**2 / variance), rel=0.03)
    for factor in (0.9, 1.1):
        monkeypatch.setattr(
            FlowMatching, "predict_target", lambda self, *a, f=factor: f * optimal(self, *a)
        )
        assert loss() > best


def trained(**fields):
    """A model whose last layers are not zero."""
    model = make(**fields)
    for i, v in enumerate(model.trainable_variables):
        v.assign(v + 0.05 * seeds.normal(v.shape, seeds.root(i)))
    return model


@pytest.mark.parametrize("network", ["unet", "transformer", "mlp"])
def test_the_flow_backwards_and_forwards_gives_the_image(network):
    guidance = {"guidance": 2.0, "guidance_start": 0.0, "guidance_end": 1.0}
    model = trained(network=network, steps=8, solver="runge_kutta", **guidance)
    decode, encode = tf.function(model.decode), tf.function(model.encode)
    x = np.random.default_rng(0).uniform(0.1, 0.9, [3, 8, 8, 1]).astype(np.float32)
    y = np.array([0, 1, 2])
    np.testing.assert_allclose(decode(encode(x, y)["z"], y), x, atol=5e-3)
    if network == "mlp":
        for end, image in ((0.0, x), (1.0, x[::-1])):
            between = model.interpolate(x, x[::-1], np.full(3, end, np.float32), y)
            np.testing.assert_allclose(between[1], image[1], atol=5e-3)


@pytest.mark.parametrize("network", ["unet", "transformer", "mlp"])
def test_bfloat16_gives_nearly_the_velocities_of_float32(network):
    """Times are kept in float32."""
    x = np.random.default_rng(0).normal(size=[4, 8, 8, 1]).astype(np.float32)
    t, y = np.array([0.1, 0.5, 0.99, 0.995], np.float32), np.array([0, 1, 2, 0])
    exact, rounded = (
        trained(network=network, precision=precision).velocity(x, t, y)
        for precision in ("float32", "mixed_bfloat16")
    )
    assert rounded.dtype == tf.float32
    np.testing.assert_allclose(rounded, exact, atol=0.05 * np.std(exact))


def test_groups_are_normalised_as_by_keras():
    layer = keras.layers.GroupNormalization(8)
    x = 5 + 3 * np.random.default_rng(0).normal(size=[2, 4, 4, 16]).astype(np.float32)
    expected = 2 * layer(x) + 1
    found = velocity.normalize_groups(tf.constant(x), tf.fill([1, 16], 2.0), tf.fill([1, 16], 1.0))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_trajectory_leads_from_noise_to_the_sample():
    model = trained(steps=3)
    seed, y = np.array([5, 6, 6]), np.array([0, 1, 1])
    x = model.trajectory(seed, np.array([0, 1, 0.5], np.float32), y).numpy()
    noise = seeds.row_normal(seed, 64).numpy().reshape(x.shape)
    np.testing.assert_allclose(x[0], np.clip((noise[0] + 1) / 2, 0, 1), atol=1e-6)
    np.testing.assert_allclose(x[1], model.sample(seed, y)[1], atol=1e-5)
    assert np.abs(x[2] - x[1]).max() > 0.01


def test_guidance_is_a_line_through_the_velocities_with_and_without_label():
    x = np.random.default_rng(0).normal(size=[4, 8, 8, 1]).astype(np.float32)
    t, y = np.array([0.1, 0.2, 0.5, 0.9], np.float32), np.array([0, 1, 2, 0])
    model, guidance = trained(), np.full(4, 3, np.float32)
    without, with_label = (model.velocity(x, t, labels) for labels in (np.full(4, -1), y))
    assert np.abs(with_label - without).max() > 1e-3
    weight = np.array([1.0, 3.0, 3.0, 1.0])[:, None, None, None]
    found = model.guided_velocity(x, t, y, guidance)
    np.testing.assert_allclose(found, without + weight * (with_label - without), atol=1e-4)
    # With times outside the interval alone, there is no second evaluation.
    outside = model.guided_velocity(x[::3], t[::3], y[::3], guidance[::3])
    np.testing.assert_allclose(outside, with_label[::3], atol=1e-4)


def test_samples_may_have_a_guidance_of_their_own():
    whole = {"guidance_start": 0.0, "guidance_end": 1.0}
    seed, y = np.arange(3, dtype=np.int32), np.array([0, 1, 2])
    with_label, strict = trained(guidance=1.0, **whole), trained(guidance=3.0, **whole)
    weights = np.array([1.0, 3.0, 0.0], np.float32)
    found = with_label.sample_guided(seed, y, weights)
    np.testing.assert_allclose(found[0], with_label.sample(seed, y)[0], atol=1e-4)
    np.testing.assert_allclose(found[1], strict.sample(seed, y)[1], atol=1e-4)
    unknown = with_label.sample(seed, np.full(3, -1))
    np.testing.assert_allclose(found[2], unknown[2], atol=1e-4)
    assert np.abs(found - unknown).max() > 1e-3
    assert "sample_guided" not in trained(label_dropout=0.0).signatures()


def test_a_label_that_is_not_given_is_unknown():
    model, x = trained(), np.random.default_rng(0).normal(size=[2, 8, 8, 1]).astype(np.float32)
    t = np.full(2, 0.5, np.float32)
    np.testing.assert_array_equal(model.velocity(x, t), model.velocity(x, t, np.full(2, -1)))
    np.testing.assert_array_equal(model.to_batch(x)["y"], [-1, -1])
    assert np.all(np.isfinite(model.decode(np.zeros([2, 64], np.float32))))


def test_dropped_labels_are_not_seen():
    batch = {"x": tf.fill([6, 8, 8, 1], 0.3), "y": tf.constant([0, 1, 2, 0, 1, 2])}
    other = {**batch, "y": tf.constant([2, 2, 0, 1, 0, 1])}
    for dropout, same in ((1.0, True), (0.0, False)):
        model = trained(label_dropout=dropout)
        losses = [model.loss_terms(b, seeds.root(0), training=True)["loss"] for b in (batch, other)]
        assert np.allclose(*losses) == same
        # In evaluation no label is dropped.
        losses = [model.loss_terms(b, seeds.root(0))["loss"] for b in (batch, other)]
        assert not np.allclose(*losses)


def test_rows_of_numbers_are_learned_in_the_units_of_their_columns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=[400, 2]) * [1e-3, 1e3] + [5.0, 2e4]
    config, changes = configs.adapt(configs.get_tiny("flow_matching"), (2,))
    assert "network='mlp'" in changes and config.standardize
    model = models.create(config, Spec((2,), 0))
    model.initialize_from_data(data.InMemory(x))
    samples = model.sample(np.arange(200)).numpy()
    np.testing.assert_allclose((samples.mean(0) - x.mean(0)) / x.std(0), 0.0, atol=0.4)


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ({}, (2,), "network='unet' is for images.*choose network='mlp'"),
        ({}, (10, 10, 1), "multiples of 4, not 10x10: choose image_size=12"),
        ({"network": "transformer", "width": 6}, (8, 8, 1), "width=6 is not a multiple of 4"),
        ({"width": 9}, (8, 8, 1), "width=9 is odd"),
        ({"guidance": 2.0, "label_dropout": 0.0}, (8, 8, 1), "choose label_dropout=0.1, or guid"),
        (
            {"guidance_start": 0.7},
            (8, 8, 1),
            "is after guidance_end=0.6: choose guidance_start=0.6",
        ),
    ],
)
def test_what_does_not_fit_is_refused(fields, shape, message):
    with pytest.raises(zoo.UserError, match=message):
        make(spec=Spec(shape, 0), **fields)
