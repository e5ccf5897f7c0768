#!/usr/bin/env python3
"""Opens a web page to play with trained models: sliders, labels, drawing, interpolation.

scripts/explore.py                                 the models of saved_models, on localhost:8080
scripts/explore.py --server=localhost:8501         the same models, answered by a model server
scripts/explore.py --saved_models=runs/a/export    those of a folder
"""

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
    from zoo import tf_startup
    from zoo.explore import app
    from zoo.explore.collection import Collection

    tf_startup.skip_graph_rewriting()
    folder = versions.models_folder(_SAVED_MODELS.value)
    app.serve(Collection(folder, _SERVER.value or ""), _PORT.value, _OPEN.value)


if __name__ == "__main__":
    command_line.run(main)
