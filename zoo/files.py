"""Files and folders that appear whole or not at all."""

import contextlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from zoo.errors import UserError

# Suffixes of arrays and tables, as a dataset (zoo.data.arrays).
ARRAYS = (".npz", ".npy", ".csv")

# TensorFlow reads names with these as patterns: it would write there and never find it again.
PATTERNS = "[]*?\\"


def user_path(path: str | os.PathLike) -> pathlib.Path:
    """Returns the path that a person gave, `~` expanded."""
    return pathlib.Path(path).expanduser()


def tensorflow_path(path: str | os.PathLike) -> pathlib.Path:
    """Returns the path that a person gave, for what TensorFlow reads or writes.

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
    """Yields a temporary name beside `path`; what is written there is renamed to `path`.

    Works for files and for folders. If the body raises, `path` is as it was before.
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


def write_json(path: str | os.PathLike, value) -> None:
    """Writes `value` as indented JSON."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n")
