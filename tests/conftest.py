"""Shared by all tests: two virtual CPU devices, tiny data."""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import keras
import pytest
import tensorflow as tf

from tests import noise, processes, tiny
from zoo import data, seeds
from zoo.training import strategy as strategies

ROOT = pathlib.Path(__file__).resolve().parent.parent

MIRRORED = strategies.create("mirrored", virtual_devices=2)


def pytest_collection_modifyitems(items):
    """Tests that take long come first: the last one to end would keep one process waiting."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def same_draws():
    """Weights made outside a training are the same at every run of the tests."""
    keras.utils.set_random_seed(0)


@pytest.fixture
def mirrored():
    """A strategy of two replicas on two virtual CPU devices."""
    return MIRRORED


@pytest.fixture
def no_noise(monkeypatch):
    """Noise is zero, codes are fixed: what then still differs between one and two replicas is a
    fault."""
    for name, function in noise.NONE.items():
        monkeypatch.setattr(seeds, name, function)

    def sample(p, count, seed):
        """Codes that differ by row, and are those of the whole batch however it is split."""
        del seed
        codes = p.sample(64, seed=seeds.root(0))
        return tf.gather(codes, seeds.replica_id() * count + tf.range(count))

    monkeypatch.setattr(seeds, "sample", sample)


@pytest.fixture
def tiny_data():
    """3 classes of 8x8 images, in memory."""
    return tiny.dataset()


@pytest.fixture(scope="session")
def exports_folder(tmp_path_factory):
    """Where tests/exports.py puts its exports, the same folder for all processes."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """A TFDS folder with mnist_5k in it, prepared once for all tests and their subprocesses."""
    folder = tmp_path_factory.mktemp("tfds")
    data.load("mnist_5k", data_dir=str(folder))
    return folder


def script(name, *flags, **options):
    """Runs a script of the zoo in a process of its own; returns the finished process."""
    return processes.run(ROOT / "scripts" / name, *flags, **options)
