"""Batch inference by Beam, where requirements-beam.txt is installed."""

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("apache_beam", reason="needs requirements-beam.txt")

import zoo
from tests.serving.serving import ROOT
from zoo import data
from zoo.errors import UserError
from zoo.serving import batch

MODEL = str(ROOT / "saved_models" / "cvae_mnist")


def read(folder, name):
    """{key: values} of the shards."""
    from pyarrow import parquet

    tables = [parquet.read_table(path).to_pydict() for path in sorted(folder.glob("*.parquet"))]
    return {k: v for table in tables for k, v in zip(table["key"], table[name], strict=True)}


def test_a_dataset_is_encoded_as_in_process(tmp_path, data_dir):
    source = batch.Source("mnist_5k", ["test"], places={"data_dir": str(data_dir)})
    job = batch.Job(MODEL, "encode", tmp_path / "codes")
    (tmp_path / "codes" / "beam-temp-of-a-killed-job").mkdir(parents=True)
    count = batch.run(source, job, "DirectRunner")
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
    job = batch.Job(MODEL, "reconstruct", tmp_path / "out", format="tfrecord")
    source = batch.Source("", records=str(tmp_path / "in*"))
    assert batch.run(source, job, "DirectRunner") == 5
    expected = zoo.load(MODEL).reconstruct(np.stack(rows), np.arange(5))
    for path in (tmp_path / "out").glob("*.tfrecord"):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            feature = tf.train.Example.FromString(record).features.feature
            i = int(feature["key"].bytes_list.value[0].decode().split()[1])
            values = np.reshape(feature["x"].float_list.value, [28, 28, 1])
            np.testing.assert_allclose(values, expected[i], atol=1e-4)


def test_a_signature_that_takes_no_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected one that takes images, .* encode"):
        batch.run(batch.Source("mnist_5k"), batch.Job(MODEL, "decode", tmp_path), "DirectRunner")
