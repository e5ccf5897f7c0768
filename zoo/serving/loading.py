"""Loads a SavedModel with its signatures as methods: `zoo.load("cvae_mnist")`."""

import os
import pathlib

import ml_collections
import tensorflow as tf

from zoo import models
from zoo.configs.spec import Spec
from zoo.errors import UserError, first_line
from zoo.exports import repository, signature_inputs
from zoo.exports.folder import ExportFolder, as_export
from zoo.exports.signature_inputs import Input
from zoo.serving.signature_methods import SignatureCalls, describe


class LoadedModel(SignatureCalls):
    """A SavedModel in this process.

    Attributes:
      config: the config that it was trained with.
      metrics: test-set metrics, and a summary of the training.
      module: the object of tf.saved_model.load; its `signatures` are the graphs that are served.
    """

    def __init__(self, path: pathlib.Path, name: str | None = None):
        export = ExportFolder(path)
        export.check(name)
        with as_export(path):
            self._description, self.metrics = description, _ = export.contents
            self.config = ml_collections.FrozenConfigDict(description["config"])
            spec = Spec.from_fields(description)
            signatures, inputs = description["signatures"], _read_inputs(description, spec)
        try:
            self.module = tf.saved_model.load(str(path))
        except (OSError, ValueError, IndexError, tf.errors.OpError) as error:
            raise UserError(f"The SavedModel {path} is damaged: {first_line(error)}") from error
        super().__init__(path, spec, signatures, inputs)

    def __repr__(self):
        calls = ", ".join(f"{name}({', '.join(i)})" for name, i in self.signatures.items())
        return f"<{self.config.model} of {self.path}: {calls}>"

    def run(self, name, arrays):
        constants = {key: tf.constant(value) for key, value in arrays.items()}
        outputs = self.module.signatures[name](**constants)
        return {key: value.numpy() for key, value in outputs.items()}

    def _describe_outputs(self, name):
        outputs = self.module.signatures[name].structured_outputs
        return {key: describe(spec.dtype.name, spec.shape) for key, spec in outputs.items()}

    def restore(self) -> models.GenerativeModel:
        """Returns the Keras model with these weights."""
        return models.from_description(self._description, self.module.weights)

    def to_keras(self) -> models.GenerativeModel:
        """Returns the Keras model with these weights, compiled and ready for `fit`."""
        model = self.restore()
        model.compile_for_run(total_steps=None)
        return model


def _read_inputs(description, spec):
    """{name: Input} of a config.json; earlier versions of the zoo wrote only the names."""
    if "inputs" in description:
        return {n: Input.from_fields(n, fields) for n, fields in description["inputs"].items()}
    names = dict.fromkeys(name for names in description["signatures"].values() for name in names)
    sizes = [description["config"].get(field, 0) for field in ("latent_dim", "prior_components")]
    built = signature_inputs.build(names, spec, signature_inputs.Sizes(*sizes))
    return {given.name: given for given in built}


def load(
    model: str | os.PathLike,
    place: str | os.PathLike | None = None,
    version: int | str | None = None,
) -> LoadedModel:
    """Returns a trained model by its name, as in load("cvae_mnist"), or by its path.

    A SavedModel is a program, and loading one runs it. Its files are checked against the manifest
    that the export wrote; still, load models only from places that you trust.

    Args:
      model: a name; or the path of a SavedModel, of a folder with versions of one, or of the
        workdir of a run that was exported. A path that exists is preferred to a name.
      place: the folder of models, or its address for fsspec: "https://host/models". The
        environment's ZOO_MODELS if None, or else saved_models/ of the checkout.
      version: of a name; the newest one if None.

    Raises:
      UserError: if there is no such model, or it is damaged or not one of the zoo's.
    """
    return LoadedModel(*repository.locate_version(model, place, version))
