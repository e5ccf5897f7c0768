"""Parts of images that are drawn again: lower parts, lower levels, tokens, all but the code."""

import math

import numpy as np
from nicegui import ui

from zoo.explore import compute
from zoo.explore.controls.control import Control
from zoo.explore.parts import NARROW, WIDE, Picture, label_buttons, quiet, seed_of

COUNT = 8


class Repainted(Control):
    """An image, and what a model makes of it, several times."""

    of_source, of_picture = "Your image", ""

    def build(self):
        with ui.row().classes("w-full items-start gap-6"):
            with ui.column().classes(NARROW):
                self.source = self.add_source("image", self.of_source, (3, 0), tells_label=True)
            with ui.column().classes(WIDE):
                self.picture = Picture(self.of_picture, 520, (2, COUNT // 2))
                self.build_fields()
                self.save_picture(self.picture)

    def build_fields(self) -> None:
        """Makes the fields beside the picture, and the call."""
        raise NotImplementedError

    def show(self, x) -> None:
        """Shows the images [N, H, W, C]."""
        self.made = {"x": x}
        self.picture.show_grid(x, COUNT // 2)

    def repeated(self):
        """Returns the image COUNT times, and as many seeds, for the code."""
        seed = seed_of(self.seed)
        return np.repeat(self.source.x[None], COUNT, 0), np.arange(seed, seed + COUNT)


class Completion(Repainted):
    """An image whose lower part is drawn again, pixel by pixel."""

    title, key = "Complete what you drew", "completion"
    text = "Draw the upper part of an image. The model draws the rest, eight times."
    needs = ("complete",)
    of_source, of_picture = "Image to complete", "Eight completions"

    def build_fields(self):
        self.kept = self.add_slider(
            "kept", "Part that is kept, from the top", 0, 1, 0.5, step=1 / 14
        )
        self.label = self.add_label_of("complete", "Label of the completions", 3)
        self.seed = self.add_seed("seed", "Seed of the completions")
        self.seed.classes("w-56", remove="w-32")
        self.draw = self.call(compute.complete, self.show)

    def refresh(self):
        x, seeds = self.repeated()
        mask = compute.keep_upper(self.source.x, self.kept.value, COUNT)
        label = self.label.value if self.label else 0
        labels = {"y": np.full(COUNT, label)} if self.label else {}
        self.code.set("complete", x=x, mask=mask, seed=seeds, **labels)
        self.draw.request(self.source.x, mask, seed_of(self.seed), label)


class Levels(Repainted):
    """An image whose lower levels of codes are drawn again."""

    title, key = "What each level holds", "levels"
    text = "Keep the upper levels of an image's codes, and let the model draw those below."
    needs = ("redraw",)
    of_picture = "Eight images with the same upper codes"

    def build_fields(self):
        levels = int(self.entry.inputs["level"].high)
        names = ["none", *(str(i) for i in range(1, levels)), "all"]
        quiet("Levels that are kept, from the top")
        value = self.address.whole("kept", 1, 0, levels)
        self.level = label_buttons(names, "Levels that are kept", value, self.changed)
        self.keep("kept", lambda: self.level.value)
        self.seed = self.add_seed("seed", "Seed of the lower levels")
        self.seed.classes("w-56", remove="w-32")
        self.draw = self.call(compute.redraw, self.show)

    def refresh(self):
        x, seeds = self.repeated()
        self.code.set("redraw", x=x, level=np.full(COUNT, self.level.value), seed=seeds)
        self.draw.request(self.source.x, self.level.value, seed_of(self.seed), COUNT)


class Tokens(Repainted):
    """An image some of whose tokens are replaced by others."""

    title, key = "What a token says", "tokens"
    text = (
        "Your image becomes a grid of tokens. Replace some of them at random: the image changes "
        "only around them."
    )
    of_picture = "Eight images, other tokens replaced in each"

    @classmethod
    def fits(cls, entry):
        return entry.images and "tokens" in entry.signatures.get("decode", ())

    def build_fields(self):
        count = math.prod(self.entry.inputs["tokens"].shape)
        self.replaced = self.add_slider(
            "replaced", "Tokens that are replaced", 0, count, count // 10, step=1
        )
        self.seed = self.add_seed("seed", "Seed of the replacements")
        self.seed.classes("w-56", remove="w-32")
        self.draw = self.call(compute.replace_tokens, self._show_replaced)

    def refresh(self):
        count = int(self.replaced.value)
        self.draw.request(self.source.x, count, seed_of(self.seed), COUNT)

    def _show_replaced(self, found):
        x, tokens = found
        self.code.set("decode", tokens=tokens)
        self.show(x)
        self.made["tokens"] = tokens


class Reconstruction(Control):
    """An image beside what its code keeps of it."""

    title, key = "What the code keeps", "code"
    text = "Your image is encoded, and its code is decoded. Draw what the model has never seen."
    needs = ("reconstruct",)

    def build(self):
        with ui.row().classes("w-full items-start gap-6"):
            with ui.column().classes(NARROW):
                self.source = self.add_source("image", "Image to encode", (8, 3), tells_label=True)
            with ui.column().classes(NARROW):
                self.picture = Picture("The reconstruction", 336)
                self.save_picture(self.picture)
        self.label = self.add_label_of("reconstruct", "Label of the image to encode", 8)
        self.draw = self.call(compute.reconstruct, self._show)

    def refresh(self):
        label = self.label.value if self.label else 0
        labels = {"y": [label]} if self.label else {}
        self.code.set("reconstruct", x=self.source.x[None], **labels)
        self.draw.request(self.source.x, label)

    def _show(self, x):
        self.made = {"x": x}
        self.picture.show(x)
