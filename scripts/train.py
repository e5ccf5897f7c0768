#!/usr/bin/env python3
"""Trains a model, evaluates it, draws samples and exports a SavedModel.

scripts/train.py --model=cvae
scripts/train.py --model=cvae --dataset=mnist --config.latent_dim=20

Rerun the same command to resume. Exit codes: 0 done, 2 wrong input, 75 stopped by a signal after a
checkpoint.
"""

import pathlib

from absl import flags

from zoo import files
from zoo.cli import command_line, shared_flags

shared_flags.define_config_flags()
shared_flags.define_data_flags()
shared_flags.define_judge_flag()
_WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "Folder of the run; default runs/MODEL_DATASET plus the fields that are set.",
)
_EXPORT_DIR = flags.DEFINE_string("export_dir", None, "Folder of exports; default WORKDIR/export.")
_STRATEGY = shared_flags.define_strategy_flag()
_CONNECT_TIMEOUT = flags.DEFINE_float(
    "connect_timeout", 600.0, "Seconds to wait for the other workers of TF_CONFIG.", 0.0
)
_VIRTUAL_DEVICES = flags.DEFINE_integer(
    "virtual_devices", 0, "Number of virtual CPU devices to try replicas on.", 0
)


def main():
    from zoo.runs import run
    from zoo.training import strategy

    config = flags.FLAGS.config
    strategy_ = strategy.create(_STRATEGY.value, _VIRTUAL_DEVICES.value, _CONNECT_TIMEOUT.value)
    dataset = shared_flags.load_data(config)
    workdir = files.tensorflow_path(
        _WORKDIR.value or pathlib.Path("runs") / shared_flags.run_name(config)
    )
    config = shared_flags.adapt(config, dataset)
    run.train_and_export(
        config,
        dataset,
        workdir,
        files.tensorflow_path(_EXPORT_DIR.value or workdir / "export"),
        strategy_,
        shared_flags.load_judge(config, dataset.spec),
    )


def prepare():
    for path in (_WORKDIR.value, _EXPORT_DIR.value):
        files.check_writable(files.tensorflow_path(path or "runs"))


if __name__ == "__main__":
    command_line.run(main, prepare)
