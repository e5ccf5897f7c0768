"""A folder of the user's image files as a TFDS dataset, prepared once.

`folder_listing` describes the layouts.
"""

import collections
import contextlib
import hashlib
import io
import json
import os
import pathlib
import re
import sys
from typing import NamedTuple

import tensorflow as tf
import tensorflow_datasets as tfds
import tqdm

from zoo import files
from zoo.data import image_files
from zoo.data.fit import fit_image
from zoo.data.folder_listing import Listing, describe_skipped, list_images
from zoo.errors import UserError


class Preparation(NamedTuple):
    """How images are prepared; see the config fields of the same names."""

    image_size: int = 0
    channels: int = 0
    fit: str = "pad"
    background: str = "white"


def prepare(root: pathlib.Path, data_dir: str | None, preparation: Preparation):
    """Returns the TFDS builder of a folder's images, which it prepares the first time.

    Args:
      root: the folder.
      data_dir: where TFDS keeps prepared datasets; TFDS' own default if None.
      preparation: how to prepare each image.

    Raises:
      UserError: if the layout is ambiguous, or names or files cannot be read.
    """
    image_files.check_background(preparation.background)
    listing = list_images(root)
    base = pathlib.Path(os.path.expanduser(data_dir or tfds.core.constants.DATA_DIR))
    name = f"{_clean(root)}-{_fingerprint(listing, preparation)}"
    prepared = base / ImageFolder.name / name / str(ImageFolder.VERSION)
    if (prepared / "dataset_info.json").exists():
        return tfds.builder_from_directory(str(prepared))
    builder = ImageFolder(listing, preparation, name, str(base))
    tfds.disable_progress_bar()  # _examples has its own
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            files.check_writable(base)
            builder.download_and_prepare()
    except Exception as error:  # TFDS wraps what its builders raise
        if (prepared / "dataset_info.json").exists():  # by another process, at the same time
            return tfds.builder_from_directory(str(prepared))
        if builder.failure:
            raise builder.failure from error
        raise
    return builder


def _clean(root):
    return re.sub(r"[^A-Za-z0-9]+", "_", root.resolve().name).strip("_") or "images"


def _fingerprint(listing, preparation):
    """A name that changes with any file, file name or setting."""
    content = hashlib.sha256(json.dumps([preparation, listing.class_names]).encode())
    for split, labelled in sorted(listing.files.items()):
        for file, label in labelled:
            status = os.stat(listing.root / file)
            line = (split, file, label, status.st_size, status.st_mtime_ns)
            content.update(json.dumps(line).encode())
    return content.hexdigest()[:16]


class ImageFolder(
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # type: ignore[call-arg]  # TFDS has no types
):
    """The images of a listing, all of one shape."""

    name = "image_folder"
    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, listing: Listing, preparation: Preparation, config: str, data_dir: str):
        self.listing, self.preparation = listing, preparation
        self.failure: UserError | None = None
        self.broken: list[str] = []
        self.shape = _common_shape(listing, preparation)
        config = tfds.core.BuilderConfig(name=config, version=self.VERSION)
        super().__init__(data_dir=data_dir, config=config)

    def _info(self):
        features = {"image": tfds.features.Image(shape=self.shape, encoding_format="png")}
        if self.listing.class_names:
            features["label"] = tfds.features.ClassLabel(names=self.listing.class_names)
        return tfds.core.DatasetInfo(
            builder=self,
            description=f"The images of the folder {self.listing.root.name!r}.",
            features=tfds.features.FeaturesDict(features),
        )

    def _split_generators(self, dl_manager):
        return {split: self._examples(files) for split, files in self.listing.files.items()}

    def _generate_examples(self):
        raise NotImplementedError  # _split_generators has one generator per split

    def _examples(self, files):
        channels, fit, shape = self.shape[-1], self.preparation.fit, self.shape
        signature = [tf.TensorSpec([None, None, channels], tf.uint8)]
        fitted = tf.function(lambda image: fit_image(image, shape, fit), signature)
        for file, label in tqdm.tqdm(files, desc="preparing images", unit="image", leave=False):
            path = self.listing.root / file
            try:
                pixels = image_files.read_pixels(path, channels, self.preparation.background)
            except image_files.BROKEN as error:
                self.broken.append(f"{path}: {_reason(error)}")
                continue
            labels = {"label": label} if self.listing.class_names else {}
            yield file, {"image": fitted(pixels).numpy(), **labels}
        if self.broken:
            self.failure = _broken(self.broken)
            raise self.failure


def _reason(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _broken(files):
    more = f" {len(files) - 1:,} more cannot be read." if len(files) > 1 else ""
    return UserError(f"Broken image file {files[0]}. Repair or remove it.{more}")


def _common_shape(listing, preparation):
    """The shape of all prepared images, from their headers; prints a summary of the folder."""
    headers, broken, high = {}, [], []
    files = [file for files in listing.files.values() for file, _ in files]
    for file in tqdm.tqdm(files, desc="reading image headers", unit="image", leave=False):
        try:
            headers[file] = image_files.read_header(listing.root / file)
            if headers[file].sixteen_bits:
                high.append(image_files.read_range(listing.root / file))
        except image_files.BROKEN as error:
            broken.append(f"{listing.root / file}: {_reason(error)}")
    if broken:
        raise _broken(broken)
    grey = all(header.grey for header in headers.values())
    _print_summary(listing, headers, high)
    sizes = collections.Counter((h.height, h.width) for h in headers.values())
    size = preparation.image_size
    if not size and len(sizes) > 1:
        (height, width), count = sizes.most_common(1)[0]
        raise UserError(
            f"The images of {listing.root} differ in size ({len(sizes):,} sizes; {count:,} of "
            f"{len(files):,} are {width}x{height}): choose one, such as "
            "--config.image_size=64, and --config.fit=crop if bars should not be learned."
        )
    height, width = (size, size) if size else next(iter(sizes))
    return height, width, preparation.channels or (1 if grey else 3)


def _print_summary(listing, headers, high):
    """Prints what will be prepared, and warns of what a user may not expect."""
    classes = f" in {len(listing.class_names)} classes" if listing.class_names else ", no labels"
    unlabelled = sum(label < 0 for files in listing.files.values() for _, label in files)
    without = f", {unlabelled:,} of them without a label" if unlabelled else ""
    print(
        f"{listing.root}: {len(headers):,} images{classes}{without}."
        f"{describe_skipped(listing.skipped)}",
        file=sys.stderr,
    )
    if high:
        low, top = min(r[0] for r in high), max(r[1] for r in high)
        dark = ": they will be dark" if top < image_files.SIXTEEN_BITS // 4 else ""
        print(
            f"{len(high):,} images have 16 bits per pixel, with values from {low} to {top}; 0 "
            f"becomes black, {image_files.SIXTEEN_BITS} white{dark}.",
            file=sys.stderr,
        )
