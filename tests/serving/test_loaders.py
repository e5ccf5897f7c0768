"""A SavedModel in three loaders that know nothing of the zoo or of Keras."""

import json
import pathlib
import select
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests import tiny_exports
from tests.entries import arguments, tiny
from zoo import configs

HERE = pathlib.Path(__file__).parent
LIBRARIES = pathlib.Path(tf.__file__).parent
# For all calls of one model.
TIMEOUT = 240


class Loader:
    """A process that loads one SavedModel after the other and answers a folder of calls."""

    def __init__(self, log, script, *arguments):
        self.log = log.open("w+")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.log}
        command = [sys.executable, HERE / script, *arguments]
        self.process = subprocess.Popen(command, text=True, cwd="/", **pipes)

    def answer(self, model, calls):
        """Returns what the process said to a model and its calls; nothing if it hangs or died."""
        self.process.stdin.write(f"{model} {calls}\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], TIMEOUT)
        return self.process.stdout.readline() if ready else ""

    def errors(self):
        self.log.seek(0)
        return self.log.read()[-3000:]

    def stop(self):
        """Returns the exit code at the end of its input."""
        try:
            self.process.communicate(timeout=30)
        finally:
            self.process.kill()
            self.log.close()
        return self.process.returncode


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """The loaders of each process."""
    logs = tmp_path_factory.mktemp("logs")
    made = {
        ("plain", "cli"): Loader(logs / "tensorflow", "load_tensorflow.py"),
        ("c",): Loader(logs / "c", "load_c.py", LIBRARIES),
    }
    yield made
    assert [process.stop() for process in made.values()] == [0, 0]


@pytest.fixture
def calls(entry, exports_folder, tmp_path):
    """An export, a folder of calls of all its signatures, and what the Keras model answers."""
    model, path = tiny_exports.create(tiny(entry)), tiny_exports.of_entry(entry, exports_folder)
    answers = {}
    for name, function in model.signatures().items():
        names = [spec.name for spec in function.input_signature]
        for rows in (1, 7):
            given = arguments(model, names, rows)
            inputs = dict(zip(names, given, strict=True))
            np.savez(tmp_path / f"{name}.{rows}.inputs.npz", **inputs)
            answers[name, rows] = {k: v.numpy() for k, v in function(*given).items()}
    if "sample" in model.signatures():
        for rows, seeds in ((103, [7, 8, 9]), (101, [9])):
            given = {"seed": np.array(seeds, np.int32)}
            if model.conditional:
                given["y"] = np.full(len(seeds), 2, np.int32)
            np.savez(tmp_path / f"sample.{rows}.inputs.npz", **given)
    (tmp_path / "tensors.json").write_text(json.dumps(tensor_names(path)))
    return path, tmp_path, answers


def tensor_names(path):
    saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    return {
        name: [{k: v.name for k, v in part.items()} for part in (s.inputs, s.outputs)]
        for name, s in saved.meta_graphs[0].signature_def.items()
    }


@pytest.mark.thorough
@pytest.mark.parametrize("entry", configs.entries())
def test_loaders_give_what_the_keras_model_gives(calls, processes):
    path, folder, answers = calls
    for loaders, process in processes.items():
        assert process.answer(path, folder) == "done\n", process.errors()
        for loader in loaders:
            check_answers(folder, loader, answers)


def check_answers(folder, loader, answers):
    for (name, rows), expected in answers.items():
        if loader == "cli" and rows != 7:
            continue
        made = np.load(folder / f"{name}.{rows}.{loader}.npz")
        assert set(made) == set(expected)
        for key, value in expected.items():
            assert made[key].shape == value.shape
            np.testing.assert_allclose(made[key], value, atol=1e-5)
    if ("sample", 1) in answers and loader != "cli":
        three, one = (np.load(folder / f"sample.{n}.{loader}.npz")["x"] for n in (103, 101))
        np.testing.assert_allclose(three[2:], one, atol=1e-5)
        assert np.abs(three[0] - three[1]).max() > 1e-5
