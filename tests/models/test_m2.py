"""M2 against its equations: labels summed over, bounds below log p, labels where they belong."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import tiny
from zoo import data, models, seeds
from zoo.configs.spec import Spec
from zoo.evaluation.terms import mean_terms
from zoo.models.cvae import CVAE
from zoo.training import loop


@pytest.fixture(scope="module")
def batch():
    """Eight images of the tiny set, the first four with their labels."""
    images = next(iter(tiny.dataset().train.batches(8, "binarized")))
    y = tf.where(tf.range(8) < 4, images["y"], -1)
    return {"x": images["x"], "y": y}


def create(**fields):
    config = zoo.configs.get_tiny("m2", dataset="tiny", **{"labels_first": 0.0, **fields})
    return models.create(config, Spec((8, 8, 1), 3))


def test_enumeration_is_the_explicit_sum_over_labels(batch, no_noise):
    model, x = create(), batch["x"]
    probs = model.classify(x).numpy()
    explicit = np.zeros(8)
    for y in range(3):
        given = CVAE.loss_terms(model, {"x": x, "y": tf.fill([8], y)}, seeds.root(1))
        minus_bound = given["loss"].numpy() + np.log(3)  # L(x, y)
        explicit += probs[:, y] * (minus_bound + np.log(probs[:, y]))
    enumerated = model.loss_terms(batch, seeds.root(1))["loss"]
    np.testing.assert_allclose(enumerated, explicit, rtol=1e-5)


def test_training_takes_the_labelled_bound_where_there_is_a_label(batch, no_noise):
    alpha = 0.3
    model, x, y = create(alpha=alpha, max_shift=0), batch["x"], batch["y"].numpy()
    terms = model.loss_terms(batch, seeds.root(1), training=True)
    hidden = model.loss_terms({"x": x, "y": tf.fill([8], -1)}, seeds.root(1), training=True)
    np.testing.assert_allclose(terms["loss"][4:], hidden["loss"][4:], rtol=1e-6)
    given = CVAE.loss_terms(model, {"x": x[:4], "y": y[:4]}, seeds.root(1))["loss"]
    cross_entropy = -np.log(model.classify(x).numpy()[range(4), y[:4]])
    # Half of the rows have a label: in the batch's mean each counts twice, the others not.
    expected = given + np.log(3) + alpha * 2 * cross_entropy
    np.testing.assert_allclose(terms["loss"][:4], expected, rtol=1e-5)
    np.testing.assert_allclose(np.mean(terms["cross_entropy"]), cross_entropy.mean(), rtol=1e-5)


def test_labels_do_not_enter_the_loss_that_chooses_weights(batch):
    model = create()
    known, other = (
        model.loss_terms({"x": batch["x"], "y": y}, seeds.root(2))["loss"]
        for y in (batch["y"], tf.fill([8], 1))
    )
    np.testing.assert_array_equal(known, other)


def test_bounds_are_below_the_log_likelihoods_by_quadrature(batch):
    """One latent dimension: log p(x, y) and log p(x) are integrals over a line."""
    model, x = create(latent_dim=1, beta=1.0), batch["x"]
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    z = tf.constant(nodes[:, None, None] * np.ones([1, 8, 1]), tf.float32)  # [nodes, B, 1]
    joint = []
    for y in range(3):
        log_p = model.likelihood(z, tf.fill([8], y)).log_prob(x).numpy().astype(np.float64)
        log_p += np.log(weights / np.sqrt(2 * np.pi))[:, None]
        joint.append(np.logaddexp.reduce(log_p, 0) - np.log(3))  # log p(x, y)
    log_px = np.logaddexp.reduce(joint, 0)

    draws = 400
    many = {"x": tf.repeat(x, draws, 0), "y": tf.fill([8 * draws], -1)}
    bound = -model.loss_terms(many, seeds.root(3))["loss"].numpy().reshape(8, draws)
    error = bound.std(1) / np.sqrt(draws)
    assert np.all(bound.mean(1) < log_px + 3 * error)
    assert np.all(bound.mean(1) > log_px - 60)  # a bound of this model and not of another
    for y in range(3):
        terms = model.every_label_terms(many["x"], seeds.root(4), False)
        bound = -terms["loss"][y].numpy().reshape(8, draws) - np.log(3)
        error = bound.std(1) / np.sqrt(draws)
        assert np.all(bound.mean(1) < joint[y] + 3 * error)


def test_unlabelled_images_teach_the_classifier(batch):
    """U(x) alone has a gradient for q(y|x)."""
    model = create(alpha=0.0)
    with tf.GradientTape() as tape:
        hidden = {"x": batch["x"], "y": tf.fill([8], -1)}
        loss = tf.reduce_mean(model.loss_terms(hidden, seeds.root(1), training=True)["loss"])
    gradients = tape.gradient(loss, [v.value for v in model.classifier.trainable_variables])
    assert all(np.any(g.numpy() != 0) for g in gradients)


def test_fit_takes_rows_without_a_label(tiny_data):
    model = create()
    model.compile_for_run(None)
    y = np.where(np.arange(40) < 30, -1, tiny_data.train.y)
    history = model.fit(tiny_data.train.x, y, batch_size=20, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"][0])
    cvae = zoo.create(zoo.configs.get_tiny("cvae", dataset="tiny"), spec=Spec((8, 8, 1), 3))
    cvae.compile_for_run(None)
    with pytest.raises(zoo.UserError, match=r"30 of the 40 training rows .* no label.*model='m2'"):
        cvae.fit(tiny_data.train.x, y, verbose=0)


@pytest.mark.parametrize(
    ("dataset", "labels"),
    [
        ("svhn_cropped", 1000),
        pytest.param("cifar10", 4000, marks=pytest.mark.thorough),
    ],
)
def test_colour_images_of_32_pixels_are_learned(dataset, labels, tmp_path):
    """SVHN and CIFAR-10, by a few generated images of their shape."""
    splits = [tiny.make_images(n, i, (32, 32, 3), 10) for i, n in enumerate((80, 20, 20))]
    generated = data.Dataset(dataset, Spec((32, 32, 3), 10), *splits)
    models.check(zoo.configs.get("m2_colour", dataset=dataset, labels=labels), generated.spec)
    few = {"labels": 20, "num_epochs": 1, "batch_size": 50, "labelled_rows": 10}
    config = zoo.configs.get("m2_colour", dataset=dataset, jit=False, hidden=(4, 4), **few)
    run = loop.train(config, generated, tmp_path)
    assert run.training["steps"] == 2
    assert run.model.sample(np.arange(3), np.arange(3)).shape == (3, 32, 32, 3)


def test_terms_of_labels_are_means_over_labelled_rows(tiny_data):
    model, split = create(), tiny_data.test
    whole = mean_terms(model, split)["error"]
    wrong = model.classify(split.x / np.float32(255)).numpy().argmax(1) != split.y
    assert whole == pytest.approx(wrong.mean(), abs=0.2)  # of binarised images
    known = np.arange(split.size) < 4
    partly = data.InMemory(split.x, np.where(known, split.y, -1))
    some = mean_terms(model, data.InMemory(split.x[:4], split.y[:4]))["error"]
    assert mean_terms(model, partly)["error"] == pytest.approx(some, abs=0.3)
    none = mean_terms(model, data.InMemory(split.x, np.full(split.size, -1)))
    assert "error" not in none and "loss" in none


def test_rows_that_replicas_cannot_share_are_named(tiny_data, tmp_path, mirrored):
    config = zoo.configs.get_tiny("m2", dataset="tiny", labelled_rows=3)
    with pytest.raises(zoo.UserError, match="labelled_rows=3 cannot .* 2 replicas: choose a mult"):
        loop.train(config, tiny_data, tmp_path, mirrored)


def test_codes_density_is_not_for_images():
    with pytest.raises(zoo.UserError, match="likelihood='normal' is a density of real numbers"):
        create(likelihood="normal", pixels="scaled")


def test_all_labels_may_be_known(tiny_data, tmp_path):
    run = loop.train(zoo.configs.get_tiny("m2", dataset="tiny", labels=0), tiny_data, tmp_path)
    assert run.training["steps"] == 10


@pytest.mark.parametrize("entry", ["m2", "m1_m2"])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": 2}, "labels=2 is less than one for each of the 3 classes"),
        ({"labels": 41}, "labels=41, but 40 training images have a label"),
        ({"labelled_rows": 10}, "labelled_rows=10 of batch_size=10"),
        ({"batch_size": 100}, "batch_size=100 is more than"),
    ],
)
def test_what_cannot_be_learned_is_told_before_any_step(
    entry, fields, message, tiny_data, tmp_path
):
    with pytest.raises(zoo.UserError, match=message):
        loop.train(zoo.configs.get_tiny(entry, dataset="tiny", **fields), tiny_data, tmp_path)
    assert not list(tmp_path.rglob("ckpt*"))


def test_a_class_without_a_label_is_named(tiny_data, tmp_path):
    tiny_data.train.y[tiny_data.train.y == 1] = -1
    with pytest.raises(zoo.UserError, match="No training image has the label 1"):
        loop.train(zoo.configs.get_tiny("m2", dataset="tiny"), tiny_data, tmp_path)


@pytest.mark.parametrize("entry", ["m2", "m1_m2", "m1_m2_conv"])
def test_predict_gives_the_classes_of_images_without_labels(entry, tiny_data):
    model = models.create(zoo.configs.get_tiny(entry, dataset="tiny"), tiny_data.spec)
    model.compile_for_run(None)
    probs = model.predict(tiny_data.test.x, verbose=0)
    assert probs.shape == (13, 3)
    np.testing.assert_allclose(probs.sum(1), 1.0, rtol=1e-5)
