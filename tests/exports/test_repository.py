"""Models by name: where they are looked for, and what is refused before it is loaded."""

import functools
import http.server
import json
import shutil
import threading

import numpy as np
import pytest

import zoo
from tests.entries import METRICS
from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.exports import manifests
from zoo.serving import export


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A folder with two models, one of two versions."""
    folder = tmp_path_factory.mktemp("models")
    for seed, dataset in ((0, "ring"), (1, "ring"), (0, "grid")):
        config = configs.get_tiny("gmm", dataset=dataset, seed=seed)
        export.export(models.create(config, Spec((2,), 4)), folder, METRICS)
    return folder


@pytest.fixture
def folder(exported, tmp_path):
    """The same, for a test to change."""
    return shutil.copytree(exported, tmp_path / "models")


@pytest.fixture
def address(exported):
    """The folder behind a web server that lists it, as any would."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=exported)
    handler.log_message = lambda *a: None
    server = http.server.ThreadingHTTPServer(("localhost", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()


def test_a_name_is_the_newest_version_in_the_place(exported, monkeypatch):
    assert zoo.load("gmm_ring", exported).path == exported / "gmm_ring" / "2"
    assert zoo.load("gmm_ring", exported, version=1).path.name == "1"
    monkeypatch.setenv("ZOO_MODELS", str(exported))
    assert zoo.load("gmm_grid").path == exported / "gmm_grid" / "1"
    monkeypatch.delenv("ZOO_MODELS")
    assert zoo.load("gmm_ring").path.parent.name == "gmm_ring"  # the checkout's own


def test_a_path_that_exists_goes_before_a_name(exported, monkeypatch):
    monkeypatch.chdir(exported)
    assert zoo.load("gmm_ring").path.resolve() == exported / "gmm_ring" / "2"
    with pytest.raises(zoo.UserError, match="is a path"):
        zoo.load(exported / "gmm_ring", version=1)


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("gmm_rign", None, "holds no model 'gmm_rign'. Did you mean 'gmm_ring'"),
        ("gmm_ring", 3, "has no version 3 of gmm_ring: it has 1, 2"),
    ],
)
def test_what_is_not_there_is_named(exported, name, version, message):
    with pytest.raises(zoo.UserError, match=message):
        zoo.load(name, exported, version)
    with pytest.raises(zoo.UserError, match="which does not exist. A checkout"):
        zoo.load(name, exported / "nowhere")


def test_an_address_is_fetched_once(exported, address, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    loaded = zoo.load("gmm_ring", address)
    assert loaded.path.is_relative_to(tmp_path) and loaded.path.name == "2"
    here = zoo.load("gmm_ring", exported)
    np.testing.assert_array_equal(loaded.sample(seed=[1, 2]), here.sample(seed=[1, 2]))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for version in (2, "2"):
        assert zoo.load("gmm_ring", address, version).path == loaded.path
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    with pytest.raises(zoo.UserError, match="version='two': expected a whole number"):
        zoo.load("gmm_ring", address, "two")
    with pytest.raises(zoo.UserError, match="has no model 'gmm_rin' .* Did you mean 'gmm_ring'"):
        zoo.load("gmm_rin", address)
    with pytest.raises(zoo.UserError, match="cannot be read"):
        zoo.load("gmm_ring", "http://localhost:9/models", version=1)


def test_what_changed_on_the_way_is_not_kept(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    tamper(folder / "gmm_ring" / "2" / "variables" / "variables.index")
    with pytest.raises(zoo.UserError, match="is not the file that was exported"):
        zoo.load("gmm_ring", f"file://{folder}")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def tamper(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def of_another(version):
    shutil.copy(version.parent.parent / "gmm_grid" / "1" / manifests.FILE, version / manifests.FILE)


def outside(version):
    path = version / manifests.FILE
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "files": {"../../secret": "0"}}))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (
            lambda v: tamper(v / "variables" / "variables.data-00000-of-00001"),
            "variables.data-00000-of-00001 is not the file that was exported",
        ),
        (lambda v: tamper(v / "saved_model.pb"), "saved_model.pb is not the file"),
        (lambda v: (v / "fingerprint.pb").unlink(), "the file fingerprint.pb is missing"),
        (lambda v: (v / "saved_model.cpb").write_bytes(b""), "saved_model.cpb is not in the"),
        (lambda v: (v / manifests.FILE).unlink(), "has no manifest"),
        (lambda v: (v / manifests.FILE).write_text("{}"), "is not a manifest of an export"),
        (outside, "is not a manifest of an export"),
        (of_another, "is the manifest of gmm_grid, not of gmm_ring"),
    ],
)
def test_what_is_not_what_was_exported_is_refused(folder, harm, message):
    harm(folder / "gmm_ring" / "2")
    with pytest.raises(zoo.UserError, match=message):
        zoo.load("gmm_ring", folder)
    assert zoo.load("gmm_ring", folder, version=1)  # the other one is as good as before


def test_metrics_that_were_measured_anew_are_in_the_manifest(folder):
    version = folder / "gmm_ring" / "2"
    export.refresh_metrics(version, {**METRICS, "images": 7})
    assert zoo.load("gmm_ring", folder).metrics["images"] == 7


def test_listings_are_tables_and_lists(folder):
    assert list(zoo.list_models(folder)) == ["gmm_grid", "gmm_ring"]
    assert "gmm_ring  gmm" in repr(zoo.list_models(folder))
    assert "<td>gmm_ring</td>" in zoo.list_models(folder)._repr_html_()
    assert set(zoo.list_entries()) == set(configs.entries()) and "arXiv" in repr(zoo.list_entries())
    (folder / "gmm_grid" / "1" / "assets.extra" / "metrics.json").write_text("[]")
    (folder / "foreign" / "1").mkdir(parents=True)
    for place in (folder, f"file://{folder}"):
        found = zoo.list_models(place)
        assert list(found) == ["gmm_ring"] and len(found.notes) == 2
        for name in ("foreign", "gmm_grid"):
            assert f"{name}/1 was not exported by the zoo, or is damaged" in repr(found)
            assert f"{name}/1 was not exported" in found._repr_html_()


def test_names_are_listed_where_they_are_loaded_from(address, monkeypatch):
    monkeypatch.setenv("ZOO_MODELS", address)
    found = zoo.list_models()
    assert list(found) == ["gmm_grid", "gmm_ring"] and found.rows[1]["version"] == 2
