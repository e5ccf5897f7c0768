#!/usr/bin/env python3
"""Lists the models that can be trained, and the trained models in a folder.

scripts/models.py
scripts/models.py --saved_models=runs/cvae_mnist_5k/export
"""

from absl import flags

from zoo import command_line, listings, versions
from zoo.errors import UserError

_SAVED_MODELS = flags.DEFINE_string(
    "saved_models", None, "Folder of trained models; saved_models/ of the checkout if not given."
)


def show():
    print("Models to train with --model=NAME:", listings.entries(), sep="\n\n")
    try:
        folder = versions.models_folder(_SAVED_MODELS.value)
    except UserError as error:
        if _SAVED_MODELS.value:
            raise
        print(f"\n{error}")
    else:
        print(f"\nTrained models in {folder}:", listings.models(folder), sep="\n\n")


if __name__ == "__main__":
    command_line.run(None, show)
