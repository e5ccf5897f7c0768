"""Distances and neighbourhoods of clouds against scipy, brute force and what is known of them."""

import numpy as np
import pytest
import scipy.linalg

import zoo
from tests.entries import METRICS
from zoo import configs, data, models
from zoo.configs.spec import Spec
from zoo.errors import UserError
from zoo.evaluation import evaluate, judges, samples
from zoo.evaluation import metrics as registry
from zoo.evaluation.judges import Judge
from zoo.evaluation.subject import Subject

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(60, 4)).astype(np.float32)
FAKE = (RNG.normal(size=(50, 4)) * 0.7 + 0.4).astype(np.float32)


def test_neighbours_of_repeated_images_mean_nothing():
    repeated = np.repeat(REAL[:50], 6, 0)
    assert samples.neighbourhoods(repeated, FAKE) == {}
    assert samples.neighbourhoods(np.repeat(REAL[:50], 3, 0), FAKE)  # fewer copies than neighbours
    assert samples.share_of_copies(REAL, REAL[::2]) == 1.0
    assert samples.share_of_copies(REAL[:30], REAL[30:]) == 0.0


def test_figures_without_a_meaning_are_left_out_and_the_report_says_why(tiny_data, tmp_path):
    x, y = np.repeat(tiny_data.test.x[:8], 7, 0), np.repeat(tiny_data.test.y[:8], 7, 0)
    split = data.InMemory(x, y)
    dataset = data.Dataset("repeated", tiny_data.spec, split, split, split)
    model = models.create(configs.get_tiny("gan", dataset="tiny"), tiny_data.spec)
    classifier = models.create(configs.get_tiny("classifier", dataset="tiny"), tiny_data.spec)
    measured = {**METRICS, "metrics": {"accuracy": 0.9}}
    judge = Judge(zoo.load(zoo.export(classifier, tmp_path, measured)))
    before = {"metrics": {"precision": 0.5, "nearest_distance_ratio": 1.0}, "protocol": []}
    found = evaluate.build_report(Subject(model, dataset, judge), before=before)
    assert not {"precision", "coverage", "nearest_distance_ratio"} & found["metrics"].keys()
    protocol = " ".join(found["protocol"])
    assert "stand more than 5 times" in protocol and "are training images as well" in protocol


def test_frechet_distance_is_that_of_the_matrix_square_root():
    (m, s), (n, t) = ((c.mean(0), np.cov(c, rowvar=False)) for c in (REAL, FAKE))
    expected = np.sum((m - n) ** 2) + np.trace(s + t - 2 * np.real(scipy.linalg.sqrtm(s @ t)))
    assert samples.frechet_distance(REAL, FAKE) == pytest.approx(expected, rel=1e-5)
    assert samples.frechet_distance(REAL, REAL + 2) == pytest.approx(16, rel=1e-4)
    assert samples.frechet_distance(REAL, REAL) == pytest.approx(0, abs=1e-4)


def test_kernel_distance_is_the_mean_over_pairs(monkeypatch):
    def kernel(a, b):
        return (float(a @ b) / 4 + 1) ** 3

    def within(c):
        pairs = [(i, j) for i in range(len(c)) for j in range(len(c)) if i != j]
        return np.mean([kernel(c[i], c[j]) for i, j in pairs])

    across = np.mean([kernel(a, b) for a in REAL for b in FAKE])
    monkeypatch.setattr(samples, "CHUNK", 7)
    expected = within(REAL) + within(FAKE) - 2 * across
    assert samples.kernel_distance(REAL, FAKE) == pytest.approx(expected, rel=1e-4)


def test_neighbourhoods_are_those_of_brute_force(monkeypatch):
    monkeypatch.setattr(samples, "CHUNK", 7)
    k = 3

    def radius(cloud, i):
        return np.sort(np.linalg.norm(cloud - cloud[i], axis=1))[k]  # the first is itself

    real = [radius(REAL, i) for i in range(len(REAL))]
    fake = [radius(FAKE, j) for j in range(len(FAKE))]
    d = np.linalg.norm(REAL[:, None] - FAKE[None], axis=-1)  # [N, M]
    in_real = d < np.array(real)[:, None]
    expected = {
        "precision": in_real.any(0).mean(),
        "recall": (d < np.array(fake)).any(1).mean(),
        "density": in_real.sum() / (k * len(FAKE)),
        "coverage": in_real.any(1).mean(),
    }
    assert samples.neighbourhoods(REAL, FAKE, k) == pytest.approx(expected)


def test_images_learned_by_heart_are_found_out():
    train = RNG.normal(size=(200, 4))
    assert samples.nearest_distance_ratio(train, REAL, train[:50] + 1e-4) < 0.01
    fresh = RNG.normal(size=(500, 4))
    assert samples.nearest_distance_ratio(train, REAL, fresh) == pytest.approx(1, abs=0.2)


def test_shares_and_their_entropy():
    probs = np.eye(4)[[0, 1, 1, 2, 2, 2, 2, 0]]
    shares = samples.class_shares(probs)
    assert shares.tolist() == [0.25, 0.25, 0.5, 0]
    assert samples.entropy(shares) == pytest.approx(1.5 * np.log(2))


class Eye:
    """A judge whose features are the first pixels, to measure without a trained one."""

    name, accuracy = "eye", 0.9

    def classify(self, x):
        return np.asarray(x).reshape(len(x), -1)[:, :3]

    def features(self, x):
        flat = np.asarray(x).reshape(len(x), -1)
        return judges.Features(flat[:, :8], flat[:, :3])

    def features_of_split(self, split):
        return self.features(np.concatenate([b["x"] for b in split.batches(100)]))


@pytest.mark.parametrize("entry", ["cgan", "cvae", "gmm", "gmvae"])
def test_every_metric_that_applies_is_measured_and_labelled(entry, tiny_data):
    model = models.create(configs.get_tiny(entry, dataset="tiny"), tiny_data.spec)
    subject = Subject(model, tiny_data, Eye(), importance_samples=10)
    report = evaluate.build_report(subject)
    applicable = [m for m in registry.METRICS if m.applies_to(subject)]
    expected = {figure for metric in applicable for figure in metric.figures}
    assert expected | set(subject.terms) == set(report["metrics"])
    assert {"coverage", "frechet_floor", "nearest_distance_ratio"} <= expected
    assert ("conditional_accuracy" in expected) == model.conditional


def test_metrics_measured_later_join_the_earlier_ones(tiny_data):
    model = models.create(configs.get_tiny("vae", dataset="tiny"), tiny_data.spec)
    before = evaluate.build_report(Subject(model, tiny_data, importance_samples=10))
    subject = Subject(model, tiny_data, Eye(), importance_samples=5000)
    after = evaluate.build_report(subject, only=["neighbourhoods"], before=before)
    assert set(after["metrics"]) - set(before["metrics"]) == {
        *("precision", "recall", "density", "coverage")
    }
    assert after["importance_samples"] == 10
    assert any("with 10 codes per image" in sentence for sentence in after["protocol"])


def test_unknown_and_unfit_metrics_are_named(tiny_data):
    model = models.create(configs.get_tiny("classifier", dataset="tiny"), tiny_data.spec)
    subject = Subject(model, tiny_data)
    with pytest.raises(UserError, match="Did you mean 'neighbourhoods'"):
        evaluate.measure(subject, ["neighborhoods"])
    with pytest.raises(UserError, match="lacks a judge, samples"):
        evaluate.measure(subject, ["classes"])


def test_a_classifier_of_dequantized_pixels_is_measured(tiny_data):
    """It has no likelihood to count in bits."""
    config = configs.get_tiny("classifier", dataset="tiny", pixels="dequantized")
    model = models.create(config, Spec((8, 8, 1), 3))
    assert "accuracy" in evaluate.measure(Subject(model, tiny_data))
