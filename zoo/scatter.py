"""Pictures of densities in the plane: data, samples, and a mixture's components."""

import os

import matplotlib.figure
import matplotlib.patches
import numpy as np

from zoo import data, files
from zoo.models.traits import Trait

POINTS = 2000
# Ellipses hold the rows within so many standard deviations.
DEVIATIONS = 2


def save_png(path: str | os.PathLike, model, split: data.Split | None = None) -> None:
    """Writes the rows of a split, if given, beside samples of the model, as a PNG file."""
    panels = {"samples": np.asarray(model.in_graph("sample")(np.arange(POINTS, dtype=np.int32)))}
    if split is not None:
        rows = [batch["x"] for batch in split.take(POINTS).batches(POINTS)]
        panels = {"data": np.concatenate(rows), **panels}
    figure = matplotlib.figure.Figure(figsize=(4.5 * len(panels), 4.5), layout="constrained")
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        axes.plot(*rows.T, ".", ms=2, alpha=0.3)
        axes.set_aspect("equal")
        axes.set_title(title)
    if Trait.COMPONENTS in model.traits:
        axes.set_title(f"samples, components at {DEVIATIONS} standard deviations")
        components = model.components.distribution()
        for ellipse in _ellipses(components):
            axes.add_patch(ellipse)
        axes.plot(*components.mean().numpy().T, "+", color="C3", ms=12)
    with files.atomic(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)


def _ellipses(components):
    """One ellipse a component, from a batch of Gaussians in the plane."""
    values, vectors = np.linalg.eigh(components.covariance().numpy())
    for loc, value, vector in zip(components.mean().numpy(), values, vectors, strict=True):
        angle = np.degrees(np.arctan2(vector[1, 1], vector[0, 1]))
        height, width = 2 * DEVIATIONS * np.sqrt(value)  # ascending
        yield matplotlib.patches.Ellipse(
            loc, width, height, angle=angle, fill=False, ec="C3", zorder=3
        )
