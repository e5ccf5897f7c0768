"""Metrics against direct computation."""

import numpy as np
import pytest
import tensorflow as tf

from zoo import configs, models
from zoo.evaluation import codes, draws, evaluate, terms
from zoo.evaluation.subject import Subject
from zoo.evaluation.terms import mean_terms


@pytest.fixture
def model(tiny_data):
    return models.create(configs.get_tiny("cvae", dataset="tiny"), tiny_data.spec)


def test_mean_terms_are_means_over_all_images_and_repeat(tiny_data, monkeypatch):
    config = configs.get_tiny("vae", likelihood="discretized_logistic", pixels="scaled")
    model = models.create(config, tiny_data.spec)
    whole = mean_terms(model, tiny_data.test)
    assert mean_terms(model, tiny_data.test) == whole
    batch = next(iter(tiny_data.test.batches(13)))
    rate = model.posterior(batch["x"]).kl_divergence(model.prior())
    assert whole["rate"] == pytest.approx(float(tf.reduce_mean(rate)), rel=1e-5)
    monkeypatch.setattr(terms, "BATCH_SIZE", 5)  # the last batch is then one of 3
    parts = mean_terms(model, tiny_data.test)
    assert parts["rate"] == pytest.approx(whole["rate"], rel=1e-5)


def test_evaluation_has_beta_one(tiny_data):
    config = configs.get_tiny("cvae", dataset="tiny", beta=4.0)
    model = models.create(config, tiny_data.spec)
    metrics = evaluate.measure(Subject(model, tiny_data))
    assert metrics["elbo"] == pytest.approx(-metrics["rate"] - metrics["distortion"])
    assert metrics["loss"] == pytest.approx(4 * metrics["rate"] + metrics["distortion"])


def test_conditional_accuracy_counts_what_the_judge_says(model):
    def judge(x):
        return np.eye(3)[np.arange(len(x)) % 3 if len(x) > 1 else [0]]

    assert draws.conditional_accuracy(model, judge, 300) == 1.0
    assert draws.conditional_accuracy(model, lambda x: judge(x)[:, [1, 0, 2]], 300) == (
        pytest.approx(1 / 3)
    )


def test_active_units_are_those_that_vary(model, tiny_data):
    kernel, bias = model.encoder.last.kernel, model.encoder.last.bias
    weights = np.zeros(kernel.shape, np.float32)
    kernel.assign(weights)
    assert codes.active_units(model, tiny_data.test) == 0
    weights[:, 1] = np.random.default_rng(0).normal(size=len(weights))
    kernel.assign(weights)
    bias.assign(np.ones(bias.shape))
    assert codes.active_units(model, tiny_data.test) == 1
