"""Reproduces the recorded metrics of an export."""

import math
from typing import NamedTuple

import numpy as np

from zoo.evaluation import evaluate
from zoo.evaluation.subject import Subject
from zoo.objectives import bounds

# Test images for log-likelihoods by importance sampling; all of them would take minutes.
IMAGES = 1000
# Relative and absolute tolerance of metrics computed from the same seeds: weights stored in half
# precision change them a little.
RELATIVE, ABSOLUTE = 0.03, 0.01
# How many standard errors a log-likelihood of fewer images may be off.
DEVIATIONS = 4


class Difference(NamedTuple):
    """A metric that was computed again.

    Attributes:
      figure: its name.
      recorded: what metrics.json says.
      again: what it is now.
      allowed: by how much the two may differ.
    """

    figure: str
    recorded: float
    again: float
    allowed: float

    @property
    def within(self) -> bool:
        """Whether they differ by no more than that."""
        return abs(self.again - self.recorded) <= self.allowed


def reproduce(subject: Subject, recorded: dict) -> list[Difference]:
    """Returns each metric of a metrics.json beside its value when measured again.

    All are measured on the whole test split, except log-likelihoods by importance sampling, which
    use its first IMAGES rows and as many codes as before.

    Args:
      subject: the model, its data and its judge.
      recorded: the export's metrics.json.
    """
    figures, codes = recorded["metrics"], recorded.get("importance_samples", 0)
    again = evaluate.measure(subject)
    if codes:
        again.pop("bits_per_dim", None)  # here of the ELBO, there of the log-likelihood
    found = [
        Difference(name, before, value, RELATIVE * abs(before) + ABSOLUTE)
        for figure, measured in again.items()
        if figure in figures
        for name, before, value in _numbers(figure, figures[figure], measured)
    ]
    if codes:
        split = subject.dataset.test.take(IMAGES)
        part = Subject(subject.model, subject.dataset._replace(test=split), None, codes)
        share = subject.dataset.test.size / split.size
        error = DEVIATIONS * float(figures["nll_standard_error"] * np.sqrt(share - 1)) + ABSOLUTE
        allowed = {"nll": error}
        if "bits_per_dim" in figures:
            values = math.prod(subject.model.spec.shape)
            allowed["bits_per_dim"] = bounds.bits_per_dim(error, values, discrete=True)
        measured = evaluate.measure(
            part, ["importance_sampled_nll", *sorted(allowed.keys() - {"nll"})]
        )
        found += [
            Difference(name, figures[name], measured[name], largest)
            for name, largest in allowed.items()
        ]
    return found


def not_measured(recorded: dict, differences: list[Difference]) -> list[str]:
    """Returns the recorded figures that `reproduce` did not measure: those that take long."""
    measured = {difference.figure.split()[0] for difference in differences}
    return sorted(recorded["metrics"].keys() - measured)


def _numbers(figure, before, value):
    """(name, before, now) of a figure, each of its shares if it is a list of them."""
    if not isinstance(before, list):
        return [(figure, before, value)]
    pairs = enumerate(zip(before, value, strict=True))
    return [(f"{figure} {i}", one, other) for i, (one, other) in pairs]
