#!/usr/bin/env python3
"""Trains a model with several values of its fields and compares the runs.

scripts/sweep.py --model=gmm --dataset=ring --over=num_components=1,2,4,8,16 --over=seed=0,1,2

Prints a table (mean and standard deviation over seeds) and the best values, and writes them to a
folder as README.md, with sweep.json and, for one numeric field, sweep.png. Run it again to resume.
"""

import pathlib

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags

shared_flags.define_config_flags()
shared_flags.define_data_flags()
_OVER = flags.DEFINE_multi_string("over", None, "FIELD=VALUE,VALUE,...; may be given again.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Default runs/sweep_MODEL_DATASET.")
_REPORT = flags.DEFINE_string("report", None, "Folder of the report; default WORKDIR.")
_SAMPLES = flags.DEFINE_integer(
    "importance_samples", 0, "Codes per image for the log-likelihood of a VAE; 0 skips it.", 0
)
_STRATEGY = shared_flags.define_strategy_flag()
flags.mark_flag_as_required("over")


def main():
    from zoo.exports import versions
    from zoo.runs import sweep
    from zoo.training import strategy

    config = flags.FLAGS.config
    fields = sweep.parse_fields(config, _OVER.value)
    strategy_ = strategy.create(_STRATEGY.value)
    name = versions.export_name(f"sweep_{config.model}", config.dataset)
    workdir = files.tensorflow_path(_WORKDIR.value or pathlib.Path("runs") / name)
    dataset = shared_flags.load_data(config)
    config = shared_flags.adapt(config, dataset, fields)
    rows = sweep.run_sweep(config, fields, dataset, workdir, strategy_, _SAMPLES.value)

    folder = files.user_path(_REPORT.value or workdir)
    print(sweep.write_report(config, rows, fields, folder, _SAMPLES.value))
    print(f"Written to {folder / 'README.md'}.")


def prepare():
    for folder in (_WORKDIR.value, _REPORT.value):
        files.check_writable(files.tensorflow_path(folder or "runs"))


if __name__ == "__main__":
    command_line.run(main, prepare)
