"""What is measured, and what a measurement is."""

import dataclasses
import functools
from collections.abc import Callable

from zoo.data import Dataset
from zoo.evaluation import density, draws
from zoo.evaluation.judges import Features, Judge
from zoo.evaluation.protocol import SAMPLES
from zoo.evaluation.terms import mean_terms
from zoo.models.base import GenerativeModel
from zoo.models.traits import Trait

# What metrics of samples need.
SAMPLED_IMAGES = frozenset({Trait.SAMPLES, Trait.IMAGES, Trait.JUDGE})


@dataclasses.dataclass
class Subject:
    """A model and what it is measured with.

    Attributes:
      model: a Keras model of the zoo.
      dataset: that it was trained on; figures are of its test split.
      judge: for the metrics of samples, or None.
      importance_samples: codes per image for the log-likelihood of a VAE; 0 leaves out all that
        takes minutes.
      chunk: codes that are decoded at once for it.
      figures: what has been measured so far, by name.
      left_out: {name of a metric: why it means nothing on these data}.
    """

    model: GenerativeModel
    dataset: Dataset
    judge: Judge | None = None
    importance_samples: int = 0
    chunk: int = density.CHUNK
    figures: dict = dataclasses.field(default_factory=dict)
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def traits(self) -> frozenset[Trait]:
        """What the model can do, and what its data are."""
        found = set(self.model.traits)
        found |= {Trait.IMAGES} if self.model.of_images else set()
        found |= {Trait.GREY} if self.model.spec.shape[2:] == (1,) else set()
        found |= {Trait.LABELS} if self.model.spec.num_classes > 1 else set()
        found |= {Trait.JUDGE} if self.judge else set()
        return frozenset(found)

    @functools.cached_property
    def terms(self) -> dict[str, float]:
        """Means of the model's loss terms on the test split."""
        return mean_terms(self.model, self.dataset.test)

    @functools.cached_property
    def real(self) -> Features:
        """What the judge sees in test images, as many as samples are compared with."""
        return self.judge.see_split(self.dataset.test.take(SAMPLES))

    @functools.cached_property
    def other_real(self) -> Features:
        """What it sees in as many training images, a stand-in for perfect samples."""
        return self.judge.see_split(self.dataset.train.take(len(self.real.features)))

    @functools.cached_property
    def fake(self) -> Features:
        """What it sees in as many samples, drawn with the labels of those test images."""
        split = self.dataset.test.take(SAMPLES)
        return self.judge.see(draws.draw(self.model, split.size, draws.labels_of(split)))


@dataclasses.dataclass(frozen=True)
class Metric:
    """One measurement, which gives one figure or several.

    Attributes:
      name: by which it is asked for.
      figures: {name of a figure: its label}; "{unit}" in a label is "image" or "row".
      about: what it is, for the documentation.
      needs: without which it is not measured.
      measure: maps a Subject to {name of a figure: value}.
      protocol: maps a Subject with its figures to a sentence, how it was measured; or None.
      slow: whether it takes minutes, so that it is measured only where log-likelihoods are.
    """

    name: str
    figures: dict[str, str]
    about: str
    needs: frozenset[Trait]
    measure: Callable[[Subject], dict]
    protocol: Callable[[Subject], str | None] = lambda subject: None
    slow: bool = False

    def applies_to(self, subject: Subject) -> bool:
        """Whether the subject has what it needs."""
        return self.needs <= subject.traits and (subject.importance_samples > 0 or not self.slow)
