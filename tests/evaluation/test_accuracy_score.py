"""The classification accuracy score of models whose samples are known."""

import numpy as np
import pytest
import tensorflow as tf

from tests import entries, tiny
from zoo import data, models
from zoo.configs.spec import Spec
from zoo.evaluation import accuracy_score

SIZE = 400


@pytest.fixture
def dataset():
    splits = [tiny.make_images(count, seed) for seed, count in enumerate((SIZE, 8, 200))]
    return data.Dataset("tiny", Spec((8, 8, 1), 3), *splits)


def score(dataset, monkeypatch, images, labels_shift=0):
    """The score of a model that draws these images by their labels, in another order."""
    model = models.create(entries.tiny("cvae"), dataset.spec)
    x = images.x.astype(np.float32) / 255
    by_label = [x[images.y == label] for label in range(3)]

    def sample(seed, y):
        chosen = zip(seed, (y + labels_shift) % 3, strict=True)
        return tf.stack([by_label[label][i % len(by_label[label])] for i, label in chosen])

    monkeypatch.setattr(model, "compiled_method", lambda name: sample)
    return accuracy_score.accuracy_score(model, dataset, steps=800)


def test_real_images_score_well_and_images_of_other_labels_do_not(dataset, monkeypatch):
    real = tiny.make_images(SIZE, 7)
    assert score(dataset, monkeypatch, real) > 0.9
    assert score(dataset, monkeypatch, real, labels_shift=1) < 0.1


def test_samples_that_are_all_alike_score_badly(dataset, monkeypatch):
    """Test images are dimmed by up to half; a model that draws bright ones alone knows nothing."""
    one = tiny.make_images(SIZE, 7)
    first = [np.flatnonzero(one.y == label)[0] for label in range(3)]
    alike = data.InMemory(one.x[[first[label] for label in one.y]], one.y)
    assert score(dataset, monkeypatch, alike) < score(dataset, monkeypatch, one)
