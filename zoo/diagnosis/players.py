"""A frozen GAN under diagnosis, with training rows, unseen real rows and generated rows."""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np

from zoo import seeds
from zoo.data import Dataset
from zoo.errors import UserError
from zoo.evaluation.judges import Judge
from zoo.evaluation.map_rows import map_arrays
from zoo.models.base import GenerativeModel

# Numbers of rows to train new discriminators, and to test all discriminators.
TRAINING_ROWS, TEST_ROWS = 20_000, 5_000
# A multiple of all common group sizes of D.
BATCH = 480


class Rows(NamedTuple):
    """N rows: x [N, ...], labels y [N], and codes z [N, D] of generated ones."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray | None = None


@dataclasses.dataclass
class FrozenPlayers:
    """A GAN, which is not changed, and its data.

    Attributes:
      model: of the GAN family, compiled.
      dataset: that it was trained on; D has not seen the test split.
      judge: for features and classes; if None, rows are their own features.
      seed: of the codes and of the discriminators that are trained.
    """

    model: GenerativeModel
    dataset: Dataset
    judge: Judge | None = None
    seed: int = 0

    @functools.cached_property
    def train(self) -> Rows:
        """Rows that D was trained on."""
        return self._first(self.dataset.train, TRAINING_ROWS)

    @functools.cached_property
    def held_out(self) -> Rows:
        """Real rows that no player has seen."""
        return self._first(self.dataset.test, TEST_ROWS)

    @functools.cached_property
    def generated(self) -> Rows:
        """As many generated rows as unseen real rows, with the labels of these."""
        return self._generate(self.held_out.y, 0)

    @functools.cached_property
    def generated_to_train(self) -> Rows:
        """Other generated rows, with the labels of the training rows."""
        return self._generate(self.train.y, 1)

    def check_rows(self) -> None:
        """Raises a UserError if there are too few rows, or generated rows are not finite."""
        at_once = self.model.discriminator.group_size
        if len(self.held_out.x) < at_once:
            raise UserError(
                f"The test split of {self.dataset.name!r} has {len(self.held_out.x)} rows, D "
                f"judges {at_once} at once: give the set more test rows."
            )
        if not np.all(np.isfinite(self.generated.x)):
            raise UserError(
                "G's rows are NaN or infinite: the run has diverged. Start again with a lower "
                "--config.learning_rate."
            )

    def _generate(self, y, draw):
        seed = seeds.stream(self.seed, seeds.Stream.DIAGNOSIS, draw)
        z = seeds.sample(self.model.prior(), len(y), seed).numpy()
        labels = [y] if self.model.conditional else []
        return Rows(map_arrays(self.model.compiled_method("decode"), z, *labels), y, z)

    def _first(self, split, count):
        """Returns the first rows of a split, with pixels as in training."""
        config = self.model.config
        batches = split.take(count).batches(BATCH, config.pixels, config.seed)
        rows = list(batches.as_numpy_iterator())
        return Rows(*(np.concatenate([batch[name] for batch in rows]) for name in ("x", "y")))

    def features(self, rows: Rows) -> np.ndarray:
        """Returns the vectors [N, F] whose distances are measured: features, or the rows."""
        if self.judge is None:
            return rows.x.reshape(len(rows.x), -1)
        return map_arrays(self.judge.loaded.features, rows.x)

    def features_of_split(self, split) -> np.ndarray:
        """Returns `features` of all rows of a split, from the judge's cache if possible."""
        if self.judge is None or self.model.config.pixels != "scaled":
            return self.features(self._first(split, split.size))
        return self.judge.features_of_split(split).features

    @functools.cached_property
    def features_of_held_out(self) -> np.ndarray:
        return self.features(self.held_out)

    @functools.cached_property
    def features_of_generated(self) -> np.ndarray:
        return self.features(self.generated)

    def logits(self, rows: Rows, model=None) -> np.ndarray:
        """Returns a discriminator's logits, one per pack of rows.

        Args:
          rows: if D takes rows in groups, those that do not fill a batch are dropped.
          model: the model of D; the diagnosed one if None.
        """
        model = model or self.model
        at_once = model.discriminator.group_size
        size = BATCH // at_once * at_once or at_once
        size = min(size, len(rows.x) // at_once * at_once)
        logit = model.compiled_method("discriminate")
        end = len(rows.x) if at_once == 1 else len(rows.x) // size * size
        arrays = (rows.x, rows.y) if model.conditional else (rows.x,)
        parts = [logit(*(a[i : i + size] for a in arrays)) for i in range(0, end, size)]
        return np.concatenate([np.asarray(part) for part in parts])


def labels_for_update(model, y: np.ndarray | None):
    """Returns the labels for an update of the players; None for models without labels.

    A semi-supervised D gets unknown labels, since only its real or generated output matters.
    """
    if model.conditional:
        return y
    return np.full_like(y, -1) if model.rules.needs_labels else None
