"""Reads the splits of a prepared set: images of one shape, and their labels."""

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from zoo.configs.spec import Spec
from zoo.data import sources
from zoo.data.fit import fit_image
from zoo.data.image_folders import Preparation
from zoo.data.in_memory import to_memory
from zoo.data.splits import Split
from zoo.data.streamed import Streamed
from zoo.errors import UserError

# TFDS' EMNIST is stored with rows and columns exchanged.
TRANSPOSED = {"emnist"}
# With at least this many unlabelled images, the validation split contains only these.
UNKNOWN_SHARE = 0.25


class Reader:
    """Reads the splits of a dataset.

    Args:
      dataset: its name, for messages.
      source: of `sources.open_source`.
      preparation: size and channels of the images, and how to fit them.
      in_memory_bytes: a split that takes more is streamed from its files.

    Attributes:
      spec: of its rows.

    Raises:
      UserError: if the dataset has no images or no training split.
    """

    def __init__(
        self, dataset: str, source: sources.Source, preparation: Preparation, in_memory_bytes: int
    ):
        self.dataset, self.builder, self.fit = dataset, source.builder, preparation.fit
        self.in_memory_bytes = in_memory_bytes
        features, splits = self.builder.info.features, self.builder.info.splits
        self.image_key = _find_feature(features, tfds.features.Image)
        self.label_key = _find_feature(features, tfds.features.ClassLabel)
        if self.image_key is None or source.train not in splits:
            raise UserError(
                f"Dataset {dataset!r} needs an image feature and a split 'train'; it has the "
                f"features {', '.join(features)} and the splits {', '.join(splits)}."
            )
        names = tuple(features[self.label_key].names) if self.label_key else ()
        stored = features[self.image_key].shape
        shape = _fitted_shape(dataset, stored, preparation.image_size, preparation.channels)
        self.spec = Spec(shape, len(names), names)

    def count(self, split: str) -> int:
        """Returns the number of images of a split."""
        return self.builder.info.splits[split].num_examples

    def labels(self, split: str) -> np.ndarray:
        """Returns the labels of all images of a split [N], without decoding these; 0 if none."""
        if self.label_key is None:
            return np.zeros(self.count(split), np.int32)
        examples = self._undecoded(split).map(lambda example: example[self.label_key])
        return np.array(list(examples.as_numpy_iterator()), np.int32)

    def read(
        self, split: str, mask: np.ndarray | None = None, labels: np.ndarray | None = None
    ) -> Split:
        """Returns the images of a split where a mask [N] is True, or all of them.

        Args:
          split: its name.
          mask: which images; all if None.
          labels: [N], if they are known already.
        """
        mask = np.ones(self.count(split), bool) if mask is None else mask
        size = int(np.sum(mask))
        if size == 0:
            raise UserError(
                f"Dataset {self.dataset!r} has {len(mask)} images in {split!r}: too few to hold "
                "some of them out. Choose a larger --config.validation_fraction, or add images."
            )
        keys = [key for key in (self.image_key, self.label_key) if key]
        examples = self._undecoded(split).map(lambda example: {key: example[key] for key in keys})
        streamed = Streamed(examples, self._decode, len(mask), labels).where(mask)
        if size * np.prod(self.spec.shape) > self.in_memory_bytes:
            return streamed
        rows = to_memory(streamed)
        check_labels(self.dataset, rows.y, self.spec.num_classes)
        return rows

    def _undecoded(self, split):
        skipped = {self.image_key: tfds.decode.SkipDecoding()}
        return self.builder.as_dataset(split=split, decoders=skipped, shuffle_files=False)

    def _decode(self, example):
        x = self.builder.info.features[self.image_key].decode_example(example[self.image_key])
        if self.builder.name in TRANSPOSED:
            x = tf.transpose(x, [1, 0, 2])
        y = tf.cast(example[self.label_key], tf.int32) if self.label_key else tf.constant(0)
        return {"x": fit_image(x, self.spec.shape, self.fit), "y": y}


def check_labels(dataset: str, y: np.ndarray, classes: int) -> None:
    """Raises a UserError if there are classes and a label is not one of them."""
    if classes and y.max(initial=-1) >= classes:
        raise UserError(
            f"Dataset {dataset!r} has labels from {y.min()} to {y.max()}, but names {classes} "
            f"classes: labels must be in 0 .. {classes - 1}."
        )


def hold_out(known: np.ndarray, share: float, validation: bool, test: bool) -> dict:
    """Returns the rows of a training split that are held out, by "validation", "test", "train".

    The rows are evenly spaced: a fair sample even if the file is sorted by class.

    Args:
      known: whether a row has a label [N].
      share: of the rows that may be held out, for each of the two.
      validation: whether some are for validation: of the rows without a label where they are many.
      test: whether some are for the test: of the rows with a label.

    Returns:
      A mask [N] for each, None for what is not held out of this split.
    """
    of_validation = of_test = None
    held_out = np.zeros(len(known), bool)
    if validation:
        pool = known
        if not known.all():
            # A few unlabelled rows would be too few to select weights by.
            many = np.mean(~known) >= UNKNOWN_SHARE
            pool = ~known if many else np.ones(len(known), bool)
        held_out |= (of_validation := _spread(pool, share, 0.0))
    if test:
        of_test = _spread(known, share, 0.5) & ~held_out
        held_out |= of_test
    return {"validation": of_validation, "test": of_test, "train": ~held_out}


def _spread(pool, share, phase):
    """A mask of a share of the pool's rows, evenly spaced, offset by the phase."""
    i = np.arange(pool.sum(), dtype=np.float64)
    mask = np.zeros(len(pool), bool)
    mask[pool] = np.floor((i + 1) * share + phase) > np.floor(i * share + phase)
    return mask


def _find_feature(features, kind):
    return next((key for key in features if isinstance(features[key], kind)), None)


def _fitted_shape(dataset, shape, image_size, channels):
    """The shape of every image after `fit_image`: square if a size is given."""
    height, width = (image_size, image_size) if image_size else shape[:2]
    if height is None or width is None:
        raise UserError(
            f"The images of {dataset!r} differ in size: choose one, such as --config.image_size=64."
        )
    return (height, width, channels or shape[2])
