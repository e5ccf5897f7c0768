"""What the rate is made of, at its two extremes; bits; what a full evaluation holds."""

import json
import math

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

import zoo
from tests.entries import METRICS
from zoo import configs, data, models
from zoo.configs.spec import Spec
from zoo.distributions import likelihood, likelihoods
from zoo.evaluation import density, evaluate
from zoo.evaluation.subject import Subject
from zoo.objectives import bounds
from zoo.serving import export


def make(tiny_data, posterior="diagonal", **overrides):
    config = configs.get_tiny("vae", dataset="tiny", posterior=posterior, **overrides)
    return models.create(config, tiny_data.spec)


@pytest.mark.parametrize("posterior", ["diagonal", "tril", "iaf"])
def test_codes_that_know_nothing_of_their_image(tiny_data, posterior):
    model = make(tiny_data, posterior)
    last = model.encoder.last
    last.kernel.assign(np.zeros(last.kernel.shape))
    last.bias.assign(np.linspace(-0.5, 0.5, last.bias.shape[0]))
    assert density.mutual_information(model, tiny_data.test) == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("posterior", ["diagonal", "tril", "iaf"])
def test_codes_that_name_their_image(tiny_data, posterior):
    model = make(tiny_data, posterior)
    last = model.encoder.last
    last.kernel.assign(np.random.default_rng(0).normal(size=last.kernel.shape) * 3)
    # Next to no noise: the logarithms of the scales are far below zero.
    kernel, scales = last.kernel.numpy(), np.full(3, -6.0)
    if posterior == "tril":
        scales = tfp.math.fill_triangular_inverse(np.diag(scales))
    kernel[:, 3 : 3 + len(scales)] = 0.0
    last.kernel.assign(kernel)
    last.bias.assign(np.pad(scales, (3, last.bias.shape[0] - 3 - len(scales))))
    information = density.mutual_information(model, tiny_data.test)
    assert information == pytest.approx(math.log(13), abs=1e-3)


def test_bits_of_a_uniform_distribution_over_bytes_are_eight():
    assert bounds.bits_per_dim(64 * math.log(256), 64, discrete=True) == pytest.approx(8)
    assert bounds.bits_per_dim(0.0, 64, discrete=False) == pytest.approx(8)


def test_bits_of_a_density_are_those_of_its_mass_in_a_byte():
    """A logistic wider than a grey level: mass of the byte, or density of the byte dequantised."""
    config = configs.get("vae", likelihood="discretized_logistic", pixels="scaled")
    part = likelihoods.DiscretizedLogistic(config, Spec((1, 1, 1), 0))
    p = part.distribution(tf.constant([0.0, -1.5], shape=[1, 1, 1, 2]))
    v = np.arange(60, 200)
    discrete = -p.log_prob((v / 255).reshape(-1, 1, 1, 1).astype(np.float32))
    scale = float(likelihood.positive_scale(-1.5))
    # x = (v + 1/2) / 256 is the middle of the byte v, of which the logistic's v / 255 is the same.
    density_ = scipy.stats.logistic.logpdf(v / 255, 0.5, scale) - np.log(256 / 255)
    for i in range(len(v)):
        mass, middle = (
            bounds.bits_per_dim(float(discrete[i]), 1, discrete=True),
            bounds.bits_per_dim(-density_[i], 1, discrete=False),
        )
        assert mass == pytest.approx(middle, abs=0.02)


def test_report_has_all_figures_and_says_how(tiny_data):
    subject = Subject(make(tiny_data), tiny_data, importance_samples=30)
    report = evaluate.build_report(subject)
    assert report["metrics"]["nll"] <= -report["metrics"]["elbo"]
    assert 0 < report["metrics"]["nll_standard_error"] < 5
    assert "bits_per_dim" not in report["metrics"]
    protocol = " ".join(report["protocol"])
    assert "30 codes per image" in protocol and "log 13 = 2.56" in protocol


def test_flow_that_stands_still_has_the_density_of_its_noise(tiny_data):
    """A new network's velocity is 0, so that 2x - 1 is standard normal."""
    model = models.create("flow_matching", tiny_data.spec, width=8, depth=1)
    subject = Subject(model, tiny_data, importance_samples=1)
    figures = evaluate.build_report(subject, only=["flow_nll", "bits_per_dim"])["metrics"]
    batches = tiny_data.test.batches(13, "dequantized", density.SEED)
    z = 2 * next(iter(batches))["x"].numpy().reshape(13, 64) - 1
    nats = -(scipy.stats.norm.logpdf(z) + math.log(2)).sum(1)
    assert figures["nll"] == pytest.approx(nats.mean(), abs=1e-3)
    assert figures["bits_per_dim"] == pytest.approx(nats.mean() / 64 / math.log(2) + 8)


def test_bytes_that_are_not_dequantized_have_no_density(tiny_data):
    model = models.create("flow_matching", tiny_data.spec, width=8, depth=1, pixels="scaled")
    with pytest.raises(zoo.UserError, match="lacks a flow's log-likelihood"):
        evaluate.build_report(Subject(model, tiny_data, importance_samples=1), only=["flow_nll"])


def test_metrics_of_an_export_can_be_renewed(tiny_data, tmp_path):
    model = make(tiny_data)
    report = evaluate.build_report(Subject(model, tiny_data), METRICS["training"])
    path = export.export(model, tmp_path, report)
    report["metrics"]["nll"] = 12.25
    export.refresh_metrics(path, report)
    kept = json.loads((path / "assets.extra" / "metrics.json").read_text())
    assert kept["metrics"]["nll"] == 12.25
    assert (
        "| Negative log-likelihood (nats per image) | 12.25 |"
        in (path.parent / "README.md").read_text()
    )


def test_spec_of_a_colour_set_counts_every_value():
    spec = Spec((4, 4, 3), 0)
    config = configs.get_tiny("vae", likelihood="gaussian", pixels="dequantized")
    split = data.InMemory(np.full([5, 4, 4, 3], 128, np.uint8), np.zeros(5))
    dataset = data.Dataset("flat", spec, split, split, split)
    metrics = evaluate.measure(Subject(models.create(config, spec), dataset))
    expected = -metrics["elbo"] / 48 / math.log(2) + 8
    assert metrics["bits_per_dim"] == pytest.approx(expected)
