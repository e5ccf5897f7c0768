"""Measures of strokes on strokes that are drawn with a known slant and width."""

import numpy as np
import pytest

from zoo.evaluation import styles


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
    # Labels lean by themselves: this is no style, on neither side.
    source = style + 5.0 * y
    kept = np.stack([style + 3.0, style - 3.0], 1)
    assert styles.correlation(source, kept, y) == pytest.approx(1.0, abs=1e-3)
    noise = np.stack([rng.normal(size=4000) + 3.0, rng.normal(size=4000) - 3.0], 1)
    assert abs(styles.correlation(source, noise, y)) < 0.05
