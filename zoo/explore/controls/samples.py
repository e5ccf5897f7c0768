"""Samples by seed and label."""

import numpy as np
from nicegui import ui

from zoo.explore import compute
from zoo.explore.collection import PICTURES
from zoo.explore.controls.control import Control
from zoo.explore.parts import Picture, button, quiet, seed_of

# Columns and rows of samples, and the most columns where each label has one.
COLUMNS, ROWS, WIDEST = 8, 5, 10
# The value of the buttons for labels that means all of them.
EACH = -1


class Samples(Control):
    """A grid of samples: equal seeds give equal images."""

    title = "Samples"
    text = "The same seed gives the same images, here and in your code."
    needs = ("sample",)

    def build(self):
        self.picture = Picture(f"Samples of {self.entry.name}", shape=(ROWS, COLUMNS))
        self.stored = quiet("Stored samples, until the model is loaded.").props("role=status")
        self.stored.set_visibility(self.entry.picture is not None)
        if self.entry.picture is not None:
            self.picture.show_file(f"{PICTURES}/{self.entry.name}/{self.entry.picture.name}")
        with ui.row().classes("items-center gap-2"):
            self.seed = self.add_seed("seed", "Seed")
            more = button("More", self._more, icon="refresh")
            more.props('aria-label="More samples"')
            self.save_picture(self.picture)
        self.label = self.add_label("y", "Label", EACH, "all") if self.entry.conditional else None
        self.draw = self.call(self._sample, self._show)

    def _sample(self, model, seeds, labels, columns):
        return compute.sample(model, seeds, labels), columns

    def _more(self):
        self.seed.set_value(seed_of(self.seed) + ROWS * COLUMNS)

    def refresh(self):
        seed, label = seed_of(self.seed), self.label.value if self.label else None
        if label == EACH:  # a column shares its label, a row its seed
            count = len(self.entry.spec.label_names)
            columns = min(count, WIDEST)
            rows = max(ROWS, -(-count // columns))
            labels = np.resize(np.arange(count), rows * columns)
            seeds = seed + np.arange(rows * columns) // max(count, columns)
        else:
            columns = COLUMNS
            seeds = np.arange(seed, seed + ROWS * COLUMNS)
            labels = np.full(len(seeds), label or 0)
        given = {"y": labels} if self.label else {}
        self.code.set("sample", seed=seeds, **given)
        self.draw.request(seeds, labels, columns)

    def _show(self, found):
        x, columns = found
        self.made = {"x": x}
        self.stored.set_visibility(False)
        self.picture.show_grid(x, columns)


class Guidance(Control):
    """Samples that follow their label more or less strictly."""

    title, key = "Guidance", "guided"
    needs = ("sample_guided",)
    count, columns = 12, 4

    def build(self):
        config = self.entry.config
        quiet(
            "How strictly samples follow their label: with 0 they ignore it, 1 is the model as "
            "trained, and more makes them clearer and more alike. It counts between times "
            f"{config['guidance_start']:g} and {config['guidance_end']:g} of the way from noise, "
            "time 0, to the image, time 1."
        )
        self.picture = Picture("Samples with this guidance", 520, (3, self.columns))
        self.guidance = self.add_slider(
            "guidance", "Guidance", 0, 5, config["guidance"], step=0.1, spoken="Its weight"
        )
        self.label = self.add_label("y", "Label of the guided samples", 5)
        with ui.row().classes("items-center gap-2"):
            self.seed = self.add_seed("seed", "Seed of the guided samples")
            self.seed.classes("w-56", remove="w-32")
            self.save_picture(self.picture)
        self.draw = self.call(compute.sample_guided, self._show)

    def refresh(self):
        seed, label, guidance = seed_of(self.seed), self.label.value, self.guidance.value
        seeds = np.arange(seed, seed + self.count)
        weights = {"y": np.full(self.count, label), "guidance": np.full(self.count, guidance)}
        self.code.set("sample_guided", seed=seeds, **weights)
        self.draw.request(seeds, label, guidance)

    def _show(self, x):
        self.made = {"x": x}
        self.picture.show_grid(x, self.columns)
