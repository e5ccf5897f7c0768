"""A discriminator of K + 1 classes, against what the paper says of it."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

import zoo
from zoo import configs, models, seeds
from zoo.configs.spec import Spec
from zoo.models.gan import Examples
from zoo.networks.weight_norm import (
    MinibatchDiscrimination,
    Noise,
    NoisyClassifier,
    WeightNorm,
)
from zoo.training import loop

DRAWING = {"technique": "minibatch_discrimination", "group": 2}


def make(**overrides):
    config = configs.get_tiny("improved_gan", dataset="tiny", **overrides)
    model = models.create(config, Spec((8, 8, 1), 3))
    model.compile_for_run(None)
    return model


def rows(count=10, seed=0):
    return np.random.default_rng(seed).random((count, 8, 8, 1), np.float32)


def test_the_class_generated_is_one_more_whose_logit_is_zero():
    model, x = make(), rows()
    logits = np.concatenate([model.discriminator(x), np.zeros([10, 1])], 1)
    of_all = scipy.special.softmax(logits, -1)
    real = scipy.special.expit(model.logits(x).numpy().astype(float))
    np.testing.assert_allclose(real, of_all[:, :3].sum(1), rtol=1e-5)
    given_real = of_all[:, :3] / of_all[:, :3].sum(1, keepdims=True)
    np.testing.assert_allclose(model.classify(x), given_real, rtol=1e-5)


def test_d_pays_for_the_labels_of_some_rows_and_judges_the_others():
    model = make(labelled_rows=2, batch_size=5, input_noise=0.0, hidden_noise=0.0)
    x, fake, y = rows(5), rows(3, 1), np.array([2, 0, -1, -1, -1], np.int32)
    turn = Examples(tf.constant(x), tf.constant(fake), tf.constant(y), None, seeds.root(0))
    terms = model.discriminator_terms(turn, training=True)
    log_p = scipy.special.log_softmax(model.discriminator(x).numpy().astype(float), -1)
    expected = -(log_p[0, 2] + log_p[1, 0]) / 2
    assert float(tf.reduce_mean(terms["cross_entropy"])) == pytest.approx(expected, rel=1e-5)
    real, generated = (model.logits(a).numpy().astype(float) for a in (x[2:], fake))
    unlabelled = np.logaddexp(0, -real).mean() / 2 + np.logaddexp(0, generated).mean() / 2
    assert float(tf.reduce_mean(terms["d_loss"])) == pytest.approx(unlabelled, rel=1e-5)


def test_g_matches_mean_features():
    model = make(input_noise=0.0, hidden_noise=0.0)
    x, fake = rows(4), rows(6, 1)
    features = [model.discriminator.features(a).numpy().mean(0) for a in (x, fake)]
    turn = Examples(tf.constant(x), tf.constant(fake), None, None, seeds.root(0))
    expected = np.sum((features[0] - features[1]) ** 2)
    assert float(model.generator_loss(turn)) == pytest.approx(expected, rel=1e-4)
    same = turn._replace(fake=tf.constant(x[::-1].copy()))
    assert float(model.generator_loss(same)) == pytest.approx(0, abs=1e-10)


def test_weight_norm_is_the_papers_and_starts_by_data():
    layer = WeightNorm(5, train_scale=True)
    x = np.random.default_rng(0).normal(2.0, 3.0, (200, 7)).astype(np.float32)
    layer(x)
    layer.initialize_from_data(tf.constant(x))
    made = layer(x).numpy()
    np.testing.assert_allclose(made.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(made.std(0), 1, rtol=1e-4)
    layer.v.assign(3.0 * layer.v)  # whose length says nothing
    v = layer.v.numpy()
    expected = x @ (v / np.linalg.norm(v, axis=0) * layer.g.numpy()) + layer.b.numpy()
    np.testing.assert_allclose(layer(x), expected, atol=1e-4)


def test_a_run_starts_with_layers_of_deviation_one(tiny_data):
    model = make(input_noise=0.0, hidden_noise=0.0)
    model.initialize_from_data(tiny_data.train)
    x = next(iter(tiny_data.train.batches(40)))["x"]
    h = tf.reshape(x, [40, -1])
    for layer in model.discriminator.dense:
        h = layer(h)
        np.testing.assert_allclose(np.std(h, 0), 1, rtol=1e-2)
        h = tf.nn.relu(h)


@pytest.mark.parametrize(("kind", "hidden"), [("mlp", (50, 40)), ("conv", (4, 6))])
def test_noise_is_added_in_training_alone(kind, hidden):
    network = NoisyClassifier(kind, (8, 8, 1), hidden, 3, input_noise=0.3, hidden_noise=0.5)
    x = rows(20)
    quiet = network.features(x)
    np.testing.assert_array_equal(network.features(x), quiet)
    noisy = [network.features(x, seeds.root(i)) for i in (0, 0, 1)]
    np.testing.assert_array_equal(noisy[0], noisy[1])
    for a, b in ((quiet, noisy[0]), (noisy[0], noisy[2])):
        assert np.std(a - b) > 0.4


def test_layers_have_a_scale_without_data_too():
    model = make(d_hidden=(30, 20, 10))
    features = model.discriminator.features(rows(50)).numpy()
    assert 0.2 < features.std() < 2


def test_noise_is_normal_and_of_each_layer_its_own():
    noise = Noise(seeds.root(0), 200 * 50)
    first, second = (noise.add(tf.zeros([200, width]), 0.5).numpy() for width in (50, 40))
    assert scipy.stats.kstest(first.ravel() / 0.5, scipy.stats.norm.cdf).pvalue > 1e-3
    for a, b in ((first[:, :40], second), (first[:100], first[100:])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.05


def test_convolutions_with_weight_norm_start_by_data_too():
    layer = WeightNorm(5, kernel_size=4)
    x = np.random.default_rng(0).normal(2.0, 3.0, (50, 8, 8, 2)).astype(np.float32)
    layer(x)
    layer.initialize_from_data(tf.constant(x))
    made = layer(x).numpy()
    assert made.shape == (50, 4, 4, 5)
    np.testing.assert_allclose(made.mean((0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(made.std((0, 1, 2)), 1, rtol=1e-4)


def test_minibatch_discrimination_sums_closeness_within_groups():
    h = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    layer = MinibatchDiscrimination(3, vectors=2, size=5)
    made = layer(h).numpy()
    m = (h @ layer.t.numpy()).reshape(6, 2, 5)
    expected = np.zeros([6, 2])
    for i in range(6):
        for j in range(6):
            if i != j and i // 3 == j // 3:
                expected[i] += np.exp(-np.abs(m[i] - m[j]).sum(-1))
    np.testing.assert_array_equal(made[:, :4], h)
    np.testing.assert_allclose(made[:, 4:], expected, rtol=1e-4, atol=1e-6)


def test_the_drawing_variant_learns_and_answers_no_single_row():
    model = make(**DRAWING)
    batch = {"x": tf.constant(rows()), "y": tf.constant([0, 1] + [-1] * 8)}
    assert all(np.isfinite(term) for term in model.take_step(batch).values())
    assert set(model.signatures()) == {"sample", "decode"}
    for count in (1, 5, 8):
        terms = model.loss_terms(
            {"x": tf.constant(rows(count)), "y": tf.zeros(count, tf.int32)}, seeds.root(0)
        )
        assert all(t.shape == (count,) and np.all(np.isfinite(t)) for t in terms.values())


@pytest.mark.parametrize("overrides", [{}, DRAWING])
def test_batches_of_any_size_can_be_learned_from(overrides):
    model = make(**overrides)
    for count in (1, 7):
        batch = {"x": tf.constant(rows(count)), "y": tf.zeros(count, tf.int32)}
        assert all(np.isfinite(term) for term in model.take_step(batch).values())


def test_groups_are_within_the_rows_of_each_replica(tiny_data, tmp_path, mirrored):
    config = configs.get_tiny("improved_gan", dataset="tiny", **DRAWING)
    with pytest.raises(
        zoo.UserError, match="=10 over 2 replicas.*takes 2 rows at once.*multiple of 4"
    ):
        loop.train(config, tiny_data, tmp_path, mirrored)


def test_the_average_is_of_the_classifier_too():
    model = make()
    averaged = {id(v) for v in model.averaged_variables()}
    assert {id(v) for v in model.discriminator.trainable_variables} <= averaged


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({**DRAWING, "group": 3}, "2 rows with labels and 8 without.*groups of 3.*choose a group"),
        ({"loss": "hinge"}, "loss='hinge' is not that of a classifier of K"),
        ({"codes": "informative"}, "codes='informative': expected one of 'normal', 'uniform'"),
        ({"patience": 3}, "patience=3 is not for 'improved_gan'"),
        ({"labelled_rows": 10}, "labelled_rows=10 of batch_size=10"),
    ],
)
def test_settings_that_do_not_go_together_are_named(overrides, message):
    with pytest.raises(zoo.UserError, match=message):
        make(**overrides)
