"""Loads a dataset by its name, its folder or its file."""

import os
import pathlib

import numpy as np

from zoo import files
from zoo.data import arrays, densities, image_folders, sources, stacked
from zoo.data.reader import Reader, hold_out
from zoo.data.splits import Dataset
from zoo.errors import UserError

# Splits of this many bytes or fewer are read into memory, where batches cost a gather each.
IN_MEMORY_BYTES = 2 * 2**30


def load(
    dataset: str,
    *,
    data_dir: str | None = None,
    manual_dir: str | None = None,
    image_size: int = 0,
    channels: int = 0,
    fit: str = "pad",
    background: str = "white",
    validation_fraction: float = 0.1,
    label_column: str = "",
    in_memory_bytes: int = IN_MEMORY_BYTES,
) -> Dataset:
    """Returns the splits of a set of images, or of vectors drawn from a known density.

    Args:
      dataset: TFDS name, a folder of images (`image_folders`), or a .npz, .npy or .csv file
        (`arrays`); "stacked_NAME" for three of its images on three channels (`stacked`); or the
        name of a density (`densities.DENSITIES`), to which nothing else below applies.
      data_dir: where TFDS keeps prepared datasets; TFDS' own default if None.
      manual_dir: folder with the set's original files, for machines without network.
      image_size: side of the images; 0 keeps their own.
      channels: 1 for grey, 3 for colour, 0 keeps their own.
      fit: how images get that size, "pad", "crop" or "stretch" (`fit.fit_image`).
      background: colour behind transparent images of a folder, as Pillow names it.
      validation_fraction: share of the training split that becomes `validation`: evenly spaced
        images, a fair sample even of a set that is stored class by class. A set without a test
        split gives as many again for `test`. Where only some images have labels, `test` is a share
        of these and `validation` of the others, or of all where the others are few.
      label_column: column of a .csv file that holds the labels.
      in_memory_bytes: a split that takes more is streamed from its files.

    Raises:
      UserError: if the dataset is unknown, unreachable or broken, or has no images.
    """
    is_folder = os.path.isdir(os.path.expanduser(dataset))
    if dataset.partition("/")[0] in densities.DENSITIES and not is_folder:
        return densities.load(dataset)
    if dataset.startswith(stacked.PREFIX) and not is_folder:
        settings: dict = {"image_size": image_size, "fit": fit, "data_dir": data_dir}
        settings |= {"manual_dir": manual_dir, "validation_fraction": validation_fraction}
        base = load(dataset.removeprefix(stacked.PREFIX), channels=1, **settings)
        return stacked.stack(base)
    _check_arguments(validation_fraction, channels)
    preparation = image_folders.Preparation(image_size, channels, fit, background)
    path = pathlib.Path(dataset).expanduser()
    if path.suffix in files.ARRAYS and path.is_file():
        return arrays.load(path, dataset, preparation, validation_fraction, label_column)
    if label_column:
        raise UserError(f"--config.label_column={label_column} is for .csv files, not {dataset!r}.")
    source = sources.open_source(dataset, data_dir, manual_dir, preparation)
    reader = Reader(dataset, source, preparation, in_memory_bytes)
    # Images of a folder may be without a label.
    labels = reader.labels(source.train) if is_folder else None
    known = np.ones(reader.count(source.train), bool) if labels is None else labels >= 0
    masks = hold_out(known, validation_fraction, source.validation is None, source.test is None)

    def read(role):
        mask, own = masks[role], getattr(source, role)
        return reader.read(own) if mask is None else reader.read(source.train, mask, labels)

    return Dataset(dataset, reader.spec, read("train"), read("validation"), read("test"))


def _check_arguments(validation_fraction, channels):
    if not 0 < validation_fraction <= 0.5:
        raise UserError(
            f"validation_fraction is a share of at most 0.5 and above 0, got {validation_fraction}."
        )
    if channels not in (0, 1, 3):
        raise UserError(f"channels is 1 (grey), 3 (colour) or 0 (unchanged), got {channels}.")
