#!/usr/bin/env python3
"""Exports the best weights of a run as a SavedModel, with its metrics, card and samples.

scripts/export.py --workdir=runs/cvae_mnist_5k --export_dir=saved_models
"""

import json

from absl import flags

from zoo import command_line, files, workdirs

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run.", required=True)
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


def main():
    from zoo.errors import UserError
    from zoo.serving import export, upload
    from zoo.training import loop

    workdir = files.tensorflow_path(_WORKDIR.value)
    model, training = loop.load_run(workdir)
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
    workdirs.read_description(files.tensorflow_path(_WORKDIR.value))
    if not files.is_address(_EXPORT_DIR.value):
        files.check_writable(files.tensorflow_path(_EXPORT_DIR.value))


if __name__ == "__main__":
    command_line.run(main, prepare)
