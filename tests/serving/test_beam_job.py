"""Batch inference by Beam, where requirements-beam.txt is installed."""

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

pytest.importorskip("apache_beam", reason="needs requirements-beam.txt")

import zoo
from tests.tfserving.model_server import ROOT
from zoo import data
from zoo.errors import UserError
from zoo.serving import beam_job

MODEL = str(ROOT / "saved_models" / "cvae_mnist")


def read(folder, name):
    """{key: values} of the shards."""
    from pyarrow import parquet

    tables = [parquet.read_table(path).to_pydict() for path in sorted(folder.glob("*.parquet"))]
    return {k: v for table in tables for k, v in zip(table["key"], table[name], strict=True)}


def test_a_dataset_is_encoded_as_in_process(tmp_path, data_dir):
    source = beam_job.Source("mnist_5k", ["test"], places={"data_dir": str(data_dir)})
    job = beam_job.Job(MODEL, "encode", tmp_path / "codes")
    (tmp_path / "codes" / "beam-temp-of-a-killed-job").mkdir(parents=True)
    count = beam_job.run_job(source, job, "DirectRunner")
    test = data.load("mnist_5k", data_dir=str(data_dir)).test
    expected = zoo.load(MODEL).encode(test.x, test.y)
    for name in ("loc", "scale"):
        codes = read(tmp_path / "codes", name)
        assert len(codes) == count == test.size
        rows = [codes[f"test/{i}"] for i in range(test.size)]
        np.testing.assert_allclose(rows, expected[name], rtol=1e-4, atol=1e-5)
    assert not list((tmp_path / "codes").glob("beam-temp-*"))


def test_records_in_and_out(tmp_path):
    rng, rows = np.random.default_rng(0), []
    with tf.io.TFRecordWriter(str(tmp_path / "in.tfrecord")) as writer:
        for i in range(5):
            x = rng.integers(0, 256, [28, 28, 1], np.uint8)
            example = tf.train.Example()
            feature = example.features.feature
            feature["image"].bytes_list.value.append(tf.io.encode_png(x).numpy())
            feature["y"].int64_list.value.append(i)
            feature["key"].bytes_list.value.append(f"row {i}".encode())
            writer.write(example.SerializeToString())
            rows.append(x)
    job = beam_job.Job(MODEL, "reconstruct", tmp_path / "out", format="tfrecord")
    source = beam_job.Source("", records=str(tmp_path / "in*"))
    assert beam_job.run_job(source, job, "DirectRunner") == 5
    expected = zoo.load(MODEL).reconstruct(np.stack(rows), np.arange(5))
    for path in (tmp_path / "out").glob("*.tfrecord"):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            feature = tf.train.Example.FromString(record).features.feature
            i = int(feature["key"].bytes_list.value[0].decode().split()[1])
            values = np.reshape(feature["x"].float_list.value, [28, 28, 1])
            np.testing.assert_allclose(values, expected[i], atol=1e-4)


def test_a_signature_that_takes_no_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected one that takes images, .* encode"):
        beam_job.run_job(
            beam_job.Source("mnist_5k"), beam_job.Job(MODEL, "decode", tmp_path), "DirectRunner"
        )


def write_records(path, broken=()):
    """Ten records, some of which hold no image."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for i in range(10):
            example = tf.train.Example()
            feature = example.features.feature
            image = tf.io.encode_png(np.full([28, 28, 1], i, np.uint8)).numpy()
            feature["image"].bytes_list.value.append(b"none" if i in broken else image)
            feature["y"].int64_list.value.append(i)
            feature["key"].bytes_list.value.append(f"row {i}".encode())
            writer.write(example.SerializeToString())


def test_broken_records_are_named_and_left_out_or_end_the_job(tmp_path, capfd):
    write_records(tmp_path / "in.tfrecord", broken=(3,))
    source = beam_job.Source("", records=str(tmp_path / "in*"))
    job = beam_job.Job(MODEL, "reconstruct", tmp_path / "out", format="tfrecord")
    assert beam_job.run_job(source, job, "DirectRunner") == 9
    said = capfd.readouterr().err
    assert "The record 'row 3' cannot be read: " in said and "\n1 records that cannot" in said
    with pytest.raises(UserError, match="The record 'row 3' cannot be read"):
        beam_job.run_job(source, job._replace(out=tmp_path / "no", broken="fail"), "DirectRunner")


def test_labels_of_a_folder_go_by_name(tmp_path):
    """Folders number the classes that they have; the model has ten."""
    rng = np.random.default_rng(0)
    for name in ("Sneaker", "Bag"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(5):
            x = rng.integers(0, 256, [28, 28], np.uint8)
            PIL.Image.fromarray(x).save(tmp_path / "images" / name / f"{i}.png")
    path = str(ROOT / "saved_models" / "cvae_fashion_mnist")
    places = {"data_dir": str(tmp_path / "data")}
    source = beam_job.Source(str(tmp_path / "images"), ["train"], places=places)
    beam_job.run_job(source, beam_job.Job(path, "encode", tmp_path / "out"), "DirectRunner")
    model = zoo.load(path)
    train = data.load(str(tmp_path / "images"), channels=1, **places).train
    assert train.y.max() == 1
    names = np.array(["Bag", "Sneaker"])[train.y]
    expected = model.encode(train.x, list(names))["loc"]
    codes = read(tmp_path / "out", "loc")
    found = [codes[f"train/{i}"] for i in range(train.size)]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    (tmp_path / "images" / "Bag").rename(tmp_path / "images" / "Bags")
    with pytest.raises(UserError, match="class 'Bags', which the model does not know.* 'Bag'"):
        beam_job.run_job(source, beam_job.Job(path, "encode", tmp_path / "no"), "DirectRunner")


def test_unknown_options_of_beam_are_refused(tmp_path):
    with pytest.raises(UserError, match="Beam has no option 'runer'"):
        job = beam_job.Job(MODEL, "encode", tmp_path)
        beam_job.run_job(beam_job.Source("mnist_5k"), job, "DirectRunner", ["--runer=x"])
