#!/usr/bin/env python3
"""Answers one of the questions in docs/questions by experiment: page, table and figure.

scripts/experiment.py kl_terms --dataset=mnist

{names}
"""

import pathlib

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags
from zoo.experiments import registry
from zoo.exports import versions

__doc__ = __doc__.format(names="The experiments are " + ", ".join(registry.names()) + ".")

shared_flags.define_data_flags()
_DATASET = flags.DEFINE_string("dataset", "mnist", "TFDS name, or folder of images.")
_EPOCHS = flags.DEFINE_integer("num_epochs", None, "Epochs of each VAE; 50 if not given.", 1)
_RUNS = flags.DEFINE_string("runs", None, "Folder of the runs; default runs/experiments_DATASET.")
_DOCS = flags.DEFINE_string("docs", None, "Folder of the page; that of the runs if not given.")


def main():
    from zoo import data
    from zoo.errors import UserError
    from zoo.experiments import pages
    from zoo.training import strategy

    if _EPOCHS.value and not pages.takes_epochs(NAME):
        raise UserError(f"--num_epochs does nothing for {NAME}, which trains no VAE: leave it out.")
    num_epochs = _EPOCHS.value or pages.PUBLISHED["epochs"]
    name = versions.export_name("experiments", _DATASET.value)
    runs = files.tensorflow_path(_RUNS.value or pathlib.Path("runs") / name)
    docs = files.user_path(_DOCS.value or runs)
    dataset = data.load(_DATASET.value, **shared_flags.data_places())
    print(pages.run_experiment(NAME, dataset, runs, docs, num_epochs, strategy.create("auto")))
    print(f"Written to {docs / NAME}.md.")


if __name__ == "__main__":
    NAME = command_line.first_argument()
    command_line.run(main, lambda: registry.check_name(NAME))
