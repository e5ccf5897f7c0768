"""Runs a signature over a whole dataset, on any runner of Apache Beam.

It needs requirements-beam.txt; nothing else of the zoo imports this module.
"""

import contextlib
import pathlib
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf
from apache_beam.ml.inference.base import KeyedModelHandler, ModelHandler, RunInference
from apache_beam.options.pipeline_options import PipelineOptions
from pyarrow import parquet

import zoo
from zoo import data
from zoo.errors import UserError, first_line, near_miss
from zoo.serving.signature_methods import SignatureCalls

# Number of rows that a worker reads at a time.
_RANGE = 2000
FORMATS = ("parquet", "tfrecord")
BROKEN = ("skip", "fail")
SKIPPED = "skipped"


class Source(NamedTuple):
    """Where images come from.

    Attributes:
      dataset: TFDS name or image folder; "" if they come from records.
      splits: of the dataset, "train", "validation" and "test".
      records: pattern of TFRecord files of tf.train.Examples with "image", encoded, or "x", the
        numbers, "y" where the signature takes labels, and "key" by which rows are found again.
      places: data_dir and manual_dir of zoo.data.load.
    """

    dataset: str
    splits: Sequence[str] = ("test",)
    records: str = ""
    places: dict[str, Any] = {}  # noqa: RUF012  (never written to)


class Job(NamedTuple):
    """What to compute, and where to write it.

    Attributes:
      saved_model: path of the export.
      signature: its name.
      out: folder of the output's shards.
      format: of FORMATS.
      batch_size: rows of one call.
      broken: what to do with a record that cannot be read, of BROKEN.
    """

    saved_model: str
    signature: str
    out: pathlib.Path
    format: str = "parquet"
    batch_size: int = 256
    broken: str = "skip"


class _Handler(ModelHandler[dict, dict, SignatureCalls]):
    """Runs a signature of one of the zoo's exports."""

    def __init__(self, job):
        super().__init__()
        self._path, self._signature, self._size = job.saved_model, job.signature, job.batch_size

    def load_model(self):
        return zoo.load(self._path)

    def batch_elements_kwargs(self):
        return {"min_batch_size": 1, "max_batch_size": self._size}

    def run_inference(self, batch, model, inference_args=None) -> Iterable[dict]:
        names = model.signatures[self._signature]
        given = {name: np.stack([row[name] for row in batch]) for name in names}
        outputs = getattr(model, self._signature)(**given)
        if not isinstance(outputs, dict):
            outputs = {model.output_names(self._signature)[0]: outputs}
        for i in range(len(batch)):
            yield {name: value[i] for name, value in outputs.items()}


class _ReadRows(beam.DoFn):
    """Reads (key, row) of a range of a split; each worker holds one copy of the split."""

    def __init__(self, source, preparation, labels):
        self._source, self._preparation, self._labels = source, preparation, labels

    def setup(self):
        self._data = data.load(self._source.dataset, **self._source.places, **self._preparation)

    def process(self, element):
        name, start, end = element
        split = getattr(self._data, name)
        for i in range(start, min(end, split.size)):
            y = split.y[i] if self._labels is None else np.int32(self._labels[split.y[i]])
            yield f"{name}/{i}", {"x": split.x[i], "y": y, "seed": i}


def run_job(source: Source, job: Job, runner: str, options: Sequence[str] = ()) -> int:
    """Runs the job; returns the number of rows.

    Shards have columns `key` and the outputs, flattened. A job that is killed writes no shard;
    run the same command again.

    Args:
      source: of the rows.
      job: what is computed.
      runner: a runner of Beam, such as "DirectRunner".
      options: of the runner, as "--name=value".

    Raises:
      UserError: if the export has no such signature, or the source lacks one of its inputs.
    """
    model = zoo.load(job.saved_model)
    given = model.signatures.get(job.signature)
    if given is None or not set(given) <= {"x", "y", "seed"}:
        known = [k for k, names in model.signatures.items() if set(names) <= {"x", "y", "seed"}]
        raise UserError(
            f"--signature={job.signature}: expected one that takes images, of {job.saved_model} "
            f"{' or '.join(known) or 'none'}."
        )
    if list(job.out.glob("part-*")):
        raise UserError(
            f"{job.out} holds the output of another job: remove it or choose another --out."
        )
    _clean(job.out)
    _check_options(options)
    with (
        _failures(),
        beam.Pipeline(runner=runner, options=PipelineOptions(list(options))) as pipeline,
    ):
        if source.records:
            rows = (
                pipeline
                | "Read" >> beam.io.ReadFromTFRecord(source.records)
                | "Parse" >> beam.FlatMap(_parse_or_skip, model.spec.shape, job.broken)
            )
        else:
            ranges, preparation, labels = _plan(source, model, "y" in given)
            rows = (
                pipeline
                | "Ranges" >> beam.Create(ranges)
                | "Spread" >> beam.Reshuffle()
                | "Read" >> beam.ParDo(_ReadRows(source, preparation, labels))
            )
        results = rows | RunInference(KeyedModelHandler(_Handler(job)))
        _write(results, job, model.output_names(job.signature))
    _clean(job.out)
    wanted = beam.metrics.MetricsFilter().with_name(SKIPPED)
    counters = pipeline.result.metrics().query(wanted)["counters"]
    if skipped := sum(counter.committed for counter in counters):
        print(f"{skipped:,} records that cannot be read were left out.", file=sys.stderr)
    return _count(job)


def _check_options(options):
    """Raises a UserError for options that Beam would ignore because it does not know them."""
    unknown = PipelineOptions(list(options)).get_all_options(retain_unknown_options=True)
    known = PipelineOptions([]).get_all_options(retain_unknown_options=True)
    wrong = sorted(unknown.keys() - known.keys())
    if wrong:
        raise UserError(
            f"--beam_options: Beam has no option {wrong[0]!r}{near_miss(wrong[0], known)}."
        )


@contextlib.contextmanager
def _failures():
    """Unwraps a UserError that ended a job."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # Beam wraps errors of a step
        found = re.search(r"UserError: (.*)", str(error))
        if not found:
            raise
        raise UserError(found[1]) from None


def _plan(source, model, with_labels):
    """Ranges of rows, how images are prepared, and the model's labels of the dataset's classes."""
    config = model.config
    preparation = {
        field: config[field]
        for field in ("image_size", "channels", "fit", "background", "validation_fraction")
        if field in config
    }
    loaded = data.load(source.dataset, **source.places, **preparation)
    if loaded.spec.shape != model.spec.shape:
        raise UserError(
            f"{source.dataset} has rows of shape {loaded.spec.shape}, the model takes "
            f"{model.spec.shape}."
        )
    ranges, labels = [], _map_labels(loaded.spec, source.dataset, model) if with_labels else None
    for name in source.splits:
        split = getattr(loaded, name, None)
        if split is None:
            raise UserError(f"--split={name}: expected train, validation or test, or several.")
        if not isinstance(split, data.InMemory):
            raise UserError(f"{source.dataset} is too large for memory: give it as TFRecord files.")
        if with_labels and split.count_unknown():
            raise UserError(
                f"{split.count_unknown():,} rows of {source.dataset}, split {name}, have no label, "
                "and the signature takes y."
            )
        ranges += [(name, start, start + _RANGE) for start in range(0, split.size, _RANGE)]
    return ranges, preparation, labels


def _map_labels(spec, dataset, model):
    """The model's label of each class of the dataset, by name; None if they are the same.

    Classes of a folder are numbered by the names that it has, which may be some of the model's.
    """
    if not spec.num_classes:
        raise UserError(f"{dataset} has no labels, and the signature takes y.")
    if not spec.class_names or not model.class_names:
        if spec.num_classes > model.spec.num_classes:
            raise UserError(
                f"{dataset} has {spec.num_classes} classes, the model {model.spec.num_classes}."
            )
        return None
    unknown = [name for name in spec.class_names if name not in model.class_names]
    if unknown:
        raise UserError(
            f"{dataset} has the class {unknown[0]!r}, which the model does not know."
            f"{near_miss(unknown[0], model.class_names)} It knows {', '.join(model.class_names)}."
        )
    return [model.class_names.index(name) for name in spec.class_names]


def _parse_or_skip(record, shape, broken):
    """(key, row) of a tf.train.Example; nothing, and a line that names it, if it is broken."""
    try:
        yield _parse(record, shape)
    except Exception as error:  # protobuf, TensorFlow and this module raise different errors
        reason = first_line(error)
        text = f"The record {_key_of(record)!r} cannot be read: {reason}"
        if broken == "fail":
            raise UserError(text) from error
        print(f"{text} It is left out.", file=sys.stderr, flush=True)
        beam.metrics.Metrics.counter(__name__, SKIPPED).inc()


def _key_of(record):
    """The key of a record, if it has one that can be read, or its first bytes."""
    try:
        key = tf.train.Example.FromString(record).features.feature["key"].bytes_list.value
        return key[0].decode()
    except Exception:  # as above
        return record[:20].hex()


def _parse(record, shape):
    """(key, row) of a tf.train.Example."""
    features = tf.train.Example.FromString(record).features.feature
    if "image" in features:
        x = tf.io.decode_image(features["image"].bytes_list.value[0], shape[-1]).numpy()
    else:
        x = np.array(features["x"].float_list.value, np.float32)
    if x.size != np.prod(shape):
        raise UserError(f"A record holds {x.size} numbers, the model takes {shape}.")
    row = {"x": x.reshape(shape), "seed": 0}
    for name in ("y", "seed"):
        if features[name].int64_list.value:
            row[name] = features[name].int64_list.value[0]
    key = features["key"].bytes_list.value
    return key[0].decode() if key else "", row


def _write(results, job, names):
    prefix = str(job.out / "part")
    if job.format == "tfrecord":
        examples = results | "Encode" >> beam.Map(_to_example)
        return examples | beam.io.WriteToTFRecord(prefix, file_name_suffix=".tfrecord")
    numbers = [(name, pa.list_(pa.float32())) for name in names]
    schema = pa.schema([("key", pa.string()), *numbers])
    rows = results | "Flatten" >> beam.Map(_to_row)
    return rows | beam.io.WriteToParquet(prefix, schema, file_name_suffix=".parquet")


def _to_row(result):
    key, outputs = result
    return {"key": key, **{name: np.ravel(value).tolist() for name, value in outputs.items()}}


def _to_example(result):
    row, example = _to_row(result), tf.train.Example()
    example.features.feature["key"].bytes_list.value.append(row.pop("key").encode())
    for name, values in row.items():
        example.features.feature[name].float_list.value.extend(values)
    return example.SerializeToString()


def _clean(folder):
    """Removes the temporary files of a killed job."""
    for leftover in folder.glob("beam-temp-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _count(job):
    shards = sorted(str(path) for path in job.out.glob(f"part-*.{job.format}"))
    if job.format == "tfrecord":
        return sum(1 for _ in tf.data.TFRecordDataset(shards))
    return sum(parquet.read_metadata(shard).num_rows for shard in shards)
