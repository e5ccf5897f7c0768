#!/usr/bin/env python3
"""Lists the models that can be trained, and the trained models in a folder.

scripts/models.py
scripts/models.py --saved_models=runs/cvae_mnist_5k/export
"""

from absl import flags

from zoo import command_line, listings
from zoo.errors import UserError
from zoo.serving import places

_SAVED_MODELS = flags.DEFINE_string(
    "saved_models",
    None,
    "Folder or address of trained models. If not given, that of the environment's ZOO_MODELS, or "
    "saved_models/ of the checkout.",
)


def show():
    try:
        found = listings.models(_SAVED_MODELS.value)
        trained = f"Trained models in {places.Place(_SAVED_MODELS.value)}:\n\n{found}"
    except UserError as error:
        if _SAVED_MODELS.value:
            raise
        trained = error  # an installation has none, which is no fault of the caller's
    print("Models to train with --model=NAME:", listings.entries(), trained, sep="\n\n")


if __name__ == "__main__":
    command_line.run(None, show)
