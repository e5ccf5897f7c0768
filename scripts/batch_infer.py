#!/usr/bin/env python3
"""Runs a signature over a whole dataset by Apache Beam; needs requirements-beam.txt.

scripts/batch_infer.py --saved_model=saved_models/cvae_mnist --signature=encode \
    --dataset=mnist --split=train,validation --out=codes
scripts/batch_infer.py --saved_model=saved_models/vae_mnist --signature=score \
    --records='images/*.tfrecord' --out=scores --format=tfrecord

Rows come from a TFDS name, an image folder or TFRecord files. They go to Parquet or TFRecord shards
with a key ("train/17", or the record's own) and the outputs. Any runner of Beam will do:
--runner=FlinkRunner --beam_options=--flink_master=HOST:8081.
"""

from absl import flags, logging

from zoo import files
from zoo.cli import command_line, shared_flags
from zoo.errors import UserError

shared_flags.define_data_flags()
_SAVED_MODEL = flags.DEFINE_string(
    "saved_model", None, "Name of a trained model or folder of an export.", required=True
)
_SIGNATURE = flags.DEFINE_string(
    "signature", None, "Signature to run; it has to take images.", required=True
)
_DATASET = flags.DEFINE_string("dataset", "", "TFDS name or image folder.")
_SPLIT = flags.DEFINE_list("split", ["test"], "train, validation, test, or several of them.")
_RECORDS = flags.DEFINE_string("records", "", "Pattern of TFRecord files with tf.train.Examples.")
_OUT = flags.DEFINE_string("out", None, "Folder for the shards.", required=True)
_FORMAT = flags.DEFINE_enum("format", "parquet", ["parquet", "tfrecord"], "Output file format.")
_BATCH = flags.DEFINE_integer("batch_size", 256, "Rows per call.", 1)
_BROKEN = flags.DEFINE_enum(
    "broken", "skip", ["skip", "fail"], "What to do with a record that cannot be read."
)
_RUNNER = flags.DEFINE_string("runner", "DirectRunner", "Beam runner.")
_OPTIONS = flags.DEFINE_list(
    "beam_options", [], "Options of the runner: --NAME=VALUE,--NAME=VALUE."
)


def prepare():
    shared_flags.find_saved_model()
    if bool(_DATASET.value) == bool(_RECORDS.value):
        raise UserError("Say where images come from: --dataset=NAME or --records=FILES.")
    files.check_writable(_OUT.value)


def main():
    from zoo.serving import beam_job

    logging.set_verbosity(logging.ERROR)  # Beam warns of clouds that are not installed
    source = beam_job.Source(
        _DATASET.value, _SPLIT.value, _RECORDS.value, shared_flags.data_places()
    )
    out = files.user_path(_OUT.value)
    job = beam_job.Job(
        str(files.user_path(_SAVED_MODEL.value)),
        _SIGNATURE.value,
        out,
        _FORMAT.value,
        _BATCH.value,
        _BROKEN.value,
    )
    print(
        f"{beam_job.run_job(source, job, _RUNNER.value, _OPTIONS.value):,} rows written to {out}."
    )


if __name__ == "__main__":
    command_line.run(main, prepare)
