"""Keras' global settings change nothing."""

import keras
import numpy as np
import pytest

import zoo
from zoo import models
from zoo.models import keras_state

SETTINGS = (
    {"image_data_format": "channels_first"},
    {"floatx": "float16"},
    {"dtype_policy": "mixed_bfloat16"},
)


def trained(entry, fields):
    """The weights of a small model after a step, and its answers."""
    model = models.create(entry, zoo.Spec((8, 8, 1), 3), seed=1, **fields)
    model.compile(optimizer="adam")
    x = np.random.default_rng(0).integers(0, 256, [8, 8, 8, 1], np.uint8)
    model.fit(x, np.arange(8) % 3, batch_size=8, verbose=0)
    return [v.numpy() for v in model.trainable_variables]


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ("classifier", {"channels_per_stage": (4, 8), "features": 8}),
        pytest.param(
            "vae",
            {"network": "conv", "hidden": (4, 8), "latent_dim": 2},
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            "dcgan",
            {"d_hidden": (4, 8), "g_hidden": (4, 8), "d_dense": (4,), "latent_dim": 2},
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_global_settings_of_keras_change_nothing(entry, fields):
    expected = trained(entry, fields)
    for settings in SETTINGS:
        with keras_state.settings(**settings):
            found = trained(entry, fields)
        for a, b in zip(found, expected, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, atol=1e-6, err_msg=str(settings))


def test_models_made_before_do_not_change_the_names_of_layers():
    """The graph optimiser orders sums by name, so that names change last bits."""
    before = keras.layers.Dense(1).name

    def names():
        model = models.create("vae", zoo.Spec((8, 8, 1), 0), hidden=(4,), latent_dim=2)
        return [v.path for v in model.variables]

    assert names() == names()
    number = int(keras.layers.Dense(1).name.rpartition("_")[2])
    assert number == (int(before.rpartition("_")[2]) if "_" in before else 0) + 1


def test_settings_are_put_back():
    before = keras.config.floatx()
    with pytest.raises(RuntimeError), keras_state.settings(floatx="float64"):
        assert keras.config.floatx() == "float64"
        raise RuntimeError
    assert keras.config.floatx() == before


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(zoo.UserError, match="set KERAS_BACKEND=tensorflow"):
        models.create("vae")


def test_one_optimizer_for_both_players_is_refused():
    model, adam = models.create("gan", zoo.Spec((8, 8, 1), 3)), keras.optimizers.Adam()
    with pytest.raises(zoo.UserError, match="cannot update both players"):
        model.compile(adam, adam)
