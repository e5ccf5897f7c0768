"""Is the discriminator right? A diagnosis of two players, with the reasons for it.

A good D may mean a bad G; a poor D may mean a good G, or a D that is untrained, or too small. The
players are frozen, and symptoms measured one by one, a file each; `verdict` puts them together.
"""

from typing import NamedTuple

from zoo.data import Dataset
from zoo.diagnosis import (
    calibration,
    diversity,
    fresh_discriminators,
    gradients,
    memorisation,
    own_discriminator,
)
from zoo.diagnosis.subject import Subject
from zoo.diagnosis.verdict import VERDICTS, Verdict, decide
from zoo.errors import UserError
from zoo.evaluation.judges import Judge
from zoo.models.traits import Trait

__all__ = ["VERDICTS", "Diagnosis", "Verdict", "check", "diagnose"]


class Diagnosis(NamedTuple):
    """What was found.

    Attributes:
      verdict: in words.
      figures: {name: value} of all symptoms.
      evidence: arrays that plots show, by symptom.
      subject: what was diagnosed.
    """

    verdict: Verdict
    figures: dict[str, float]
    evidence: dict[str, dict]
    subject: Subject


def check(model) -> None:
    """Raises a UserError for a model without a discriminator."""
    if Trait.DISCRIMINATOR not in model.traits:
        raise UserError(
            f"{model.config.model!r} has no discriminator to diagnose: choose a GAN, such as dcgan."
        )


def diagnose(model, dataset: Dataset, judge: Judge | None = None, seed: int = 0) -> Diagnosis:
    """Returns what is wrong with two players, if anything.

    Args:
      model: of the GAN family, trained and compiled; nothing of it is changed.
      dataset: that it was trained on.
      judge: for features and classes; without one, rows are their own features.
      seed: of codes, and of the discriminators that are trained.

    Raises:
      UserError: for a model without a discriminator, one whose rows are not numbers any more, or a
        test split of fewer rows than D judges at once.
    """
    check(model)
    subject, evidence = Subject(model, dataset, judge, seed), {}
    subject.check_rows()
    evidence["own"] = own_discriminator.judge_rows(subject)
    figures = own_discriminator.measure(evidence["own"])
    fresh, evidence["fresh"] = fresh_discriminators.measure(subject)
    figures |= fresh
    if model.config.loss in calibration.OF_CLASSIFIERS:
        _, unseen, generated = evidence["own"].values()
        evidence["calibration"] = calibration.bin_rows(unseen, generated)
        figures |= calibration.measure(evidence["calibration"])
    varied, evidence["classes"] = diversity.measure(subject)
    evidence["nearest"] = memorisation.find_nearest(subject)
    figures |= varied | memorisation.measure(evidence["nearest"]) | gradients.measure(subject)
    return Diagnosis(decide(figures), figures, evidence, subject)
