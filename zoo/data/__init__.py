"""Images with labels, from TFDS or a folder: `load("mnist_5k")`."""

import os

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from zoo.data import densities, image_folders, labelled, sources, stacked
from zoo.data.fit import fit_image
from zoo.data.pipeline import Spec, binarize, to_float
from zoo.data.splits import Dataset, Generated, InMemory, Shard, Split, Streamed
from zoo.errors import UserError

__all__ = [
    "Dataset",
    "Generated",
    "InMemory",
    "Shard",
    "Spec",
    "Split",
    "Streamed",
    "binarize",
    "labelled",
    "load",
    "to_float",
]

# Splits of this many bytes or fewer are read into memory, where batches cost a gather each.
IN_MEMORY_BYTES = 2 * 2**30
# Where so many images or more have no label, the validation split is of these alone.
UNKNOWN_SHARE = 0.25
# TFDS' EMNIST is stored with rows and columns exchanged.
TRANSPOSED = {"emnist"}


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
    in_memory_bytes: int = IN_MEMORY_BYTES,
) -> Dataset:
    """Returns the splits of a set of images, or of vectors drawn from a known density.

    Args:
      dataset: TFDS name, or a folder of images (`image_folders`); "stacked_NAME" for three of its
        images on three channels (`stacked`); or the name of a density (`densities.DENSITIES`), to
        which nothing else below applies.
      data_dir: where TFDS keeps prepared sets; TFDS' own default if None.
      manual_dir: folder with the set's original files, for machines without network.
      image_size: side of the images; 0 leaves them as they are.
      channels: 1 for grey, 3 for colour, 0 leaves them as they are.
      fit: how images get that size, "pad", "crop" or "stretch" (`fit.fit_image`).
      background: colour behind transparent images of a folder, as Pillow names it.
      validation_fraction: share of the training split that becomes `validation`: evenly spaced
        images, a fair sample even of a set that is stored class by class. A set without a test
        split gives as many again for `test`. Where only some images have labels, `test` is a share
        of these and `validation` of the others, or of all where the others are few.
      in_memory_bytes: a split that takes more is streamed from its files.

    Raises:
      UserError: for an unknown, unreachable or broken set, or one without images.
    """
    is_folder = os.path.isdir(os.path.expanduser(dataset))
    if dataset.partition("/")[0] in densities.DENSITIES and not is_folder:
        return densities.load(dataset)
    if dataset.startswith(stacked.PREFIX) and not is_folder:
        base = load(
            dataset.removeprefix(stacked.PREFIX),
            data_dir=data_dir,
            manual_dir=manual_dir,
            image_size=image_size,
            channels=1,
            fit=fit,
            validation_fraction=validation_fraction,
        )
        return stacked.stack(base)
    if not 0 < validation_fraction <= 0.5:
        raise UserError(
            f"validation_fraction is a share of at most 0.5 and above 0, got {validation_fraction}."
        )
    if channels not in (0, 1, 3):
        raise UserError(f"channels is 1 (grey), 3 (colour) or 0 (as they are), got {channels}.")
    preparation = image_folders.Preparation(image_size, channels, fit, background)
    source = sources.open_source(dataset, data_dir, manual_dir, preparation)
    builder = source.builder
    features, splits = builder.info.features, builder.info.splits
    image_key = _key(features, tfds.features.Image)
    label_key = _key(features, tfds.features.ClassLabel)
    if image_key is None or source.train not in splits:
        raise UserError(
            f"Dataset {dataset!r} needs an image feature and a split 'train'; it has the features "
            f"{', '.join(features)} and the splits {', '.join(splits)}."
        )
    names = tuple(features[label_key].names) if label_key else ()
    shape = _shape(dataset, features[image_key].shape, image_size, channels)

    kept = [key for key in (image_key, label_key) if key]

    def decode(example):
        x = features[image_key].decode_example(example[image_key])
        if builder.name in TRANSPOSED:
            x = tf.transpose(x, [1, 0, 2])
        y = tf.cast(example[label_key], tf.int32) if label_key else tf.constant(0)
        return {"x": fit_image(x, shape, fit), "y": y}

    def undecoded(split):
        return builder.as_dataset(
            split=split, decoders={image_key: tfds.decode.SkipDecoding()}, shuffle_files=False
        )

    def part(split, mask):
        """The images of the split where the mask is True."""
        size = int(np.sum(mask))
        if size == 0:
            raise UserError(
                f"Dataset {dataset!r} has {len(mask)} images in {split!r}: too few to hold out "
                f"{validation_fraction:.0%} of them."
            )
        examples = undecoded(split).map(lambda example: {key: example[key] for key in kept})
        streamed = Streamed(examples, decode, len(mask), labels.get(split)).where(mask)
        if size * np.prod(shape) > in_memory_bytes:
            return streamed
        return _in_memory(streamed, dataset, len(names))

    def whole(split):
        return part(split, np.ones(splits[split].num_examples, bool))

    count = splits[source.train].num_examples
    labels = {}
    if is_folder and label_key:  # whose images may be without a label
        examples = undecoded(source.train).map(lambda example: example[label_key])
        labels[source.train] = np.array(list(examples.as_numpy_iterator()), np.int32)
    unknown = labels.get(source.train, np.zeros(count, np.int32)) < 0
    held_out = np.zeros(count, bool)
    parts = {}
    for role, split, phase in (
        ("validation", source.validation, 0.0),
        ("test", source.test, 0.5),
    ):
        if split:
            parts[role] = whole(split)
        else:
            pool = ~unknown
            if role == "validation" and unknown.any():
                # Few rows without a label would be few to choose weights by.
                pool = unknown if unknown.mean() >= UNKNOWN_SHARE else np.ones(count, bool)
            mask = np.zeros(count, bool)
            mask[pool] = _evenly_spaced(pool.sum(), validation_fraction, phase)
            mask &= ~held_out
            held_out |= mask
            parts[role] = part(source.train, mask)
    parts["train"] = part(source.train, ~held_out)
    return Dataset(name=dataset, spec=Spec(shape, len(names), names), **parts)


def _evenly_spaced(count, share, phase):
    """A mask [count] of a share of all; another phase, other ones."""
    i = np.arange(count, dtype=np.float64)
    return np.floor((i + 1) * share + phase) > np.floor(i * share + phase)


def _key(features, kind):
    return next((key for key in features if isinstance(features[key], kind)), None)


def _shape(dataset, shape, image_size, channels):
    """The shape of every image after `fit_image`: square where a size is asked for."""
    height, width = (image_size, image_size) if image_size else shape[:2]
    if height is None or width is None:
        raise UserError(
            f"The images of {dataset!r} differ in size: give them one, --config.image_size=64 say."
        )
    return (height, width, channels or shape[2])


def _in_memory(split, dataset, num_classes):
    rows = split.in_memory()
    if num_classes and rows.highest_label() >= num_classes:
        raise UserError(
            f"Dataset {dataset!r} has labels from {rows.y.min()} to {rows.y.max()}, but names "
            f"{num_classes} classes: labels are expected in 0 .. {num_classes - 1}."
        )
    return rows
