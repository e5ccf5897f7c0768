"""Values of unusual types, and processes that TensorFlow does not survive."""

import os
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

import zoo
from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.serving import wire
from zoo.tfserving.contract import protos


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    model = models.create(configs.get_tiny("vae", dataset="tiny"), Spec((8, 8, 1), 3))
    return zoo.load(zoo.export(model, tmp_path_factory.mktemp("types")))


def test_grey_images_need_no_axis_for_their_channel(loaded):
    x = np.random.default_rng(0).integers(0, 256, [4, 8, 8], np.uint8)
    given, expected = loaded.encode(x)["loc"], loaded.encode(x[..., None] / 255)["loc"]
    np.testing.assert_allclose(given, expected, rtol=1e-5, atol=1e-6)


def test_other_models_are_not_exported(tmp_path):
    with pytest.raises(zoo.UserError, match="Only models of the zoo .* not Sequential"):
        zoo.export(keras.Sequential([keras.layers.Dense(1)]), tmp_path)


def test_a_loaded_model_is_not_pickled(loaded):
    with pytest.raises(zoo.UserError, match="cannot be pickled.*zoo.load or zoo.connect in each"):
        pickle.dumps(loaded)


def test_a_forked_process_says_what_to_do(loaded, monkeypatch):
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    with pytest.raises(
        zoo.UserError, match="before this process was forked.*neither TensorFlow nor.*spawn"
    ):
        loaded.sample([1])


@pytest.mark.parametrize(
    ("shape", "size"),
    [((3, 4, 5, 1), (46, 16)), ((3, 4, 5), (46, 16)), ((4, 5), (18, 16)), ((4, 5, 3), (18, 16))],
)
def test_grids_of_bytes_and_floats_are_the_same(shape, size):
    x = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    drawn = zoo.draw_grid(x)
    assert drawn.size == size and len(set(np.asarray(drawn).ravel())) > 5
    np.testing.assert_array_equal(np.asarray(drawn), np.asarray(zoo.draw_grid(x / 255)))


@pytest.mark.parametrize(
    "dtype",
    [tf.float16, tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16,
     tf.uint32, tf.uint64, tf.bool, tf.complex64, tf.complex128, tf.string],
)  # fmt: skip
def test_the_client_reads_and_writes_tensors_as_tensorflow_does(dtype):
    if dtype == tf.string:
        array = np.array([[b"a", b"", b"\x00\xff"], [b"a\x00", b"c", b"d"]], object)
    else:
        array = np.array([[0, 1, 2.5], [3, 4, 5]]).astype(dtype.as_numpy_dtype)
        array = array + 1j * array if dtype.is_complex else array
        array = array.astype(dtype.as_numpy_dtype)
    message = wire.MESSAGES["Tensor"]
    for whole in (tf.make_tensor_proto(array), protos.to_proto(array, dtype)):
        read = wire.read_array(message.FromString(whole.SerializeToString()))
        np.testing.assert_array_equal(read, array)
        assert read.dtype == array.dtype and read.flags.writeable
    one = tf.make_tensor_proto(array[:1, 1:2])
    np.testing.assert_array_equal(
        wire.read_array(message.FromString(one.SerializeToString())), array[:1, 1:2]
    )
    written = message()
    wire.write_array(array, written)
    back = tf.make_ndarray(tensor_pb2.TensorProto.FromString(written.SerializeToString()))
    np.testing.assert_array_equal(back, array)


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(zoo.UserError, match=r"\[N, H, W, 1\] .* got shape \(2,\)"):
        zoo.draw_grid(np.zeros(2))
    with pytest.raises(zoo.UserError, match="NaN"):
        zoo.draw_grid(np.full([1, 4, 4, 1], np.nan))
