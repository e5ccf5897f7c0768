"""Where models lie that are loaded by name: a folder, or the address of one.

A place holds one folder per model, with its versions: saved_models/ of a checkout, or a copy of it
that fsspec reads, "https://host/models" or "s3://bucket/models" say.
"""

import contextlib
import errno
import os
import pathlib
import posixpath
import sys
from collections.abc import Iterator

import fsspec

from zoo import files
from zoo.errors import UserError, first_line, near_miss
from zoo.exports import manifests, versions
from zoo.exports.cache import Cache

# Seconds that a web server may stay silent.
TIMEOUT = 30.0
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


class Unreachable(UserError):
    """A place that does not answer, or that answers with something else than files."""


class Missing(LookupError):
    """A file or a folder that a place does not have."""


class Place:
    """A folder of models by name, on this machine or at an address.

    Attributes:
      folder: its path; None for an address.
    """

    def __init__(self, place: str | os.PathLike | None = None):
        """Looks up a place; an address is not read yet.

        Args:
          place: folder or address; that of the environment's ZOO_MODELS, or else saved_models/ of
            the checkout, if None.

        Raises:
          UserError: if there is no such folder, or nothing reads such addresses.
        """
        address = os.fspath(place or os.environ.get(versions.PLACE, ""))
        self.folder = None
        if not files.is_address(address):
            self.folder = versions.models_folder(place)
            address = str(self.folder)
        self._text = address.rstrip("/")
        with self._reading():
            self._system, self._root = fsspec.url_to_fs(self._text, **_web_options(self._text))

    def __str__(self):
        return self._text

    def names(self) -> list[str]:
        """Returns the names in it, of models or of something else, in order."""
        with self._reading():
            paths = self._system.ls(self._root, detail=False)
        return sorted(posixpath.basename(path.rstrip("/")) for path in paths)

    def models(self) -> dict[str, list[int]]:
        """Returns {name: versions} of what has versions, in order.

        Raises:
          Unreachable: if the place cannot be read.
        """
        found = {}
        for name in self.names():
            with contextlib.suppress(Missing):
                if numbers := self.versions(name):
                    found[name] = numbers
        return found

    def versions(self, name: str) -> list[int]:
        """Returns the versions of a model, in order.

        Raises:
          Missing: if there is no such folder.
          Unreachable: if the place cannot be read.
        """
        with self._reading():
            return list_versions(self._system, posixpath.join(self._root, name))

    def read(self, name: str, version: int, path: str) -> str:
        """Returns a file of a version, as text.

        Raises:
          Missing: if there is none.
          Unreachable: if the place cannot be read.
        """
        with self._reading():
            data = self._system.cat_file(posixpath.join(self._root, name, str(version), path))
        return data.decode("utf-8", "replace")

    def copy(self, name: str, version: int, path: str, target: pathlib.Path) -> None:
        """Copies a file of a version to a path on this machine; raises as `read` does."""
        with self._reading():
            source = posixpath.join(self._root, name, str(version), path)
            self._system.get_file(source, str(target))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Says what is wrong with the place, whatever its file system raises."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Missing(str(error)) from error
        except TimeoutError as error:
            wait = f"within {TIMEOUT:g} s" if _web_protocols(self._text) else "in time"
            raise Unreachable(f"{self} did not answer {wait}.") from error
        except Exception as error:  # each file system has errors of its own
            if isinstance(error, OSError) and error.errno in _DISK_IS_FULL:
                raise
            reason = first_line(error).rstrip(".")
            raise Unreachable(f"{self} cannot be read: {reason}.") from error


def _web_protocols(address):
    return [name for name in ("http", "https") if f"{name}://" in address]


def _web_options(address):
    """Options of fsspec's web file systems: the environment's proxies, and timeouts."""
    protocols = _web_protocols(address)
    if not protocols:
        return {}
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT, sock_read=TIMEOUT)
    options = {"client_kwargs": {"trust_env": True, "timeout": timeout}}
    return dict.fromkeys(protocols, options)


def list_versions(system, base: str) -> list[int]:
    """Returns the versions in a model's folder on a file system of fsspec, in order."""
    names = [posixpath.basename(path.rstrip("/")) for path in system.ls(base, detail=False)]
    return sorted(int(name) for name in names if name.isdigit())


def find_version(
    name: str, place: str | os.PathLike | None = None, version: int | str | None = None
) -> pathlib.Path:
    """Returns the folder of a model's version, fetched before if it lies at an address.

    Args:
      name: of the model, "cvae_mnist" say.
      place: as `Place` takes it.
      version: the newest one if None.

    Raises:
      UserError: if it is not there, or is not what its manifest says.
    """
    number, where = versions.to_number(version), Place(place)
    if where.folder is None:
        return _fetch(where, name, number)
    known = where.models()
    if name not in known:
        raise UserError(
            f"{where} holds no model {name!r}.{near_miss(name, known)} It holds "
            f"{', '.join(known) or 'none'}."
        )
    return where.folder / name / str(_choose(name, where, known[name], number))


def _choose(name, place, known, version):
    """The newest of the known versions, or the one that is asked for."""
    if not known or (version is not None and version not in known):
        wanted = "at all" if version is None else version
        raise UserError(
            f"{place} has no version {wanted} of {name}: it has "
            f"{', '.join(map(str, known)) or 'none'}."
        )
    return known[-1] if version is None else version


def _fetch(place, name, version):
    """The folder of a version in the cache; it is copied there if it is not what lies there."""
    cache = Cache(str(place), name)
    try:
        number, manifest, paths = _read_manifest(place, name, version)
        return cache.fill(
            number, manifest, paths, lambda path, target: place.copy(name, number, path, target)
        )
    except Missing as error:
        raise UserError(
            f"{place}/{name}/{number} lacks a file that its manifest lists ({error}): copy the "
            "export there again."
        ) from error
    except Unreachable as error:
        kept = cache.find(version)
        if kept is None:
            raise
        print(f"{error} The copy in the cache is used: {kept}", file=sys.stderr, flush=True)
        return kept


def _read_manifest(place, name, version):
    """The number of a version, the text of its manifest, and its files."""
    try:
        number = version
        if number is None:
            known = place.versions(name)
            if not known:  # a page to sign in lists none either
                raise Unreachable(f"{place} lists no version of {name}; version=N names one.")
            number = known[-1]
        manifest = place.read(name, number, manifests.FILE)
    except Missing as error:
        near = ""
        with contextlib.suppress(UserError, Missing):
            near = near_miss(name, place.names())
        wanted = "1 or more" if version is None else version
        raise UserError(
            f"{place} has no model {name!r} of version {wanted}.{near} A server that lists no "
            "folders needs version=N."
        ) from error
    try:
        listed = manifests.parse_manifest(manifest, f"{place}/{name}/{number}/{manifests.FILE}")
    except UserError as error:  # a page to sign in, say
        raise Unreachable(str(error)) from error
    return number, manifest, [*listed["files"], manifests.FILE]


def locate_version(
    model: str | os.PathLike,
    place: str | os.PathLike | None = None,
    version: int | str | None = None,
) -> tuple[pathlib.Path, str | None]:
    """Returns the folder of a version, and the model's name if it was given by name.

    Args:
      model: a name, or a path as `versions.find_version` takes it. A path that exists is preferred
        to a name, unless place or version are given.
      place, version: of a name, as `find_version` takes them.

    Raises:
      UserError: if there is none, or place or version are given for a path.
    """
    given = place is not None or version is not None
    may_be_path = not given and pathlib.Path(model).exists()
    if isinstance(model, str) and pathlib.PurePath(model).name == model and not may_be_path:
        return find_version(model, place, version), model
    if given:
        raise UserError(f"{model} is a path: place and version are for models by name.")
    return versions.find_version(model), None
