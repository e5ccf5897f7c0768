"""The page: a model to choose, and a panel for each thing that it can do."""

from collections.abc import Callable

import numpy as np
from nicegui import events, run, ui

from zoo.drawing import images
from zoo.errors import UserError
from zoo.explore import views
from zoo.serving.calls import SignatureCalls

# Pixels of the screen for one of a small picture.
SCALE = 8
# Samples that the page shows at once.
SAMPLES = 20
LARGEST_UPLOAD = 10_000_000
# Chosen at first, where it is there.
FIRST = "cvae_mnist"
# Shown side by side where they are there: a GAN, a VAE and a mixture.
COMPARED = ("r3gan_mnist", "vae_mog_mnist", "gmm_mnist")
STYLE = """
img { image-rendering: pixelated }
.q-uploader__list { display: none }
.q-btn-toggle { flex-wrap: wrap; max-width: 78vw }
"""
MOVES = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}


class Page:
    """One visitor's page.

    Args:
      names: of the models to choose from.
      load: returns the model of a name.
    """

    def __init__(self, names: list[str], load: Callable[[str], SignatureCalls]):
        self.names, self.load = names, load

    def build(self) -> None:
        """Lays the page out."""
        ui.query("body").style("background: #f6f7f9")
        ui.add_css(STYLE)
        with ui.column().classes("w-full max-w-5xl mx-auto p-2 gap-4"):
            ui.label("Generative zoo").classes("text-2xl").props('role=heading aria-level="1"')
            chosen = ui.select(self.names, label="Model", on_change=self.choose)
            chosen.classes("w-72").props('aria-label="Model"')
            self.status = ui.label("").props("role=status")
            self.panels = ui.column().classes("w-full gap-4")
            self._compare()
        first = FIRST if FIRST in self.names else self.names[0]
        ui.timer(0.1, lambda: chosen.set_value(first), once=True)  # once the page is there

    async def choose(self, event: events.ValueChangeEventArguments) -> None:
        """Loads the model that was chosen, and lays out what it can do."""
        self.status.set_text(f"Loading {event.value} ...")
        try:
            model = await run.io_bound(self.load, event.value)
        except UserError as error:
            self.status.set_text(str(error))
            return
        self.status.set_text(f"{event.value}: {', '.join(model.signatures)}")
        self.panels.clear()
        with self.panels:
            Samples(model)
            if "decode" in model.signatures:
                Latent(model)
            if "restyle" in model.signatures:
                Restyle(model)
            if "interpolate" in model.signatures:
                Interpolation(model)

    def _compare(self):
        names = [name for name in COMPARED if name in self.names]
        if len(names) < 2:
            return
        with card("Side by side"):
            seed = ui.number("Seed", value=1, min=0, precision=0).props('aria-label="Seed of all"')
            with ui.row():
                shown = {name: picture(f"Samples of {name}", name) for name in names}

            async def draw():
                for name, image in shown.items():
                    model = await run.io_bound(self.load, name)
                    first = 16 * int(seed.value or 0)
                    x = views.sample(model, range(first, first + 16), 0)
                    image.set_source(grid(x, 4))

            ui.button("Draw with this seed", on_click=draw)


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


class Samples:
    """Samples by seed: equal seeds are equal images."""

    def __init__(self, model):
        self.model = model
        with card("Samples by seed"):
            with ui.row().classes("items-center"):
                self.seed = ui.number(
                    "First seed", value=0, min=0, max=2**31 - SAMPLES, precision=0
                ).props('aria-label="First seed"')
                self.seed.on_value_change(self.draw)
                ui.button("More", on_click=lambda: self.seed.set_value(self._first() + SAMPLES))
            self.label = label_buttons(model, "Label of the samples", self.draw)
            if self.label and not model.conditional:
                self.label.set_visibility(False)
            self.image = picture("Samples", width=600)
            self.caption = ui.label().classes("text-xs")
        self.draw()

    def _first(self):
        return int(self.seed.value or 0)

    def draw(self):
        """Draws what the controls say."""
        first = self._first()
        label = self.label.value if self.label else 0
        x = views.sample(self.model, range(first, first + SAMPLES), label)
        self.image.set_source(grid(x, SAMPLES // 2))
        self.caption.set_text(f"Seeds {first} to {first + SAMPLES - 1}, row by row.")


class Latent:
    """Sliders over the directions in which images change most."""

    def __init__(self, model):
        self.model, self.directions = model, views.Directions(model)
        with card("Principal latent directions"), ui.row().classes("items-start gap-8"):
            with ui.column():
                self.image = picture("The image at these positions")
            with ui.column().classes("w-72"):
                self.seed = ui.number("Seed of the rest", value=0, min=0, precision=0).props(
                    'aria-label="Seed of the rest"'
                )
                self.seed.on_value_change(self.draw)
                self.sliders = []
                for i in range(len(self.directions.vectors)):
                    name = f"Direction {i + 1}"
                    ui.label(name).classes("text-xs")
                    slider = ui.slider(min=-3, max=3, step=0.1, value=0, on_change=self.draw)
                    self.sliders.append(slider.props(f'aria-label="{name}"'))
                ui.button("Back to the middle", on_click=self.center)
            takes_label = "y" in model.signatures["decode"]
            self.label = (
                label_buttons(model, "Label of the image", self.draw) if takes_label else None
            )
        self.draw()

    def center(self):
        """Puts all sliders at 0."""
        for slider in self.sliders:
            slider.set_value(0)

    def draw(self):
        """Decodes the code of the sliders."""
        start = self.directions.start(int(self.seed.value or 0))
        label = self.label.value if self.label else 0
        positions = [slider.value for slider in self.sliders]
        self.image.set_source(views.to_url(self.directions.image(start, positions, label), 4))


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
        """Shows an image, and tells whoever uses it."""
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


class Restyle:
    """An image with every label, its style kept."""

    def __init__(self, model):
        self.model = model
        with card("Restyle"), ui.row().classes("items-start gap-8"):
            self.source = Source(model, "Image", 7, self.draw, lambda: self.label.value)
            with ui.column():
                ui.label("What it shows:").classes("text-xs")
                self.label = label_buttons(model, "What the image shows", self.draw)
                self.image = picture("The same style with every label", width=420)
        self.draw()

    def draw(self):
        """Shows the image's style with every label."""
        x = views.restyle(self.model, self.source.x, self.label.value)
        self.image.set_source(grid(x, 5))


class Interpolation:
    """The way from one image to another, as a strip and as an animation."""

    def __init__(self, model):
        self.model = model
        with card("From one image to another"):
            with ui.row().classes("items-start gap-8"):
                self.ends = [
                    Source(model, title, seed, self.draw, self._label)
                    for title, seed in (("First image", 1), ("Last image", 2))
                ]
                self.animation = picture("The way there and back", "There and back")
            takes_label = "y" in model.signatures["interpolate"]
            self.label = (
                label_buttons(model, "Label of the way", self.draw) if takes_label else None
            )
            self.strip = picture("The way in steps", width=640)
        self.draw()

    def _label(self):
        return self.label.value if self.label else 0

    def draw(self):
        """Shows the way between the two images."""
        first, last = (end.x for end in self.ends)
        x = views.interpolate(self.model, first, last, self._label())
        self.strip.set_source(grid(x, views.STEPS))
        self.animation.set_source(views.animate(x))
