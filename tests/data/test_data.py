"""Batches: complete, reproducible, the same for one replica and for several."""

import gzip
import shutil

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import zoo
from tests import tiny
from zoo import data
from zoo.configs.spec import Spec
from zoo.data import fit, reader, sources


def stacked(batches):
    return {
        key: np.concatenate([batch[key] for batch in batches.as_numpy_iterator()])
        for key in ("x", "y")
    }


@pytest.fixture(params=["memory", "stream"])
def split(request):
    """40 images whose first pixel is their number, in memory and streamed."""
    x = np.zeros([40, 2, 2, 1], np.uint8)
    x[:, 0, 0, 0] = np.arange(40)
    memory = data.InMemory(x, np.arange(40))
    if request.param == "memory":
        return memory
    examples = tf.data.Dataset.from_tensor_slices({"x": memory.x, "y": memory.y})
    return data.Streamed(examples, lambda e: e, 40)


def numbers(batches):
    made = [batch["x"][:, 0, 0, 0].numpy().tolist() for batch in batches]
    assert made == [batch["y"].numpy().tolist() for batch in batches]
    return made


def test_an_epoch_has_every_image_once_in_an_order_of_its_own(split):
    first, again = (numbers(split.epoch(0, 3, 0, 8)) for _ in range(2))
    assert sorted(i for batch in first for i in batch) == list(range(40))
    assert first == again
    assert numbers(split.epoch(0, 4, 0, 8)) != first
    assert numbers(split.epoch(1, 3, 0, 8)) != first


def test_an_epoch_can_be_entered_at_any_step(split):
    whole = numbers(split.epoch(0, 0, 0, 8))
    assert numbers(split.epoch(0, 0, 3, 8)) == whole[3:]


def test_epochs_follow_each_other_from_any_step(split):
    one_by_one = [batch for epoch in range(3) for batch in numbers(split.epoch(7, epoch, 0, 16))]
    assert len(one_by_one) == 6
    for first in (0, 1, 2, 5):
        assert numbers(split.epochs(7, first, 16).take(6 - first)) == one_by_one[first:]


def test_an_incomplete_batch_is_left_for_another_epoch(split):
    assert [len(b) for b in numbers(split.epoch(0, 0, 0, 16))] == [16, 16]


@pytest.mark.parametrize(("workers", "local"), [(1, 2), (2, 1), (2, 2)])
def test_replicas_together_see_the_batches_of_one(split, workers, local):
    whole = numbers(split.epoch(0, 0, 1, 8))
    parts = [
        numbers(split.epoch(0, 0, 1, 8, data.Shard(worker, workers, local)))
        for worker in range(workers)
    ]
    joined = [
        [row for part in parts for i in range(local) for row in part[step * local + i]]
        for step in range(len(whole))
    ]
    assert joined == whole


def test_order_is_a_permutation_that_looks_random():
    split = tiny.make_images(997, 0)
    split.y = np.arange(997, dtype=np.int32)
    order = np.concatenate([b["y"] for b in split.epoch(0, 0, 0, 1)])
    assert sorted(order) == list(range(997))
    assert abs(np.corrcoef(order, np.arange(997))[0, 1]) < 0.1


def test_binarised_images_are_drawn_once_with_the_right_frequency():
    x = np.repeat(np.array([0, 51, 128, 255], np.uint8), 2500).reshape(100, 10, 10, 1)
    split = data.InMemory(x, np.zeros(100))
    first, again = (stacked(split.batches(30, "binarized", seed=5))["x"] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert set(np.unique(first)) == {0.0, 1.0}
    rates = [first.reshape(-1)[i * 2500 : (i + 1) * 2500].mean() for i in range(4)]
    assert rates[0] == 0.0 and rates[3] == 1.0
    np.testing.assert_allclose(rates, [0, 0.2, 128 / 255, 1], atol=0.05)
    assert not np.array_equal(first, stacked(split.batches(30, "binarized", seed=6))["x"])


def test_dequantised_bytes_come_back_by_rounding_down():
    x = np.repeat(np.arange(256, dtype=np.uint8), 100).reshape(256, 10, 10, 1)
    made = stacked(data.InMemory(x, np.zeros(256)).batches(100, "dequantized", seed=5))["x"]
    assert made.min() >= 0 and made.max() < 1
    np.testing.assert_array_equal(np.floor(made * 256), x)
    assert (made * 256 - x).mean() == pytest.approx(0.5, abs=0.01)


def test_float_images_are_taken_if_they_are_images():
    x = np.random.default_rng(0).integers(0, 256, (4, 2, 2, 1)).astype(np.uint8)
    np.testing.assert_array_equal(data.InMemory(x / np.float32(255), np.zeros(4)).x, x)
    np.testing.assert_array_equal(data.InMemory(x.astype(np.int64), np.zeros(4)).x, x)
    broken = x / np.float32(255)
    broken[2, 0, 0] = np.nan
    for images, message in (
        (broken, "1 pixels are NaN or infinite, the first in image 2"),
        (x.astype(np.float32), r"must be in \[0, 1\], got .*divide bytes by 255"),
        (x.astype(np.int64) + 9, "must be bytes, 0 to 255"),
        (x > 9, "must be bytes or floats"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            data.InMemory(images, np.zeros(4))


def test_mnist_5k_is_stratified_and_split(data_dir):
    loaded = data.load("mnist_5k", data_dir=str(data_dir))
    assert loaded.spec == Spec((28, 28, 1), 10, tuple("0123456789"))
    assert [loaded.train.size, loaded.validation.size, loaded.test.size] == [3600, 400, 1000]
    np.testing.assert_array_equal(np.bincount(loaded.test.y), [100] * 10)
    everything = np.concatenate([s.x for s in (loaded.train, loaded.validation, loaded.test)])
    assert len({image.tobytes() for image in everything}) == 5000


def test_streamed_and_in_memory_hold_the_same_images(data_dir):
    options = {"data_dir": str(data_dir), "image_size": 32, "channels": 3}
    memory = data.load("mnist_5k", **options)
    stream = data.load("mnist_5k", **options, in_memory_bytes=0)
    assert isinstance(stream.train, data.Streamed) and isinstance(memory.train, data.InMemory)
    assert memory.spec.shape == (32, 32, 3)
    for a, b in zip(memory[2:], stream[2:], strict=True):
        assert a.size == b.size
        one, other = stacked(a.batches_of_bytes(500)), stacked(b.batches_of_bytes(500))
        np.testing.assert_array_equal(one["x"], other["x"])
        np.testing.assert_array_equal(one["y"], other["y"])
    assert not memory.test.x[:, :2].any() and not memory.test.x[:, :, -2:].any()
    np.testing.assert_array_equal(memory.test.x[..., 0], memory.test.x[..., 2])


def fitted(image, shape, kind):
    return fit.fit_image(tf.constant(image), shape, kind).numpy()


def test_images_are_fitted_as_pillow_resizes_them():
    image = np.random.default_rng(0).integers(0, 256, (40, 20, 3), np.uint8)
    pillow = PIL.Image.fromarray(image)

    def resized(width, height):
        return np.asarray(pillow.resize((width, height), PIL.Image.Resampling.BILINEAR), float)

    near = {"atol": 2.0}
    padded = fitted(image, (16, 16, 3), "pad")
    np.testing.assert_allclose(padded[:, 4:12], resized(8, 16), **near)
    assert not padded[:, :4].any() and not padded[:, 12:].any()
    cropped = fitted(image, (10, 10, 3), "crop")
    np.testing.assert_allclose(cropped, resized(10, 20)[5:15], **near)
    np.testing.assert_allclose(fitted(image, (16, 16, 3), "stretch"), resized(16, 16), **near)
    grey = resized(8, 16) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(fitted(image, (16, 16, 1), "pad")[:, 4:12, 0], grey, **near)


def test_small_images_keep_their_pixels_unless_they_are_to_fill_the_shape():
    image = np.random.default_rng(0).integers(0, 256, (4, 4, 1), np.uint8)
    np.testing.assert_array_equal(fitted(image, (8, 8, 3), "pad")[2:6, 2:6, 1:2], image)
    for kind in fit.KINDS:
        np.testing.assert_array_equal(fitted(image, (4, 4, 1), kind), image)
    for kind in ("crop", "stretch"):
        assert fitted(np.full_like(image, 9), (8, 8, 1), kind).min() == 9


def register(name):
    """A TFDS set of constant images from an archive whose name other sets' archives have too."""

    class Constant(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")
        MANUAL_DOWNLOAD_INSTRUCTIONS = "images.gz"

        def _info(self):
            features = {"image": tfds.features.Image(shape=(2, 2, 1))}
            features = tfds.features.FeaturesDict(features)
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            file = dl_manager.extract(dl_manager.manual_dir / "images.gz")
            return {"train": self._generate_examples(np.frombuffer(file.read_bytes(), np.uint8))}

        def _generate_examples(self, pixels):
            for i in range(30):
                yield i, {"image": np.full((2, 2, 1), pixels[0], np.uint8)}

    Constant.name = name
    tfds.core.registered._DATASET_REGISTRY[name] = Constant


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_sets_whose_files_have_the_same_names_keep_their_own(tmp_path, order, monkeypatch):
    fills = {"first": 10, "second": 20}
    monkeypatch.setattr(tfds.core.registered, "_DATASET_REGISTRY", {})
    for name, fill in fills.items():
        register(name)
        (tmp_path / name).mkdir()
        with gzip.open(tmp_path / name / "images.gz", "wb") as file:
            file.write(bytes([fill]))
    for name in order:
        where = {"data_dir": str(tmp_path / "tfds"), "manual_dir": str(tmp_path / name)}
        assert set(data.load(name, **where).train.x.flat) == {fills[name]}


def test_a_set_that_holds_another_one_is_prepared_anew(tmp_path, monkeypatch):
    """As an earlier version left it: the right name, the images of the set before."""
    monkeypatch.setattr(tfds.core.registered, "_DATASET_REGISTRY", {})
    register("mine")
    where = {"data_dir": str(tmp_path / "tfds"), "manual_dir": str(tmp_path)}

    def write(fill):
        with gzip.open(tmp_path / "images.gz", "wb") as file:
            file.write(bytes([fill]))

    write(10)
    data.load("mine", **where)
    right = sources.first_images(tfds.builder("mine", data_dir=where["data_dir"]))
    shutil.rmtree(tmp_path / "tfds" / "mine")
    write(20)
    data.load("mine", **where)

    monkeypatch.setattr(sources, "FIRST_IMAGES", {"mine": right})
    monkeypatch.setattr(sources, "SAME_FILE_NAMES", {"mine"})
    (tmp_path / "images.gz").rename(tmp_path / "elsewhere.gz")
    with pytest.raises(zoo.UserError, match="holds the images of another dataset. .*manual_dir"):
        data.load("mine", **where)
    assert (tmp_path / "tfds" / "mine" / "1.0.0" / "dataset_info.json").exists()
    write(10)
    assert set(data.load("mine", **where).train.x.flat) == {10}
    assert [p.name for p in (tmp_path / "tfds" / "mine").iterdir()] == ["1.0.0"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mnits", {}, r"Unknown dataset 'mnits'.*Did you mean 'mnist'"),
        ("no/such/folder", {}, r"neither a folder nor a name"),
        ("mnist_5k", {"validation_fraction": 0.0}, r"at most 0.5 and above 0, got 0.0"),
        ("mnist_5k", {"validation_fraction": 0.00001}, r"4000 images in 'train': too few"),
        ("mnist_5k", {"channels": 2}, r"channels is 1 .* got 2"),
        ("mnist", {"manual_dir": "/no/such"}, r"manual_dir='/no/such': no such folder"),
    ],
)
def test_bad_requests_are_named(data_dir, name, options, message):
    with pytest.raises(zoo.UserError, match=message):
        data.load(name, data_dir=str(data_dir), **options)


def test_a_set_out_of_reach_is_named_at_once(tmp_path, monkeypatch):
    """Its host resolves to nothing here, with and without a network."""
    monkeypatch.setattr(
        tfds.image_classification.MNIST, "url_infos", {"https://unreachable.invalid/a.gz": None}
    )
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(zoo.UserError, match=r"needs the network.*manual_dir='FOLDER'.*a\.gz"):
        data.load("mnist", data_dir=str(tmp_path))


def test_labels_out_of_range_are_named():
    with pytest.raises(zoo.UserError, match=r"labels from 0 to 2.*must be in 0 \.\. 1"):
        reader.check_labels("mine", np.array([0, 2, 1]), 2)


def test_pixels_of_training_are_white_as_often_as_they_are_bright():
    levels, rows = np.arange(256, dtype=np.uint8), 3_001  # an odd number of values
    x = tf.constant(np.tile(levels[:255], (rows, 1)))
    drawn = data.binarize({"x": x}, tf.constant([1, 2]))["x"].numpy()
    assert set(np.unique(drawn)) == {0, 255}
    expected = levels[:255] / 255
    error = np.sqrt(expected * (1 - expected) / rows)
    np.testing.assert_array_less(np.abs(drawn.mean(0) / 255 - expected), 5 * error + 1e-9)
    white = tf.fill([1_000_000], tf.constant(255, tf.uint8))
    assert np.all(data.binarize({"x": white}, tf.constant([1, 2]))["x"].numpy() == 255)
    again, other = (data.binarize({"x": x}, tf.constant([1, s]))["x"].numpy() for s in (2, 3))
    np.testing.assert_array_equal(drawn, again)
    assert not np.array_equal(drawn, other)
