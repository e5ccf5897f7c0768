"""The page: a choice of models, and a panel for each capability."""

from collections.abc import Callable

from nicegui import events, run, ui

from zoo.errors import UserError
from zoo.explore import views
from zoo.explore.source import Source
from zoo.explore.widgets import card, grid, label_buttons, picture
from zoo.serving.signature_methods import SignatureCalls

# Number of samples on the page.
SAMPLES = 20
# The initial choice, if available.
FIRST = "cvae_mnist"
# Compared side by side, if available: a GAN, a VAE and a mixture.
COMPARED = ("r3gan_mnist", "vae_mog_mnist", "gmm_mnist")
STYLE = """
img { image-rendering: pixelated }
.q-uploader__list { display: none }
.q-btn-toggle { flex-wrap: wrap; max-width: 78vw }
"""


class Page:
    """One visitor's page.

    Args:
      names: of the models to choose from.
      load: returns the model of a name.
    """

    def __init__(self, names: list[str], load: Callable[[str], SignatureCalls]):
        self.names, self.load = names, load

    def build(self) -> None:
        """Builds the page."""
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
        """Loads the chosen model and builds its panels."""
        self.status.set_text(f"Loading {event.value} ...")
        try:
            model = await run.io_bound(self.load, event.value)
        except UserError as error:
            self.status.set_text(f"{error} Reload this page to try again.")
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
        """Draws samples with the current controls."""
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


class Restyle:
    """An image with every label, in the same style."""

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
    """An interpolation between two images, as a strip and as an animation."""

    def __init__(self, model):
        self.model = model
        with card("From one image to another"):
            with ui.row().classes("items-start gap-8"):
                self.ends = [
                    Source(model, title, seed, self.draw, self._label)
                    for title, seed in (("First image", 7), ("Last image", 17))
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
        """Shows the interpolation between the two images."""
        first, last = (end.x for end in self.ends)
        x = views.interpolate(self.model, first, last, self._label())
        self.strip.set_source(grid(x, views.STEPS))
        self.animation.set_source(views.animate(x))
