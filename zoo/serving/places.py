"""Where models lie that are loaded by name: a folder, or the address of one.

A place holds one folder per model, with its versions: saved_models/ of a checkout, or a copy of it
that fsspec reads, "https://host/models" or "s3://bucket/models" say.
"""

import hashlib
import os
import pathlib
import posixpath

import aiohttp
import fsspec
import platformdirs
import tqdm

from zoo import files, manifests, versions
from zoo.errors import UserError, near_miss

# The environment's folder for copies of what lies elsewhere.
CACHE = "ZOO_CACHE"


def find(
    name: str, place: str | os.PathLike | None = None, version: int | None = None
) -> pathlib.Path:
    """Returns the folder of a model's version, fetched before if it lies at an address.

    Args:
      name: of the model, "cvae_mnist" say.
      place: folder or address; that of the environment's ZOO_MODELS, or else saved_models/ of the
        checkout, if None.
      version: the newest one if None.

    Raises:
      UserError: if it is not there, or is not what its manifest says.
    """
    address = os.fspath(place or os.environ.get(versions.PLACE, ""))
    if "://" in address:
        return _fetch(address.rstrip("/"), name, version)
    folder = versions.models_folder(place)
    known = [base.name for base in sorted(folder.iterdir()) if versions.versions(base)]
    if name not in known:
        raise UserError(
            f"{folder} holds no model {name!r}.{near_miss(name, known)} It holds "
            f"{', '.join(known) or 'none'}."
        )
    return folder / name / str(_choose(name, folder, versions.versions(folder / name), version))


def _fetch(place, name, version):
    """The folder of a version in the cache, to which its files are copied if they are not there."""
    try:
        system, root = fsspec.url_to_fs(place)
        base = posixpath.join(root, name)
        if version is None:
            version = _choose(name, place, list_versions(system, base), None)
        source = posixpath.join(base, str(version))
        text = system.cat_file(posixpath.join(source, manifests.FILE)).decode()
        listed = manifests.read(text, f"{place}/{name}/{version}/{manifests.FILE}")
        # Under the manifest's own digest: another export of the same version is downloaded again.
        cache = os.environ.get(CACHE) or platformdirs.user_cache_dir("generative-zoo")
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        target = files.tensorflow_path(cache) / digest / name / str(version)
        if not target.exists():
            _copy(system, source, target, [*listed["files"], manifests.FILE], name)
        return target
    except FileNotFoundError as error:
        raise UserError(
            f"{place} has no model {name!r} of version {version or '1 or more'}: give another name "
            "or version=N, which a server that lists no folders needs."
        ) from error
    except (OSError, ImportError, aiohttp.ClientError, TimeoutError) as error:
        raise UserError(f"{place} cannot be read: {error or type(error).__name__}.") from error


def list_versions(system, base: str) -> list[int]:
    """Returns the versions in a model's folder on a file system of fsspec, in order."""
    names = [posixpath.basename(path.rstrip("/")) for path in system.ls(base, detail=False)]
    return sorted(int(name) for name in names if name.isdigit())


def _copy(system, source, target, paths, name):
    """Copies files to a folder that appears whole or not at all."""
    with files.atomic(target) as temporary:
        for path in tqdm.tqdm(paths, f"Fetching {name}", unit="file", leave=False):
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            system.get_file(posixpath.join(source, path), str(temporary / path))
        manifests.check(temporary, name)


def _choose(name, place, known, version):
    """The newest of the known versions, or the one that is asked for."""
    if not known or (version is not None and version not in known):
        raise UserError(
            f"{place} has no version {version or 'at all'} of {name}: it has "
            f"{', '.join(map(str, known)) or 'none'}."
        )
    return known[-1] if version is None else version


def locate(
    model: str | os.PathLike,
    place: str | os.PathLike | None = None,
    version: int | None = None,
) -> tuple[pathlib.Path, str | None]:
    """Returns the folder of a version that a person means, and the name if it was given by name.

    Args:
      model: a name, or a path as `versions.find` takes it. A path that exists is preferred to a
        name, unless place or version are given.
      place, version: of a name, as `find` takes them.

    Raises:
      UserError: if there is none, or place or version are given for a path.
    """
    given = place is not None or version is not None
    may_be_path = not given and pathlib.Path(model).exists()
    if isinstance(model, str) and pathlib.PurePath(model).name == model and not may_be_path:
        return find(model, place, version), model
    if given:
        raise UserError(f"{model} is a path: place and version are for models by name.")
    return versions.find(model), None
