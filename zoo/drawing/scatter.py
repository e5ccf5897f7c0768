"""Pictures of densities in the plane: data, samples, and a mixture's components."""

import os

import matplotlib.figure
import matplotlib.patches
import numpy as np

from zoo import data
from zoo.drawing import figures
from zoo.models.capabilities import Capability

POINTS = 2000
# Ellipses have a radius of this many standard deviations.
DEVIATIONS = 2


# The enlarged panel shows this many standard deviations of a component to each side.
ENLARGED_DEVIATIONS = 6


def save_png(path: str | os.PathLike, model, split: data.Split | None = None) -> None:
    """Writes the rows of a split, if given, beside samples of the model, as a PNG file.

    For a mixture, a further panel enlarges its heaviest component, so that its ellipse can be seen
    even if clusters are small.
    """
    samples = np.asarray(model.compiled_method("sample")(np.arange(POINTS, dtype=np.int32)))
    panels = {} if split is None else {"data": _rows(split)}
    panels["samples"] = samples
    components = model.mixture.as_arrays() if Capability.COMPONENTS in model.capabilities else None
    heaviest = f"the heaviest component, {DEVIATIONS} standard deviations around it"
    if components:
        panels[heaviest] = samples
    figure, all_axes = _scatter(panels)
    if components:
        for axes in all_axes[-2:]:
            for ellipse in _ellipses(components):
                axes.add_patch(ellipse)
            axes.plot(*components["means"].T, "+", color="C3", ms=12)
        k = int(np.argmax(components["mixing"]))
        _enlarge(all_axes[-1], components["means"][k], components["covariances"][k])
    figures.save_figure(path, figure, tight=False)


def save_points(path: str | os.PathLike, x: np.ndarray) -> None:
    """Writes points [N, 2] as a PNG file."""
    figure, _ = _scatter({"samples": x})
    figures.save_figure(path, figure, tight=False)


def _rows(split):
    return np.concatenate([batch["x"] for batch in split.take(POINTS).batches(POINTS)])


def _scatter(panels):
    """A figure with a panel of points for each of {title: [N, 2]}, with shared axes."""
    figure = matplotlib.figure.Figure(figsize=(4.5 * len(panels), 4.5), layout="constrained")
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    limits = [np.min([x.min(0) for x in panels.values()], 0)]
    limits.append(np.max([x.max(0) for x in panels.values()], 0))
    margin = 0.05 * (limits[1] - limits[0]) + 1e-9
    for axes, (title, rows) in zip(all_axes, panels.items(), strict=True):
        axes.plot(*rows.T, ".", ms=2, alpha=0.3)
        axes.set_aspect("equal", adjustable="box")
        axes.set_xlim(limits[0][0] - margin[0], limits[1][0] + margin[0])
        axes.set_ylim(limits[0][1] - margin[1], limits[1][1] + margin[1])
        axes.set_title(title, fontsize="medium")
    return figure, all_axes


def _enlarge(axes, mean, covariance):
    reach = ENLARGED_DEVIATIONS * np.sqrt(np.max(np.linalg.eigvalsh(covariance)))
    axes.set_xlim(mean[0] - reach, mean[0] + reach)
    axes.set_ylim(mean[1] - reach, mean[1] + reach)


def _ellipses(components):
    """One ellipse for each component, of parameters as `GMM.as_arrays` returns them."""
    values, vectors = np.linalg.eigh(components["covariances"])
    for loc, value, vector in zip(components["means"], values, vectors, strict=True):
        angle = np.degrees(np.arctan2(vector[1, 1], vector[0, 1]))
        height, width = 2 * DEVIATIONS * np.sqrt(value)  # ascending
        yield matplotlib.patches.Ellipse(
            loc, width, height, angle=angle, fill=False, ec="C3", zorder=3
        )
