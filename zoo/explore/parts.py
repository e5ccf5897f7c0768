"""The parts that all views are made of: cards, pictures, fields, buttons for labels."""

from collections.abc import Callable, Sequence

import numpy as np
from nicegui import run, ui

from zoo.drawing import images
from zoo.explore import pictures
from zoo.explore.calls import Status

# Readable on light and on dark.
LINK_COLORS = "text-sky-800 dark:text-sky-300"
SEEDS = 2**31 - 1000
# Columns of a card: that of an image to draw on, and the rest; one below the other where it is
# narrow.
NARROW = "grow sm:grow-0 basis-56 gap-2"
WIDE = "grow basis-72 min-w-0 gap-2"


class Card:
    """A panel with a heading, a line that says what to do, and a status; a context for the rest."""

    def __init__(self, title: str, text: str = ""):
        self.element = ui.card().classes("w-full gap-3").props(f'role=region aria-label="{title}"')
        with self.element:
            with ui.row().classes("w-full items-center no-wrap"):
                heading = ui.label(title).classes("text-lg font-semibold grow")
                heading.props('role=heading aria-level="2"')
                self.status = Status()
            self.status.place_message()
            if text:
                quiet(text)
            self.body = ui.column().classes("w-full gap-3")

    def __enter__(self):
        return self.body.__enter__()

    def __exit__(self, *error):
        return self.body.__exit__(*error)


def quiet(text: str = "") -> ui.label:
    """A line of smaller, paler text."""
    return ui.label(text).classes("text-sm text-gray-600 dark:text-gray-300")


class Picture(ui.element):
    """An image that is filled later, as wide as its column or at most `width` pixels.

    Attributes:
      x: what it shows, [H, W, C]; None while it is empty.
    """

    def __init__(self, alt: str, width: int | None = None, shape: tuple[int, int] = (1, 1)):
        super().__init__("img")
        self.x: np.ndarray | None = None
        empty = pictures.to_url(np.full((*shape, 1), 0.5), 1)
        self._props |= {"alt": alt, "src": empty, "aria-busy": "true"}
        self.classes("picture w-full")
        if width:
            self.style(f"max-width: {width}px")

    def show(self, x: np.ndarray) -> None:
        """Shows an image [H, W, C]."""
        self.x = x
        self._props |= {"src": pictures.to_url(x), "aria-busy": "false"}
        self.update()

    def show_file(self, address: str) -> None:
        """Shows a file of the page while what it is to show is being made."""
        self._props["src"] = address

    def show_grid(self, x: np.ndarray, columns: int) -> None:
        """Shows images [N, H, W, C] row by row."""
        self.show(images.grid(x, columns, gap=1))


def link(text: str, address: str, *, new_tab: bool = False) -> ui.link:
    """A link."""
    return ui.link(text, address, new_tab=new_tab).classes(f"underline {LINK_COLORS}")


def seed_field(label: str, value: int, on_change: Callable) -> ui.number:
    """A field for a seed, with its name."""
    field = ui.number(label, value=value, min=0, max=SEEDS, precision=0, step=1).classes("w-32")
    field.props(f'outlined dense aria-label="{label}"').on_value_change(on_change)
    return field


def seed_of(field: ui.number) -> int:
    """Returns the seed of a field; 0 if it is empty, the nearest one that exists otherwise."""
    return int(min(max(field.value or 0, 0), SEEDS))


def label_buttons(
    names: Sequence[str], title: str, value: int, on_change: Callable, first: str = ""
) -> ui.toggle:
    """Buttons for labels, numbered from 0; with `first`, another one before them, -1."""
    options = {-1: first} if first else {}
    toggle = ui.toggle(options | dict(enumerate(names)), value=value, on_change=on_change)
    toggle.classes("flex-wrap labels")
    return toggle.props(
        f'role=group aria-label="{title}" no-caps unelevated padding="4px 10px" '
        "toggle-color=primary"
    )


def slider(
    name: str,
    low: float,
    high: float,
    value: float,
    on_change: Callable,
    step: float = 0.01,
    spoken: str = "",
) -> ui.slider:
    """A slider under its name; `spoken` is what screen readers say instead."""
    with ui.column().classes("w-full gap-0"):
        quiet(name).props("aria-hidden=true")
        made = ui.slider(min=low, max=high, step=step, value=value, on_change=on_change)
        return made.props(f'aria-label="{spoken or name}"')


async def download(make: Callable[[], bytes | None], name: str) -> None:
    """Makes a file in a thread and sends it to the browser; None is not sent."""
    data = await run.io_bound(make)
    if data is not None:
        ui.download.content(data, name)


def button(text: str, on_click: Callable, icon: str | None = None) -> ui.button:
    """A plain button."""
    made = ui.button(text, on_click=on_click, icon=icon, color=None).classes(LINK_COLORS)
    return made.props("outline no-caps dense padding='4px 12px'")


def downloads(name: str, what: str, **files: Callable[[], bytes | None]) -> None:
    """Buttons that save files, such as png=..., gif=...; each function returns what to save.

    Args:
      name: of the files, without their endings.
      what: they hold, for screen readers.
      **files: a function for each ending; it may return None for nothing.
    """
    with ui.row().classes("gap-2"):
        for ending, make in files.items():

            async def save(ending=ending, make=make):
                await download(make, f"{name}.{ending}")

            made = button(f".{ending}", save, icon="download")
            made.props(f'aria-label="Save {what} as .{ending}"')
