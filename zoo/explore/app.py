"""The addresses of the page: the gallery, a model each, and the comparison."""

from fastapi import Request
from nicegui import Client, app, ui

from zoo.explore import examples, theme
from zoo.explore.address import Address
from zoo.explore.collection import PICTURES, Collection
from zoo.explore.compare import Compare
from zoo.explore.gallery import Gallery
from zoo.explore.model_view import ModelView
from zoo.explore.parts import link, quiet

EXAMPLES = "/examples"


def serve(collection: Collection, port: int, show: bool) -> None:
    """Serves the page on this machine until it is interrupted.

    Args:
      collection: the models.
      port: of the page.
      show: opens a browser.
    """
    app.add_static_files(PICTURES, str(collection.folder))
    app.add_static_files(EXAMPLES, str(examples.FOLDER))

    @ui.page("/")
    def gallery():
        Gallery(collection, EXAMPLES).build()

    @ui.page("/compare")
    def compare(client: Client, request: Request):
        Compare(collection, Address(client, "/compare", request.query_params)).build()

    @ui.page("/{name}")
    def model(client: Client, request: Request, name: str):
        entry = collection.entries.get(name)
        if entry is None:
            client.status_code = 404
            with theme.frame("Unknown model"):
                quiet(f"There is no model {name!r} here.").props("role=alert")
                link("All models", "/")
            return
        address = Address(client, f"/{name}", request.query_params)
        ModelView(collection, entry, address).build()

    app.on_startup(lambda: print(f"Open http://localhost:{port}", flush=True))
    ui.run(
        host="localhost",
        port=port,
        title=theme.TITLE,
        reload=False,
        show=show,
        show_welcome_message=False,
        dark=None,
    )
