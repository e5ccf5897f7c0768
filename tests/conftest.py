"""Shared by all tests: two virtual CPU devices, tiny data, the toy entry of tests/toys."""

import os
import pathlib
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import pytest
import tensorflow as tf

import zoo.configs
from tests import tiny
from zoo import data, models, seeds
from zoo.training import strategy as strategies

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOYS = ROOT / "tests" / "toys"

# The toy becomes an entry like any other, so that every test over the entries takes it as well.
zoo.configs.__path__.append(str(TOYS))
models.FAMILIES["tiny_gan"] = zoo.configs._module("tiny_gan").MODEL

MIRRORED = strategies.create("mirrored", virtual_devices=2)


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
    """All noise is zero: what then still differs between one and two replicas is a fault."""
    monkeypatch.setattr(seeds, "normal", lambda shape, seed: tf.zeros(shape))
    monkeypatch.setattr(seeds, "uniform", lambda shape, seed: tf.fill(shape, 0.5))


@pytest.fixture
def tiny_data():
    """3 classes of 8x8 images, in memory."""
    return tiny.dataset()


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """A TFDS folder with mnist_5k in it, prepared once for all tests and their subprocesses."""
    folder = tmp_path_factory.mktemp("tfds")
    data.load("mnist_5k", data_dir=str(folder))
    return folder


def script(name, *flags, env=None, **options):
    """Runs a script of the zoo in a process of its own; returns the finished process."""
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / name, *map(str, flags)],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=300,
        **options,
    )
