"""Baselines of semi-supervised models: the same labels, codes that separate the classes or not."""

import numpy as np
import pytest
import tensorflow as tf

from zoo import configs, models
from zoo.evaluation import evaluate
from zoo.evaluation.subject import Subject


@pytest.fixture
def subject(tiny_data):
    config = configs.get_tiny("m1_m2", dataset="tiny", labels=30)
    return Subject(models.create(config, tiny_data.spec), tiny_data)


def test_baselines_learn_from_the_labelled_rows_alone(subject, tiny_data, monkeypatch):
    """A code that is the class is learned without an error, one that is none is not."""
    corners = [(0, 0), (2, 2), (4, 4)]

    def bright(x):
        x = np.asarray(x)
        return np.stack([x[:, i : i + 3, i : i + 3].mean((1, 2, 3)) for i, _ in corners], 1)

    learned = []

    def codes(x):
        learned.append(len(x))
        return tf.constant(bright(x))

    monkeypatch.setattr(subject.model, "compiled_method", lambda name: {"codes": codes}[name])
    errors = evaluate.measure(subject, ["baselines"])
    assert errors["logistic_regression_error"] == 0.0 and errors["svm_error"] == 0.0
    assert learned == [30, tiny_data.test.size]
    monkeypatch.setattr(
        subject.model, "compiled_method", lambda name: lambda x: tf.zeros([len(x), 2])
    )
    assert evaluate.measure(subject, ["baselines"])["svm_error"] > 0.3


def test_the_protocol_tells_how_many_labels(subject):
    report = evaluate.build_report(subject, only=["accuracy"])
    assert any("learned from 30 labels" in sentence for sentence in report["protocol"])
