"""VAEs and GANs of rows of numbers, in the units of their columns."""

import numpy as np
import pytest

import zoo
from zoo import configs, data, models
from zoo.exports import versions

SCALE = np.array([1e-3, 1.0, 1e3])
SHIFT = np.array([5.0, -1.0, 2e4])


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    return rng.normal(size=[300, 3]) + 2.0 * y[:, None], y


def started(entry, x, y, **fields):
    tiny = configs.get_tiny(entry, dataset="", **fields)
    config, _ = configs.adapt(tiny, (3,), fields)
    model = models.create(config, zoo.Spec((3,), 2))
    model.initialize_from_data(data.InMemory(x, y))
    return model


@pytest.mark.parametrize("entry", ["vae", "cvae", "vae_vamp"])
def test_a_density_changes_with_the_units_as_densities_do(entry, rows):
    x, y = rows
    given = (y[:5].astype(np.int32),) if entry == "cvae" else ()
    seed = np.arange(5, dtype=np.int32)
    one = started(entry, x, y)
    other = started(entry, x * SCALE + SHIFT, y)
    log_p = np.array(one.score(np.float32(x[:5]), *given, seed=seed))
    moved = np.array(other.score(np.float32(x[:5] * SCALE + SHIFT), *given, seed=seed))
    np.testing.assert_allclose(moved, log_p - np.sum(np.log(SCALE)), atol=0.02)


def test_a_new_model_has_the_moments_of_the_columns(rows):
    x = rows[0] * SCALE + SHIFT
    p = started("vae", x, rows[1]).likelihood(np.zeros([1, 3], np.float32))
    np.testing.assert_allclose((p.mean()[0] - x.mean(0)) / x.std(0), 0.0, atol=0.3)
    np.testing.assert_allclose(p.stddev()[0] / x.std(0), 1.0, atol=0.3)


def test_samples_and_discriminator_of_a_gan_are_in_the_units_of_the_columns(rows):
    x, y = rows
    seed = np.arange(50, dtype=np.int32)
    one, other = started("gan", x, y), started("gan", x * SCALE + SHIFT, y)
    samples, moved = np.array(one.sample(seed)), np.array(other.sample(seed))
    np.testing.assert_allclose((moved - SHIFT) / SCALE, samples, atol=0.02)
    logits = one.discriminate(np.float32(x[:9]))
    np.testing.assert_allclose(
        other.discriminate(np.float32(x[:9] * SCALE + SHIFT)), logits, atol=0.02
    )


def test_fit_on_arrays_starts_from_them_and_exports_under_a_name(tmp_path, rows):
    x, y = rows
    x = (x * SCALE + SHIFT).astype(np.float32)
    model = zoo.create("vae", zoo.Spec((3,), 2), hidden=(16,), jit=False)
    assert model.config.likelihood == "normal" and model.config.dataset == ""
    model.compile(optimizer="adam")
    history = model.fit(x, y, epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0] < 30.0  # in other units than the columns' it is millions
    assert zoo.export(model, tmp_path).parent.name == "vae"
    path = zoo.export(model, tmp_path, name="parts")
    assert path.parent.name == "parts"
    card = (path.parent / "README.md").read_text()
    assert "mnist" not in card and "scripts/train.py" not in card
    assert f"--model_config_file={tmp_path}/models.config" in card
    assert "log-density of a row" in card
    with pytest.raises(zoo.UserError, match="name='a/b' cannot be a folder"):
        zoo.export(model, tmp_path, name="a/b")
    assert versions.list_versions(tmp_path / "parts") == [1]


@pytest.mark.parametrize(
    ("entry", "fields", "message"),
    [
        ("vae", {"likelihood": "bernoulli", "pixels": "binarized"}, "is a density of pixels"),
        ("vae", {"network": "conv"}, "network='conv' is for images.*network='mlp'"),
        ("dcgan", {}, "network='conv' makes images.*network='mlp'"),
    ],
)
def test_what_is_for_images_is_refused(entry, fields, message):
    with pytest.raises(zoo.UserError, match=message):
        zoo.create(entry, zoo.Spec((3,), 0), **fields)


def test_rows_that_float32_cannot_tell_apart_are_refused(rows):
    x = 1e9 + rows[0]
    model = zoo.create("vae", zoo.Spec((3,), 0), hidden=(4,), jit=False)
    model.compile(optimizer="adam")
    with pytest.raises(zoo.UserError, match="vary too little.*model='gmm'"):
        model.fit(x, verbose=0)


def test_pseudo_inputs_of_rows_stay_in_the_units_of_the_columns(rows):
    x = rows[0] * SCALE + SHIFT
    model = started("vae_vamp", x, rows[1], learning_rate=1e-6)
    before = np.array(model.prior_layer.pseudo_inputs)
    model.compile_for_run(None)
    model.fit(x.astype(np.float32), batch_size=100, verbose=0)
    np.testing.assert_allclose(model.prior_layer.pseudo_inputs, before, rtol=1e-3)
