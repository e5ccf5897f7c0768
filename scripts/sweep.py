#!/usr/bin/env python3
"""Trains a model with several values of its fields and compares the runs.

scripts/sweep.py --model=gmm --dataset=ring --over=num_components=1,2,4,8,16 --over=seed=0,1,2

Prints a table (mean and deviation over seeds) and the winners, and leaves them in a folder as
README.md, with sweep.json and, over one field of numbers, sweep.png. Started again, it goes on
where it was stopped.
"""

import pathlib

from absl import flags

from zoo import cli, command_line, files

cli.define_config_flags()
cli.define_data_flags()
_OVER = flags.DEFINE_multi_string("over", None, "FIELD=VALUE,VALUE,...; may be given again.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Default runs/sweep_MODEL_DATASET.")
_REPORT = flags.DEFINE_string("report", None, "Folder of the report; default WORKDIR.")
_STRATEGY = cli.define_strategy_flag()
flags.mark_flag_as_required("over")


def main():
    from zoo import sweeps, versions
    from zoo.training import strategy

    config = flags.FLAGS.config
    fields = sweeps.parse(config, _OVER.value)
    strategy_ = strategy.create(_STRATEGY.value)
    name = versions.export_name(f"sweep_{config.model}", config.dataset)
    workdir = files.tensorflow_path(_WORKDIR.value or pathlib.Path("runs") / name)
    dataset = cli.load_data(config)
    config = cli.adapt(config, dataset, fields)
    rows = sweeps.run(config, fields, dataset, workdir, strategy_)

    folder = files.user_path(_REPORT.value or workdir)
    print(sweeps.report(config, rows, fields, folder))
    print(f"Written to {folder / 'README.md'}.")


def prepare():
    for folder in (_WORKDIR.value, _REPORT.value):
        files.check_writable(files.tensorflow_path(folder or "runs"))


if __name__ == "__main__":
    command_line.run(main, prepare)
