"""Names and versions of exports, and the folders in which they are looked for. No TensorFlow."""

import json
import os
import pathlib
import re

from zoo import files
from zoo.errors import UserError

# The exports of this checkout; an installation has none.
SAVED_MODELS = pathlib.Path(__file__).resolve().parents[2] / "saved_models"
# The environment's folder or address of models.
PLACE = "ZOO_MODELS"


def models_folder(folder: str | os.PathLike | None = None) -> pathlib.Path:
    """Returns the folder in which models are looked for by name.

    Args:
      folder: given by the user; if None, that of the environment's ZOO_MODELS, or
        saved_models/ of the checkout.

    Raises:
      UserError: if there is no such folder.
    """
    folder = files.tensorflow_path(folder or os.environ.get(PLACE) or SAVED_MODELS)
    if not folder.is_dir():
        raise UserError(
            f"Trained models are looked for in {folder}, which does not exist. A checkout of the "
            f"repository has them in saved_models/. Name that folder, or an address of one, in the "
            f"environment as {PLACE}, or in Python: "
            'zoo.load("cvae_mnist", "https://host/models").'
        )
    return folder


def export_name(entry: str, dataset: str) -> str:
    """Returns MODEL_DATASET, the name of an export, in letters that folders and URLs take.

    It is MODEL alone if there is no dataset.
    """
    path = os.path.expanduser(dataset)
    is_path = os.path.exists(path) or dataset.startswith(("/", ".", "~"))
    name = pathlib.Path(os.path.abspath(path)).stem if is_path else dataset
    name = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").lower()
    return f"{entry}_{name}" if dataset else entry


def to_number(version: int | str | None) -> int | None:
    """Returns a version given by the user as a number; None for None.

    Raises:
      UserError: if it is not a whole number.
    """
    try:
        return None if version is None else int(version)
    except (TypeError, ValueError):
        raise UserError(f"version={version!r}: expected a whole number, such as 2.") from None


def list_versions(base: pathlib.Path) -> list[int]:
    """Returns the versions in a model's folder, in order."""
    if not base.is_dir():
        return []
    return sorted(int(p.name) for p in base.iterdir() if p.name.isdigit())


def find_version(path: str | os.PathLike) -> pathlib.Path:
    """Returns the SavedModel that a path means.

    It is the path itself, the newest version in it, or the export of the run in this workdir.

    Raises:
      UserError: if there is none.
    """
    path = files.tensorflow_path(path)
    if (path / "saved_model.pb").exists():
        return path
    whole = [v for v in list_versions(path) if (path / str(v) / "saved_model.pb").exists()]
    if whole:
        return path / str(whole[-1])
    if (path / "config.json").exists():
        export = read_exported(path)
        if export is None:
            raise UserError(
                f"{path} is the workdir of a run that has no export, or whose export is gone: "
                f"scripts/export.py --workdir={path} --export_dir=FOLDER makes one."
            )
        return export
    raise UserError(
        f"{path} is not a SavedModel: expected a folder with saved_model.pb in it, or with "
        "versions of one (1, 2, ...)."
    )


def record_export(workdir: pathlib.Path, version: pathlib.Path) -> None:
    """Records the version to which the run in a workdir was exported."""
    version, workdir = version.resolve(), workdir.resolve()
    # A relative path inside the workdir, so that a copy of the run finds its own export.
    inside = version.is_relative_to(workdir)
    path = version.relative_to(workdir) if inside else version
    files.write_json(workdir / "exported.json", {"path": str(path)})


def read_exported(workdir: pathlib.Path) -> pathlib.Path | None:
    """Returns the version that `record_export` recorded, if it still exists."""
    record = workdir / "exported.json"
    if not record.exists():
        return None
    path = (workdir / json.loads(record.read_text())["path"]).resolve()
    return path if path.exists() else None
