"""The page of a diagnosis: verdict, reasons and symptoms, in one HTML file."""

import base64
import io
import os
import pathlib
from typing import NamedTuple

import jinja2
import matplotlib.figure
import numpy as np

from zoo import files
from zoo.diagnosis.diagnose import Diagnosis
from zoo.diagnosis.memorisation import SHOWN
from zoo.diagnosis.own_discriminator import KINDS
from zoo.drawing import images

TEMPLATE = pathlib.Path(__file__).with_name("page.html.jinja")
# Verdicts without a fault.
GOOD = ("healthy", "indistinguishable")
COLORS = dict(zip(KINDS, ("C0", "C1", "C2"), strict=True))
LABELS = {
    "auc": "probability that D ranks an unseen real row above a generated one (0.5 is chance)",
    "auc_training": "probability that D ranks a training row above a generated one",
    "auc_training_unseen": "probability that D ranks a training row above an unseen real one",
    "auc_fresh": "the first of these for a fresh D of the same architecture",
    "auc_usual": "the same for a fresh D of the zoo's usual architecture",
    "calibration_error": "mean difference between D's probabilities and the observed shares",
    "spread": "variation of generated rows relative to real ones",
    "classes": "effective number of classes of generated rows (exp of the entropy)",
    "real_classes": "the same for real rows",
    "coverage": "share of unseen real rows that have a generated row near them",
    "pair_distance": "mean distance of two generated rows relative to two real ones",
    "support": "estimated number of different rows that G makes (birthday test)",
    "nearest_distance_ratio": "distance to the nearest training row relative to unseen real rows",
    "copies": "share of rows as near to a training row as the nearest 1% of unseen real rows",
    "gradient": "gradient norm at a generated row (root mean square)",
    "saturated": "share of D's logits that are saturated",
}


class Section(NamedTuple):
    """A symptom: what it is, its figures as (value, label), and a plot."""

    title: str
    about: str
    figures: list[tuple[str, str]]
    image: str | None
    alt: str


def write_page(path: str | os.PathLike, found: Diagnosis, subject: str) -> None:
    """Writes the page of a diagnosis.

    Args:
      path: of the HTML file, which needs no other.
      found: what was found.
      subject: what was diagnosed, as the page calls it.
    """
    environment = jinja2.Environment(autoescape=True)
    template = environment.from_string(TEMPLATE.read_text())
    config = found.subject.model.config
    html = template.render(
        verdict=found.verdict,
        good=found.verdict.name in GOOD,
        subject=subject,
        entry=config.model,
        dataset=found.subject.dataset.name,
        sections=make_sections(found),
    )
    files.write_text(path, html)


def make_sections(found: Diagnosis) -> list[Section]:
    """Returns the sections of the page, one per symptom."""
    evidence, measured_in = found.evidence, _measured_in(found)

    def section(title, about, names, figure, alt):
        figures = [
            (_format(found.figures[name]), LABELS[name]) for name in names if name in found.figures
        ]
        return Section(title, about, figures, figure and _encode(figure), alt)

    sections = [
        section(
            "What D says",
            "Logits of rows that D was trained on, of real rows that nobody has seen, and of "
            "generated ones.",
            ("auc", "auc_training", "auc_training_unseen", "saturated", "gradient"),
            _histograms({"the GAN's own D": evidence["own"]}),
            "Histograms of D's logits",
        ),
        section(
            "What fresh discriminators say",
            "Trained from new weights against the frozen G, tested on rows they have not seen.",
            ("auc", "auc_fresh", "auc_usual"),
            _histograms(
                {
                    "the same architecture": evidence["fresh"]["fresh"],
                    "the usual architecture": evidence["fresh"]["usual"],
                }
            ),
            "Histograms of fresh discriminators' logits",
        ),
    ]
    if "calibration" in evidence:
        sections.append(
            section(
                "Calibration",
                "Share of real rows among those to which D assigns a given probability.",
                ("calibration_error",),
                _reliability(evidence["calibration"]),
                "Share of real rows over the probability that D gives them",
            )
        )
    sections += [
        section(
            "Diversity",
            "How much generated rows vary, over classes and among each other. Distances are "
            f"between {measured_in}.",
            ("spread", "classes", "real_classes", "coverage", "pair_distance", "support"),
            _classes(evidence["classes"]) if evidence["classes"] else None,
            "Shares of the classes, real and generated",
        ),
        section(
            "Memorisation",
            f"Generated rows, and below each the training row nearest to it by {measured_in}.",
            ("nearest_distance_ratio", "copies"),
            _neighbours(found),
            "Generated rows above their nearest training rows",
        ),
    ]
    return sections


def _measured_in(found):
    """Returns a description of the vectors whose distances are measured."""
    judge = found.subject.judge
    return f"features of {judge.name}" if judge else "the numbers of rows themselves"


def _format(value):
    if value is None:
        return "many"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _encode(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return base64.b64encode(buffer.getvalue()).decode()


def _figure(columns, width=4.5, height=3.0):
    figure = matplotlib.figure.Figure(figsize=(width * columns, height), layout="constrained")
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def _histograms(panels):
    """A panel for each {title: {kind: logits}}, all kinds on one scale."""
    figure, all_axes = _figure(len(panels), 9.0 / len(panels))
    for axes, (title, logits) in zip(all_axes, panels.items(), strict=True):
        low, high = np.quantile(np.concatenate(list(logits.values())), [0.001, 0.999])
        bins = np.linspace(low - 1e-6, high + 1e-6, 50)
        for kind, values in logits.items():
            inside = np.clip(values, bins[0], bins[-1])
            style = {"histtype": "step", "lw": 1.5, "color": COLORS[kind]}
            axes.hist(inside, bins, density=True, label=kind, **style)
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("logit: higher is more real")
        axes.set_yticks([])
        axes.legend(fontsize="small", frameon=False)
    return figure


def _reliability(bins):
    figure, (axes,) = _figure(1, 4.0, 3.6)
    axes.plot([0, 1], [0, 1], color="0.7", lw=1)
    axes.plot(bins["probability"], bins["share"], "o-")
    axes.set_xlabel("probability that D gives")
    axes.set_ylabel("share of real rows")
    axes.set_aspect("equal")
    return figure


def _classes(shares):
    figure, (axes,) = _figure(1, 9.0)
    place = np.arange(len(shares["real"]))
    axes.bar(place - 0.2, shares["real"], 0.4, color="0.7", label="real")
    axes.bar(place + 0.2, shares["generated"], 0.4, color="C2", label="generated")
    axes.set_xticks(place)
    axes.set_xlabel("class")
    axes.set_ylabel("share of rows")
    axes.legend(frameon=False)
    return figure


def _neighbours(found):
    generated = found.subject.generated.x[:SHOWN]
    rows = found.evidence["nearest"]["rows"]
    if generated.ndim == 4:
        figure, (axes,) = _figure(1, 9.0, 2.0)
        grid = np.clip(images.grid(np.concatenate([generated, rows]), SHOWN), 0, 1)
        axes.imshow(grid, cmap="gray", vmin=0, vmax=1)
        axes.set_axis_off()
        return figure
    if generated.shape[1:] != (2,):
        return None
    figure, (axes,) = _figure(1, 4.0, 3.6)
    axes.plot(*found.subject.train.x[:2000].T, ".", ms=2, color="0.7", label="training rows")
    axes.plot(*found.subject.generated.x[:2000].T, ".", ms=2, color="C2", label="generated rows")
    axes.legend(fontsize="small", frameon=False)
    axes.set_aspect("equal")
    return figure
