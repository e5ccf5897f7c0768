"""Shared by all tests: which of them run and in what order, two virtual CPU devices, tiny data."""

import ctypes
import gc
import os
import pathlib

import keras
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow.python.distribute import mirrored_run
from tensorflow.python.framework import ops
from xdist import scheduler

from tests import noise, tiny
from zoo import data, errors, seeds
from zoo.drawing import images
from zoo.training import loop
from zoo.training import strategy as strategies

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIRRORED = strategies.create("mirrored", virtual_devices=2)
tf.random.set_seed(0)  # TensorFlow's determinism needs a seed; see tiny.seed_weights
# Files that take longest begin first, so that the two processes end together.
LONGEST = (
    "test_conformance",
    "test_resume",
    "test_cluster",
    "test_loaders",
    "test_experiments",
    "test_loop",
    "test_scripts",
    "test_export",
    "test_client",
)


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="run the tests marked `thorough` as well")


def pytest_collection_finish():
    """What is imported by now stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config, items):
    """Chooses the tests, and puts them in order."""
    if not config.getoption("--all"):
        config.hook.pytest_deselected(items=[i for i in items if i.get_closest_marker("thorough")])
        items[:] = [i for i in items if not i.get_closest_marker("thorough")]
    items.sort(key=lambda item: _rank(item.path.stem))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return OneProcessPerFile(config, log)


class OneProcessPerFile(scheduler.LoadScopeScheduling):
    """Runs the tests of a file, or of one case of the conformance tests, in one process."""

    def _split_scope(self, nodeid):
        return _scope(nodeid)


def _scope(nodeid):
    """The file of a test; of the conformance tests the case."""
    file, _, name = nodeid.partition("::")
    return nodeid[nodeid.find("[") :] if "test_conformance" in file and "[" in name else file


def _rank(stem):
    return LONGEST.index(stem) if stem in LONGEST else len(LONGEST)


@pytest.hookimpl(trylast=True)  # after the fixtures of the file
def pytest_runtest_teardown(item, nextitem):
    """Lets the graphs of a file or case go: all of them together would take gigabytes."""
    ends = nextitem is None or _scope(nextitem.nodeid) != _scope(item.nodeid)
    if ends and _resident() > 1.2 * LIBRARIES:
        # TFP and TensorFlow keep tensors, and with them their graphs, in these for good.
        kept = tfp.bijectors.Bijector._cache.storage
        for key in list(kept):
            key.cancel()
        kept.clear()
        mirrored_run._cfer_fn_cache.clear()
        gradients = ops.gradient_registry._registry
        for name in [name for name in gradients if name.startswith("CustomGradient-")]:
            del gradients[name]
        keras.backend.clear_session()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)


def _resident():
    """Bytes that this process has in memory."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


LIBRARIES = _resident()


@pytest.fixture(autouse=True)
def messages_for_python():
    """Whatever a script did that ran in this process."""
    errors.speak_of_flags(False)


@pytest.fixture(autouse=True)
def same_draws():
    """Weights made outside a training are the same at every run of the tests."""
    tiny.seed_weights()


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
def steps_alone(monkeypatch):
    """Models are trained, and neither measured nor drawn, which would take as long again."""
    monkeypatch.setattr(loop, "validate", lambda *given: ({}, None))
    monkeypatch.setattr(images, "sample_grid", lambda model: None)


@pytest.fixture
def tiny_data():
    """3 classes of 8x8 images, in memory."""
    return tiny.dataset()


@pytest.fixture(scope="session")
def exports_folder(tmp_path_factory):
    """Where tests/tiny_exports.py puts its exports, the same folder for all processes."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """A TFDS folder with mnist_5k in it, prepared once for all tests and their subprocesses."""
    folder = tmp_path_factory.mktemp("tfds")
    data.load("mnist_5k", data_dir=str(folder))
    return folder
