"""An image that a visitor draws, takes from the test images, samples or uploads."""

import base64
from collections.abc import Callable

import numpy as np
from nicegui import context, events, ui

from zoo.explore import examples, pictures, uploads
from zoo.explore.calls import LastCall, Status
from zoo.explore.collection import Entry
from zoo.explore.parts import button, quiet

# Width of a line, in pixels of an image 28 pixels wide.
THIN, THICK, USUAL = 1.0, 5.0, 2.4


class Pad(ui.element, component="pad.js"):
    """A canvas as large as an image, magnified.

    Args:
      shape: of the image, [H, W, C].
      label: its name for screen readers.
      on_draw: called with the image [H, W, C] in [0, 1] while it is drawn.
    """

    def __init__(self, shape: tuple[int, ...], label: str, on_draw: Callable[[np.ndarray], None]):
        super().__init__()
        self.shape, self.on_draw = shape, on_draw
        self._props |= {
            "rows": shape[0],
            "columns": shape[1],
            "channels": shape[2],
            "light": shape[2] == 3,
            "label": f"{label}: draw with a pointer, or with the arrow keys; Shift lifts the pen",
            "hint": "Draw here: mouse, finger or pen",
            "thickness": USUAL * shape[1] / 28,
        }
        self.classes("w-full")
        self.on("draw", self._received)

    def _received(self, event: events.GenericEventArguments):
        values = np.frombuffer(base64.b64decode(event.args), np.uint8)
        if values.size == np.prod(self.shape):
            self.on_draw(values.reshape(self.shape) / np.float32(255))

    def show(self, x: np.ndarray) -> None:
        """Shows an image to draw on."""
        self.run_method("show", pictures.to_url(x))

    def set_thickness(self, thickness: float) -> None:
        """Sets the width of new lines, for images 28 pixels wide."""
        self._props["thickness"] = thickness * self.shape[1] / 28
        self.update()


class Source:
    """The image that a control works on.

    Args:
      entry: the model whose input it is.
      title: of the image.
      on_change: called after each change.
      chosen: (class, number) of the test image at first.

    Attributes:
      x: the image, [H, W, C].
      label: of a test image; None of what a visitor drew or uploaded.
    """

    def __init__(
        self,
        entry: Entry,
        title: str,
        on_change: Callable[[], None],
        chosen: tuple[int, int],
    ):
        self.entry, self.title, self.on_change = entry, title, on_change
        self.digits = entry.dataset.startswith("mnist")
        self.examples = examples.load(entry.dataset, entry.spec.shape)
        if len(self.examples) != entry.spec.num_classes:  # another dataset of that name
            self.examples = self.examples[:0]
        # As the empty canvas is.
        self.x = np.full(entry.spec.shape, float(entry.spec.shape[2] == 3), np.float32)
        self.label: int | None = None
        self._number, self._changes = 0, 0
        with ui.column().classes("w-full gap-2").style("max-width: 336px"):
            self.pad = Pad(entry.spec.shape, title, self._drawn)
            self._tools()
            if len(self.examples):
                self._examples()
            self.status = Status(retry=False)
            self.status.place_message()
        self.reading = LastCall(self._read, self._show_read, self.status, context.client)
        if len(self.examples):
            self._take(chosen[0] % len(self.examples), chosen[1] % examples.EACH)

    @property
    def name(self) -> str:
        """The class and number of a test image, "7-0"; "" of another image."""
        return "" if self.label is None else f"{self.label}-{self._number}"

    def tell_label(self, buttons: ui.toggle | None) -> None:
        """Sets buttons for labels, if there are any, to the label of a test image."""
        if buttons is not None and self.label is not None:
            buttons.set_value(self.label)

    def _tools(self):
        with ui.row().classes("items-center gap-2 w-full"):
            for text, method in (("Clear", "clear"), ("Undo", "undo")):
                made = button(text, lambda method=method: self.pad.run_method(method))
                made.props(f'aria-label="{self.title}: {text.lower()}"')
            self.upload = ui.upload(
                auto_upload=True,
                on_upload=self._uploaded,
                on_rejected=self._rejected,
                max_file_size=uploads.LARGEST_FILE,
            )
            self.upload.props("accept=image/*").classes("hidden")
            made = button("Upload", lambda: self.upload.run_method("pickFiles"), icon="upload")
            made.props(f'aria-label="{self.title}: upload a picture"')
        with ui.row().classes("items-center gap-2 w-full no-wrap"):
            quiet("Pen").props("aria-hidden=true")
            thickness = ui.slider(min=THIN, max=THICK, step=0.1, value=USUAL)
            thickness.props(f'aria-label="{self.title}: thickness of the pen"')
            thickness.on_value_change(lambda event: self.pad.set_thickness(event.value))

    def _examples(self):
        """A test image of each class, and a button for other ones."""
        self._shown = 0
        with ui.row().classes("gap-1 w-full"):
            self.thumbnails = []
            for i, name in enumerate(self.entry.spec.label_names):
                made = ui.element("button").classes("thumbnail")
                made.props(f'type=button aria-label="{self.title}: test image, {name}"')
                made.on("click", lambda i=i: self._choose(i))
                with made:
                    picture = ui.element("img").props('alt=""')
                self.thumbnails.append(picture)
            button("Others", self._others).props(f'aria-label="{self.title}: other test images"')
        self._show_thumbnails()

    def _show_thumbnails(self):
        urls = examples.load_urls(self.entry.dataset, self.entry.spec.shape, self._shown)
        for picture, url in zip(self.thumbnails, urls, strict=True):
            picture._props["src"] = url
            picture.update()

    def _others(self):
        self._shown = (self._shown + 1) % examples.EACH
        self._show_thumbnails()

    def _choose(self, label):
        self._take(label, self._shown)
        self.on_change()

    def _take(self, label, number):
        """Shows a test image."""
        self._number = number
        self._set(self.examples[label, number], label)
        self.pad.show(self.x)

    def _set(self, x, label):
        self.x, self.label = x, label
        self._changes += 1
        self.status.show_error(self.reading, "")

    def _drawn(self, x):
        self._set(x, None)
        self.on_change()

    async def _uploaded(self, event: events.UploadEventArguments):
        self.upload.reset()
        self.reading.request(await event.file.read(), self._changes)

    def _rejected(self):
        size = uploads.LARGEST_FILE / 1e6
        text = f"That file is larger than {size:.0f} MB, or not a picture: choose another."
        self.status.show_error(self.reading, text)

    def _read(self, data, changes):
        return uploads.read_picture(data, self.entry.spec.shape, self.digits), changes

    def _show_read(self, found):
        x, changes = found
        if changes == self._changes:  # nothing was drawn meanwhile
            self._set(x, None)
            self.pad.show(x)
            self.on_change()
