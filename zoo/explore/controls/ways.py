"""From one image to another: interpolations, walks of a GAN, morphs between labels, flows."""

import numpy as np
from nicegui import ui

from zoo.explore import compute, pictures
from zoo.explore.controls.control import Control
from zoo.explore.parts import NARROW, Picture, seed_of, slider


class Way(Control):
    """Images on the way from one to another: a position to drag, all steps, an animation."""

    def build(self):
        self.x = None
        self.build_ends()
        with ui.row().classes("w-full items-center gap-6 no-wrap"):
            self.picture = Picture(f"{self.title}: the position").classes("way-image")
            with ui.column().classes("grow gap-2"):
                position = self.address.number("t", 0.5, 0, 1)
                self.position = slider(
                    "Position", 0, 1, position, self._moved, spoken=f"{self.title}: position"
                )
                self.keep("t", lambda: f"{self.position.value:g}")
                self.strip = Picture(f"{self.title}: all steps", shape=(1, compute.STEPS))
                self.save_picture(self.strip, gif=self._gif)

    def build_ends(self) -> None:
        """Makes the fields that say from where to where."""
        raise NotImplementedError

    def _moved(self):
        self.address.set(t=f"{self.position.value:g}")
        self._show_position()

    def _show_position(self):
        if self.x is not None:
            last = len(self.x) - 1
            self.picture.show(self.x[round(self.position.value * last)])

    def show_way(self, x) -> None:
        """Shows the images [N, H, W, C]."""
        self.x, self.made = x, {"x": x}
        self._show_position()
        self.strip.show_grid(x[:: max(len(x) // compute.STEPS, 1)], compute.STEPS)

    def _gif(self):
        return None if self.x is None else pictures.to_gif(self.x)


class Interpolation(Way):
    """From one image to another through their codes."""

    title, key = "From one image to another", "between"
    text = "Both images are encoded, and the codes between them decoded."
    needs = ("interpolate",)

    def build_ends(self):
        self.ends = []
        with ui.row().classes("w-full items-start gap-6"):
            for name, title, chosen in (
                ("from", "First image", (2, 0)),
                ("to", "Last image", (7, 1)),
            ):
                with ui.column().classes(NARROW):
                    self.ends.append(self.add_source(name, title, chosen))
        self.label = self.add_label_of("interpolate", "Label of both", 2)
        self.draw = self.call(compute.interpolate, self.show_way)

    def refresh(self):
        label = self.label.value if self.label else 0
        count = compute.STEPS
        ends = (np.repeat(end.x[None], count, 0) for end in self.ends)
        given = dict(zip(("x0", "x1"), ends, strict=True))
        labels = {"y": np.full(count, label)} if self.label else {}
        self.code.set("interpolate", **given, t=np.linspace(0, 1, count), **labels)
        self.draw.request(*(end.x for end in self.ends), label)


class Walk(Way):
    """From one sample of a generator to another, through the codes between theirs."""

    title, key = "A walk between two samples", "walk"
    text = "A generator has no way back from images to codes: it walks between the codes it drew."
    needs = ("decode", "discriminate")

    @classmethod
    def fits(cls, entry):
        return super().fits(entry) and "categories" not in entry.config

    def build_ends(self):
        with ui.row().classes("gap-3"):
            self.ends = [self.add_seed("from", "From seed", 1), self.add_seed("to", "To seed", 2)]
        self.label = self.add_label_of("decode", "Label of the walk", 0)
        self.draw = self.call(self._walk, self._show)

    def _walk(self, model, seeds, label):
        return label, *compute.walk(model, self.entry, seeds, label)

    def refresh(self):
        seeds = [seed_of(end) for end in self.ends]
        self.draw.request(seeds, self.label.value if self.label else 0)

    def _show(self, found):
        label, z, x = found
        labels = {"y": np.full(len(z), label)} if self.label else {}
        self.code.set("decode", z=z, **labels)
        self.show_way(x)


class Morph(Way):
    """The same code on the way from one label to another."""

    title, key = "From one label to another", "morph"
    text = "The code stays, and so does the style; the label changes bit by bit."
    needs = ("morph",)

    def build_ends(self):
        with ui.column().classes("gap-2"):
            self.labels = [
                self.add_label("from", "From label", 3),
                self.add_label("to", "To label", 8),
            ]
            self.seed = self.add_seed("seed", "Seed of the code")
        self.draw = self.call(compute.morph, self.show_way)

    def refresh(self):
        label, new_label = (made.value for made in self.labels)
        z, count = compute.draw_code(self.entry, seed_of(self.seed)), compute.STEPS
        given = {"y": np.full(count, label), "y_new": np.full(count, new_label)}
        self.code.set("morph", z=np.tile(z, (count, 1)), **given, t=np.linspace(0, 1, count))
        self.draw.request(z, label, new_label)


class FromNoise(Way):
    """The way of a flow from noise to an image, step by step."""

    title, key = "From noise to an image", "noise"
    text = "Drag the position: at 0 there is noise, at 1 the image that the flow carries it to."
    needs = ("trajectory",)
    steps = 31

    def build_ends(self):
        self.seed = self.add_seed("seed", "Seed of the noise")
        self.label = self.add_label_of("trajectory", "Label of the image", 3)
        self.draw = self.call(compute.trajectory, self.show_way)

    def refresh(self):
        label, seed = self.label.value if self.label else 0, seed_of(self.seed)
        labels = {"y": np.full(self.steps, label)} if self.label else {}
        t = np.linspace(0, 1, self.steps)
        self.code.set("trajectory", seed=np.full(self.steps, seed), t=t, **labels)
        self.draw.request(seed, label, self.steps)
