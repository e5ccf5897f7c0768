"""Values of unusual types, and processes that TensorFlow does not survive."""

import os
import pickle

import keras
import numpy as np
import pytest

import zoo
from zoo import configs, models
from zoo.data import Spec


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    model = models.create(configs.get_tiny("vae", dataset="tiny"), Spec((8, 8, 1), 3))
    return zoo.load(zoo.export(model, tmp_path_factory.mktemp("types")))


def test_grey_images_need_no_axis_for_their_channel(loaded):
    x = np.random.default_rng(0).integers(0, 256, [4, 8, 8], np.uint8)
    np.testing.assert_allclose(loaded.encode(x)["loc"], loaded.encode(x[..., None] / 255)["loc"])


def test_other_models_are_not_exported(tmp_path):
    with pytest.raises(zoo.UserError, match="Only models of the zoo .* not Sequential"):
        zoo.export(keras.Sequential([keras.layers.Dense(1)]), tmp_path)


def test_a_loaded_model_is_not_pickled(loaded):
    with pytest.raises(zoo.UserError, match="cannot be pickled.*load it in each process"):
        pickle.dumps(loaded)


def test_a_forked_process_says_what_to_do(loaded, monkeypatch):
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    with pytest.raises(zoo.UserError, match="before this process was forked.*spawn"):
        loaded.sample([1])


@pytest.mark.parametrize(
    ("shape", "size"),
    [((3, 4, 5, 1), (46, 16)), ((3, 4, 5), (46, 16)), ((4, 5), (18, 16)), ((4, 5, 3), (18, 16))],
)
def test_grids_of_bytes_and_floats_are_the_same(shape, size):
    x = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    drawn = zoo.draw_grid(x)
    assert drawn.size == size and len(set(np.asarray(drawn).ravel())) > 5
    np.testing.assert_array_equal(np.asarray(drawn), np.asarray(zoo.draw_grid(x / 255)))


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(zoo.UserError, match=r"\[N, H, W, 1\] .* got shape \(2,\)"):
        zoo.draw_grid(np.zeros(2))
    with pytest.raises(zoo.UserError, match="NaN"):
        zoo.draw_grid(np.full([1, 4, 4, 1], np.nan))
