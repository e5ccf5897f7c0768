"""What an evaluation measures (`Subject`), and what a metric is (`Metric`)."""

import dataclasses
import enum
import functools
from collections.abc import Callable

import numpy as np

from zoo.data import Dataset
from zoo.evaluation import density, draws
from zoo.evaluation.judges import Features, Judge
from zoo.evaluation.protocol import SAMPLES
from zoo.evaluation.terms import mean_terms
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Capability


class Condition(enum.Enum):
    """A condition of a metric on the data or the classifier; the value is its name in messages."""

    IMAGES = "images"
    GREY = "grey images"
    LABELS = "labels"
    JUDGE = "a judge"


# Needs of metrics of samples.
SAMPLED_IMAGES: frozenset[Capability | Condition] = frozenset(
    {Capability.SAMPLES, Condition.IMAGES, Condition.JUDGE}
)


@dataclasses.dataclass
class Subject:
    """A model, and the data and classifier that it is measured with.

    Attributes:
      model: a Keras model of the zoo.
      dataset: its training data; metrics use the test split.
      judge: classifier for the metrics of samples, or None.
      importance_samples: codes per image for the log-likelihood of a VAE; 0 skips all metrics
        that take minutes.
      chunk: number of codes decoded at once.
      figures: {name: value} measured so far.
      left_out: {name of a metric: why it is meaningless on these data}.
    """

    model: GenerativeModel
    dataset: Dataset
    judge: Judge | None = None
    importance_samples: int = 0
    chunk: int = density.CHUNK
    figures: dict = dataclasses.field(default_factory=dict)
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def available(self) -> frozenset[Capability | Condition]:
        """Capabilities of the model, and the conditions that its data meet."""
        spec = self.model.spec
        conditions = {
            Condition.IMAGES: self.model.of_images,
            Condition.GREY: spec.shape[2:] == (1,),
            Condition.LABELS: spec.num_classes > 1,
            Condition.JUDGE: self.judge is not None,
        }
        met = {condition for condition, is_met in conditions.items() if is_met}
        return frozenset(self.model.capabilities | met)

    @functools.cached_property
    def terms(self) -> dict[str, float]:
        """Means of the model's loss terms on the test split."""
        return mean_terms(self.model, self.dataset.test)

    @functools.cached_property
    def real(self) -> Features:
        """Features of test images, as many as samples are compared with."""
        return self.judge.features_of_split(self.dataset.test.take(SAMPLES))

    @functools.cached_property
    def other_real(self) -> Features:
        """Features of as many training images: the best possible samples."""
        return self.judge.features_of_split(self.dataset.train.take(len(self.real.features)))

    @functools.cached_property
    def fake(self) -> Features:
        """Features of as many samples, drawn with the labels of those test images."""
        return self.judge.features(self.draw_samples())

    def draw_samples(self, method: str = "sample") -> np.ndarray:
        """Returns as many samples, with the labels of those test images, by a method of seeds."""
        split = self.dataset.test.take(SAMPLES)
        return draws.draw(self.model, split.size, split.labels(), method)


@dataclasses.dataclass(frozen=True)
class Metric:
    """One measurement, of one or several figures.

    Attributes:
      name: of the metric.
      figures: {name of a figure: its label}; "{unit}" in a label is "image" or "row".
      about: a description for the documentation.
      needs: capabilities and conditions without which it is not measured.
      measure: maps a Subject to {name of a figure: value}.
      protocol: maps a measured Subject to a sentence about how it was measured, or None.
      slow: whether it takes minutes; then it is measured only along with log-likelihoods.
    """

    name: str
    figures: dict[str, str]
    about: str
    needs: frozenset[Capability | Condition]
    measure: Callable[[Subject], dict]
    protocol: Callable[[Subject], str | None] = lambda subject: None
    slow: bool = False

    def applies_to(self, subject: Subject) -> bool:
        """Whether the subject meets its needs."""
        return self.needs <= subject.available and (subject.importance_samples > 0 or not self.slow)
