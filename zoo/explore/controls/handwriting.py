"""A drawing with every label, in its own style."""

import numpy as np
from nicegui import ui

from zoo.errors import UserError
from zoo.explore import compute
from zoo.explore.controls.control import Control
from zoo.explore.parts import NARROW, WIDE, Picture, quiet

GUESS = -1


class Handwriting(Control):
    """An image is taken apart into a label and a style; the style is kept with every label."""

    title, key = "Your style, every label", "style"
    text = "Draw one, and see all labels in the same style while you draw."
    needs = ("restyle",)

    def build(self):
        with ui.row().classes("w-full items-start gap-6"):
            with ui.column().classes(NARROW):
                self.source = self.add_source("image", "Your image", (4, 1))
            with ui.column().classes(WIDE):
                self.picture = Picture("Your style with every label", 520, (2, 5))
                self.save_picture(self.picture)
        self.guessed = quiet().props("role=status")
        self.guesser = self._find_guesser()
        first, value = ("guess", GUESS) if self.guesser else ("", 0)
        self.label = self.add_label("y", "What your image shows", value, first)
        self.draw = self.call(self._restyle, self._show)

    def _find_guesser(self):
        """The name of a model that tells what an image shows: this one, or a classifier."""
        if "classify" in self.entry.signatures:
            return self.entry.name
        return self.collection.classifier(self.entry)

    def _restyle(self, model, x, label):
        guessed = label == GUESS
        if guessed:
            try:
                probs = compute.classify(self.collection.load(self.guesser), x)
            except UserError as error:
                if self.guesser == self.entry.name:
                    raise
                raise UserError(f"Choose what your image shows, since {error}") from error
            label = int(np.argmax(probs))
        return label, guessed, x, compute.restyle(model, x, label)

    def refresh(self):
        label = self.label.value
        if label == GUESS and self.source.label is not None:
            label = self.source.label
        self.draw.request(self.source.x, label)

    def _show(self, found):
        label, guessed, x, restyled = found
        name = self.entry.spec.label_names[label]
        self.guessed.set_text(f"Label of your image: {name}{' (guessed)' if guessed else ''}")
        self.made = {"x": restyled}
        self.picture.show_grid(restyled, 5)
        count = len(restyled)
        self.code.set(
            "restyle",
            x=np.repeat(x[None], count, 0),
            y=np.full(count, label),
            y_new=np.arange(count),
        )
