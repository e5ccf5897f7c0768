"""Samples and what stands beside them."""

import numpy as np
import pytest

import zoo
from tests import tiny
from zoo.drawing import pictures


def test_the_nearest_image_of_an_image_is_itself_and_of_a_changed_one_its_original():
    train = tiny.dataset().train
    images = next(iter(train.batches(train.size)))["x"].numpy()
    chosen = images[[5, 0, 3]]
    np.testing.assert_allclose(pictures.find_nearest(chosen, train), chosen)
    np.testing.assert_allclose(pictures.find_nearest(0.95 * chosen + 0.01, train), chosen)


def test_samples_of_another_shape_have_no_nearest_image():
    with pytest.raises(zoo.UserError, match=r"shape \[4, 4, 1\].*the dataset that the model"):
        pictures.find_nearest(np.zeros([2, 4, 4, 1], np.float32), tiny.dataset().train)
    with pytest.raises(zoo.UserError, match=r"shape \[2\]: .* for images alone. Leave"):
        pictures.find_nearest(np.zeros([5, 2], np.float32), tiny.dataset().train)


def test_rows_of_groups_take_turns():
    one, other = (np.full([5, 1, 1, 1], value, np.float32) for value in (0.2, 0.4))
    rows = pictures.stack_rows(3, one, other).ravel()
    np.testing.assert_allclose(rows, [0.2] * 3 + [0.4] * 3 + [0.2] * 2 + [1] + [0.4] * 2 + [1])
