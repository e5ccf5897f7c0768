"""A SavedModel in three loaders that know nothing of the zoo or of Keras."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.entries import METRICS, arguments
from zoo import configs, data, models
from zoo.serving import export

HERE = pathlib.Path(__file__).parent
LIBRARIES = pathlib.Path(tf.__file__).parent


@pytest.fixture(scope="module", params=configs.entries())
def calls(request, tmp_path_factory):
    """An export, a folder of calls of all its signatures, and what the Keras model answers."""
    folder = tmp_path_factory.mktemp("calls")
    model = models.create(configs.get_tiny(request.param, dataset="tiny"), data.Spec((8, 8, 1), 3))
    path = export.export(model, folder / "export", METRICS)
    answers = {}
    for name, function in model.signatures().items():
        names = [spec.name for spec in function.input_signature]
        for rows in (1, 7):
            given = arguments(model, names, rows)
            np.savez(folder / f"{name}.{rows}.inputs.npz", **dict(zip(names, given, strict=True)))
            answers[name, rows] = {k: v.numpy() for k, v in function(*given).items()}
    if "sample" in model.signatures():
        for rows, seeds in ((103, [7, 8, 9]), (101, [9])):
            given = {"seed": np.array(seeds, np.int32)}
            if model.conditional:
                given["y"] = np.full(len(seeds), 2, np.int32)
            np.savez(folder / f"sample.{rows}.inputs.npz", **given)
    return path, folder, answers


def tensor_names(path):
    saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    return {
        name: [{k: v.name for k, v in part.items()} for part in (s.inputs, s.outputs)]
        for name, s in saved.meta_graphs[0].signature_def.items()
    }


@pytest.mark.parametrize("loaders", [["plain", "cli"], ["c"]], ids=["tensorflow", "c"])
def test_loader_gives_what_the_keras_model_gives(calls, loaders):
    path, folder, answers = calls
    (folder / "tensors.json").write_text(json.dumps(tensor_names(path)))
    command = [sys.executable, HERE / f"load_{'c' if loaders == ['c'] else 'tensorflow'}.py"]
    command += [LIBRARIES] if loaders == ["c"] else []
    process = subprocess.run(
        [*command, path, folder], capture_output=True, text=True, timeout=240, cwd="/"
    )
    assert process.returncode == 0, process.stderr[-3000:]
    for loader in loaders:
        check_answers(folder, loader, answers)


def check_answers(folder, loader, answers):
    for (name, rows), expected in answers.items():
        made = np.load(folder / f"{name}.{rows}.{loader}.npz")
        assert set(made) == set(expected)
        for key, value in expected.items():
            assert made[key].shape == value.shape
            np.testing.assert_allclose(made[key], value, atol=1e-5)
    if ("sample", 1) in answers:
        three, one = (np.load(folder / f"sample.{n}.{loader}.npz")["x"] for n in (103, 101))
        np.testing.assert_allclose(three[2:], one, atol=1e-5)
        assert np.abs(three[0] - three[1]).max() > 1e-5
