"""The frame of all pages: colours, header, light and dark."""

from collections.abc import Sequence

from nicegui import ui

PRIMARY = "#1864ab"
# What the parts of the framework do not say: sharp pixels, pale text, thumbnails.
STYLE = """
body { background: #f6f7f9; }
body.body--dark { background: #15171a; }
.picture { image-rendering: pixelated; border-radius: 6px; display: block; height: auto; }
.way-image { width: 38%; max-width: 224px; }
.body--dark .q-card { background: #1f2226; }
.labels { max-width: 100%; }
.thumbnail { width: 34px; height: 34px; padding: 0; border: 1px solid #888; border-radius: 4px;
  overflow: hidden; cursor: pointer; }
.thumbnail img { width: 100%; height: 100%; image-rendering: pixelated; display: block; }
.gallery-picture { width: 100%; height: 132px; object-fit: cover; object-position: left bottom;
  image-rendering: pixelated; display: block; }
.entry { color: inherit !important; text-decoration: none; }
:focus-visible { outline: 3px solid #f08c00 !important; outline-offset: 1px; }
"""
TITLE = "Generative zoo"
# The browser keeps a visitor's choice; without one, its own setting counts.
KEEP_DARK = """<script type="module">
document.documentElement.lang = "en";
const kept = localStorage.getItem("dark");
if (kept !== null) Quasar.Dark.set(kept === "true");
</script>"""
SWITCH = """() => {
  Quasar.Dark.toggle();
  localStorage.setItem("dark", Quasar.Dark.isActive);
}"""


def frame(title: str, links: Sequence[tuple[str, str]] = ()) -> ui.column:
    """The header and the column of a page, as a context.

    Args:
      title: of the browser's tab; "" for the name of the page alone.
      links: texts and addresses in the header.
    """
    ui.page_title(f"{title} · {TITLE}" if title else TITLE)
    ui.colors(primary=PRIMARY)
    ui.add_css(STYLE)
    ui.add_head_html(KEEP_DARK)
    with ui.header().classes("items-center gap-4 px-4 py-2"):
        link = ui.link(TITLE, "/").classes("text-lg font-semibold no-underline text-white")
        link.style("color: white !important")
        for text, address in links:
            ui.link(text, address).style("color: white !important")
        ui.space()
        made = ui.button(icon="contrast").on("click", js_handler=SWITCH)
        made.props('flat round color=white aria-label="Light or dark"')
    return ui.column().classes("w-full max-w-7xl mx-auto p-2 sm:p-4 gap-6")
