"""Figures of several panels, as the pages in docs/ show them."""

import matplotlib.figure
import numpy as np

from zoo.drawing import images


def figure(columns: int, width: float = 4.5, height: float = 3.6, rows: int = 1):
    """Returns a figure and its axes, row by row."""
    made = matplotlib.figure.Figure(figsize=(width * columns, height * rows), layout="constrained")
    return made, made.subplots(rows, columns, squeeze=False).ravel()


def show(axes, pictures: np.ndarray, columns: int, title: str, headings=()) -> None:
    """Shows pictures [N, H, W, C] as a grid, with a heading over each column if there are any."""
    grid = np.clip(images.grid(pictures, columns), 0, 1)
    axes.imshow(grid, cmap="gray", vmin=0, vmax=1)
    for i, heading in enumerate(headings):
        x = (i + 0.5) * grid.shape[1] / columns
        axes.text(x, -2, heading, ha="center", va="bottom", size="small")
    title = f"{title}\n" if headings else title
    axes.set_title(title)
    axes.set_axis_off()
