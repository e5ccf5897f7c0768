"""Images with another image in each colour channel: as many modes as triples of classes.

Srivastava et al. 2017, VEEGAN (arXiv 1705.07761), section 4.2, after Metz et al. 2017, Unrolled
GANs: "stacked_mnist" has three digits on three channels, and 1,000 modes.
"""

import numpy as np

from zoo.configs.spec import Spec
from zoo.data.in_memory import InMemory, to_memory
from zoo.data.splits import Dataset
from zoo.errors import UserError

PREFIX = "stacked_"
CHANNELS = 3


def stack(singles: Dataset) -> Dataset:
    """Returns the set whose rows are three grey images of one split of another set each.

    Each image stands in each channel of one row, at random places, the same ones always. The label
    of a row is the number that the labels of its channels spell, the first one counting most.

    Raises:
      UserError: for rows that are not grey images with labels.
    """
    classes = singles.spec.num_classes
    if singles.spec.shape[2:] != (1,) or classes < 2:
        raise UserError(
            f"Dataset {PREFIX + singles.name!r} needs grey images with labels, {singles.name!r} "
            f"has rows of shape {list(singles.spec.shape)} and {classes} classes: take "
            f"{PREFIX}mnist, say."
        )
    splits = {}
    for number, name in enumerate(("train", "validation", "test")):
        split = to_memory(getattr(singles, name))
        rng = np.random.default_rng(number)
        rows = np.stack([rng.permutation(split.size) for _ in range(CHANNELS)], -1)  # [N, C]
        x = np.concatenate([split.x[column] for column in rows.T], -1)
        splits[name] = InMemory(x, spell(split.y[rows], classes))
    spec = Spec((*singles.spec.shape[:2], CHANNELS), classes**CHANNELS)
    return Dataset(PREFIX + singles.name, spec, **splits)


def base(dataset: Dataset) -> tuple[str, Spec]:
    """Returns the name of the set that was stacked, and the spec of its images."""
    classes = round(dataset.spec.num_classes ** (1 / CHANNELS))
    return dataset.name.removeprefix(PREFIX), Spec((*dataset.spec.shape[:2], 1), classes)


def spell(digits: np.ndarray, base: int) -> np.ndarray:
    """Returns the numbers [N] that digits [N, C] spell, the first one counting most."""
    return digits @ base ** np.arange(digits.shape[-1])[::-1]
