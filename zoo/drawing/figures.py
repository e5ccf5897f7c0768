"""Figures of several panels for the pages in docs/."""

import os

import matplotlib.figure
import numpy as np

from zoo import files
from zoo.drawing import images


def make_figure(columns: int, width: float = 4.5, height: float = 3.6, rows: int = 1):
    """Returns a figure and its axes, row by row."""
    figure = matplotlib.figure.Figure(
        figsize=(width * columns, height * rows), layout="constrained"
    )
    return figure, figure.subplots(rows, columns, squeeze=False).ravel()


def show_grid(axes, pictures: np.ndarray, columns: int, title: str, headings=()) -> None:
    """Shows images [N, H, W, C] as a grid, optionally with column headings."""
    grid = np.clip(images.grid(pictures, columns), 0, 1)
    axes.imshow(grid, cmap="gray", vmin=0, vmax=1)
    for i, heading in enumerate(headings):
        x = (i + 0.5) * grid.shape[1] / columns
        axes.text(x, -2, heading, ha="center", va="bottom", size="small")
    title = f"{title}\n" if headings else title
    axes.set_title(title)
    axes.set_axis_off()


def show_map(axes, values: np.ndarray, title: str) -> None:
    """Shows numbers [h, w] as a map, each written on its place."""
    axes.imshow(values, cmap="Blues", vmin=0)
    for (row, column), value in np.ndenumerate(values):
        color = "white" if value > 0.6 * values.max() else "black"
        axes.text(column, row, f"{value:.1f}", ha="center", va="center", size=7, color=color)
    axes.set_title(title)
    axes.set_axis_off()


def save_figure(path: str | os.PathLike, figure: matplotlib.figure.Figure, tight=True) -> None:
    """Writes a figure as a PNG file, cut to its contents if `tight`."""
    with files.atomic(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100, bbox_inches="tight" if tight else None)
