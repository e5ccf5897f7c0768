"""Exports a Keras model as a SavedModel for TF Serving and plain TensorFlow."""

import json
import os
import pathlib
import re

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

from zoo import files, models
from zoo.drawing import pictures
from zoo.errors import UserError
from zoo.exports.folder import GOLDEN_ANSWERS, WARM_UP, Contents, ExportFolder
from zoo.exports.versions import SAVED_MODELS, export_name, list_versions
from zoo.serving import card, golden, half_weights, shards
from zoo.serving.signature_methods import ABOUT, ABOUT_INPUT, ABOUT_OUTPUT
from zoo.tfserving.contract.paths import DEFAULT_SIGNATURE

# Types for stored weights.
WEIGHTS = ("float32", "float16")
# Attempts to take a version number that other processes may take at the same time.
ATTEMPTS = 10


def export(
    model: models.GenerativeModel,
    folder: str | os.PathLike,
    metrics: dict | None = None,
    version: int | None = None,
    weights: str = "float32",
    name: str = "",
) -> pathlib.Path:
    """Writes FOLDER/NAME/VERSION and the files beside it; returns that path.

    Writes a card (README.md) and samples.png beside the version, and models.config for TF Serving
    at the top. The version appears whole or not at all.

    Args:
      model: the model, made under any strategy.
      folder: holds one folder per model, as saved_models/ does.
      metrics: of `zoo.evaluation.evaluate.build_report`; None for a model that was not measured,
        for example after Keras' `fit`.
      version: the next free one if None.
      weights: "float32" (unchanged) or "float16": large float32 weights in half the size, for
        repositories with little space. The model computes in float32 all the same.
      name: of the model, as servers know it; ENTRY_DATASET if empty, and ENTRY for a model that
        was not trained on a named dataset.

    Raises:
      UserError: if the version exists, weights are to be stored otherwise or are not finite, the
        name is not one that folders and URLs take, or the folder cannot be written.
    """
    if not isinstance(model, models.GenerativeModel):
        raise UserError(
            f"Only models of the zoo are exported, made by zoo.create or model.to_keras(), not "
            f"{type(model).__name__}: use tf.saved_model.save for others."
        )
    if weights not in WEIGHTS:
        raise UserError(f"weights={weights!r} is not known: choose {' or '.join(WEIGHTS)}.")
    folder = files.check_writable(files.tensorflow_path(folder))
    metrics = metrics or {"training": {"steps": model.steps_taken()}}
    if not re.fullmatch(r"[\w.-]*", name) or name.strip(".") != name:
        raise UserError(
            f"name={name!r} cannot be a folder and part of a URL: use letters, digits, '_', '-'."
        )
    base = folder / (name or export_name(model.config.model, model.config.dataset))
    number = max(list_versions(base), default=0) + 1 if version is None else version
    for variable in model.served_variables():
        if not np.all(np.isfinite(tf.cast(variable.value, tf.float64))):
            raise UserError(
                f"The weight {variable.path!r} is not finite: this model cannot be used. "
                f"{model.rules.remedy}."
            )
    target = base / str(number)
    if number < 1 or target.exists():
        wrong = "exists" if target.exists() else "is not a version, they count from 1"
        raise UserError(
            f"{target} {wrong}: choose a whole number above "
            f"{max(list_versions(base), default=0)}, or none for the next free one."
        )
    # A model made under a strategy has a copy of each weight on each device; the export has one.
    plain = models.from_description(models.description(model))
    for variable, trained in zip(plain.variables, model.variables, strict=True):
        variable.assign(trained.value)
    for _ in range(ATTEMPTS):
        try:
            with files.atomic(target) as temporary:
                contents = _write_version(temporary, plain, metrics, base.name, weights)
            break
        except OSError:
            if not target.exists() or version is not None:
                raise
            # Another export has taken this version meanwhile.
            target = base / str(max(list_versions(base)) + 1)
    pictures.save_samples(base / "samples.png", plain)
    _write_card(base, contents)
    refresh_models_config(folder)
    return target


def _write_version(folder, model, metrics, name, weights):
    """Writes the SavedModel and the zoo's own files into a folder; returns their contents."""
    half = weights == "float16" and model.rules.takes_half_weights
    if half:  # functions that this model has traced read its own weights
        model = models.from_description(models.description(model), model.served_variables())
    signatures, module = model.signatures(), tf.Module()
    module.weights = [v.value for v in model.served_variables()]
    if half:
        module.weights, signatures = half_weights.store(model.served_variables(), signatures)
    # Traced once, here; otherwise TensorFlow would trace them at each use.
    traced = {name: function.get_concrete_function() for name, function in signatures.items()}
    default = next(iter(traced.values()))
    names = {name: [s.name for s in f.input_signature] for name, f in signatures.items()}
    inputs = {name: model.inputs(given) for name, given in names.items()}
    described = {given.name: given.to_fields() for all_ in inputs.values() for given in all_}
    about = {"signatures": names, "inputs": described}
    tf.saved_model.save(
        module,
        str(folder),
        signatures={
            DEFAULT_SIGNATURE: default,
            **traced,
            ABOUT: _about_signature({**model.spec.to_fields(), **about}),
        },
        options=tf.saved_model.SaveOptions(experimental_sharding_callback=shards.WholeTensors()),
    )
    export = ExportFolder(folder)
    export.write_contents(Contents({**models.description(model), **about}, metrics))
    _write_warm_up(folder / WARM_UP, name, inputs)
    golden.write_answers(folder / GOLDEN_ANSWERS, traced, inputs, model.unsteady_signatures)
    export.write_manifest(name)
    return export.contents


def _about_signature(fields):
    """A signature that returns the same JSON for each row."""
    text = json.dumps(fields)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, ABOUT_INPUT)], autograph=False)
    def about(row):
        return {ABOUT_OUTPUT: tf.fill(tf.shape(row), text)}

    return about.get_concrete_function()


def refresh_metrics(version: pathlib.Path, metrics: dict) -> None:
    """Replaces the metrics of an exported version, and of its card."""
    export = ExportFolder(version)
    export.write_metrics(metrics)
    export.write_manifest(export.name)
    _write_card(version.parent, export.contents)


def _write_card(base, contents):
    with files.atomic(base / "README.md") as temporary:
        location = None if base.parent.resolve() == SAVED_MODELS else str(base.resolve())
        temporary.write_text(card.write_card(base.name, *contents, location))


def refresh_models_config(folder: pathlib.Path) -> None:
    """Writes models.config, TF Serving's list of the models in the folder.

    Paths are those of TF Serving's image, where the folder is mounted at /models. The two newest
    versions of a model are served, under the labels "stable" and "previous".
    """
    files.write_text(folder / "models.config", models_config(folder))


def models_config(folder: pathlib.Path) -> str:
    """Returns the text of models.config for the models in a folder."""
    config = model_server_config_pb2.ModelServerConfig()
    for base in sorted(folder.iterdir()):
        newest = list_versions(base)[::-1] if base.is_dir() else []
        if not newest:
            continue
        entry = config.model_config_list.config.add(
            name=base.name, base_path=f"/models/{base.name}", model_platform="tensorflow"
        )
        entry.model_version_policy.latest.num_versions = 2
        for label, version in zip(("stable", "previous"), newest, strict=False):
            entry.version_labels[label] = version
    return text_format.MessageToString(config)


def _write_warm_up(path, name, inputs):
    """Writes one request per signature, which TF Serving runs before it serves the version."""
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
