"""Paths given by users, and atomic writing of files and folders."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator

from zoo.errors import UserError

# Suffixes of datasets that are arrays or tables (zoo.data.arrays).
ARRAYS = (".npz", ".npy", ".csv")

# TensorFlow reads names with these characters as patterns and cannot find what it wrote there.
PATTERNS = "[]*?\\"


def is_address(path: str | os.PathLike) -> bool:
    """Returns whether a path is an address, such as s3://bucket/models, even as a Path."""
    return re.match(r"[A-Za-z][\w+.-]+:/", os.fspath(path)) is not None


def user_path(path: str | os.PathLike) -> pathlib.Path:
    """Returns a path given by the user, `~` expanded.

    Raises:
      UserError: for an address.
    """
    if is_address(path):
        raise UserError(
            f"{path} is an address, but this has to be a path on this machine: choose a folder and "
            "copy it afterwards. scripts/export.py --export_dir=ADDRESS exports to an address, and "
            "zoo.load(NAME, ADDRESS) loads from one."
        )
    return pathlib.Path(path).expanduser()


def check_writable(folder: str | os.PathLike) -> pathlib.Path:
    """Returns the path of a folder after checking that it can be written or created.

    Raises:
      UserError: if it cannot.
    """
    folder = user_path(folder)
    absolute = pathlib.Path(os.path.abspath(folder))
    nearest = next(path for path in (absolute, *absolute.parents) if path.exists())
    if not nearest.is_dir():
        raise UserError(f"{folder}: {nearest} is a file, expected a folder: choose another one.")
    try:
        tempfile.TemporaryDirectory(prefix=".zoo.", dir=nearest).cleanup()
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written ({error.strerror}): choose another folder, or change the "
            f"permissions of {nearest}."
        ) from error
    return folder


def tensorflow_path(path: str | os.PathLike) -> pathlib.Path:
    """Returns a path given by the user, for files that TensorFlow reads or writes.

    Raises:
      UserError: if TensorFlow would take it for a pattern.
    """
    path = user_path(path)
    found = sorted(set(PATTERNS) & set(os.path.abspath(path)))
    if found:
        raise UserError(
            f"{path}: TensorFlow takes a path with {' '.join(found)} for a pattern and cannot read "
            "back what it writes there. Rename the folder, or choose another."
        )
    return path


@contextlib.contextmanager
def atomic(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Yields a temporary path; what the body writes there is renamed to `path` at its end.

    Works for files and for folders. If the body raises, `path` is unchanged.
    """
    path = pathlib.Path(os.path.abspath(user_path(path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    # A dot in front hides the folder from TF Serving, which only looks for integer names.
    scratch = tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        temporary = pathlib.Path(scratch) / path.name
        yield temporary
        os.replace(temporary, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a text file, atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text)


def write_json(path: str | os.PathLike, value) -> None:
    """Writes `value` as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2) + "\n")
