"""What all controls are made of."""

from collections.abc import Callable
from typing import Any

import numpy as np
from nicegui import context, ui

from zoo.explore import pictures
from zoo.explore.address import Address
from zoo.explore.calls import LastCall
from zoo.explore.code import Code
from zoo.explore.collection import Collection, Entry
from zoo.explore.parts import SEEDS, Card, downloads, label_buttons, seed_field, seed_of, slider
from zoo.explore.source import Source


class Control:
    """A card that asks a model and shows its answer.

    Args:
      collection: of all models.
      entry: the model's.
      address: of the page, which keeps the values of its fields.

    Attributes:
      title: of the card.
      text: what a visitor can do there.
      key: the beginning of its values in the address.
      needs: the signatures without which a model does not have it.
      of_images: whether it is for models of images, not for those of rows.
      label: buttons for the label of what the model is asked; None without them.
      made: arrays to save, by name.
    """

    title = ""
    text = ""
    key = ""
    needs: tuple[str, ...] = ()
    of_images = True
    label: ui.toggle | None = None

    def __init__(self, collection: Collection, entry: Entry, address: Address):
        self.collection, self.entry, self.address = collection, entry, address.part(self.key)
        self.made: dict[str, np.ndarray] = {}
        self._kept: dict[str, Callable[[], Any]] = {}
        self.card = Card(self.title, self.text)
        with self.card:
            self.build()
            self.code = Code(collection, entry, self.title)
        self.refresh()

    @classmethod
    def fits(cls, entry: Entry) -> bool:
        """Returns whether a model has what the control needs."""
        known = all(name in entry.signatures for name in cls.needs)
        return known and entry.images == cls.of_images

    def build(self) -> None:
        """Makes the fields and pictures."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Asks the model for the present values of the fields."""
        raise NotImplementedError

    def changed(self) -> None:
        """Writes the fields into the address and asks the model."""
        self.address.set(**{name: value() for name, value in self._kept.items()})
        self.refresh()

    # --- Fields that the address keeps --------------------------------------------------------

    def keep(self, name: str, value: Callable[[], Any]) -> None:
        """Keeps what a function returns in the address."""
        self._kept[name] = value

    def add_seed(self, name: str, title: str, default: int = 0) -> ui.number:
        """A field for a seed."""
        field = seed_field(title, self.address.whole(name, default, 0, SEEDS), self.changed)
        self.keep(name, lambda: seed_of(field))
        return field

    def add_slider(self, name: str, title: str, low, high, default, **given) -> ui.slider:
        """A slider under its title."""
        value = self.address.number(name, default, low, high)
        made = slider(title, low, high, value, self.changed, **given)
        self.keep(name, lambda: f"{made.value:g}")
        return made

    def add_label(self, name: str, title: str, default: int, first: str = "") -> ui.toggle:
        """Buttons for labels; with `first`, another one before them, -1."""
        names = self.entry.spec.label_names
        value = self.address.whole(name, min(default, len(names) - 1), -bool(first), len(names) - 1)
        made = label_buttons(names, title, value, self.changed, first)
        self.keep(name, lambda: made.value)
        return made

    def add_label_of(self, signature: str, title: str, default: int) -> ui.toggle | None:
        """Buttons for the label that a signature takes; None if it takes none."""
        takes = "y" in self.entry.signatures[signature]
        return self.add_label("y", title, default) if takes else None

    def add_source(
        self, name: str, title: str, chosen: tuple[int, int], *, tells_label: bool = False
    ) -> Source:
        """An image to draw; the address keeps which test image it is, if it is one.

        With `tells_label` the buttons `self.label` follow the label of the test image.
        """
        words = self.address.text(name, "").split("-")
        if len(words) == 2 and all(word.isdecimal() and len(word) < 4 for word in words):
            chosen = int(words[0]), int(words[1])

        def changed():
            if tells_label:
                made.tell_label(self.label)
            self.changed()

        made = Source(self.entry, title, changed, chosen)
        self.keep(name, lambda: made.name)
        return made

    # --- Parts of controls --------------------------------------------------------------------

    def call(self, compute: Callable, show: Callable) -> LastCall:
        """Returns a call of the model; `compute` gets the model, then what is requested."""

        def loaded(*args):
            return compute(self.collection.load(self.entry.name), *args)

        return LastCall(loaded, show, self.card.status, context.client)

    def once(self, what: str, make: Callable):
        """Returns make(), computed once for all visitors."""
        return self.collection.once(self.entry.name, what, make)

    def save_picture(self, picture, **others) -> None:
        """Buttons to save a picture and the arrays behind it."""

        def png():
            return None if picture.x is None else pictures.to_png(picture.x, 4)

        downloads(self.entry.name, self.title, png=png, npz=self._npz, **others)

    def save_arrays(self) -> None:
        """A button to save what the model answered."""
        downloads(self.entry.name, self.title, npz=self._npz)

    def _npz(self):
        return pictures.to_npz(**self.made) if self.made else None
