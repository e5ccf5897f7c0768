"""Is the generator or the discriminator at fault? A diagnosis, with the reasons for it.

A strong D may mean a poor G; a weak D may mean a good G, or a D that is untrained or too small.
Both are frozen and symptoms are measured one by one, a file each; `verdict` combines them.
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
from zoo.diagnosis.players import FrozenPlayers
from zoo.diagnosis.verdict import Verdict, decide
from zoo.errors import UserError
from zoo.evaluation.judges import Judge
from zoo.models.capabilities import Capability


class Diagnosis(NamedTuple):
    """The result of a diagnosis.

    Attributes:
      verdict: in words.
      figures: {name: value} of all symptoms.
      evidence: arrays for plots, by symptom.
      subject: the diagnosed players.
    """

    verdict: Verdict
    figures: dict[str, float]
    evidence: dict[str, dict]
    subject: FrozenPlayers


def check_model(model) -> None:
    """Raises a UserError for a model without a discriminator."""
    if Capability.DISCRIMINATOR not in model.capabilities:
        raise UserError(
            f"{model.config.model!r} has no discriminator to diagnose: choose a GAN, such as dcgan."
        )


def diagnose(model, dataset: Dataset, judge: Judge | None = None, seed: int = 0) -> Diagnosis:
    """Returns the diagnosis of two players.

    Args:
      model: of the GAN family, trained and compiled; it is not changed.
      dataset: that it was trained on.
      judge: for features and classes; if None, rows are their own features.
      seed: of the codes and of the discriminators that are trained.

    Raises:
      UserError: for a model without a discriminator, generated rows that are not finite, or a test
        split with fewer rows than a group of D.
    """
    check_model(model)
    subject, evidence = FrozenPlayers(model, dataset, judge, seed), {}
    subject.check_rows()
    evidence["own"] = own_discriminator.compute_logits(subject)
    figures = own_discriminator.measure_own(evidence["own"])
    fresh, evidence["fresh"] = fresh_discriminators.measure_fresh(subject)
    figures |= fresh
    if model.config.loss in calibration.CLASSIFIER_LOSSES:
        _, unseen, generated = evidence["own"].values()
        evidence["calibration"] = calibration.bin_rows(unseen, generated)
        figures |= calibration.measure_calibration(evidence["calibration"])
    varied, evidence["classes"] = diversity.measure_diversity(subject)
    evidence["nearest"] = memorisation.find_nearest(subject)
    figures |= (
        varied
        | memorisation.measure_copies(evidence["nearest"])
        | gradients.measure_gradients(subject)
    )
    return Diagnosis(decide(figures), figures, evidence, subject)
