#!/usr/bin/env python3
"""Opens a web page to play with trained models: sliders, labels, drawing, interpolation.

scripts/explore.py                                 the models of saved_models, on localhost:8080
scripts/explore.py --server=localhost:8501         the same models, answered by a model server
scripts/explore.py --saved_models=runs/a/export    those of a folder
"""

import functools

from absl import flags

from zoo.cli import command_line
from zoo.exports import versions

_SAVED_MODELS = flags.DEFINE_string(
    "saved_models", None, "Folder of trained models; saved_models/ of the checkout if not given."
)
_SERVER = flags.DEFINE_string(
    "server", None, "HOST:PORT of a model server (REST), or grpc://HOST:PORT, that answers."
)
_PORT = flags.DEFINE_integer("port", 8080, "Port of the page on this machine.", 1, 65535)
_OPEN = flags.DEFINE_bool("open", True, "Open the page in a browser.")


def main():
    from nicegui import app, ui

    import zoo
    from zoo.errors import UserError
    from zoo.explore.page import Page

    folder = versions.models_folder(_SAVED_MODELS.value)
    rows = zoo.list_models(folder).rows
    names = [row["model"] for row in rows if row["images"] and "sample" in row["signatures"]]
    if not names:
        raise UserError(f"{folder} holds no model that draws images: give --saved_models=FOLDER.")

    @functools.cache
    def load(name):
        if not _SERVER.value:
            return zoo.load(name, folder)
        return zoo.connect(_SERVER.value, name)

    @ui.page("/")
    def index():
        Page(names, load).build()

    app.on_startup(lambda: print(f"Open http://localhost:{_PORT.value}", flush=True))
    ui.run(
        host="localhost",
        port=_PORT.value,
        title="Generative zoo",
        reload=False,
        show=_OPEN.value,
        show_welcome_message=False,
    )


if __name__ == "__main__":
    command_line.run(main)
