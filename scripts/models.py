#!/usr/bin/env python3
"""Lists the models that can be trained, and the trained models in a folder.

scripts/models.py
scripts/models.py --saved_models=runs/cvae_mnist_5k/export
"""

from absl import flags

from zoo.cli import command_line
from zoo.errors import UserError
from zoo.exports import catalog, repository

_SAVED_MODELS = flags.DEFINE_string(
    "saved_models",
    None,
    "Folder or address of trained models. If not given, the environment's ZOO_MODELS, or "
    "saved_models/ of the checkout.",
)


def show():
    try:
        found = catalog.list_models(_SAVED_MODELS.value)
        trained = f"Trained models in {repository.Place(_SAVED_MODELS.value)}:\n\n{found}"
    except UserError as error:
        if _SAVED_MODELS.value:
            raise
        trained = error  # an installed package has no trained models; the caller did nothing wrong
    print("Models to train with --model=NAME:", catalog.list_entries(), trained, sep="\n\n")


if __name__ == "__main__":
    command_line.run(None, show)
