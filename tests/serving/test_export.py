"""Exports: versions, what stands beside them, what is refused."""

import json
import re
import shutil

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

import zoo
from tests import tiny_exports
from tests.entries import METRICS
from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.drawing import images, pictures
from zoo.exports import manifests, versions
from zoo.exports.folder import GOLDEN_ANSWERS
from zoo.runs import run
from zoo.serving import export, golden, half_weights, shards


@pytest.fixture
def model(tiny_data):
    return models.create(configs.get_tiny("cvae", dataset="tiny"), tiny_data.spec)


def tree(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_versions_count_up_and_a_card_and_pictures_stand_beside(model, tmp_path):
    assert export.export(model, tmp_path, METRICS) == tmp_path / "cvae_tiny" / "1"
    assert export.export(model, tmp_path, METRICS) == tmp_path / "cvae_tiny" / "2"
    assert export.export(model, tmp_path, METRICS, version=7).name == "7"
    base = tmp_path / "cvae_tiny"
    assert sorted(p.name for p in base.iterdir()) == ["1", "2", "7", "README.md", "samples.png"]
    card = (base / "README.md").read_text()
    assert "restyle(x, y, y_new)" in card and "arXiv 1406.5298" in card
    extra = base / "7" / "assets.extra"
    assert json.loads((extra / "metrics.json").read_text()) == METRICS
    assert json.loads((extra / "config.json").read_text())["config"]["latent_dim"] == 3
    config = (tmp_path / "models.config").read_text()
    assert 'name: "cvae_tiny"' in config and config.count("config {") == 1
    labels = re.findall(r'key: "(\w+)"\s+value: (\d)', config)
    assert sorted(labels) == [("previous", "2"), ("stable", "7")]
    assert zoo.load(base).path.name == "7"


def test_warm_up_requests_are_ones_that_the_signatures_take(model, tmp_path):
    path = export.export(model, tmp_path, METRICS)
    functions = tf.saved_model.load(str(path)).signatures
    file = path / "assets.extra" / "tf_serving_warmup_requests"
    seen = []
    for record in tf.data.TFRecordDataset(str(file)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        assert request.model_spec.name == "cvae_tiny"
        inputs = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
        functions[request.model_spec.signature_name](**inputs)
        seen.append(request.model_spec.signature_name)
    assert seen == list(model.signatures())


@pytest.mark.thorough
def test_answers_that_changed_are_noticed(model, tmp_path):
    path = export.export(model, tmp_path, METRICS)
    assert max(golden.compare_answers(path).values()) < 1e-5
    assert set(golden.compare_answers(path)) == set(model.signatures())
    other = models.create(configs.get_tiny("cvae", dataset="tiny", seed=1), model.spec)
    again = export.export(other, tmp_path, METRICS)
    file = path / GOLDEN_ANSWERS
    shutil.copy(again / GOLDEN_ANSWERS, file)
    differences = golden.compare_answers(path)
    assert min(differences[name] for name in ("sample", "decode", "reconstruct")) > 1e-4
    file.unlink()
    with pytest.raises(zoo.UserError, match="has no golden answers"):
        golden.compare_answers(path)


@pytest.mark.parametrize("name", ["cvae_mnist", "dcgan_mnist", "gmm_ring"])
def test_committed_models_answer_as_they_did(name):
    """Checks three of them; scripts/verify.py checks all."""
    differences = golden.compare_answers(versions.find_version(versions.SAVED_MODELS / name))
    assert max(differences.values()) < 1e-4, differences


def test_an_existing_version_is_refused_and_left_alone(model, tmp_path):
    export.export(model, tmp_path, METRICS)
    before = tree(tmp_path)
    for version in (1, 0, -3):
        with pytest.raises(zoo.UserError, match=r"above 1, or none for the next free one"):
            export.export(model, tmp_path, METRICS, version=version)
    assert tree(tmp_path) == before


def test_an_export_that_fails_leaves_nothing(model, tmp_path, monkeypatch):
    export.export(model, tmp_path, METRICS)
    before = tree(tmp_path)
    monkeypatch.setattr(export, "_write_warm_up", lambda *a: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        export.export(model, tmp_path, METRICS)
    assert tree(tmp_path) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cvae_tiny", "models.config"]
    assert not [p for p in (tmp_path / "cvae_tiny").iterdir() if p.name.startswith(".")]


@pytest.mark.thorough
@pytest.mark.parametrize("entry", ["cvae", "gan", "gmm", "flow_matching", "vae_pixel"])
def test_half_weights_answer_alike_and_take_half_the_space(entry, tmp_path, monkeypatch):
    monkeypatch.setattr(half_weights, "MIN_SIZE", 8)
    monkeypatch.setattr(shards, "SHARD_BYTES", 1000)  # many files, tensors larger than one
    config = configs.get_tiny(entry, dataset="tiny")
    model = models.create(config, Spec((8, 8, 1), 3))
    paths = [export.export(model, tmp_path, METRICS, weights=weights) for weights in export.WEIGHTS]
    sizes = [sum(f.stat().st_size for f in path.glob("variables/*.data*")) for path in paths]
    share = sizes[1] / sizes[0]
    assert share == 1 if entry == "gmm" else share < 0.8
    whole, half = map(zoo.load, paths)
    assert max(golden.compare_answers(paths[1]).values()) < 1e-5
    for name, inputs in whole.signatures.items():
        request = {i: whole.inputs[i].example(3) for i in inputs}
        answers = [getattr(m, name)(**request) for m in (whole, half)]
        tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, 0.02, 0.02), *answers)
    # The Keras model of it computes with the same weights.
    first = next(iter(whole.signatures))
    request = [half.inputs[i].example(3) for i in half.signatures[first]]
    expected, again = getattr(half, first)(*request), half.to_keras().signatures()[first](*request)
    np.testing.assert_allclose(next(iter(again.values())), expected, atol=1e-5)
    with pytest.raises(zoo.UserError, match="weights='int8' is not known: choose float32 or"):
        export.export(model, tmp_path, METRICS, weights="int8")


def test_names_are_fit_for_urls_and_folders():
    assert versions.export_name("cvae", "mnist_5k") == "cvae_mnist_5k"
    assert versions.export_name("cvae", "emnist/letters") == "cvae_emnist_letters"
    assert versions.export_name("cvae", "/home/me/My Cats & Dogs/") == "cvae_my_cats_dogs"


def test_trained_under_a_strategy_exports_one_copy(tiny_data, tmp_path, mirrored):
    config = configs.get_tiny("cvae", dataset="tiny")
    with mirrored.scope():
        model = models.create(config, tiny_data.spec)
    loaded = zoo.load(export.export(model, tmp_path, METRICS))
    x, y = np.ones([2, 8, 8, 1], np.float32), np.array([0, 2], np.int32)
    np.testing.assert_allclose(loaded.restyle(x, y, y), model.restyle(x, y, y), atol=1e-6)


@pytest.fixture(scope="module")
def loaded(exports_folder):
    return zoo.load(tiny_exports.of_entry("cvae", exports_folder))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m: m.sample(seed=[1, 2], y=[0, 3]),
            r"label y=3 is out of range.* 0 \.\. 2",
        ),
        (lambda m: m.sample(seed=[1], y=[-1]), r"out of range"),
        (lambda m: m.sample([1, 2], [0]), r"same number of rows.*'seed': 2, 'y': 1"),
        (lambda m: m.sample([1]), r"sample takes seed, y; given: seed"),
        (lambda m: m.sample([1], [1], [1]), r"sample takes seed, y"),
        (lambda m: m.sample([1.5], [1]), r"seed takes whole numbers"),
        (lambda m: m.decode(np.zeros([1, 4]), [1]), r"z has shape \[B, 3\], given \[1, 4\]"),
    ],
)
def test_wrong_calls_are_named(loaded, call, message):
    with pytest.raises(zoo.UserError, match=message):
        call(loaded)


def test_an_unknown_signature_names_the_near_miss(loaded):
    with pytest.raises(AttributeError, match=r"'resample'.*Did you mean 'sample'"):
        loaded.resample([1], [2])


def test_labels_out_of_range_are_refused_by_the_graph_itself(loaded):
    function = loaded.module.signatures["sample"]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected in 0 \.\. 2"):
        function(seed=tf.constant([1]), y=tf.constant([3]))


def test_what_is_no_saved_model_is_named(tmp_path, loaded):
    with pytest.raises(zoo.UserError, match=r"not a SavedModel: expected a folder"):
        zoo.load(tmp_path / "nowhere")
    damaged = tmp_path / "damaged"
    shutil.copytree(loaded.path, damaged)
    (damaged / "saved_model.pb").write_bytes(b"no protocol buffer")
    manifests.write_manifest(damaged, "cvae_tiny")
    with pytest.raises(zoo.UserError, match="is damaged"):
        zoo.load(damaged)
    (damaged / "assets.extra" / "config.json").write_text("{}")
    manifests.write_manifest(damaged, "cvae_tiny")
    with pytest.raises(zoo.UserError, match="not exported by the zoo"):
        zoo.load(damaged)


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """An export of a conditional model whose classes have names, one of them long."""
    spec = Spec((8, 8, 1), 3, ("cat", "dog", "a very long name of a class"))
    config = configs.get_tiny("cvae", dataset="pets")
    return export.export(models.create(config, spec), tmp_path_factory.mktemp("named"), METRICS)


def test_names_of_classes_go_with_the_model(named):
    loaded = zoo.load(named)
    assert loaded.class_names == ("cat", "dog", "a very long name of a class")
    assert loaded.to_keras().spec.class_names == loaded.class_names
    description = json.loads((named / "assets.extra" / "config.json").read_text())
    assert description["class_names"] == list(loaded.class_names)
    assert "Labels: 0 cat, 1 dog, 2 a very long name" in (named.parent / "README.md").read_text()
    by_name, by_number = loaded.sample([1, 2], ["dog", "cat"]), loaded.sample([1, 2], [1, 0])
    np.testing.assert_array_equal(by_name, by_number)
    _, arrays = pictures.draw_samples(loaded, 4, labels=["dog", "0"])
    assert arrays["y"].tolist() == [1, 0, 1, 0]
    assert pictures.label_header(loaded, ["dog", "0"], 2) == ["dog", "cat"]
    assert pictures.label_header(loaded, ["dog", "0"], 3) == []
    with pytest.raises(zoo.UserError, match="given: 'dgo'. Did you mean 'dog'. Known: cat, dog, a"):
        loaded.sample([1], ["dgo"])


def test_names_stand_over_the_columns(tmp_path):
    """Upright where they are wider than a column: the header is as high as the longest is long."""
    white = np.ones([8, 30, 1], np.float32)
    images.save_png(tmp_path / "none.png", white)
    images.save_png(tmp_path / "short.png", white, header=["a", "b"])
    images.save_png(tmp_path / "long.png", white, header=["a", "a very long name"])
    sizes = [PIL.Image.open(tmp_path / f"{n}.png").size for n in ("none", "short", "long")]
    assert sizes[0] == (60, 16) and sizes[1] == (60, 34) and sizes[2][1] > 80
    drawn = np.asarray(PIL.Image.open(tmp_path / "short.png"))
    for half in (drawn[:18, :30], drawn[:18, 30:]):
        assert half.min() < 100
    assert drawn[18:].min() == 255


def test_images_may_be_bytes_and_must_be_in_range(named):
    loaded = zoo.load(named)
    x = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), np.uint8)
    y = [0, 1]
    expected = loaded.encode(x / np.float32(255), y)
    np.testing.assert_allclose(loaded.encode(x, y)["loc"], expected["loc"], rtol=1e-5, atol=1e-6)
    for wrong, message in (
        (x.astype(np.float32), r"encode: x has pixels from \d+ to \d+.*or give uint8"),
        (x.astype(np.int64), "encode: x takes bytes .uint8. or floats in .0, 1., given int64"),
        (x * np.float32(np.nan), "encode: x has values that are NaN"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            loaded.encode(wrong, y)
    graph = loaded.module.signatures["encode"]
    for wrong in (x.astype(np.float32), x * np.float32(np.nan), x / np.float32(255) - 1):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"x is expected in \[0, 1\]"):
            graph(x=tf.constant(wrong, tf.float32), y=tf.constant(y))


def test_clusters_are_checked_like_labels(exports_folder):
    loaded = zoo.load(tiny_exports.of_entry("gmvae", exports_folder))
    with pytest.raises(zoo.UserError, match=r"sample_cluster: cluster=3 is out of .* 0 \.\. 2"):
        loaded.sample_cluster([1], [3])


def test_a_workdir_is_loaded_by_its_export(tmp_path, tiny_data):
    workdir = tmp_path / "run"
    config = configs.get_tiny("cvae", dataset="tiny", num_epochs=1, jit=False)
    strategy = tf.distribute.get_strategy()
    path = run.train_and_export(config, tiny_data, workdir, workdir / "export", strategy)
    assert zoo.load(workdir).path == path.resolve()
    assert f'zoo.load("{path.parent}")' in (path.parent / "README.md").read_text()
    shutil.rmtree(workdir / "export")
    with pytest.raises(zoo.UserError, match=r"has no export, or .*scripts/export.py --workdir"):
        zoo.load(workdir)


def test_home_is_expanded_and_patterns_are_refused(model, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = export.export(model, "~/models", METRICS)
    assert path == tmp_path / "models" / "cvae_tiny" / "1"
    assert zoo.load("~/models/cvae_tiny").path == path
    for name in ("a[1]", "a*", "a?", "a\\b"):
        with pytest.raises(zoo.UserError, match=r"takes a path with .* for a pattern.*Rename"):
            export.export(model, tmp_path / name, METRICS)
        with pytest.raises(zoo.UserError, match="for a pattern"):
            zoo.load(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["models"]
