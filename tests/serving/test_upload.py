"""Exports to addresses, and exports that meet."""

import fsspec
import numpy as np
import pytest

import zoo
from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.exports import manifests
from zoo.serving import export, upload


@pytest.fixture(scope="module")
def model():
    return models.create(configs.get_tiny("vae", dataset="tiny"), Spec((8, 8, 1), 3))


def test_an_export_to_an_address_is_loaded_from_there(model, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    assert upload.export_to("memory://models", model) == "memory://models/vae_tiny/1"
    assert upload.export_to("memory://models/", model) == "memory://models/vae_tiny/2"
    loaded = zoo.load("vae_tiny", "memory://models")
    np.testing.assert_allclose(loaded.sample([3]), model.sample(np.array([3])), atol=1e-6)
    assert fsspec.filesystem("memory").exists("/models/vae_tiny/README.md")
    with pytest.raises(zoo.UserError, match=r"vae_tiny/2 exists: choose another version"):
        upload.export_to("memory://models", model, version=2)
    with pytest.raises(zoo.UserError, match="nowhere://models cannot be written"):
        upload.export_to("nowhere://models", model)


def test_addresses_are_no_folders(model):
    for folder in ("gs://bucket/models", "s3://bucket"):
        with pytest.raises(zoo.UserError, match="is an address, but this has to be a path"):
            export.export(model, folder)


@pytest.mark.thorough
def test_two_exports_at_once_take_two_versions(model, tmp_path, monkeypatch):
    write = manifests.write_manifest

    def slow(folder, name):
        """Another export finishes first."""
        monkeypatch.setattr(manifests, "write_manifest", write)
        export.export(model, tmp_path)
        write(folder, name)

    monkeypatch.setattr(manifests, "write_manifest", slow)
    assert export.export(model, tmp_path) == tmp_path / "vae_tiny" / "2"
    assert sorted(p.name for p in (tmp_path / "vae_tiny").iterdir() if p.is_dir()) == ["1", "2"]
    assert not list(tmp_path.rglob("*.tmp"))


def test_weights_that_are_not_finite_are_not_exported(tmp_path):
    model = models.create(configs.get_tiny("vae", dataset="tiny"), Spec((8, 8, 1), 3))
    weight = model.trainable_variables[0]
    weight.assign(np.full(weight.shape, np.nan))
    with pytest.raises(zoo.UserError, match="is not finite: this model cannot be used"):
        export.export(model, tmp_path)
    assert not list(tmp_path.iterdir())
