"""Data for Keras' `fit`, `evaluate` and `predict`, checked in all of their forms.

Arrays, lists and tensors are checked at once, the batches of datasets and generators as they come.
The checks run outside of compiled steps, because XLA drops assertions.
"""

import contextlib
import inspect
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo import data
from zoo.configs.spec import Spec
from zoo.errors import UserError

# Rows of a dataset that a new model is initialised from.
FIRST_ROWS = 10_000


class Needs(NamedTuple):
    """What a model needs of its data.

    Attributes:
      spec: of the data.
      entry: name of the model.
      labels: whether rows need a label, or take -1 for an unknown one if `unlabelled`.
      unlabelled: see there.
      float64: whether rows may be float64.
    """

    spec: Spec
    entry: str
    labels: bool
    unlabelled: bool
    float64: bool


def take_apart(given: Any, y=None):
    """Returns x and y of a batch in one of Keras' forms: {"x", "y"}, (x, y) or x alone.

    Raises:
      UserError: if there is no x, or if there are weights, which no model uses.
    """
    if isinstance(given, tuple | list) and len(given) == 3 and y is None:
        raise UserError(
            "Weights of rows are not used by the zoo's models: give (x, y). Repeat rows that are "
            "to count more; --model=gmm takes weights as zoo.data.InMemory(x, weight=w)."
        )
    if isinstance(given, dict):
        x, y = given.get("x"), given.get("y", y)
    elif isinstance(given, tuple) and len(given) <= 2 and y is None:
        x, y = (*given, None)[:2]
    else:
        x = given
    if x is None:
        raise UserError('Expected batches {"x", "y"}, (x, y) or x alone.')
    return x, y


def is_array(x) -> bool:
    """Returns whether x holds all rows already: an array, a list or a tensor."""
    return isinstance(x, np.ndarray | list | tf.Tensor | tf.Variable | keras.Variable) or (
        hasattr(x, "__array__") and not isinstance(x, tf.data.Dataset)
    )


def check_arrays(x, y, needs: Needs) -> data.InMemory:
    """Returns rows that can be learned from.

    Raises:
      UserError: for values, shapes or labels that cannot be.
    """
    x, shape = np.asarray(x), needs.spec.shape
    if len(shape) == 3 and x.ndim == 3 and shape[-1] == 1:
        x = x[..., None]
    if x.shape[1:] != shape:
        raise UserError(
            f"Model {needs.entry!r} takes rows of shape {list(shape)}, given are rows of shape "
            f"{list(x.shape[1:])}."
        )
    if y is None and needs.labels:
        raise UserError(f"Model {needs.entry!r} needs labels: give (x, y).")
    split = data.InMemory(x, None if y is None else np.asarray(y))
    given = data.Dataset("given", needs.spec, split, split, split)
    given.check_labels(needs.labels and not needs.unlabelled)
    if not needs.float64:
        given.check_float32()
    return split


def check_dataset(dataset: tf.data.Dataset, needs: Needs) -> tf.data.Dataset:
    """Returns the same batches, each of which is checked when it comes.

    Raises:
      UserError: at once for weights, and for batches without x.
    """
    take_apart(dataset.element_spec)

    def checked(*parts):
        batch = parts[0] if len(parts) == 1 else parts
        x, y = take_apart(batch)
        tensors = [x] if y is None else [x, y]

        def check(*arrays):
            check_arrays(arrays[0], arrays[1] if len(arrays) > 1 else None, needs)
            return True

        done = tf.numpy_function(check, tensors, tf.bool)
        with tf.control_dependencies([done]):
            return tf.nest.map_structure(tf.identity, batch)

    return dataset.map(tf.autograph.experimental.do_not_convert(checked))


def check_batches(batches: Iterator, needs: Needs) -> Iterator:
    """Yields the batches of a generator, (x, y) each, checked."""
    for batch in batches:
        yield _checked_batch(batch, needs)


class CheckedPyDataset(keras.utils.PyDataset):
    """The batches of a `keras.utils.PyDataset`, checked."""

    def __init__(self, inner: keras.utils.PyDataset, needs: Needs):
        super().__init__(workers=inner.workers, max_queue_size=inner.max_queue_size)
        self._inner, self._needs = inner, needs

    @property
    def num_batches(self):
        return self._inner.num_batches

    def __getitem__(self, index):
        return _checked_batch(self._inner[index], self._needs)

    def on_epoch_begin(self):
        self._inner.on_epoch_begin()

    def on_epoch_end(self):
        self._inner.on_epoch_end()


def is_generator(x) -> bool:
    """Returns whether x is a Python generator or another iterator of batches."""
    return inspect.isgenerator(x) or (hasattr(x, "__next__") and hasattr(x, "__iter__"))


def first_rows(dataset, needs: Needs) -> data.InMemory | None:
    """Returns the first rows of a dataset of batches; None of what can be read once only."""
    if isinstance(dataset, keras.utils.PyDataset):
        batches = (dataset[i] for i in range(dataset.num_batches or 0))
    elif isinstance(dataset, tf.data.Dataset):
        batches = dataset.as_numpy_iterator()
    else:
        return None
    found, count = [], 0
    for batch in batches:
        x, y = take_apart(batch)
        found.append(check_arrays(x, y, needs))
        count += found[-1].size
        if count >= FIRST_ROWS:
            break
    if not found:
        raise UserError("The dataset has no batches.")
    return data.InMemory(
        np.concatenate([split.x for split in found]), np.concatenate([split.y for split in found])
    )


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Raises a UserError that a check raised within tf.data."""
    try:
        yield
    except tf.errors.OpError as error:
        found = re.search(r"UserError: (.*)", str(error.message))
        if not found:
            raise
        raise UserError(found[1]) from None


def _checked_batch(batch, needs):
    x, y = take_apart(batch)
    split = check_arrays(x, y, needs)
    return (split.x,) if y is None else (split.x, split.y)
