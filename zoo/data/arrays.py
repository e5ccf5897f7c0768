"""Arrays and tables in files: .npz and .npy of images or rows of numbers, .csv of rows."""

import csv
import pathlib
import zipfile
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo.configs.spec import Spec
from zoo.data import reader
from zoo.data.fit import fit_image
from zoo.data.image_folders import Preparation
from zoo.data.in_memory import InMemory
from zoo.data.splits import Dataset
from zoo.errors import UserError, first_line, near_miss

# Keys of an .npz file, by split; "test" and "val" may be missing.
KEYS = {"train": ("x", "x_train"), "validation": ("x_val",), "test": ("x_test",)}


class Arrays(NamedTuple):
    """The rows of a file and their labels.

    Attributes:
      x: [N, H, W, C], [N, H, W] or [N, D].
      y: [N], numbers or names; None without labels.
    """

    x: np.ndarray
    y: np.ndarray | None = None


def load(
    path: pathlib.Path,
    name: str,
    preparation: Preparation,
    validation_fraction: float,
    label_column: str = "",
) -> Dataset:
    """Returns the splits of a file.

    Args:
      path: the file. An .npz file has the arrays x and, with labels, y; or x_train, y_train,
        x_test, y_test as Keras' data sets have them. An .npy file has x. A .csv file has a row of
        names, then rows of numbers.
      name: of the dataset.
      preparation: of images.
      validation_fraction: share of the rows that validate, and that test unless the file says which
        rows do: evenly spaced ones.
      label_column: name of the column of a .csv file that holds the labels; none if empty.

    Raises:
      UserError: if the file cannot be read, or its arrays are neither images nor rows.
    """
    if label_column and path.suffix != ".csv":
        raise UserError(
            f"--config.label_column={label_column} is for .csv files: the labels of {path.name} "
            "are its array y."
        )
    parts = _read_csv(path, label_column) if path.suffix == ".csv" else _read_numpy(path)
    names, labels = _number_classes({role: part.y for role, part in parts.items()}, path)
    splits = {role: _rows(parts[role].x, labels[role], preparation, path) for role in parts}
    splits = _hold_out(splits, validation_fraction, path)
    return Dataset(name, Spec(splits["train"].x.shape[1:], len(names), names), **splits)


def _read_numpy(path):
    """{split: Arrays} of an .npz or .npy file."""
    try:
        found = np.load(path)
        arrays = {"x": found} if path.suffix == ".npy" else {key: found[key] for key in found}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path} cannot be read as NumPy arrays: {first_line(error)}. "
            "np.savez(path, x=x, y=y) writes such a file."
        ) from error
    parts = {}
    for role, keys in KEYS.items():
        key = next((key for key in keys if key in arrays), None)
        if key:
            parts[role] = Arrays(arrays[key], arrays.get(f"y{key[1:]}"))
    if "train" not in parts:
        raise UserError(
            f"{path} has the arrays {', '.join(arrays) or 'none'}: expected x (and y, the "
            "labels), or x_train, y_train, x_test and y_test."
        )
    return parts


def _read_csv(path, label_column):
    """{"train": Arrays} of a .csv file."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            names, *rows = [row for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as a table: expected a row of names, then rows of numbers, "
            "separated by commas."
        ) from error
    ragged = next((i for i, row in enumerate(rows, 2) if len(row) != len(names)), None)
    if ragged or not rows:
        wrong = f"row {ragged} has {len(rows[ragged - 2])}" if ragged else "there are no rows"
        raise UserError(f"{path} names {len(names)} columns, but {wrong}.")
    if all(_is_number(name) for name in names):
        raise UserError(f"The first row of {path} holds numbers: put column names there.")
    if label_column and label_column not in names:
        raise UserError(
            f"{path} has no column {label_column!r}.{near_miss(label_column, names)} Columns: "
            f"{', '.join(names)}."
        )
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    y = np.array(columns.pop(label_column)) if label_column else None
    for column, values in columns.items():
        row = next((i for i, value in enumerate(values, 2) if not _is_number(value)), None)
        if row:
            raise UserError(
                f"{path}, row {row}, column {column!r}: expected a number, got "
                f"{values[row - 2]!r}. Labels are named by --config.label_column={column}; drop "
                "other columns of text, and rows with gaps."
            )
    x = np.array([[float(value) for value in values] for values in columns.values()]).T
    return {"train": Arrays(x, y)}


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number_classes(labels, path):
    """Names of the classes, and {split: labels from 0 [N] or None}."""
    known = {role: np.asarray(y) for role, y in labels.items() if y is not None}
    if not known:
        return (), labels
    if len(known) < len(labels):
        missing = ", ".join(sorted(labels.keys() - known))
        raise UserError(f"{path} has labels, but none for {missing}.")
    together = np.concatenate([y.reshape(-1) for y in known.values()])
    if together.dtype.kind in "iub":  # may have gaps, and -1 where no label is known
        return tuple(str(i) for i in range(int(together.max(initial=-1)) + 1)), known
    names = sorted(set(together.tolist()), key=_natural)
    numbers = {name: i for i, name in enumerate(names)}
    return tuple(str(name) for name in names), {
        role: np.array([numbers[name] for name in y.reshape(-1).tolist()], np.int32)
        for role, y in known.items()
    }


def _natural(name):
    """Sort key: numbers by value, before names."""
    return (0, float(name), "") if _is_number(name) else (1, 0.0, str(name))


def _rows(x, y, preparation, path):
    """The split, with images of the requested size and channels."""
    try:
        rows = InMemory(x[..., None] if x.ndim == 3 else x, y)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    if rows.x.ndim == 2:
        return rows
    height, width, channels = rows.x.shape[1:]
    side = preparation.image_size
    shape = (side or height, side or width, preparation.channels or channels)
    if channels not in (1, 3):
        raise UserError(f"{path} has images of {channels} channels: expected 1 or 3.")
    if shape == (height, width, channels):
        return rows
    fitted = [fit_image(tf.constant(image), shape, preparation.fit).numpy() for image in rows.x]
    return InMemory(np.stack(fitted), rows.y)


def _hold_out(splits, share, path):
    """All three splits: those that the file does not have are held out of "train"."""
    train = splits["train"]
    masks = reader.hold_out(train.y >= 0, share, "validation" not in splits, "test" not in splits)
    made = {role: train.where(mask) for role, mask in masks.items() if mask is not None}
    splits = {"train": train, **splits, **made}
    if empty := [role for role, split in splits.items() if not split.size]:
        raise UserError(
            f"{path} has {train.size} rows: too few to hold some of them out for "
            f"{' and '.join(empty)}. Choose a larger --config.validation_fraction, or add rows."
        )
    return splits
