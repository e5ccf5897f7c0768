#!/usr/bin/env python3
"""Exports the best weights of a run as a SavedModel, or a SavedModel in another format.

scripts/export.py --workdir=runs/cvae_mnist_5k --export_dir=saved_models
scripts/export.py --saved_model=cvae_mnist --format=litert --export_dir=converted
scripts/export.py --saved_model=cvae_mnist --format=onnx --export_dir=converted

ONNX needs the packages of the extra "onnx".
"""

import json

from absl import flags

from zoo import files
from zoo.cli import command_line
from zoo.errors import UserError
from zoo.exports.folder import ExportFolder
from zoo.training import workdirs

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run.")
_SAVED_MODEL = flags.DEFINE_string(
    "saved_model", None, "Name of a trained model, or folder of an export, to convert."
)
_FORMAT = flags.DEFINE_enum(
    "format", "saved_model", ["saved_model", "litert", "onnx"], "What a --saved_model becomes."
)
flags.mark_flags_as_mutual_exclusive(["workdir", "saved_model"], required=True)
_EXPORT_DIR = flags.DEFINE_string(
    "export_dir",
    None,
    "Folder of exports, or an address such as s3://bucket/models.",
    required=True,
)
_VERSION = flags.DEFINE_integer("version", None, "Version; the next free one if not given.")
_WEIGHTS = flags.DEFINE_enum(
    "weights", "float32", ["float32", "float16"], "How weights are stored: float16 halves the size."
)


def convert():
    from zoo.serving import convert as formats
    from zoo.serving import loading

    folder = files.user_path(_EXPORT_DIR.value)
    model = loading.load(_SAVED_MODEL.value)
    name = ExportFolder(model.path).read_model_name()
    for key, difference in formats.convert(model, name, _FORMAT.value, folder).items():
        remark = "" if difference <= formats.TOLERANCE else ": more than rounding, so check it"
        print(f"{key:<16}differs from the SavedModel by {difference:.1e} at most{remark}")
    print("Written to", folder)


def main():
    if _SAVED_MODEL.value:
        convert()
    else:
        export_run()


def export_run():
    from zoo.serving import export, upload
    from zoo.training import checkpoint

    workdir = files.tensorflow_path(_WORKDIR.value)
    model, training = checkpoint.load_run(workdir)
    path = workdir / "metrics.json"
    metrics = json.loads(path.read_text()) if path.exists() else {}
    if metrics.get("training", {}).get("best_step") != training["best_step"]:
        raise UserError(
            f"{path} is missing or of other weights: run scripts/evaluate.py --workdir={workdir}."
        )
    given = {"metrics": metrics, "version": _VERSION.value, "weights": _WEIGHTS.value}
    if files.is_address(_EXPORT_DIR.value):
        path = upload.export_to(_EXPORT_DIR.value, model, **given)
    else:
        path = export.export(model, _EXPORT_DIR.value, **given)
    print("Exported to", path)


def prepare():
    if _SAVED_MODEL.value:
        if _FORMAT.value == "saved_model":
            raise UserError("--saved_model needs --format=litert or --format=onnx.")
        for name in ("version", "weights"):
            if flags.FLAGS[name].present:
                raise UserError(f"--{name} is for exports of a run: leave it out.")
        files.check_writable(files.user_path(_EXPORT_DIR.value))
        return
    if _FORMAT.value != "saved_model":
        raise UserError(f"--format={_FORMAT.value} converts an export: give --saved_model.")
    workdirs.read_description(files.tensorflow_path(_WORKDIR.value))
    if not files.is_address(_EXPORT_DIR.value):
        files.check_writable(files.tensorflow_path(_EXPORT_DIR.value))


if __name__ == "__main__":
    command_line.run(main, prepare)
