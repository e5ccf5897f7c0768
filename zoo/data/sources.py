"""Opens a dataset: from TFDS by name, or a folder of image files."""

import contextlib
import hashlib
import io
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import urllib.parse
import urllib.request
from typing import NamedTuple

import numpy as np
import tensorflow_datasets as tfds
from absl import logging

from zoo import files
from zoo.data import (
    image_folders,
    mnist_5k,  # noqa: F401  (registers the builder with TFDS)
)
from zoo.errors import UserError, first_line, near_miss

# SHA-256 of the first images, for datasets whose original files have the same names.
FIRST_IMAGES = {
    "mnist": "ae5c0d1b0ef9f64bb19075dd83775154190862296ce1e0fed76c891d58b6f94f",
    "fashion_mnist": "fc01338e76ee4607d87e080101fae89bb6d8d0876cfa44400cfd44aa7dfd071f",
}
SAME_FILE_NAMES = frozenset({*FIRST_IMAGES, "kmnist"})
NUM_FIRST_IMAGES = 10


class Source(NamedTuple):
    """A prepared TFDS builder, and its names of the three splits; None for a split it lacks."""

    builder: tfds.core.DatasetBuilder
    train: str = "train"
    validation: str | None = None
    test: str | None = None


def open_source(
    dataset: str,
    data_dir: str | None = None,
    manual_dir: str | None = None,
    preparation: image_folders.Preparation = image_folders.Preparation(),  # noqa: B008
) -> Source:
    """Returns the source of `dataset`, prepared.

    Args:
      dataset: a TFDS name such as "mnist" or "emnist/letters", or the path of a folder of images
        (`image_folders`).
      data_dir: where TFDS keeps prepared datasets; TFDS' own default if None.
      manual_dir: a folder with the set's original files, for machines without network.
      preparation: of the images of a folder.

    Raises:
      UserError: if the dataset is unknown or cannot be downloaded, or an image file is broken.
    """
    with _without_notes():
        return _open(dataset, data_dir, manual_dir, preparation)


@contextlib.contextmanager
def _without_notes():
    """Hides what TFDS prints and logs about folders, sizes and its own files."""
    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(level)


def _open(dataset, data_dir, manual_dir, preparation):
    folder = pathlib.Path(dataset).expanduser()
    if folder.is_dir():
        builder = image_folders.prepare(folder, data_dir, preparation)
        validation, test = (s if s in builder.info.splits else None for s in ("val", "test"))
        return Source(builder, "train", validation, test)
    try:
        builder = tfds.builder(dataset, data_dir=data_dir)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        raise UserError(
            f"Unknown dataset {dataset!r}: neither a folder nor a name that TFDS knows."
            f"{near_miss(dataset.split('/')[0], tfds.list_builders())}"
        ) from error
    if not builder.is_prepared():
        _download(builder, dataset, manual_dir)
    elif _holds_another_set(builder):
        builder = _prepare_again(builder, dataset, data_dir, manual_dir)
    # Without a test split in TFDS, papers report results on its `validation`.
    test = next((name for name in ("test", "validation") if name in builder.info.splits), None)
    return Source(builder, "train", None, test)


def _download(builder, dataset, manual_dir):
    urls = list(getattr(builder, "url_infos", None) or {})
    remedy = (
        "Connect, or give --manual_dir=FOLDER with the original files"
        f"{' ' + ', '.join(os.path.basename(u) for u in urls) if len(urls) < 9 else ''}, or "
        "--data_dir=FOLDER with the prepared dataset."
    )
    if manual_dir is not None and not os.path.isdir(manual_dir):
        raise UserError(f"--manual_dir={manual_dir}: no such folder. {remedy}")
    missing = [u for u in urls if not _is_local(u, manual_dir)]
    # TFDS would retry for minutes before it gives up.
    if missing and not urllib.request.getproxies() and not _reachable(missing[0]):
        host = urllib.parse.urlparse(missing[0]).hostname
        raise UserError(
            f"Dataset {dataset!r} needs the network, but {host} is not reached. {remedy}"
        )
    files.check_writable(builder.data_dir_root)
    print(f"Preparing dataset {dataset!r} in {builder.data_dir}.", file=sys.stderr)
    if not missing or not sys.stderr.isatty():
        tfds.disable_progress_bar()
    top = pathlib.Path(builder.data_dir_root)
    top.mkdir(parents=True, exist_ok=True)
    try:
        # TFDS extracts archives under their base names, which several sets share.
        with tempfile.TemporaryDirectory(prefix=".extracted.", suffix=".tmp", dir=top) as folder:
            config = tfds.download.DownloadConfig(manual_dir=manual_dir, extract_dir=folder)
            builder.download_and_prepare(download_config=config)
    except Exception as error:  # TFDS passes on whatever its builder or transport raises
        if builder.is_prepared():  # by another process, at the same time
            return
        reason = first_line(error)
        raise UserError(f"Dataset {dataset!r} could not be prepared: {reason} {remedy}") from error


def _is_local(url, manual_dir):
    return manual_dir and os.path.exists(os.path.join(manual_dir, os.path.basename(url)))


def _reachable(url):
    parts = urllib.parse.urlparse(url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((parts.hostname, port), timeout=10).close()
    except OSError:
        return False
    return True


def first_images(builder) -> str:
    """Returns the SHA-256 of the first training images."""
    examples = builder.as_dataset(split=f"train[:{NUM_FIRST_IMAGES}]", shuffle_files=False)
    images = [example["image"] for example in tfds.as_numpy(examples)]
    return hashlib.sha256(np.concatenate(images).tobytes()).hexdigest()


def _holds_another_set(builder):
    """Whether a dataset was prepared from the extracted archives of another one."""
    if builder.name not in SAME_FILE_NAMES:
        return False
    found = first_images(builder)
    expected = FIRST_IMAGES.get(builder.name)
    return found != expected if expected else found in FIRST_IMAGES.values()


def _prepare_again(builder, dataset, data_dir, manual_dir):
    """Prepares a dataset again; if that fails, the old files stay."""
    wrong = pathlib.Path(builder.data_dir)
    aside = pathlib.Path(tempfile.mkdtemp(prefix=".wrong.", suffix=".tmp", dir=wrong.parent))
    os.replace(wrong, aside / wrong.name)
    try:
        builder = tfds.builder(dataset, data_dir=data_dir)
        print(
            f"{wrong} holds the images of another dataset: it is prepared again.", file=sys.stderr
        )
        _download(builder, dataset, manual_dir)
    except BaseException as error:
        os.replace(aside / wrong.name, wrong)
        if isinstance(error, UserError):
            raise UserError(f"{wrong} holds the images of another dataset. {error}") from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return builder
