"""M1+M2: the first stage, trained before or given by its path, and what becomes of it."""

import shutil

import numpy as np
import pytest

import zoo
from zoo import configs, models, seeds
from zoo.configs.spec import Spec
from zoo.exports import manifests
from zoo.runs import first_stage
from zoo.serving import export, loading
from zoo.training import checkpoint, loop

SPEC = Spec((8, 8, 1), 3)


def tiny(entry="m1_m2", **fields):
    return configs.get_tiny(entry, dataset="tiny", **fields)


def train(config, dataset, workdir):
    return loop.train(config, dataset, workdir, first_stage=first_stage.make(dataset, workdir))


def export_tiny(entry, folder, spec=SPEC, **fields):
    return export.export(models.create(tiny(entry, **fields), spec), folder)


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    """The path of an exported VAE."""
    return export_tiny("vae_mog", tmp_path_factory.mktemp("m1"), seed=5)


def test_m1_is_trained_first_and_then_left_alone(tiny_data, tmp_path):
    run = train(tiny(), tiny_data, tmp_path)
    first, training = checkpoint.load_run(tmp_path / "m1")
    assert first.config.model == "vae" and training["steps"] == 5
    for a, b in zip(run.model.m1.variables, first.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    assert run.model.m1.steps_taken() == 5


def test_m1_by_its_path_has_its_weights_and_keeps_them(vae, tiny_data, tmp_path):
    run = train(tiny(m1=str(vae), m1_fields=""), tiny_data, tmp_path / "run")
    assert not (tmp_path / "run" / "m1").exists()
    saved = loading.load(vae).to_keras()
    for a, b in zip(run.model.m1.variables, saved.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    batch = next(iter(tiny_data.test.batches(13)))
    np.testing.assert_allclose(
        run.model.codes(batch["x"]),
        (saved.encode(batch["x"])["loc"] - run.model.center) / run.model.spread,
        atol=1e-6,
    )


def test_codes_of_the_training_images_have_mean_0_and_deviation_1(vae, tiny_data, tmp_path):
    model = train(tiny(m1=str(vae), m1_fields=""), tiny_data, tmp_path).model
    q = model.m1.encode(next(iter(tiny_data.train.batches(40)))["x"])
    np.testing.assert_allclose(np.mean(q["loc"], 0), model.center, atol=1e-5)
    rng = np.random.default_rng(0)
    draws = q["loc"] + q["scale"] * rng.normal(size=(4000, *q["loc"].shape))
    np.testing.assert_allclose(np.std(draws, (0, 1)), model.spread, rtol=0.03)


def test_an_export_holds_the_whole_stack(vae, tmp_path):
    m1 = tmp_path / "moved"
    shutil.copytree(vae, m1)
    model = first_stage.create(tiny(m1=str(m1), m1_fields=""), SPEC)
    loaded = loading.load(export.export(model, tmp_path / "export"))
    shutil.rmtree(m1)
    models.check(loaded.config, SPEC)  # as scripts do before they evaluate it
    x = np.random.default_rng(0).random((4, *SPEC.shape), np.float32)
    np.testing.assert_allclose(loaded.classify(x), model.classify(x), atol=1e-5)
    again = loaded.to_keras()
    for a, b in zip(again.variables, model.variables, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["vae_iaf", "vae_tril", "vae_vamp", "vae_gaussian", "gmvae"])
def test_any_vae_can_be_m1(kind, tiny_data):
    fields = "hidden=(8,),latent_dim=3,prior_components=3,flow_steps=2,flow_hidden=(8,)"
    model = models.create(tiny(m1=kind, m1_fields=fields), SPEC)
    batch = next(iter(tiny_data.test.batches(13)))
    terms = model.loss_terms(batch, seeds.root(0), training=True)
    assert all(np.all(np.isfinite(term)) for term in terms.values())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"m1": "vae_mob", "m1_fields": ""},
            r"neither a folder nor a model .*Did you mean 'vae_mog'",
        ),
        ({"m1": "cvae"}, "m1='cvae' is neither a folder nor a model that can be M1"),
        ({"m1_fields": "latent_dmi=3"}, "Did you mean 'latent_dim'"),
        ({"m1_fields": "latent_dim"}, "'latent_dim' is not a field, write field=value"),
        ({"m1_fields": "seed=3"}, "m1_fields has seed, which M1 shares with 'm1_m2'"),
        ({"m1_fields": "beta=-1.0"}, r"m1_fields='beta=-1\.0': .*beta=-1\.0: expected 0\.0 to"),
        ({"m1": "", "m1_fields": ""}, "m1='' is neither a folder nor"),
        ({"network": "conv"}, "network=.conv. is for images, .* choose mlp or gated"),
    ],
)
def test_what_cannot_be_m1_is_named(fields, message):
    with pytest.raises(zoo.UserError, match=message):
        first_stage.create(tiny(**fields), SPEC)


@pytest.mark.thorough
def test_exports_that_cannot_be_m1_are_named(vae, tmp_path):
    (tmp_path / "empty").mkdir()
    cvae = export_tiny("cvae", tmp_path)
    other = export_tiny("vae", tmp_path, Spec((4, 4, 1), 3))
    damaged = tmp_path / "damaged"
    shutil.copytree(vae, damaged)
    for file in (damaged / "variables").glob("*.data*"):
        file.write_bytes(file.read_bytes()[:100])
    changed = shutil.copytree(damaged, tmp_path / "changed")
    manifests.write_manifest(damaged, "vae_tiny")
    for path, message in (
        (damaged, "The SavedModel .* is damaged"),
        (changed, "is not the file that was exported"),
        (tmp_path / "empty", "is not a SavedModel"),
        (cvae, r"is 'cvae' of images \[8, 8, 1\]; expected a VAE without labels of"),
        (other, r"is 'vae' of images \[4, 4, 1\]; .* of images \[8, 8, 1\]"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            first_stage.create(tiny(m1=str(path), m1_fields=""), SPEC)
    with pytest.raises(zoo.UserError, match="is for training M1 first"):
        first_stage.create(tiny(m1=str(vae)), SPEC)
