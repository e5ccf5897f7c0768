"""Few labels, many images: chooses which rows keep their labels, and batches both kinds.

A label of -1 means unknown, as in scikit-learn's semi-supervised learning.
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.configs.spec import Spec
from zoo.data.in_memory import InMemory, to_memory
from zoo.data.splits import Shard, Split
from zoo.errors import UserError

UNKNOWN = -1


class PartlyLabelled(Split):
    """Batches of labelled rows, followed by rows whose labels are hidden, in a fixed ratio.

    An epoch is one pass over the hidden rows and several over the labelled ones. Each replica's
    share of a batch has the same ratio.

    Args:
      labelled: rows with labels.
      hidden: rows whose labels the model does not see.
      labelled_rows: rows of each batch that have labels, over all replicas.
    """

    def __init__(self, labelled: InMemory, hidden: Split, labelled_rows: int):
        # Fewer rows than a batch takes would make no batch.
        times = -(-labelled_rows // labelled.size)
        self.repeated = labelled.where(np.tile(np.arange(labelled.size), times))
        self.labelled, self.hidden, self.labelled_rows = labelled, hidden, labelled_rows
        self.size = hidden.size

    def steps_per_epoch(self, batch_size, keep_remainder=False):
        return self.hidden.steps_per_epoch(batch_size - self.labelled_rows, keep_remainder)

    def epochs(self, seed, first_step, batch_size, shard=Shard(), keep_remainder=False):  # noqa: B008
        # A different order from that of the hidden rows, which may be as many.
        own = seeds.integer(seed, seeds.Stream.LABELLED)
        labelled = self.repeated.epochs(own, first_step, self.labelled_rows, shard, keep_remainder)
        hidden_rows = batch_size - self.labelled_rows
        hidden = self.hidden.epochs(seed, first_step, hidden_rows, shard, keep_remainder)

        def join(labelled, hidden):
            hidden = {**hidden, "y": tf.fill(tf.shape(hidden["y"]), UNKNOWN)}
            return tf.nest.map_structure(lambda *parts: tf.concat(parts, 0), labelled, hidden)

        return tf.data.Dataset.zip(labelled, hidden).map(join).prefetch(4)


def config_problems(config) -> Iterator[str]:
    """Yields a sentence if the labelled rows leave no room for others in a batch."""
    if not config.labelled_rows < config.batch_size:
        yield (
            f"labelled_rows={config.labelled_rows} of batch_size={config.batch_size} leave no row "
            "for images without labels: choose fewer, or a larger batch."
        )


def hide_labels(split: Split, config, spec: Spec) -> PartlyLabelled:
    """Returns the rows of a split, all without labels, beside `labels` of them with theirs.

    Args:
      split: the training rows.
      config: labels, labelled_rows and seed are read.
      spec: of the data.

    Raises:
      UserError: as `choose` does.
    """
    chosen = choose(split.labels(), spec, config.labels, config.seed)
    labelled = to_memory(split.where(np.isin(np.arange(split.size), chosen)))
    return PartlyLabelled(labelled, split, config.labelled_rows)


def choose(labels: np.ndarray, spec: Spec, count: int, seed: int) -> np.ndarray:
    """Returns the numbers [count] of rows that keep their labels, balanced across classes.

    With the same seed, a larger count contains the rows of a smaller one. A class with
    fewer rows than its share gives all of them, and the others give more.

    Args:
      labels: int [N], -1 where none is known.
      spec: of the data.
      count: number of labels; 0 for all that are known.
      seed: of the run.

    Raises:
      UserError: for a class without a label, more labels than there are, or fewer than classes.
    """
    known, of_class = int(np.sum(labels >= 0)), np.bincount(labels[labels >= 0])
    missing = [k for k in range(spec.num_classes) if k >= len(of_class) or not of_class[k]]
    if missing:
        names = ", ".join(spec.class_names[k] if spec.class_names else str(k) for k in missing)
        raise UserError(
            f"No training image has the label {names}: give at least one of each of the "
            f"{spec.num_classes} classes, or leave the class out of the data."
        )
    if count > known:
        raise UserError(
            f"labels={count}, but {known} training images have a label: choose "
            f"--config.labels={known} or less, or 0 for all."
        )
    if 0 < count < spec.num_classes:
        raise UserError(
            f"labels={count} is less than one for each of the {spec.num_classes} classes: choose "
            f"--config.labels={spec.num_classes} or more, or 0 for all."
        )
    rng = np.random.default_rng(seeds.integer(seed, seeds.Stream.LABELS))
    order, place = rng.permutation(len(labels)), rng.permutation(spec.num_classes)
    order = order[labels[order] >= 0]
    # The first of each class, then the second of each, and so on.
    rank = np.empty(len(order), np.int64)
    for k in range(spec.num_classes):
        of_k = labels[order] == k
        rank[of_k] = np.arange(of_k.sum())
    return np.sort(order[np.lexsort((place[labels[order]], rank))][: count or known])
