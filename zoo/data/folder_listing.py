"""Layouts of folders of image files: by class, by split, or all in one.

    FOLDER/cat/1.jpg  FOLDER/dog/2.png                        a subfolder per class
    FOLDER/1.jpg  FOLDER/2.png                                no labels
    FOLDER/train/cat/1.jpg  FOLDER/test/cat/2.jpg  FOLDER/val/...   the user's own splits
    FOLDER/cat/1.jpg  FOLDER/unlabelled/2.jpg  FOLDER/unlabelled/...   only some have labels

A class has the images of all folders below its own. Hidden files and folders are skipped.
"""

import collections
import os
import pathlib
from typing import NamedTuple

from zoo.data import image_files
from zoo.errors import UserError

# If one of these folders is `train`, all of them are splits; other names are classes.
SPLITS = {"train": "train", "test": "test"} | dict.fromkeys(("val", "valid", "validation"), "val")
# Folders of training images without a known class.
UNLABELLED = ("unlabelled", "unlabeled")
# Files that operating systems create.
NOT_OURS = frozenset({"__MACOSX", "@eaDir", "lost+found", "Thumbs.db", "desktop.ini"})


class Listing(NamedTuple):
    """The image files of a folder.

    Attributes:
      root: the folder.
      class_names: in their order; none if the images have no labels.
      files: {split: [(path below root, label)]}, of the splits "train", "val" and "test"; the label
        is -1 where it is not known.
      skipped: {suffix: number of files}.
    """

    root: pathlib.Path
    class_names: tuple[str, ...]
    files: dict[str, list[tuple[str, int]]]
    skipped: dict[str, int]


def list_images(root: pathlib.Path) -> Listing:
    """Returns the images of a folder, by split and class.

    Raises:
      UserError: if there are none, or the layout is not one of those above.
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
                f"{describe_skipped(skipped)}"
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
    names, files = _label({"train": (root, folders)})
    return Listing(root, names, files, skipped)


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


def describe_skipped(skipped: dict[str, int]) -> str:
    """Returns a sentence on the files that are not images, empty if there are none."""
    if not skipped:
        return ""
    return f" Skipped: {', '.join(f'{n:,} {kind}' for kind, n in sorted(skipped.items()))}."
