"""One model: its samples, what makes it special, the rest that it can do, and what it is."""

from nicegui import ui

from zoo.explore import controls, theme
from zoo.explore.address import Address
from zoo.explore.collection import Collection, Entry
from zoo.explore.parts import link, quiet

COLUMN = "contents lg:flex lg:flex-col lg:gap-6 lg:flex-1 lg:min-w-0"


class ModelView:
    """The page of a model.

    Args:
      collection: of all models.
      entry: the model's.
      address: of the page.
    """

    def __init__(self, collection: Collection, entry: Entry, address: Address):
        self.collection, self.entry, self.address = collection, entry, address

    def build(self) -> None:
        """Builds the page."""
        entry = self.entry
        given = [("Compare", f"/compare?models={entry.name}")]
        with theme.frame(entry.name, given):
            with ui.column().classes("gap-2 w-full"):
                ui.label(entry.name).classes("text-2xl font-semibold break-all").props(
                    'role=heading aria-level="1"'
                )
                self._about()
            # One column on a narrow screen, in the order of the controls; two on a wide one.
            found = controls.find_controls(entry)
            if not found:
                quiet("There is nothing to try here for a model of such rows: its card has code.")
            with ui.element("div").classes("w-full flex flex-col lg:flex-row gap-6 items-start"):
                columns = [ui.element("div").classes(COLUMN) for _ in found[:2]]
            for i, control in enumerate(found):
                with columns[i % 2]:
                    made = control(self.collection, entry, self.address)
                made.card.element.style(f"order: {i}")

    def _about(self):
        entry = self.entry
        quiet(entry.about).classes("whitespace-pre-line max-w-3xl")
        with ui.row().classes("gap-4 items-center"):
            if entry.reached:
                ui.label(entry.reached).classes("text-sm font-semibold")
            for number in entry.papers:
                link(f"arXiv {number}", f"https://arxiv.org/abs/{number}", new_tab=True)
        if entry.card:
            with ui.expansion("Its card: training, figures, limits", icon="description"):
                text = entry.card.read_text().split("---\n", 2)[-1].partition("\n## ")
                ui.markdown("## " + text[2]).classes("max-w-full overflow-x-auto")
