"""Names and versions of exports in a folder. No TensorFlow."""

import os
import pathlib
import re

from zoo import files, workdirs
from zoo.errors import UserError

# The exports of this checkout.
SAVED_MODELS = pathlib.Path(__file__).resolve().parents[1] / "saved_models"


def export_name(entry: str, dataset: str) -> str:
    """Returns the name of an entry trained on a dataset, in letters that URLs and folders take."""
    path = os.path.expanduser(dataset)
    is_path = os.path.isdir(path) or dataset.startswith(("/", ".", "~"))
    name = os.path.basename(os.path.abspath(path)) if is_path else dataset
    return f"{entry}_{re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_').lower()}"


def versions(base: pathlib.Path) -> list[int]:
    """Returns the versions in a model's folder, in order."""
    if not base.is_dir():
        return []
    return sorted(int(p.name) for p in base.iterdir() if p.name.isdigit())


def find(path: str | os.PathLike) -> pathlib.Path:
    """Returns the path of the SavedModel that a person means by a path.

    It is the path itself, the newest version in it, or the export of the run whose workdir it is.

    Raises:
      UserError: if there is none.
    """
    path = files.tensorflow_path(path)
    if (path / "saved_model.pb").exists():
        return path
    whole = [v for v in versions(path) if (path / str(v) / "saved_model.pb").exists()]
    if whole:
        return path / str(whole[-1])
    if (path / "config.json").exists():
        export = workdirs.exported(path)
        if export is None:
            raise UserError(
                f"{path} is the workdir of a run that has no export, or whose export is gone: "
                f"scripts/export.py --workdir={path} --export_dir=FOLDER makes one."
            )
        return export
    raise UserError(
        f"{path} is no SavedModel: expected a folder with saved_model.pb in it, or with versions "
        "of one (1, 2, ...)."
    )
