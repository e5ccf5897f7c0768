"""The manifest of an export: SHA-256 of each of its files, checked before anything is loaded.

A SavedModel is a program: TensorFlow runs whatever graph it holds. The manifest shows that files
are those that the export wrote, whole and unchanged, and of the model that they are taken for. It
does not show who wrote them: load models only from places that you trust.
"""

import hashlib
import json
import pathlib

from zoo import files
from zoo.errors import UserError

FILE = "assets.extra/manifest.json"


def write_manifest(version: pathlib.Path, name: str) -> None:
    """Writes the manifest of the export in the folder `version`.

    Args:
      version: holds the SavedModel and assets.extra.
      name: of the model, "cvae_mnist" say.
    """
    listed = {path: digest(version / path) for path in _paths(version)}
    files.write_json(version / FILE, {"name": name, "files": listed})


def parse_manifest(text: str, where: str) -> dict:
    """Returns {"name": ..., "files": {path: SHA-256}} of a manifest's text.

    Raises:
      UserError: if it is none, or names files outside of its folder.
    """
    try:
        manifest = json.loads(text)
        paths = [pathlib.PurePosixPath(path) for path in manifest["files"]]
        whole = isinstance(manifest["name"], str)
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole or any(path.is_absolute() or ".." in path.parts for path in paths):
        raise UserError(
            f"{where} is not a manifest of an export, or damaged: get the export again."
        )
    return manifest


def read_model_name(version: pathlib.Path) -> str:
    """Returns the name of the model that an export is of.

    Raises:
      UserError: if it has no manifest, or a damaged one.
    """
    path = _find(version)
    return parse_manifest(path.read_text(), str(path))["name"]


def check_files(version: pathlib.Path, name: str | None = None) -> None:
    """Checks that an export's files are those of its manifest.

    Args:
      version: folder of the export.
      name: the model that it has to be; any if None.

    Raises:
      UserError: naming the first thing that is not.
    """
    path = _find(version)
    manifest = parse_manifest(path.read_text(), str(path))
    if name is not None and manifest["name"] != name:
        raise UserError(
            f"{path} is the manifest of {manifest['name']}, not of {name}: get {name} again."
        )
    found = set(_paths(version))
    for file, expected in manifest["files"].items():
        if file not in found:
            raise UserError(f"{version}: the file {file} is missing: get the export again.")
        if digest(version / file) != expected:
            raise UserError(
                f"{version / file} is not the file that was exported: its SHA-256 is not that of "
                "the manifest. It is not loaded, since a SavedModel is a program: get the export "
                "again."
            )
    # TensorFlow may prefer a file that no manifest knows to one that it does.
    if unknown := sorted(found - set(manifest["files"])):
        raise UserError(
            f"{version}: {', '.join(unknown)} is not in the export's manifest: remove it, or get "
            "the export again."
        )


def digest(path: pathlib.Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(version):
    path = version / FILE
    if not path.exists():
        raise UserError(
            f"{version} has no manifest ({FILE}): its files cannot be verified. Get "
            "the export again, or export its run again with scripts/export.py."
        )
    return path


def _paths(version):
    """All files but the manifest and hidden ones, as the manifest names them."""
    found = (p.relative_to(version) for p in sorted(version.rglob("*")) if p.is_file())
    visible = (p for p in found if not any(part.startswith(".") for part in p.parts))
    return [p.as_posix() for p in visible if p.as_posix() != FILE]
