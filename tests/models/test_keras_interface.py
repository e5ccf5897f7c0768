"""Models of the zoo do what people expect of Keras models."""

import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import configs, models

ENTRIES = ("cvae", "gan", "gmm", "classifier", "vae_vamp")


def make(entry, tiny_data):
    model = models.create(configs.get_tiny(entry, dataset="tiny"), tiny_data.spec)
    model.compile(optimizer="adam", jit_compile=False)
    return model


def weights(model):
    return [v.numpy() for v in model.variables]


@pytest.fixture
def arrays(tiny_data):
    return tiny_data.train.x, tiny_data.train.y


@pytest.mark.thorough
def test_data_may_come_in_any_of_keras_forms(tiny_data, arrays):
    """Bytes and floats, tuples and dicts, arrays and datasets: the same weights."""
    x, y = arrays
    scaled = x / 255.0
    forms = [
        lambda fit: fit(scaled, y),
        lambda fit: fit((scaled, y)),
        lambda fit: fit({"x": scaled, "y": y}),
        lambda fit: fit(scaled[..., 0], y.tolist()),
        lambda fit: fit(scaled.astype(np.float32), y[:, None].astype(np.int64)),
        lambda fit: fit(tf.data.Dataset.from_tensor_slices((scaled, y)).batch(32)),
        lambda fit: fit(tf.data.Dataset.from_tensor_slices({"x": scaled, "y": y}).batch(32)),
    ]
    results = []
    for form in forms:
        model = make("cvae", tiny_data)
        form(lambda *data, fit=model.fit: fit(*data, shuffle=False, verbose=0))
        results.append(weights(model))
    for result in results[1:]:
        for a, b in zip(results[0], result, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_bytes_get_the_noise_of_the_config(tiny_data, arrays):
    model = make("cvae", tiny_data)
    assert model.config.pixels == "binarized"
    batch = model.to_batch(arrays)
    assert set(np.unique(batch["x"])) == {0.0, 1.0} and batch["y"].dtype == tf.int32
    history = model.fit(*arrays, epochs=3, verbose=0, validation_data=arrays).history
    assert np.isfinite(history["val_loss"][-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (255.0 * x, y), r"must be in \[0, 1\], got .*divide bytes by 255"),
        (lambda x, y: (x, y + 1), r"has the label 3 in its split 'train', but 3 classes"),
        (lambda x, y: (x, np.eye(3)[y]), r"np\.argmax\(y, 1\)"),
        (lambda x, y: (x, y[:-1]), r"Labels must have shape \[40\]"),
        (lambda x, y: (x, None), r"'cvae' needs labels: give \(x, y\)"),
        (lambda x, y: (x[:, :4], y), r"takes rows of shape \[8, 8, 1\], given .* \[4, 8, 1\]"),
    ],
)
def test_data_that_cannot_be_learned_from_are_named(tiny_data, arrays, change, message):
    x, y = change(arrays[0] / 255.0, arrays[1])
    model = make("cvae", tiny_data)
    before = weights(model)
    with pytest.raises(zoo.UserError, match=message):
        model.fit(x, y, verbose=0)
    for a, b in zip(weights(model), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_calling_a_vae_reconstructs(tiny_data, arrays):
    x = arrays[0] / np.float32(255)
    vae, cvae = make("vae", tiny_data), make("cvae", tiny_data)
    np.testing.assert_allclose(vae(x), vae.reconstruct(x), atol=1e-6)
    np.testing.assert_allclose(vae.predict(x, verbose=0), vae.reconstruct(x), atol=1e-5)
    np.testing.assert_allclose(cvae(x, arrays[1]), cvae.reconstruct(x, arrays[1]), atol=1e-6)
    np.testing.assert_allclose(
        cvae.predict({"x": x, "y": arrays[1]}, verbose=0),
        cvae.reconstruct(x, arrays[1]),
        atol=1e-5,
    )
    probs = make("classifier", tiny_data).predict(x, verbose=0)
    np.testing.assert_allclose(probs.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("entry", ["gan", "gmm"])
def test_a_model_without_one_answer_says_what_to_call(entry, tiny_data, arrays):
    with pytest.raises(zoo.UserError, match=r"no single answer to rows: call model\.sample"):
        make(entry, tiny_data)(arrays[0] / np.float32(255))


@pytest.mark.parametrize(
    "entry",
    ["cvae", "gan", "gmm"]
    + [pytest.param(e, marks=pytest.mark.thorough) for e in ("classifier", "vae_vamp", "m1_m2")],
)
def test_saving_and_loading_gives_the_model_back(entry, tiny_data, arrays, tmp_path):
    model = make(entry, tiny_data)
    if entry == "m1_m2":  # fit refuses an untrained M1
        model.m1.step.assign(1)
    model.fit(*arrays, batch_size=8, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert type(again) is type(model) and again.spec == model.spec
    assert again.steps_taken() == model.steps_taken() == 5
    for a, b in zip(weights(again), weights(model), strict=True):
        np.testing.assert_array_equal(a, b)
    history = again.fit(*arrays, batch_size=8, verbose=0).history
    assert all(np.isfinite(v[-1]) for v in history.values())


@pytest.mark.parametrize("entry", ["cvae", "gan"])
def test_a_model_after_fit_is_exported(entry, tiny_data, arrays, tmp_path):
    model = make(entry, tiny_data)
    model.fit(*arrays, batch_size=8, verbose=0)
    path = zoo.export(model, tmp_path)
    loaded = zoo.load(path)
    seed, y = np.arange(3), [0, 1, 2]
    expected = model.sample(seed, y) if entry == "cvae" else model.sample(seed)
    made = loaded.sample(seed, y) if entry == "cvae" else loaded.sample(seed)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    assert "5 steps by Keras' `fit`; not measured" in (path.parent / "README.md").read_text()
    assert set(loaded.signatures) <= set(dir(loaded))
    assert (
        "seed: int32 [B]" in loaded.sample.__doc__
        and "x: float32 [B, 8, 8, 1]" in inspect.getdoc(loaded.sample)
    )
    assert list(inspect.signature(loaded.sample).parameters) == loaded.signatures["sample"]


def test_the_package_lists_what_it_has():
    assert {"create", "export", "list_models", "load", "UserError"} <= set(dir(zoo))


def test_a_clone_called_zoo_does_not_hide_the_package(tmp_path):
    (tmp_path / "zoo" / "docs").mkdir(parents=True)
    code = "import zoo; print(zoo.list_entries()[0])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
