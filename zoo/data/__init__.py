"""Images with labels, from TFDS: `load("mnist_5k")`."""

import os

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from zoo.data import densities, sources
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
    "load",
    "to_float",
]

# Splits of this many bytes or fewer are read into memory, where batches cost a gather each.
IN_MEMORY_BYTES = 2 * 2**30
# TFDS' EMNIST is stored with rows and columns exchanged.
TRANSPOSED = {"emnist"}


def load(
    dataset: str,
    *,
    data_dir: str | None = None,
    manual_dir: str | None = None,
    image_size: int = 0,
    channels: int = 0,
    validation_fraction: float = 0.1,
    in_memory_bytes: int = IN_MEMORY_BYTES,
) -> Dataset:
    """Returns the splits of a set of images, or of vectors drawn from a known density.

    Args:
      dataset: TFDS name, or a folder with one subfolder of images a class; or the name of a density
        (`densities.DENSITIES`), to which nothing else below applies.
      data_dir: where TFDS keeps prepared sets; TFDS' own default if None.
      manual_dir: folder with the set's original files, for machines without network.
      image_size: side of the images: smaller ones are padded with black, larger ones scaled down;
        0 leaves them as they are.
      channels: 1 for grey, 3 for colour, 0 leaves them as they are.
      validation_fraction: share of the training split that becomes `validation`: evenly spaced
        images, a fair sample even of a set that is stored class by class. A set without a test
        split gives as many again for `test`.
      in_memory_bytes: a split that takes more is streamed from its files.

    Raises:
      UserError: for an unknown, unreachable or broken set, or one without images.
    """
    if dataset.partition("/")[0] in densities.DENSITIES and not os.path.isdir(dataset):
        return densities.load(dataset)
    if not 0 < validation_fraction <= 0.5:
        raise UserError(
            f"validation_fraction is a share of at most 0.5 and above 0, got {validation_fraction}."
        )
    builder = sources.builder(dataset, data_dir, manual_dir)
    features, splits = builder.info.features, builder.info.splits
    image_key = _key(features, tfds.features.Image)
    label_key = _key(features, tfds.features.ClassLabel)
    if image_key is None or "train" not in splits:
        raise UserError(
            f"Dataset {dataset!r} needs an image feature and a split 'train'; it has the features "
            f"{', '.join(features)} and the splits {', '.join(splits)}."
        )
    num_classes = features[label_key].num_classes if label_key else 0
    shape = _shape(dataset, features[image_key].shape, image_size, channels)

    kept = [key for key in (image_key, label_key) if key]

    def decode(example):
        x = features[image_key].decode_example(example[image_key])
        if builder.name in TRANSPOSED:
            x = tf.transpose(x, [1, 0, 2])
        y = tf.cast(example[label_key], tf.int32) if label_key else tf.constant(0)
        return {"x": _fit(x, shape), "y": y}

    test = next((name for name in ("test", "validation") if name in splits), None)

    def held_out(i, phase):
        """Whether image i is one of an evenly spaced share; another phase, another share."""
        floor = np.floor if isinstance(i, np.ndarray) else tf.floor
        i = np.float64(i) if isinstance(i, np.ndarray) else tf.cast(i, tf.float64)
        share = validation_fraction
        return floor((i + 1) * share + phase) > floor(i * share + phase)

    def validation(i):
        return held_out(i, 0.0)

    def tested(i):
        return held_out(i, 0.5)

    def trained(i):
        return ~validation(i) if test else ~(validation(i) | tested(i))

    def part(name, keep=lambda i: i >= 0):
        """The images of the split whose number `keep` takes."""
        total = splits[name].num_examples
        size = int(np.sum(keep(np.arange(total))))
        if size == 0:
            raise UserError(
                f"Dataset {dataset!r} has {total} images in {name!r}: too few to hold out "
                f"{validation_fraction:.0%} of them."
            )
        examples = builder.as_dataset(
            split=name, decoders={image_key: tfds.decode.SkipDecoding()}, shuffle_files=False
        )
        examples = examples.enumerate().filter(lambda i, _: keep(i))
        examples = examples.map(lambda _, example: {key: example[key] for key in kept})
        streamed = Streamed(examples, decode, size)
        if size * np.prod(shape) > in_memory_bytes:
            return streamed
        return _in_memory(streamed, dataset, num_classes)

    return Dataset(
        name=dataset,
        spec=Spec(shape, num_classes),
        train=part("train", trained),
        validation=part("train", validation),
        test=part(test) if test else part("train", tested),
    )


def _key(features, kind):
    return next((key for key in features if isinstance(features[key], kind)), None)


def _shape(dataset, shape, image_size, channels):
    """The shape of every image after `_fit`: square where a size is asked for."""
    if channels not in (0, 1, 3):
        raise UserError(f"channels is 1 (grey), 3 (colour) or 0 (as they are), got {channels}.")
    height, width = (image_size, image_size) if image_size else shape[:2]
    if height is None or width is None:
        raise UserError(
            f"The images of {dataset!r} differ in size: give them one, --config.image_size=64 say."
        )
    return (height, width, channels or shape[2])


def _fit(image, shape):
    """Pads or scales down a uint8 [h, w, c] image to `shape`, grey or colour as it says."""
    if image.shape[-1] == 3 and shape[-1] == 1:
        image = tf.image.rgb_to_grayscale(image)
    if image.shape[-1] == 1 and shape[-1] == 3:
        image = tf.image.grayscale_to_rgb(image)

    def pad():
        return tf.image.resize_with_crop_or_pad(image, shape[0], shape[1])

    def scale_down():
        scaled = tf.image.resize_with_pad(image, shape[0], shape[1], "area")
        return tf.cast(tf.round(scaled), tf.uint8)

    fits = tf.reduce_all(tf.shape(image)[:2] <= tf.constant(shape[:2]))
    image = tf.cond(fits, pad, scale_down)
    image.set_shape(shape)
    return image


def _in_memory(split, dataset, num_classes):
    batches = list(split.batches_of_bytes(1024).as_numpy_iterator())
    y = np.concatenate([batch["y"] for batch in batches])
    if num_classes and not (y.min() >= 0 and y.max() < num_classes):
        raise UserError(
            f"Dataset {dataset!r} has labels from {y.min()} to {y.max()}, but names {num_classes} "
            f"classes: labels are expected in 0 .. {num_classes - 1}."
        )
    return InMemory(np.concatenate([batch["x"] for batch in batches]), y)
