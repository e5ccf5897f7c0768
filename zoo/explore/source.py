"""An image that a visitor draws, chooses by seed or uploads."""

from collections.abc import Callable

import numpy as np
from nicegui import events, ui

from zoo.errors import UserError
from zoo.explore import views
from zoo.explore.widgets import SCALE

LARGEST_UPLOAD = 10_000_000
MOVES = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}


class Source:
    """An image that a person draws, chooses or uploads.

    Args:
      model: whose samples can be chosen.
      title: of the image.
      seed: of the sample at first.
      on_change: called after each change.
      label: returns the label of a sample to choose.
    """

    def __init__(
        self,
        model,
        title: str,
        seed: int,
        on_change: Callable[[], None],
        label: Callable[[], int],
    ):
        self.model, self.title, self.on_change, self.label = model, title, on_change, label
        self.drawing, self.pen = views.Drawing(model.spec.shape), [14.0, 6.0]
        self.x = views.sample(model, [seed], 0)[0]
        shape = model.spec.shape
        with ui.column().classes("gap-1"):
            ui.label(title).classes("text-xs")
            self.canvas = ui.interactive_image(
                views.to_url(self.x),
                size=(shape[1], shape[0]),
                on_mouse=self._mouse,
                events=["mousedown", "mousemove", "mouseup", "mouseleave"],
                cross=False,
            ).style(f"width: {28 * SCALE}px; touch-action: none; cursor: crosshair")
            self.canvas.props(
                f'tabindex=0 role=img aria-label="{title}: draw with the mouse, or with the arrow '
                'keys and Shift"'
            )
            self.canvas.on("keydown", self._key, args=["key", "shiftKey"])
            with ui.row().classes("items-center"):
                number = ui.number("Sample of seed", value=seed, min=0, precision=0)
                number.classes("w-24").props(f'aria-label="{title}: sample of seed"')
                number.on_value_change(lambda event: self._choose(event.value))
                ui.button("Clear", on_click=self.clear).props(f'aria-label="{title}: clear"')
            ui.upload(
                label="Upload a picture",
                auto_upload=True,
                on_upload=self._upload,
                on_rejected=lambda: self.say("That file is larger than 10 MB: choose another."),
                max_file_size=LARGEST_UPLOAD,
            ).classes("w-56").props(f'aria-label="{title}: upload a picture" accept=image/*')
            self.message = ui.label("").classes("text-red-800 text-xs").props("role=alert")

    def say(self, text: str) -> None:
        """Shows a message; none if it is empty."""
        self.message.set_text(text)

    def show(self, x: np.ndarray) -> None:
        """Shows an image and notifies the listener."""
        self.x = x
        self.canvas.set_source(views.to_url(x))
        self.on_change()

    def clear(self) -> None:
        """Starts an empty drawing."""
        self.drawing = views.Drawing(self.model.spec.shape)
        self.show(self._drawn())

    def _drawn(self):
        return np.repeat(self.drawing.image, self.model.spec.shape[-1], -1)

    def _choose(self, seed):
        self.show(views.sample(self.model, [int(seed or 0)], self.label())[0])

    def _mouse(self, event: events.MouseEventArguments):
        if event.type in ("mouseup", "mouseleave") or not event.buttons:
            self.drawing.lift()
            return
        self.drawing.draw_to(event.image_x, event.image_y)
        self.show(self._drawn())

    def _key(self, event: events.GenericEventArguments):
        if event.args["key"] not in MOVES:
            return
        height, width = self.model.spec.shape[:2]
        dx, dy = MOVES[event.args["key"]]
        self.pen = [
            min(max(self.pen[0] + dx, 0.0), width),
            min(max(self.pen[1] + dy, 0.0), height),
        ]
        if event.args["shiftKey"]:
            self.drawing.lift()
            return
        self.drawing.draw_to(*self.pen)
        self.show(self._drawn())

    async def _upload(self, event: events.UploadEventArguments):
        try:
            x = views.read_image(await event.file.read(), self.model.spec.shape)
        except UserError as error:
            self.say(str(error))
            return
        self.say("")
        self.show(x)
