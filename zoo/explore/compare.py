"""Models side by side: the same seeds, or the same image through each."""

import numpy as np
from nicegui import context, ui

from zoo.explore import compute, theme
from zoo.explore.address import Address
from zoo.explore.calls import LastCall
from zoo.explore.collection import Collection
from zoo.explore.parts import SEEDS, Card, Picture, label_buttons, link, quiet, seed_field, seed_of
from zoo.explore.source import Source

# Chosen at first, where they are: a GAN, a VAE and a flow.
FIRST = ("r3gan_mnist", "vae_mog_mnist", "flow_matching_mnist")
MOST, SIDE = 6, 4
SAMPLES, IMAGE = "Samples of the same seeds", "One image through all"


class Compare:
    """The page that compares models.

    Args:
      collection: of all models.
      address: of the page.
    """

    def __init__(self, collection: Collection, address: Address):
        self.collection, self.address = collection, address
        self.known = {
            name: entry
            for name, entry in collection.entries.items()
            if entry.images and "sample" in entry.signatures
        }
        self.source: Source | None = None
        self.label: ui.toggle | None = None
        self.calls: list[LastCall] = []

    def build(self) -> None:
        """Builds the page."""
        with theme.frame("Compare"):
            ui.label("Models side by side").classes("text-2xl font-semibold").props(
                'role=heading aria-level="1"'
            )
            with ui.row().classes("w-full items-start gap-4"):
                self.chosen = ui.select(
                    list(self.known),
                    multiple=True,
                    value=self._first_names(),
                    label="Models",
                    on_change=self._changed,
                )
                self.chosen.props(f'outlined dense :max-values="{MOST}"').classes("w-full max-w-xl")
                value = self.address.whole("seed", 1, 0, SEEDS)
                self.seed = seed_field("Seed", value, self._changed)
                what = self.address.text("what", SAMPLES)
                self.what = ui.toggle([SAMPLES, IMAGE], value=what if what == IMAGE else SAMPLES)
                self.what.on_value_change(self._changed)
                self.what.props("no-caps unelevated padding='4px 10px'")
            self.source_place = ui.column().classes("w-full")
            self.left_out = quiet().props("role=status")
            columns = "grid-cols-1 sm:grid-cols-2 lg:grid-cols-3"
            self.grid = ui.grid().classes(f"w-full gap-4 items-start {columns}")
            self._lay()

    def _first_names(self):
        """The models of the address, and some to compare with where it names fewer than two."""
        given = [n for n in self.address.text("models", "").split(",") if n in self.known]
        if len(given) < 2:
            given += [*(n for n in FIRST if n in self.known), *self.known][: 3 - len(given)]
        return list(dict.fromkeys(given))[:MOST]

    def _changed(self):
        names = ",".join(self.chosen.value[:MOST])
        self.address.set(models=names, seed=seed_of(self.seed), what=self.what.value)
        self._lay()

    def _lay(self):
        """Makes a card for each of the chosen models; the image that was drawn stays."""
        entries = [self.known[name] for name in self.chosen.value[:MOST]]
        chosen = len(entries)
        self.source_place.set_visibility(self.what.value == IMAGE)
        if self.what.value == IMAGE:
            entries = [entry for entry in entries if "reconstruct" in entry.signatures]
            self._prepare_source(entries)
            if self.source is not None:
                shape = self.source.entry.spec.shape
                entries = [entry for entry in entries if entry.spec.shape == shape]
        missing = chosen - len(entries)
        self.left_out.set_text(f"{missing} of the models cannot reconstruct such images.")
        self.left_out.set_visibility(bool(missing))
        self.grid.clear()
        with self.grid:
            self.calls = [self._card(entry) for entry in entries]
        self._ask()

    def _prepare_source(self, entries):
        """Makes an image to draw, unless there is one that one of the models takes."""
        shapes = [entry.spec.shape for entry in entries]
        if not shapes or (self.source and self.source.entry.spec.shape in shapes):
            return
        self.source_place.clear()
        with self.source_place:
            self.source = Source(entries[0], "Image for all", self._new_image, (8, 3))
            names = entries[0].spec.label_names
            title = "Label of the image, for models that take one"
            last = len(names) - 1
            self.label = label_buttons(names, title, min(8, last), self._ask) if names else None

    def _new_image(self):
        self.source.tell_label(self.label)
        self._ask()

    def _card(self, entry):
        card = Card(entry.name, entry.sentence)
        with card:
            picture = Picture(f"{self.what.value}: {entry.name}", 420, (SIDE, SIDE))
            link("Open", f"/{entry.name}").props(f'aria-label="Open {entry.name}"')

        def answer(seed, x, label):
            model = self.collection.load(entry.name)
            if x is not None:
                return compute.reconstruct(model, x, label)[None]
            seeds = range(seed, seed + SIDE**2)
            return compute.sample(model, seeds, np.arange(SIDE**2) % max(entry.spec.num_classes, 1))

        def show(x):
            picture.show_grid(x, SIDE if len(x) > 1 else 1)

        return LastCall(answer, show, card.status, context.client)

    def _ask(self):
        through = self.what.value == IMAGE and self.source is not None
        x = self.source.x if through else None
        label = self.label.value if self.label is not None else 0
        for call in self.calls:
            call.request(seed_of(self.seed), x, label)
