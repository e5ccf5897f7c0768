"""From a Keras model to a SavedModel that TF Serving serves and plain TensorFlow loads."""

import json
import os
import pathlib

import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

from zoo import files, models
from zoo.drawing import pictures
from zoo.errors import UserError
from zoo.serving import card, golden
from zoo.versions import export_name, versions

EXTRA = "assets.extra"
# Weights are saved in files of at most so much, which repositories and their mirrors take.
SHARD_BYTES = 4_000_000
WARM_UP = "tf_serving_warmup_requests"


def export(
    model: models.GenerativeModel,
    folder: str | os.PathLike,
    metrics: dict | None = None,
    version: int | None = None,
) -> pathlib.Path:
    """Writes FOLDER/ENTRY_DATASET/VERSION and what stands beside it; returns that path.

    Beside the version stand a card (README.md) and samples.png, at the top models.config for
    TF Serving. The version appears whole or not at all.

    Args:
      model: with the weights to export, made under any strategy.
      folder: holds one folder per model, as saved_models/ does.
      metrics: as `zoo.evaluation.report` returns them; None for a model that was not measured,
        after Keras' `fit` say.
      version: the next free one if None.

    Raises:
      UserError: if the version exists.
    """
    folder = files.tensorflow_path(folder)
    metrics = metrics or {"training": {"steps": model.steps_taken()}}
    base = folder / export_name(model.config.model, model.config.dataset)
    version = max(versions(base), default=0) + 1 if version is None else version
    target = base / str(version)
    if version < 1 or target.exists():
        wrong = "exists" if target.exists() else "is no version, they count from 1"
        raise UserError(
            f"{target} {wrong}: choose a whole number above "
            f"{max(versions(base), default=0)}, or none for the next free one."
        )
    # A model made under a strategy has a copy of each weight on each device; the export has one.
    plain = models.from_description(models.description(model))
    for variable, trained in zip(plain.variables, model.variables, strict=True):
        variable.assign(trained.value)
    with files.atomic(target) as temporary:
        description = _write_version(temporary, plain, metrics, base.name)
    pictures.save_samples(base / "samples.png", plain)
    _write_card(base, description, metrics)
    refresh_models_config(folder)
    return target


def _write_version(folder, model, metrics, name):
    """Writes the SavedModel and its assets into a folder; returns what its config.json holds."""
    signatures = model.signatures()
    module = tf.Module()
    module.weights = [v.value for v in model.served_variables()]
    default = next(iter(signatures.values()))
    shards = tf.train.experimental.MaxShardSizePolicy(SHARD_BYTES)
    tf.saved_model.save(
        module,
        str(folder),
        signatures={"serving_default": default, **signatures},
        options=tf.saved_model.SaveOptions(experimental_sharding_callback=shards),
    )
    extra = folder / EXTRA
    extra.mkdir()
    names = {name: [s.name for s in f.input_signature] for name, f in signatures.items()}
    inputs = {name: model.inputs(given) for name, given in names.items()}
    described = {given.name: given.to_fields() for all_ in inputs.values() for given in all_}
    description = {**models.description(model), "signatures": names, "inputs": described}
    files.write_json(extra / "config.json", description)
    files.write_json(extra / "metrics.json", metrics)
    _write_warm_up(extra / WARM_UP, name, inputs)
    golden.write(extra / golden.FILE, signatures, inputs)
    return description


def refresh_metrics(version: pathlib.Path, metrics: dict) -> None:
    """Puts other metrics of the same weights into an exported version and on its card."""
    description = json.loads((version / EXTRA / "config.json").read_text())
    files.write_json(version / EXTRA / "metrics.json", metrics)
    _write_card(version.parent, description, metrics)


def _write_card(base, description, metrics):
    with files.atomic(base / "README.md") as temporary:
        temporary.write_text(card.write(base.name, _location(base), description, metrics))


def _location(base):
    """The path of a model as its card tells it: within the project if it lies there."""
    base, project = base.resolve(), pathlib.Path(__file__).resolve().parents[2]
    return base.relative_to(project) if base.is_relative_to(project) else base


def refresh_models_config(folder: pathlib.Path) -> None:
    """Writes models.config, which tells TF Serving of every model in the folder.

    Paths are those of TF Serving's image, where the folder is mounted at /models. The two newest
    versions of a model are served, under the labels "stable" and "previous".
    """
    config = model_server_config_pb2.ModelServerConfig()
    for base in sorted(folder.iterdir()):
        newest = versions(base)[::-1] if base.is_dir() else []
        if not newest:
            continue
        entry = config.model_config_list.config.add(
            name=base.name, base_path=f"/models/{base.name}", model_platform="tensorflow"
        )
        entry.model_version_policy.latest.num_versions = 2
        for label, version in zip(("stable", "previous"), newest, strict=False):
            entry.version_labels[label] = version
    with files.atomic(folder / "models.config") as temporary:
        temporary.write_text(text_format.MessageToString(config))


def _write_warm_up(path, name, inputs):
    """One request of one row per signature, which TF Serving runs before the version is served."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, given in inputs.items():
            tensors = {i.name: tf.make_tensor_proto(i.example(1)) for i in given}
            request = predict_pb2.PredictRequest(
                model_spec=model_pb2.ModelSpec(name=name, signature_name=signature), inputs=tensors
            )
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())
