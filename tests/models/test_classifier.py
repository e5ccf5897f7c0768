"""The classifier's augmentation."""

import numpy as np

from zoo import seeds
from zoo.models import classifier


def test_shift_moves_whole_images_by_up_to_its_limit():
    x = np.zeros([400, 9, 9, 1], np.float32)
    x[:, 4, 4] = 1.0
    moved = classifier.shift(x, 2, seeds.root(0)).numpy()
    np.testing.assert_array_equal(moved.sum((1, 2, 3)), 1.0)
    found = np.argwhere(moved[..., 0])[:, 1:] - 4
    assert {tuple(f) for f in found} == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}


def test_shift_repeats_the_edge():
    x = np.tile(np.arange(5, dtype=np.float32)[None, :, None, None], [50, 1, 5, 1])
    moved = classifier.shift(x, 1, seeds.root(0)).numpy()
    columns = {tuple(image[:, 0, 0]) for image in moved}
    assert columns == {(0, 1, 2, 3, 4), (1, 2, 3, 4, 4), (0, 0, 1, 2, 3)}
