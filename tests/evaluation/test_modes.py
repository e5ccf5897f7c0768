"""Counting the modes of known samples."""

import numpy as np
import pytest

from zoo import data
from zoo.data import densities, stacked
from zoo.errors import UserError
from zoo.evaluation import modes

MEANS = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])


def test_perfect_samples_reach_all_modes_and_the_ceiling_of_quality():
    rows = data.to_memory(densities.load("ring").test)
    components = densities.ring().mixture.components_distribution
    found, good = modes.nearest_components(rows.x, components.mean().numpy(), 0.01)
    np.testing.assert_array_equal(found, rows.y)
    figures = modes.measure_modes(found, good, num_modes=8)
    assert figures["modes"] == 8
    # In the plane 1 - exp(-9 / 2) of a Gaussian lies within three standard deviations.
    assert figures["high_quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.005)
    # 2 N KL is nearly chi-squared with K - 1 degrees of freedom.
    assert figures["reverse_kl"] < 25 / (2 * len(rows.x))


def test_a_mode_counts_if_a_sample_of_high_quality_is_its_own():
    x = np.array([[0.1, 0.0], [0.0, 0.2], [4.0, 0.29], [0.0, 3.5]])
    found, good = modes.nearest_components(x, MEANS, 0.1)
    np.testing.assert_array_equal(found, [0, 0, 1, 2])
    np.testing.assert_array_equal(good, [True, True, True, False])
    figures = modes.measure_modes(found, good, num_modes=3)
    shares = np.array([0.5, 0.25, 0.25])
    assert figures["modes"] == 2 and figures["high_quality"] == 0.75
    assert figures["reverse_kl"] == pytest.approx(np.sum(shares * np.log(3 * shares)))


def test_samples_of_one_mode_have_the_highest_divergence():
    figures = modes.measure_modes(np.full(10, 3), num_modes=8)
    assert figures == {"modes": 1, "reverse_kl": pytest.approx(np.log(8))}


def test_stacked_images_spell_the_labels_of_their_channels(tiny_data):
    made = stacked.stack(tiny_data)
    classes = tiny_data.spec.num_classes
    assert made.spec.num_classes == classes**3 and made.spec.shape[2:] == (3,)
    rows, singles = made.train, tiny_data.train
    for channel in range(3):
        digit = rows.y // classes ** (2 - channel) % classes
        of_one = {(x.tobytes(), y) for x, y in zip(singles.x, singles.y, strict=True)}
        of_all = [
            (np.ascontiguousarray(x[..., channel : channel + 1]).tobytes(), y)
            for x, y in zip(rows.x, digit, strict=True)
        ]
        assert set(of_all) == of_one and len(of_all) == len(singles.x)

    def classify(x):  # recognises the very images
        known = {image.tobytes(): y for image, y in zip(singles.x, singles.y, strict=True)}
        y = [known[np.round(255 * image).astype(np.uint8).tobytes()] for image in x]
        return np.eye(classes)[y]

    batch = next(made.train.batches(8).as_numpy_iterator())
    np.testing.assert_array_equal(modes.classes_of_channels(batch["x"], classify), batch["y"])


def test_only_grey_images_with_labels_are_stacked():
    with pytest.raises(UserError, match=r"'stacked_ring' needs grey images with labels"):
        stacked.stack(data.load("ring"))
