"""Widgets of the page: panels, pictures, buttons for labels."""

import numpy as np
from nicegui import ui

from zoo.drawing import images
from zoo.explore import views

# Screen pixels per pixel of a small picture.
SCALE = 8


def card(title: str):
    """A panel with a heading, as a context."""
    made = ui.card().classes("w-full").props(f'role=region aria-label="{title}"')
    with made:
        ui.label(title).classes("text-lg").props('role=heading aria-level="2"')
    return made


def picture(alt: str, caption: str = "", width: int = 28 * SCALE) -> ui.image:
    """An image to fill later, with a caption under it."""
    with ui.column().classes("gap-1"):
        # Without a source there would be no element to describe.
        empty = views.to_url(np.full((28, 28, 1), 0.9))
        image = ui.image(empty).style(f"width: {width}px; max-width: 78vw")
        image.props(f'alt="{alt}" no-transition no-spinner')
        if caption:
            ui.label(caption).classes("text-xs")
    return image


def grid(x: np.ndarray, columns: int):
    """Images side by side as the page shows them."""
    return views.to_url(images.grid(x, columns), 2)


def label_buttons(model, title: str, on_change) -> ui.toggle | None:
    """Buttons for the labels that a model takes, or None."""
    if model.spec.num_classes < 2:
        return None
    names = model.class_names or [str(i) for i in range(model.spec.num_classes)]
    made = ui.toggle(dict(enumerate(names)), value=0, on_change=on_change)
    return made.classes("flex-wrap").props(f'role=group aria-label="{title}" no-caps spread=false')
