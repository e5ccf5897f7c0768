"""The figures by which a model is known, of all that were measured."""

from collections.abc import Callable
from typing import NamedTuple

FRECHET = "frechet_classifier_distance"


class Headline(NamedTuple):
    """A figure of metrics.json, and how tables show it.

    Attributes:
      figure: its name there.
      label: what it is, unit included.
      show: makes a text of it.
    """

    figure: str
    label: str
    show: Callable[[float], str]

    def value(self, figures: dict[str, float]) -> float:
        """Returns the figure in the unit of the label."""
        figure = figures[self.figure]
        return round(100 * figure, 4) if self.label.endswith("%") else figure


# The first that a model has is the one that it is known by.
HEADLINES = (
    Headline("error", "test error, %", lambda share: f"{100 * share:.2f}"),
    Headline(
        "restyled_accuracy",
        "restyled images that show the label asked for, %",
        lambda share: f"{100 * share:.1f}",
    ),
    Headline("bits_per_dim", "bits per dimension", lambda bits: f"{bits:.2f}"),
    Headline("nll", "negative log-likelihood, nats per row", lambda nats: f"{nats:.2f}"),
    Headline(
        "clustering_accuracy",
        "clusters that are classes, %",
        lambda share: f"{100 * share:.1f}",
    ),
    Headline(FRECHET, "Frechet classifier distance", lambda d: f"{d:.1f}"),
)


def find(metrics: dict) -> list[Headline]:
    """Returns the headlines of which metrics.json has the figure, the most telling first."""
    figures = metrics.get("metrics", {})
    return [headline for headline in HEADLINES if headline.figure in figures]


def describe(metrics: dict) -> str:
    """Returns what a model is known by, "test error, %: 0.54" say; "not measured" without any."""
    found = find(metrics)
    if not found:
        return "not measured"
    first = found[0]
    return f"{first.label}: {first.show(metrics['metrics'][first.figure])}"
