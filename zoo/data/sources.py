"""Where images come from: TFDS by name, or a folder with one subfolder a class."""

import atexit
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import urllib.parse
import urllib.request

import tensorflow_datasets as tfds
import tqdm
from PIL import Image

from zoo.data import mnist_5k  # noqa: F401  (registers the builder with TFDS)
from zoo.errors import UserError, near_miss

IMAGE_SUFFIXES = (".jpeg", ".jpg", ".png")


def builder(dataset: str, data_dir: str | None = None, manual_dir: str | None = None):
    """Returns the prepared TFDS builder of `dataset`.

    Args:
      dataset: a TFDS name such as "mnist" or "emnist/letters", or the path of a folder that holds
        one subfolder of images a class (or train/ and test/ with such subfolders each).
      data_dir: where TFDS keeps prepared sets; TFDS' own default if None.
      manual_dir: a folder with the set's original files, for machines without network.

    Raises:
      UserError: for an unknown set, one that cannot be downloaded, or a broken image file.
    """
    if os.path.isdir(dataset):
        return _image_folder(pathlib.Path(dataset))
    try:
        prepared = tfds.builder(dataset, data_dir=data_dir)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        raise UserError(
            f"Unknown dataset {dataset!r}: neither a folder nor a name that TFDS knows."
            f"{near_miss(dataset.split('/')[0], tfds.list_builders())}"
        ) from error
    if not prepared.is_prepared():
        _download(prepared, dataset, manual_dir)
    return prepared


def _download(prepared, dataset, manual_dir):
    config = tfds.download.DownloadConfig(manual_dir=manual_dir)
    urls = list(getattr(prepared, "url_infos", None) or {})
    remedy = (
        "Connect, or give --manual_dir=FOLDER with the original files"
        f"{' ' + ', '.join(os.path.basename(u) for u in urls) if len(urls) < 9 else ''}, or "
        "--data_dir=FOLDER with the prepared set."
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
    if not missing or not sys.stderr.isatty():
        tfds.disable_progress_bar()
    try:
        prepared.download_and_prepare(download_config=config)
    except Exception as error:  # TFDS lets through whatever its builder or transport raises
        if prepared.is_prepared():  # by another process, at the same time
            return
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
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


def _image_folder(root):
    """Returns an ImageFolder builder over `root`, its files checked, its image shape known."""
    given = root
    if not (root / "train").is_dir():
        # tfds.ImageFolder wants a level of splits: give it one whose only split is this folder.
        above = pathlib.Path(tempfile.mkdtemp(prefix="zoo_images_"))
        atexit.register(shutil.rmtree, above, ignore_errors=True)
        (above / "train").symlink_to(root.resolve(), target_is_directory=True)
        root = above
    files = sorted(f for f in root.glob("*/*/*") if f.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise UserError(
            f"No image in a subfolder of {given}: expected one subfolder a class with "
            f"{', '.join(IMAGE_SUFFIXES)} files in it."
        )
    shapes = {}
    for file in tqdm.tqdm(files, desc="checking images", unit="image", leave=False):
        try:
            with Image.open(file) as image:
                image.load()
                if image.format not in ("JPEG", "PNG"):
                    raise ValueError(f"it is a {image.format}, expected JPEG or PNG")
                channels = 1 if image.mode in ("1", "L", "I", "I;16") else 3
                shapes.setdefault((image.height, image.width, channels), file)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise UserError(
                f"Broken image file {file.resolve()}: {error}. Repair or remove it."
            ) from error
    grey = all(c == 1 for _, _, c in shapes)
    sizes = {(h, w) for h, w, _ in shapes}
    height, width = sizes.pop() if len(sizes) == 1 else (None, None)
    return tfds.ImageFolder(str(root), shape=(height, width, 1 if grey else 3))
