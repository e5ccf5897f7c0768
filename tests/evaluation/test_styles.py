"""Measures of strokes on strokes that are drawn with a known slant and width."""

import numpy as np
import pytest
import tensorflow as tf

from zoo import configs, data, models
from zoo.configs.spec import Spec
from zoo.evaluation import evaluate, styles
from zoo.evaluation.judges import Features
from zoo.evaluation.subject import Subject


def stroke(lean, width, size=41):
    """A straight stroke that goes `lean` columns to the right per row up, anti-aliased."""
    rows, columns = np.mgrid[:size, :size] - size // 2
    distance = np.abs(columns + lean * rows) / np.sqrt(1 + lean**2)
    ink = np.clip(width / 2 - distance + 0.5, 0, 1) * (np.abs(rows) < size // 2 - 6)
    return ink[None, ..., None].astype(np.float32)


@pytest.mark.parametrize("lean", [-0.5, 0.0, 0.3, 0.7])
def test_slant_is_that_of_the_stroke(lean):
    np.testing.assert_allclose(styles.slant(stroke(lean, 3)), lean, atol=0.02)


@pytest.mark.parametrize("width", [2.0, 3.0, 5.0])
def test_thickness_grows_with_the_width(width):
    np.testing.assert_allclose(styles.thickness(stroke(0.0, width)), width, rtol=0.25)


def test_images_without_ink_have_finite_measures():
    empty = np.zeros((2, 8, 8, 1), np.float32)
    assert np.all(np.isfinite([styles.slant(empty), styles.thickness(empty)]))


def test_correlation_is_of_deviations_from_each_labels_mean():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    style = rng.normal(size=4000)
    # Labels lean by themselves: this is not a style, on neither side.
    source = style + 5.0 * y
    kept = np.stack([style + 3.0, style - 3.0], 1)
    assert styles.correlation(source, kept, y) == pytest.approx(1.0, abs=1e-3)
    noise = np.stack([rng.normal(size=4000) + 3.0, rng.normal(size=4000) - 3.0], 1)
    assert abs(styles.correlation(source, noise, y)) < 0.05


def test_restyled_images_are_judged_by_what_was_asked(tiny_data, monkeypatch):
    """A model that draws the label asked for in the source's slant, and one that ignores it."""
    spec = Spec((41, 41, 1), 3)
    rng = np.random.default_rng(0)
    x = np.concatenate([stroke(lean, 3) for lean in rng.uniform(-0.5, 0.5, 60)])
    split = data.InMemory(x, np.arange(60) % 3)
    model = models.create(configs.get_tiny("cvae", dataset="tiny"), spec)

    class Judge:
        """Reads the label from a mark in the corner."""

        def features(self, images):
            marks = np.round(images[:, 0, 0, 0] * 2).astype(int)
            return Features(images.reshape(len(images), -1), np.eye(3)[marks])

    def restyle(keeps):
        def draw(x, y, y_new):
            made = np.array(x) if keeps else np.repeat(stroke(0.1, 3), len(x), 0)
            made[:, 0, 0, 0] = (y_new if keeps else y) / 2
            return tf.constant(made)

        return draw

    subject = Subject(model, data.Dataset("lines", spec, split, split, split), Judge())
    monkeypatch.setattr(model, "compiled_method", lambda name: restyle(True))
    kept = evaluate.measure(subject, ["restyled"])
    assert kept["restyled_accuracy"] == 1.0 and kept["slant_kept"] > 0.95
    monkeypatch.setattr(model, "compiled_method", lambda name: restyle(False))
    lost = evaluate.measure(subject, ["restyled"])
    assert lost["restyled_accuracy"] == pytest.approx(1 / 3) and abs(lost["slant_kept"]) < 0.3
