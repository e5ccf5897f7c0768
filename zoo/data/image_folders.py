"""A folder of image files of one's own as a TFDS set, prepared once.

    FOLDER/cat/1.jpg  FOLDER/dog/2.png                        a subfolder per class
    FOLDER/1.jpg  FOLDER/2.png                                no labels
    FOLDER/train/cat/1.jpg  FOLDER/test/cat/2.jpg  FOLDER/val/...   splits of their own
    FOLDER/cat/1.jpg  FOLDER/unlabelled/2.jpg  FOLDER/unlabelled/...   only some have labels

A class has the images of all folders below its own. Hidden files and folders are skipped.
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

from zoo.data import image_files
from zoo.data.fit import fit_image
from zoo.errors import UserError

# Folders that are splits where `train` is one; all other names are classes.
SPLITS = {"train": "train", "test": "test"} | dict.fromkeys(("val", "valid", "validation"), "val")
# Folders of images to train on whose class is not known.
UNLABELLED = ("unlabelled", "unlabeled")
# What operating systems leave beside people's files.
NOT_OURS = frozenset({"__MACOSX", "@eaDir", "lost+found", "Thumbs.db", "desktop.ini"})


class Listing(NamedTuple):
    """The image files of a folder.

    Attributes:
      root: the folder.
      class_names: in their order; none if the images have no labels.
      files: {split: [(path below root, label)]}, of the splits "train", "val" and "test"; the label
        is -1 where it is not known.
      skipped: {kind of file: how many}.
    """

    root: pathlib.Path
    class_names: tuple[str, ...]
    files: dict[str, list[tuple[str, int]]]
    skipped: dict[str, int]


class Preparation(NamedTuple):
    """How images are prepared; the fields of a config."""

    image_size: int = 0
    channels: int = 0
    fit: str = "pad"
    background: str = "white"


def builder(root: pathlib.Path, data_dir: str | None, preparation: Preparation):
    """Returns the TFDS builder of a folder's images, prepared now unless they were before.

    Args:
      root: the folder.
      data_dir: where TFDS keeps prepared sets; TFDS' own default if None.
      preparation: of each image.

    Raises:
      UserError: for a layout that could mean two things, names or files that cannot be read.
    """
    image_files.check_background(preparation.background)
    listing = list_images(root)
    base = pathlib.Path(os.path.expanduser(data_dir or tfds.core.constants.DATA_DIR))
    name = f"{_clean(root)}-{_fingerprint(listing, preparation)}"
    prepared = base / ImageFolder.name / name / str(ImageFolder.VERSION)
    if (prepared / "dataset_info.json").exists():
        return tfds.builder_from_directory(str(prepared))
    made = ImageFolder(listing, preparation, name, str(base))
    tfds.disable_progress_bar()  # there is one of our own
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            made.download_and_prepare()
    except Exception as error:  # TFDS wraps what its builders raise
        if (prepared / "dataset_info.json").exists():  # by another process, at the same time
            return tfds.builder_from_directory(str(prepared))
        if made.failure:
            raise made.failure from error
        raise
    return made


def list_images(root: pathlib.Path) -> Listing:
    """Returns the images of a folder, its layout understood.

    Raises:
      UserError: if there are none, or the layout is none that the module's docstring tells.
    """
    skipped: collections.Counter = collections.Counter()
    folders = {folder: _walk(root, folder, skipped) for folder in _subfolders(root, skipped)}
    loose = _own_files(root, "", skipped)
    full = {folder for folder, files in folders.items() if files}
    if not full:
        if folders and loose:
            raise UserError(
                f"{root} has images, and the folders {_listed(folders)} without any: remove these, "
                "or sort the images into them."
            )
        if not loose:
            raise UserError(
                f"No image in {root}: expected one subfolder per class, or images without labels; "
                f"image files end in {', '.join(sorted(image_files.SUFFIXES))}."
                f"{_describe_skipped(skipped)}"
            )
        return Listing(root, (), {"train": [(file, 0) for file in loose]}, skipped)
    if loose:
        skipped["images beside the subfolders"] += len(loose)
    if "train" in full and full | set(folders) <= {*SPLITS, *UNLABELLED}:
        return _list_splits(root, folders, skipped)
    if "train" in full and any(_is_nested("train", file) for file in folders["train"]):
        others = _listed(sorted(full - {*SPLITS, *UNLABELLED}))
        raise UserError(
            f"{root / 'train'} has subfolders, so it looks like a split, but beside it stand "
            f"{others}, which are none: move these away, or the images of a class 'train' out of "
            "their subfolders."
        )
    return Listing(root, *_label({"train": (root, folders)}), skipped)


def _list_splits(root, folders, skipped):
    """The listing of train/, and test/, val/ or unlabelled/ beside it."""
    unlabelled = [file for name in UNLABELLED for file in folders.get(name, [])]
    folders = {name: files for name, files in folders.items() if name not in UNLABELLED}
    empty = [folder for folder, files in folders.items() if not files]
    if empty:
        raise UserError(f"{root / empty[0]} holds no image: fill it or remove it.")
    roles = [SPLITS[folder] for folder in folders]
    if len(set(roles)) < len(roles):
        raise UserError(
            f"{root} has {_listed(folders)}: more than one of them is for validation. Leave one."
        )
    flat = {f for f, files in folders.items() if not any(_is_nested(f, file) for file in files)}
    if flat == set(folders):  # images without labels
        files = {SPLITS[f]: [(file, 0) for file in files] for f, files in folders.items()}
        files["train"] += [(file, 0) for file in unlabelled]
        return Listing(root, (), files, skipped)
    if flat:
        raise UserError(
            f"{root / sorted(flat)[0]} holds images without a subfolder per class, which "
            f"{_listed(sorted(set(folders) - flat))} has: sort them into the same classes, or "
            "remove the folder."
        )
    of_split = {}
    for folder, files in folders.items():
        classes = {sub: [] for sub in _subfolders(root / folder, collections.Counter())}
        for file in files:
            if _is_nested(folder, file):
                classes[file.split("/")[1]].append(file)
            else:
                skipped["images beside the subfolders"] += 1
        of_split[SPLITS[folder]] = (root / folder, classes)
    names, files = _label(of_split)
    files["train"] += [(file, -1) for file in unlabelled]
    return Listing(root, names, files, skipped)


def _label(of_split):
    """The class names, those of train, and the files of each split with their labels."""
    names = tuple(sorted(set(of_split["train"][1]) - {*UNLABELLED}))
    if not names:
        return (), {"train": [(f, 0) for images in of_split["train"][1].values() for f in images]}
    files = {}
    for split, (folder, classes) in of_split.items():
        for name, images in classes.items():
            if not images:
                raise UserError(
                    f"The class {folder / name} holds no image: remove the folder, or put images "
                    "into it. An empty one would count as a class."
                )
            if name in UNLABELLED and split != "train":
                raise UserError(
                    f"{folder / name} has images without labels, which can only be trained on: "
                    f"move them beside the classes of {of_split['train'][0]}, or remove them."
                )
            if name not in (*names, *UNLABELLED):
                raise UserError(
                    f"{folder / name} is a class that the images to train on do not have; these "
                    f"are {_listed(names)}. Rename or remove it."
                )
        numbers = dict.fromkeys(UNLABELLED, -1) | {name: i for i, name in enumerate(names)}
        files[split] = [(f, numbers[name]) for name in sorted(classes) for f in classes[name]]
    return names, files


def _is_nested(folder, file):
    return "/" in file.removeprefix(f"{folder}/")


def _subfolders(root, skipped):
    """The names of the visible folders in one, in order."""
    found = []
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if not entry.is_dir():
            continue
        if _is_hidden(entry.name):
            skipped["hidden"] += 1
        else:
            found.append(_readable(entry.path, entry.name))
    return found


def _own_files(root, below, skipped):
    """The image files directly in a folder, as paths below root; all others are counted."""
    files = []
    for entry in sorted(os.scandir(root / below), key=lambda entry: entry.name):
        suffix = os.path.splitext(entry.name)[1].lower()
        if entry.is_dir():
            continue
        if _is_hidden(entry.name):
            skipped["hidden"] += 1
        elif suffix not in image_files.SUFFIXES:
            _readable(entry.path, suffix)
            skipped[suffix or "without a suffix"] += 1
        elif not entry.is_file():
            raise UserError(
                f"{_shown(entry.path)} is a link to a file that is not there: mend or remove it."
            )
        else:
            files.append(os.path.join(below, _readable(entry.path, entry.name)))
    return files


def _walk(root, below, skipped):
    """The image files in a folder and all folders below it."""
    files = _own_files(root, below, skipped)
    for folder in _subfolders(root / below, skipped):
        inner = os.path.join(below, folder)
        if os.path.realpath(root / inner) in map(str, (root / inner).resolve().parents):
            continue
        files += _walk(root, inner, skipped)
    return files


def _is_hidden(name):
    return name.startswith(".") or name in NOT_OURS


def _readable(path, name):
    """The name, if it is text: labels and records could not hold others."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"The name of {_shown(path)} is not UTF-8: rename the file or folder."
        ) from error
    return name


def _shown(path):
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _listed(names):
    return ", ".join(map(repr, names))


def _describe_skipped(skipped):
    if not skipped:
        return ""
    return f" Skipped: {', '.join(f'{n:,} {kind}' for kind, n in sorted(skipped.items()))}."


def _clean(root):
    return re.sub(r"[^A-Za-z0-9]+", "_", root.resolve().name).strip("_") or "images"


def _fingerprint(listing, preparation):
    """Changes with any file, name or setting."""
    content = hashlib.sha256(json.dumps([preparation, listing.class_names]).encode())
    for split, files in sorted(listing.files.items()):
        for file, label in files:
            status = os.stat(listing.root / file)
            line = (split, file, label, status.st_size, status.st_mtime_ns)
            content.update(json.dumps(line).encode())
    return content.hexdigest()[:16]


class ImageFolder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Records of the images that a listing has, all of one shape."""

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
        raise NotImplementedError  # one generator per split, made above

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
    """The shape of all images once they are prepared, from their headers; tells what was found."""
    headers, broken, high = {}, [], []
    files = [file for files in listing.files.values() for file, _ in files]
    for file in tqdm.tqdm(files, desc="looking at images", unit="image", leave=False):
        try:
            headers[file] = image_files.read_header(listing.root / file)
            if headers[file].sixteen_bits:
                high.append(image_files.read_range(listing.root / file))
        except image_files.BROKEN as error:
            broken.append(f"{listing.root / file}: {_reason(error)}")
    if broken:
        raise _broken(broken)
    grey = all(header.grey for header in headers.values())
    _tell(listing, headers, high)
    sizes = collections.Counter((h.height, h.width) for h in headers.values())
    size = preparation.image_size
    if not size and len(sizes) > 1:
        (height, width), count = sizes.most_common(1)[0]
        raise UserError(
            f"The images of {listing.root} differ in size ({len(sizes):,} sizes; {count:,} of "
            f"{len(files):,} are {width}x{height}): give them one, --config.image_size=64 say, and "
            "--config.fit=crop if black bars would be learned."
        )
    height, width = (size, size) if size else next(iter(sizes))
    return height, width, preparation.channels or (1 if grey else 3)


def _tell(listing, headers, high):
    """Prints what is prepared, and what a person may not expect."""
    classes = f" in {len(listing.class_names)} classes" if listing.class_names else ", no labels"
    unlabelled = sum(label < 0 for files in listing.files.values() for _, label in files)
    without = f", {unlabelled:,} of them without a label" if unlabelled else ""
    print(
        f"{listing.root}: {len(headers):,} images{classes}{without}."
        f"{_describe_skipped(listing.skipped)}",
        file=sys.stderr,
    )
    if high:
        low, top = min(r[0] for r in high), max(r[1] for r in high)
        dark = ": they will be dark" if top < image_files.SIXTEEN_BITS // 4 else ""
        print(
            f"{len(high):,} images have 16 bits per pixel, their values go from {low} to {top}; 0 "
            f"becomes black, {image_files.SIXTEEN_BITS} white{dark}.",
            file=sys.stderr,
        )
