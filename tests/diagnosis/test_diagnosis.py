"""Planted faults are found, on points in the plane; each symptom against what it must be."""

import itertools

import numpy as np
import pytest
import scipy.spatial.distance
import tensorflow as tf

from zoo import configs, data, models
from zoo.configs.spec import Spec
from zoo.diagnosis import (
    calibration,
    diagnose,
    diversity,
    fresh_discriminators,
    memorisation,
    page,
    players,
)
from zoo.diagnosis.verdict import VERDICTS, decide
from zoo.errors import UserError
from zoo.experiments import faults
from zoo.experiments.faults import FAULTS

SPEC = Spec((2,), 0)


@pytest.fixture(autouse=True)
def few_rows(monkeypatch):
    monkeypatch.setattr(players, "TRAINING_ROWS", 2000)
    monkeypatch.setattr(players, "TEST_ROWS", 1000)


def blob(count, seed, center=0.0):
    """A Gaussian, whose nearest neighbours are as far as those of others like it."""
    x = np.random.default_rng(seed).normal(center, 1.0, (count, 2))
    return data.InMemory(x.astype(np.float32))


DATASET = data.Dataset("blob", SPEC, blob(2000, 0), blob(1000, 1), blob(1000, 2))


def make(generate=None, **fields):
    fields = {"d_hidden": (16, 16), "g_hidden": (8,), "latent_dim": 2, **fields}
    model = models.create(configs.get("gan", dataset="blob", **fields), SPEC)
    model.compile_for_run(total_steps=None)
    if generate is not None:
        model.generate = lambda z, y=None, training=False: generate(z)
    return model


def constant(z):
    return tf.ones_like(z)


def copy(z):
    places = tf.cast((0.5 + 0.5 * tf.math.erf(z[:, 0] / np.sqrt(2.0))) * 1999, tf.int32)
    return tf.gather(tf.constant(DATASET.train.x), places)


def perfect(z):
    return z  # the code has the data's distribution


def far(z):
    return z + 8.0


@pytest.mark.parametrize(
    ("generate", "name"),
    [
        (constant, "constant generator"),
        (copy, "memorised"),
        (perfect, "indistinguishable"),
        (far, "undertrained discriminator"),
    ],
)
def test_planted_faults_are_found(generate, name, tmp_path):
    model = make(generate)
    if generate is far:  # a D that calls real what is not
        last = model.discriminator.last
        last.kernel.assign(tf.zeros_like(last.kernel))
    before = [v.numpy() for v in model.variables]
    found = diagnose.diagnose(model, DATASET)
    assert found.verdict.name == name, found
    for a, v in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(a, v)
    page.write_page(tmp_path / "page.html", found, "a planted fault")
    text = (tmp_path / "page.html").read_text()
    assert found.verdict.sentence.split(".")[0].replace("'", "&#39;") in text
    assert text.count("data:image/png") >= 4


def test_a_model_without_a_discriminator_is_refused():
    with pytest.raises(UserError, match=r"'vae' has no discriminator to diagnose: choose a GAN"):
        diagnose.check_model(models.create("vae"))


@pytest.mark.parametrize(
    "entry",
    ["cgan", "improved_gan"]
    + [pytest.param(e, marks=pytest.mark.thorough) for e in ("infogan", "r3gan", "wgan_gp")],
)
def test_all_gans_can_be_diagnosed(entry, tiny_data, monkeypatch):
    monkeypatch.setattr(fresh_discriminators, "STEPS", 2)
    model = models.create(configs.get_tiny(entry, dataset="tiny"), tiny_data.spec)
    model.compile_for_run(total_steps=None)
    found = diagnose.diagnose(model, tiny_data)
    assert found.verdict.name in VERDICTS
    assert np.isfinite(found.figures["gradient"])


HEALTHY = {
    "auc": 0.8,
    "auc_training": 0.8,
    "auc_training_unseen": 0.5,
    "pair_distance": 0.95,
    "auc_fresh": 0.95,
    "auc_usual": 0.95,
    "spread": 1.0,
    "coverage": 0.8,
    "classes": 9.8,
    "real_classes": 10.0,
    "copies": 0.01,
    "nearest_distance_ratio": 1.1,
}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "healthy"),
        ({"classes": 1.2}, "collapsed"),
        ({"auc_training_unseen": 0.9}, "overfitted discriminator"),
        ({"coverage": 0.0}, "bad generator"),
        ({"coverage": 0.0, "auc": 0.5}, "undertrained discriminator"),
        ({"auc": 0.5}, "undertrained discriminator"),
        ({"coverage": 0.0, "auc": 0.1}, "undertrained discriminator"),
        ({"coverage": 0.0, "auc": 0.5, "auc_fresh": 0.6}, "discriminator too small"),
        ({"auc": 0.5, "auc_fresh": 0.9, "auc_usual": 1.0}, "undertrained discriminator"),
        ({"auc": 0.9, "auc_fresh": 0.94, "auc_usual": 1.0, "coverage": 0.05}, "bad generator"),
        ({"auc": 0.97, "auc_fresh": 0.55, "auc_usual": 0.55, "coverage": 0.0}, "bad generator"),
        ({"pair_distance": 0.1}, "collapsed"),
        ({"classes": 1.0, "auc": 0.1}, "undertrained discriminator"),
        ({"classes": 1.0, "auc": 0.5, "auc_fresh": 0.5, "auc_usual": 0.55}, "collapsed"),
        ({"copies": 1.0, "nearest_distance_ratio": 0.1}, "memorised"),
        ({"copies": 1.0, "nearest_distance_ratio": 0.8}, "healthy"),
        ({"auc_fresh": 0.5, "auc_usual": 0.55, "auc": 0.5}, "indistinguishable"),
    ],
)
def test_figures_lead_to_verdicts(changed, name):
    found = decide({**HEALTHY, **changed})
    assert found.name == name and found.reasons


def test_the_birthday_test_counts_different_rows():
    rng = np.random.default_rng(0)
    real = scipy.spatial.distance.pdist(rng.normal(size=(1000, 8)))
    few = rng.normal(size=(400, 8))[rng.integers(0, 400, 1000)]
    support = diversity.birthday_support(real, scipy.spatial.distance.pdist(few))
    assert support == pytest.approx(400, rel=0.2)
    other = rng.normal(size=(1000, 8)) + 100 * np.arange(1000)[:, None]
    assert diversity.birthday_support(real, scipy.spatial.distance.pdist(other)) is None


def test_logits_of_true_probabilities_are_calibrated():
    rng = np.random.default_rng(0)
    unseen, generated = rng.normal(1, 1, 20_000), rng.normal(-1, 1, 20_000)
    # The log density ratio of these two Gaussians is 2 x.
    for factor, off in ((2.0, 0.0), (20.0, 0.1)):
        bins = calibration.bin_rows(factor * unseen, factor * generated)
        error = calibration.measure_calibration(bins)["calibration_error"]
        assert (error < 0.02) if off == 0 else (error > 0.05)


def test_fresh_discriminators_see_pairs_of_one_label(tiny_data):
    """A D that knows labels cannot tell rows apart by the labels alone."""
    model = models.create(configs.get_tiny("cgan", dataset="tiny"), tiny_data.spec)
    of = players.FrozenPlayers(model, tiny_data)
    np.testing.assert_array_equal(of.generated_to_train.y, of.train.y)
    assert len(list(itertools.islice(of.logits(of.held_out), 100))) == tiny_data.test.size


def test_copies_are_found_where_real_rows_have_twins():
    unseen = np.r_[np.zeros(20), np.ones(980)]
    found = memorisation.measure_copies({"unseen": unseen, "generated": np.zeros(100)})
    assert found == {"copies": 1.0, "nearest_distance_ratio": 0.0}


@pytest.mark.parametrize("modes", [1, 2])
def test_modes_that_are_missing_are_found_without_a_judge(modes):
    ring = data.load("ring/4000")
    model = models.create(configs.get("gan", dataset="ring", d_hidden=(16,)), ring.spec)
    model.compile_for_run(total_steps=None)
    means = np.array([[1.0, 0.0], [-1.0, 0.0]], np.float32)[:modes]

    def generate(z, y=None, training=False):
        return tf.gather(means, tf.cast(z[:, 0] > 0, tf.int32) % modes) + 0.01 * z[:, :2]

    model.generate = generate
    figures, _ = diversity.measure_diversity(players.FrozenPlayers(model, ring))
    assert decide({**HEALTHY, **figures}).name == "collapsed", figures


def test_a_generator_of_one_row_per_label_has_collapsed(tiny_data):
    model = models.create(configs.get_tiny("cgan", dataset="tiny"), tiny_data.spec)
    model.compile_for_run(total_steps=None)
    rows = tf.random.stateless_uniform([3, *tiny_data.spec.shape], [0, 1])
    model.generate = lambda z, y=None, training=False: tf.gather(rows, y)
    figures, _ = diversity.measure_diversity(players.FrozenPlayers(model, tiny_data))
    assert decide({**HEALTHY, **figures}).name == "collapsed", figures


@pytest.mark.parametrize(
    "fields",
    [
        {"packing": 4},
        pytest.param({"minibatch_stddev": True, "d_steps": 5}, marks=pytest.mark.thorough),
    ],
)
def test_a_discriminator_may_judge_several_rows_at_once(fields, tiny_data, monkeypatch):
    monkeypatch.setattr(fresh_discriminators, "STEPS", 2)
    config = configs.get_tiny("dcgan", dataset="tiny", batch_size=20, **fields)
    model = models.create(config, tiny_data.spec)
    model.compile_for_run(total_steps=None)
    assert np.isfinite(diagnose.diagnose(model, tiny_data).figures["gradient"])


def test_rows_are_made_as_in_training(tiny_data):
    config = configs.get_tiny("dcgan", dataset="tiny", pixels="binarized")
    of = players.FrozenPlayers(models.create(config, tiny_data.spec), tiny_data)
    assert set(np.unique(of.held_out.x)) == set(np.unique(of.train.x)) == {0.0, 1.0}


def test_rows_that_nothing_can_be_measured_on_are_refused(tiny_data):
    model = make(lambda z: z * np.nan)
    with pytest.raises(UserError, match=r"NaN or infinite: the run has diverged.*learning_rate"):
        diagnose.diagnose(model, DATASET)
    few = DATASET._replace(test=blob(5, 2))
    with pytest.raises(UserError, match=r"has 5 rows, D judges 8 at once"):
        diagnose.diagnose(make(packing=8), few)


@pytest.mark.parametrize(("shape", "network"), [((28, 28, 1), "conv"), ((30, 30, 1), "mlp")])
def test_the_usual_network_takes_any_shape(shape, network):
    spec = Spec(shape, 0)
    config = configs.get("gan", dataset="rows", packing=1)
    of = players.FrozenPlayers(models.create(config, spec), DATASET._replace(spec=spec))
    usual = fresh_discriminators.usual_config(of)
    assert usual.network == network
    models.create(usual, spec)


@pytest.mark.parametrize(
    ("name", "different"),
    [
        ("constant G", 1),
        ("G stuck on one digit", 10),
        ("G copies training images", 40),
        ("G gives unseen real images", 24),
    ],
)
def test_what_is_planted_makes_images(name, different, monkeypatch):
    """Each replacement of G makes as many images as codes, all from where it says."""
    monkeypatch.setattr(faults, "ROWS", 40)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)
    rows = data.InMemory(x, np.arange(60) % 4)
    dataset = data.Dataset("tiny", Spec((8, 8, 1), 4), rows, rows.take(4), rows)
    replace = FAULTS[name].replace
    model = models.create(configs.get_tiny("dcgan", dataset="tiny"), dataset.spec)
    z = tf.random.stateless_normal([500, model.config.latent_dim], [0, 1])
    made = replace(model, dataset)(z).numpy()
    assert made.shape == (500, 8, 8, 1) and made.min() >= 0 and made.max() <= 1
    assert len(np.unique(made.reshape(500, -1), axis=0)) == different
