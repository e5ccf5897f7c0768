"""The headline metric of each model."""

from collections.abc import Callable
from typing import NamedTuple

FRECHET = "frechet_classifier_distance"


class Headline(NamedTuple):
    """A figure of metrics.json, and how tables show it.

    Attributes:
      figure: its name there.
      label: what it is, unit included.
      show: makes a text of it.
      beside: a figure without which it is not the model's headline.
    """

    figure: str
    label: str
    show: Callable[[float], str]
    beside: str = ""

    def value(self, figures: dict[str, float]) -> float:
        """Returns the figure in the unit of the label."""
        figure = figures[self.figure]
        return round(100 * figure, 4) if self.label.endswith("%") else figure


# A model's headline is the first of these metrics that it has.
HEADLINES = (
    Headline("error", "test error, %", lambda share: f"{100 * share:.2f}"),
    # A flow has a likelihood as well, but is trained for its samples.
    Headline(FRECHET, "Fréchet classifier distance", lambda d: f"{d:.1f}", "fast_frechet"),
    Headline(
        "restyled_accuracy",
        "restyled images with the requested label, %",
        lambda share: f"{100 * share:.1f}",
    ),
    Headline("bits_per_dim", "bits per dimension", lambda bits: f"{bits:.2f}"),
    Headline("nll", "negative log-likelihood, nats per row", lambda nats: f"{nats:.2f}"),
    Headline(
        "clustering_accuracy",
        "clustering accuracy, %",
        lambda share: f"{100 * share:.1f}",
    ),
    Headline(FRECHET, "Fréchet classifier distance", lambda d: f"{d:.1f}"),
    Headline(
        "reconstruction_frechet",
        "Fréchet classifier distance of reconstructions",
        lambda d: f"{d:.1f}",
    ),
)


def find_headlines(metrics: dict) -> list[Headline]:
    """Returns the headlines of which metrics.json has the figure, the main one first."""
    figures = metrics.get("metrics", {})
    found: dict[str, Headline] = {}
    for headline in HEADLINES:
        if headline.figure in figures and (headline.beside or headline.figure) in figures:
            found.setdefault(headline.figure, headline)
    return list(found.values())


def describe_headline(metrics: dict) -> str:
    """Returns the main figure, such as "test error, %: 0.54"; "not measured" without any."""
    found = find_headlines(metrics)
    if not found:
        return "not measured"
    first = found[0]
    return f"{first.label}: {first.show(metrics['metrics'][first.figure])}"
