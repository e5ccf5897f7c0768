"""Exports to an address that fsspec writes, such as s3://bucket/models."""

import pathlib
import posixpath
import tempfile

import fsspec

from zoo import models
from zoo.errors import UserError
from zoo.exports import repository
from zoo.serving import export


def export_to(address: str, model: models.GenerativeModel, version: int | None = None, **given):
    """Exports a model to ADDRESS/NAME/VERSION, with its card and picture; returns that address.

    Writes saved_model.pb last, since servers load a version that has one. Does not write
    models.config, which lists all models of a folder.

    Args:
      address: the folder of models.
      model: as for `export.export`.
      version: the next free one if None.
      **given: other arguments of `export.export`.

    Raises:
      UserError: if the version exists or the address cannot be written, and as `export.export`.
    """
    address = address.rstrip("/")
    try:
        system, root = fsspec.url_to_fs(address)
        with tempfile.TemporaryDirectory() as folder:
            local = export.export(model, folder, **given)
            base = posixpath.join(root, local.parent.name)
            there = repository.list_versions(system, base) if system.exists(base) else []
            version = max(there, default=0) + 1 if version is None else version
            if version in there:
                raise UserError(
                    f"{address}/{local.parent.name}/{version} exists: choose another version, or "
                    "none for the next free one."
                )
            _put(system, local, posixpath.join(base, str(version)))
            for path in local.parent.iterdir():
                if path.is_file():
                    system.put_file(str(path), posixpath.join(base, path.name))
        return f"{address}/{local.parent.name}/{version}"
    except (OSError, ImportError, ValueError) as error:
        raise UserError(f"{address} cannot be written: {error or type(error).__name__}.") from error


def _put(system, folder: pathlib.Path, target):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in sorted(paths, key=lambda path: path.name == "saved_model.pb"):
        to = posixpath.join(target, path.relative_to(folder).as_posix())
        system.makedirs(posixpath.dirname(to), exist_ok=True)
        system.put_file(str(path), to)
