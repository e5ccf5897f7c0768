"""Exports in other formats answer as the SavedModel does."""

import shutil

import pytest

import zoo
from tests import tiny_exports
from tests.processes import call
from zoo.exports import manifests
from zoo.serving import convert

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("form", convert.FORMATS)
@pytest.mark.parametrize("entry", ["cvae", "vae_iaf", "cgan", "classifier"])
def test_signatures_answer_alike(entry, form, exports_folder, tmp_path):
    if form == "onnx":
        pytest.importorskip("tf2onnx")
    model = zoo.load(tiny_exports.of_entry(entry, exports_folder))
    # Its codes are drawn by TensorFlow's own generator, which the formats lack.
    keys = [key for key in model.signatures if (entry, key) != ("cgan", "sample")]
    differences = convert.convert(model, entry, form, tmp_path, keys)
    assert set(differences) == set(keys)
    assert max(differences.values()) < convert.TOLERANCE, differences
    names = sorted(path.name for path in tmp_path.iterdir())
    of_onnx = sorted(f"{entry}.{key}.onnx" for key in keys)
    assert names == ([f"{entry}.tflite"] if form == "litert" else of_onnx)


def test_what_cannot_be_converted_is_named(exports_folder, tmp_path):
    path = tiny_exports.of_entry("gmm", exports_folder)
    flags = [f"--saved_model={path}", "--format=litert", f"--export_dir={tmp_path / 'out'}"]
    done = call("export.py", *flags)
    assert done.returncode == 2 and "cannot be converted to LiteRT: it has no " in done.stderr
    assert " for float64." in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "out").glob("*"))
    done = call("export.py", *flags[:1], f"--export_dir={tmp_path}")
    assert done.returncode == 2 and "--saved_model needs --format=litert" in done.stderr
    done = call("export.py", *flags, "--weights=float16")
    assert done.returncode == 2 and "--weights is for exports of a run" in done.stderr
    done = call("export.py", *flags[:2], "--export_dir=s3://bucket/models")
    assert done.returncode == 2 and "is an address, but this has to be a path" in done.stderr
    old = tmp_path / "old" / "1"
    shutil.copytree(path, old)
    (old / "assets.extra" / "golden_answers.npz").unlink()
    manifests.write_manifest(old, "gmm_old")
    done = call("export.py", f"--saved_model={old}", *flags[1:])
    assert done.returncode == 2 and "has no golden answers" in done.stderr
    (old / manifests.FILE).unlink()
    done = call("export.py", f"--saved_model={old}", *flags[1:])
    assert done.returncode == 2 and "has no manifest" in done.stderr
