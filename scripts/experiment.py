#!/usr/bin/env python3
"""Answers one of the questions in docs/questions by experiment: a page, a table, a figure.

scripts/experiment.py kl_terms --dataset=mnist
"""

import pathlib

from absl import flags

from zoo import cli

cli.define_data_flags()
_DATASET = flags.DEFINE_string("dataset", "mnist", "TFDS name, or folder of images.")
_EPOCHS = flags.DEFINE_integer("num_epochs", 50, "Epochs of each variant.", 1)
_RUNS = flags.DEFINE_string("runs", None, "Folder of the runs; default runs/experiments_DATASET.")
_DOCS = flags.DEFINE_string("docs", str(cli.ROOT / "docs" / "questions"), "Folder of the pages.")


def main():
    from zoo import data, experiments, files
    from zoo.serving import export
    from zoo.training import strategy

    dataset = data.load(_DATASET.value, **cli.data_places())
    runs = _RUNS.value or pathlib.Path("runs") / export.export_name("experiments", dataset.name)
    docs = files.user_path(_DOCS.value)
    trained_under = strategy.create("auto")
    print(experiments.run(NAME, dataset, pathlib.Path(runs), docs, _EPOCHS.value, trained_under))
    print(f"Written to {docs / NAME}.md.")


if __name__ == "__main__":
    NAME = cli.first_argument()
    cli.run(main)
