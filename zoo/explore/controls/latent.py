"""Walks through the code space: a map of two directions, sliders for more, InfoGAN's codes."""

import numpy as np
from nicegui import ui

from zoo.explore import compute
from zoo.explore.controls.control import Control
from zoo.explore.parts import NARROW, WIDE, Picture, button, quiet, seed_of

# Images on each side of the map; standard deviations from its middle to its outer images.
SIDE, REACH = 9, 2.7
# The place under a pointer that is down, as shares of the map's width and height.
PLACE = """(event) => {
  if (!event.buttons) return;
  const box = event.currentTarget.getBoundingClientRect();
  emit((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
}"""


class LatentMap(Control):
    """The directions in which images change most: the first two as a map, all as sliders."""

    title, key = "A map of the codes", "map"
    text = (
        "The two directions of code space that change images most run across and up. Drag on the "
        "map; the sliders do the same, and move along further directions."
    )
    needs = ("decode",)

    @classmethod
    def fits(cls, entry):
        codes = "z" in entry.signatures.get("decode", ()) and "categories" not in entry.config
        return super().fits(entry) and codes

    def build(self):
        count = min(compute.DIRECTIONS, self.entry.inputs["z"].shape[0])
        with ui.row().classes("w-full items-start gap-6"):
            with ui.column().classes(NARROW):
                self.picture = Picture("The image of this code", 336)
                self.save_picture(self.picture)
            with ui.column().classes(WIDE):
                self.map = Picture("Map of the codes", 520, (SIDE, SIDE))
                self.map.style("touch-action: none; cursor: crosshair")
                self.map.props("draggable=false")
                for event in ("pointermove", "pointerdown"):
                    self.map.on(event, self._move, js_handler=PLACE, throttle=0.03)
        self.label = self.add_label_of("decode", "Label of the map", 0)
        with ui.grid().classes("w-full gap-x-6 gap-y-1 grid-cols-1 sm:grid-cols-2"):
            self.sliders = [
                self.add_slider(f"d{i}", f"Direction {i}", -REACH, REACH, 0, step=0.05)
                for i in range(1, count + 1)
            ]
        with ui.row().classes("items-center gap-2"):
            self.seed = self.add_seed("seed", "Seed of all other directions")
            self.seed.classes("w-56", remove="w-32")
            button("To the middle", self._center)
        self._drawn: tuple | None = None
        self._moving = False
        self.draw_map = self.call(self._draw_map, self._show_map)
        self.draw = self.call(self._draw, self._show)

    def _find(self, model):
        return self.once("directions", lambda: compute.find_directions(model, self.entry))

    def _draw_map(self, model, seed, label):
        directions = self._find(model)
        return directions.map(directions.start(seed), label, SIDE, REACH)

    def _draw(self, model, seed, label, positions):
        directions = self._find(model)
        z = directions.codes(directions.start(seed), positions[None])
        return z[0], compute.decode(model, z, [label])[0]

    def refresh(self):
        given = seed_of(self.seed), self.label.value if self.label else 0
        if given != self._drawn:  # it does not depend on the position
            self._drawn = given
            self.draw_map.request(*given)
        self.draw.request(*given, np.array([made.value for made in self.sliders], np.float32))

    def _move(self, event):
        across, down = event.args
        reach = REACH * SIDE / (SIDE - 1)  # at the edge; REACH is in the middle of the last image
        self._go(reach * (2 * across - 1), reach * (1 - 2 * down))

    def _center(self):
        self._go(*[0] * len(self.sliders))

    def _go(self, *positions):
        """Moves sliders, with one request for all of them."""
        self._moving = True
        for made, position in zip(self.sliders, positions, strict=False):
            made.set_value(float(np.clip(round(position, 2), -REACH, REACH)))
        self._moving = False
        self.changed()

    def changed(self):
        if not self._moving:
            super().changed()

    def _show_map(self, x):
        self.map.show_grid(x, SIDE)

    def _show(self, found):
        z, x = found
        self.made = {"z": z, "x": x}
        self.picture.show(x)
        labels = {"y": [self.label.value]} if self.label else {}
        self.code.set("decode", z=z[None], **labels)


class Recognisable(Control):
    """InfoGAN's codes: a category, and numbers that can be read off the image."""

    title, key = "Codes that can be recognised", "codes"
    text = (
        "A category and a few numbers that the model found by itself and can read off an image. "
        "Nobody told it what they mean."
    )
    needs = ("decode",)

    @classmethod
    def fits(cls, entry):
        return super().fits(entry) and "categories" in entry.config

    def build(self):
        self.categories = self.entry.config["categories"]
        numbers = self.entry.config["uniform_codes"]
        self.picture = Picture("The categories with these numbers", 560, (2, 5))
        quiet("One image for each category, with the same numbers and the same noise.")
        self.sliders = [
            self.add_slider(f"c{i}", f"Number {i}", -2, 2, 0, step=0.05)
            for i in range(1, numbers + 1)
        ]
        with ui.row().classes("items-center gap-2"):
            self.seed = self.add_seed("seed", "Seed of the noise")
            self.save_picture(self.picture)
        self.draw = self.call(lambda model, z: (z, compute.decode(model, z, None)), self._show)

    def refresh(self):
        count, size = self.categories, self.entry.inputs["z"].shape[0]
        noise = np.random.default_rng(seed_of(self.seed)).normal(
            size=size - count - len(self.sliders)
        )
        rest = np.concatenate([[made.value for made in self.sliders], noise])
        z = np.concatenate([np.eye(count), np.tile(rest, (count, 1))], 1).astype(np.float32)
        self.draw.request(z)

    def _show(self, found):
        z, x = found
        self.made = {"z": z, "x": x}
        self.picture.show_grid(x, 5)
        self.code.set("decode", z=z)
