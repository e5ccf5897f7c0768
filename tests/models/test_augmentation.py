"""Images changed such that what they show stays the same."""

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from zoo import seeds
from zoo.models import augmentation


def blobs(count=16, size=20):
    """Images [count, size, size, 1] of a few smooth blobs around the middle, in [0, 1]."""
    noise = np.random.default_rng(0)
    x = np.zeros([count, size, size, 1], np.float32)
    places = noise.integers(7, size - 7, [count, 3, 2])
    x[np.arange(count)[:, None], places[..., 0], places[..., 1]] = 1.0
    x = scipy.ndimage.gaussian_filter(x, (0, 1.5, 1.5, 0))
    return x / x.max((1, 2, 3), keepdims=True)


def fixed(monkeypatch, warp, thicker):
    """Makes the random numbers of `distort` these: six of the warp, and one, in [-1, 1]."""

    def uniform(shape, seed):
        values = np.array([thicker] if len(shape) == 4 else warp, np.float32)
        return tf.broadcast_to(values.reshape([-1, *[1] * (len(shape) - 1)]) / 2 + 0.5, shape)

    monkeypatch.setattr(seeds, "uniform", uniform)


def center(x):
    return np.array([scipy.ndimage.center_of_mass(image[..., 0]) for image in x])


def test_no_distortion_is_the_image(monkeypatch):
    fixed(monkeypatch, [0] * 6, 0)
    np.testing.assert_allclose(augmentation.distort(blobs(), seeds.root(0)), blobs(), atol=1e-6)


def test_a_turn_is_that_of_scipy(monkeypatch):
    fixed(monkeypatch, [1, 0, 0, 0, 0, 0], 0)
    turned = augmentation.distort(blobs(), seeds.root(0))
    degrees = np.degrees(0.3)
    reference = min(
        (
            scipy.ndimage.rotate(blobs(), sign * degrees, (1, 2), reshape=False, order=1)
            for sign in (-1, 1)
        ),
        key=lambda x: np.abs(x - turned).max(),
    )
    np.testing.assert_allclose(turned, reference, atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_move_is_of_a_tenth_of_the_image(monkeypatch, axis):
    fixed(monkeypatch, [0, 0, 0, 0, axis == 1, axis == 0], 0)
    moved = center(augmentation.distort(blobs(), seeds.root(0)).numpy()) - center(blobs())
    np.testing.assert_allclose(moved, np.tile([-2.0 * (axis == 0), -2.0 * (axis == 1)], (16, 1)),
                               atol=0.05)  # fmt: skip


@pytest.mark.parametrize("thicker", [1, -1])
def test_strokes_gain_or_lose_a_pixel_on_each_side(monkeypatch, thicker):
    fixed(monkeypatch, [0] * 6, thicker)
    morphology = scipy.ndimage.grey_dilation if thicker > 0 else scipy.ndimage.grey_erosion
    np.testing.assert_allclose(
        augmentation.distort(blobs(), seeds.root(0)), morphology(blobs(), (1, 3, 3, 1)), atol=1e-6
    )


def test_each_image_has_a_distortion_of_its_own_by_the_seed():
    x = np.repeat(blobs(1), 8, 0)
    one, again, other = (augmentation.distort(x, seeds.root(i)).numpy() for i in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert one.min() >= 0.0 and one.max() <= 1.0
    pairs = np.abs(one[:, None] - np.concatenate([one, other])[None]).max((2, 3, 4))
    assert np.all(pairs + 2 * np.eye(8, 16) > 0.05)


def test_shift_moves_whole_images_by_up_to_its_limit():
    x = np.zeros([400, 9, 9, 1], np.float32)
    x[:, 4, 4] = 1.0
    moved = augmentation.shift(x, 2, seeds.root(0)).numpy()
    np.testing.assert_array_equal(moved.sum((1, 2, 3)), 1.0)
    found = np.argwhere(moved[..., 0])[:, 1:] - 4
    assert {tuple(f) for f in found} == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}


def test_shift_repeats_the_edge():
    x = np.tile(np.arange(5, dtype=np.float32)[None, :, None, None], [50, 1, 5, 1])
    moved = augmentation.shift(x, 1, seeds.root(0)).numpy()
    columns = {tuple(image[:, 0, 0]) for image in moved}
    assert columns == {(0, 1, 2, 3, 4), (1, 2, 3, 4, 4), (0, 0, 1, 2, 3)}
