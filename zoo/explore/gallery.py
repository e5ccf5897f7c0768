"""The first page: all trained models by family, with their samples and what they reached."""

from nicegui import ui

from zoo.explore import examples, theme
from zoo.explore.collection import PICTURES, Collection, Entry
from zoo.explore.parts import quiet


class Gallery:
    """Cards that lead to the models, and a field to search them.

    Args:
      collection: of all models.
      examples: the address of the test images.
    """

    def __init__(self, collection: Collection, examples: str):
        self.collection, self.examples = collection, examples
        self.cards: list[tuple[str, ui.element]] = []
        self.groups: list[tuple[ui.element, list[ui.element]]] = []

    def build(self) -> None:
        """Builds the page."""
        with theme.frame("", [("Compare", "/compare")]):
            with ui.column().classes("gap-1"):
                ui.label("Trained generative models to play with").classes(
                    "text-2xl font-semibold"
                ).props('role=heading aria-level="1"')
                quiet("Choose one: draw, move through its codes, copy the code that does the same.")
            search = ui.input("Search", on_change=lambda event: self._search(event.value or ""))
            search.props('outlined dense clearable aria-label="Search the models"')
            search.classes("w-full max-w-sm")
            for family, entries in self.collection.families().items():
                self._family(family, entries)
            self.nothing = quiet("No model has all of these words.").props("role=status")
            self.nothing.set_visibility(False)

    def _family(self, family, entries):
        with ui.column().classes("w-full gap-3") as group:
            ui.label(family).classes("text-lg font-semibold").props('role=heading aria-level="2"')
            columns = "grid-cols-1 sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-4"
            with ui.grid().classes(f"w-full gap-4 {columns}"):
                cards = [self._card(entry) for entry in entries]
        self.groups.append((group, cards))

    def _card(self, entry: Entry):
        link = ui.link(target=f"/{entry.name}").classes("entry")
        with link, ui.card().tight().classes("w-full h-full"):
            with ui.element("div").classes("w-full").style("background: #888; height: 132px"):
                if source := self._picture(entry):
                    made = ui.element("img").classes("gallery-picture")
                    made.props(f'src="{source}" alt="" loading=lazy')
            with ui.column().classes("p-3 gap-1"):
                ui.label(entry.name).classes("font-semibold break-all")
                quiet(entry.sentence)
                if entry.reached:
                    ui.label(entry.reached).classes("text-sm font-medium")
        words = f"{entry.name} {entry.sentence} {entry.dataset} {entry.reached}".lower()
        self.cards.append((words, link))
        return link

    def _picture(self, entry):
        """The address of a picture; "" if there is none."""
        if entry.picture:
            return f"{PICTURES}/{entry.name}/{entry.picture.name}"
        sheet = examples.find(entry.dataset)  # such as a classifier, which has no samples
        return f"{self.examples}/{sheet.name}" if sheet else ""

    def _search(self, text):
        wanted = text.lower().split()
        for words, link in self.cards:
            link.set_visibility(all(word in words for word in wanted))
        for group, cards in self.groups:
            group.set_visibility(any(card.visible for card in cards))
        self.nothing.set_visibility(not any(link.visible for _, link in self.cards))
