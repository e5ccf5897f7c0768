"""Copies on this machine of models that lie at an address."""

import hashlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterable

import platformdirs
import tqdm

from zoo import files
from zoo.errors import UserError
from zoo.exports.folder import ExportFolder

# The environment's folder for copies of what lies elsewhere.
FOLDER = "ZOO_CACHE"


class Cache:
    """Copies of a model from an address, each under the digest of its manifest.

    So another export of the same version is another copy. A file for each version in an index says
    which copy is the last that was asked for, for when the place is out of reach.
    """

    def __init__(self, place: str, name: str):
        """Makes the cache of a model at a place; nothing is written yet."""
        self._name = name
        self._folder = files.tensorflow_path(
            os.environ.get(FOLDER) or platformdirs.user_cache_dir("generative-zoo")
        )
        self._index = self._folder / "index" / _digest(f"{place}\n{name}")

    def find(self, version: int | None) -> pathlib.Path | None:
        """Returns the copy of a version, or of the newest one that was fetched; None without it."""
        if version is not None:
            numbers = [version]
        else:
            names = [path.name for path in self._index.glob("*")]
            numbers = sorted((int(name) for name in names if name.isdigit()), reverse=True)
        for number in numbers:
            path = self._path(self._read(number), number)
            if self._is_whole(path):
                return path
        return None

    def fill(
        self,
        version: int,
        manifest: str,
        paths: Iterable[str],
        copy: Callable[[str, pathlib.Path], None],
    ) -> pathlib.Path:
        """Returns the copy of a version, made if there is none or it is damaged.

        Args:
          version: of the model.
          manifest: text of its manifest.
          paths: its files.
          copy: copies one of them to a path.

        Raises:
          UserError: if the cache cannot be written, or what comes is not what the manifest lists.
        """
        digest = _digest(manifest)
        target = self._path(digest, version)
        try:
            if not self._is_whole(target):
                self._fetch(target, paths, copy)
            if self._read(version) != digest:
                files.write_text(self._index / str(version), digest)
        except OSError as error:
            raise UserError(
                f"The cache {self._folder} cannot be written ({error.strerror or error}): the "
                f"environment's {FOLDER} names another folder."
            ) from error
        return target

    def _fetch(self, target, paths, copy):
        """Makes a copy, which appears whole or not at all."""
        try:
            with files.atomic(target) as temporary:
                about = f"Fetching {self._name}"
                for path in tqdm.tqdm(paths, about, unit="file", leave=False, disable=None):
                    (temporary / path).parent.mkdir(parents=True, exist_ok=True)
                    copy(path, temporary / path)
                ExportFolder(temporary).check(self._name)
                self._put_aside(target)
        except OSError:
            if not self._is_whole(target):  # else another process was faster
                raise

    def _put_aside(self, target):
        """Makes room for a copy, unless another process has brought a whole one meanwhile."""
        if target.exists() and not self._is_whole(target):
            aside = tempfile.mkdtemp(prefix=".damaged.", suffix=".tmp", dir=target.parent)
            os.replace(target, os.path.join(aside, target.name))
            shutil.rmtree(aside, ignore_errors=True)

    def _path(self, digest, version):
        return self._folder / (digest or "none") / self._name / str(version)

    def _read(self, version):
        """The digest that the index has for a version; None for something else."""
        try:
            text = (self._index / str(version)).read_text()
        except (OSError, ValueError):
            return None
        return text if len(text) == len(_digest("")) and text.isalnum() else None

    def _is_whole(self, path):
        try:
            ExportFolder(path).check(self._name)
        except (UserError, OSError, ValueError):
            return False
        return True


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]
