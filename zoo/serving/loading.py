"""A SavedModel of the zoo, its signatures as methods: `zoo.load("cvae_mnist")`."""

import json
import os
import pathlib

import ml_collections
import tensorflow as tf

from zoo import manifests, models
from zoo.data import Spec
from zoo.errors import UserError
from zoo.inputs import Input
from zoo.inputs import make as make_inputs
from zoo.serving import places
from zoo.serving.calls import SignatureCalls, describe


class LoadedModel(SignatureCalls):
    """A SavedModel in this process.

    Attributes:
      config: the entry's config that it was trained with.
      metrics: what it reached on the test set.
      module: what tf.saved_model.load returned; its `signatures` are the graphs that are served.
    """

    def __init__(self, path: pathlib.Path, name: str | None = None):
        manifests.check(path, name)
        extra = path / "assets.extra"
        try:
            description = json.loads((extra / "config.json").read_text())
            self.metrics = json.loads((extra / "metrics.json").read_text())
            self._description = description
            self.config = ml_collections.FrozenConfigDict(description["config"])
            spec = Spec.from_fields(description)
            signatures, inputs = description["signatures"], _read_inputs(description, spec)
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"{path} was not exported by the zoo or is damaged ({error}): use "
                "tf.saved_model.load for SavedModels of others."
            ) from error
        try:
            self.module = tf.saved_model.load(str(path))
        except (OSError, ValueError, IndexError, tf.errors.OpError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(f"The SavedModel {path} is damaged: {reason}") from error
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

    def to_keras(self) -> models.GenerativeModel:
        """Returns the Keras model with these weights, compiled and ready for `fit`."""
        model = models.from_description(self._description, self.module.weights)
        model.compile_for_run(total_steps=None)
        return model


def _read_inputs(description, spec):
    """{name: Input} of a config.json; those of earlier versions only have names."""
    if "inputs" in description:
        return {n: Input.from_fields(n, fields) for n, fields in description["inputs"].items()}
    names = dict.fromkeys(name for names in description["signatures"].values() for name in names)
    sizes = [description["config"].get(field, 0) for field in ("latent_dim", "prior_components")]
    return {given.name: given for given in make_inputs(names, spec, *sizes)}


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
      place: where models lie by name, a folder or an address that fsspec reads: "https://host/models".
        What the environment's ZOO_MODELS says if None, or else saved_models/ of the checkout.
      version: of a name; the newest one if None.

    Raises:
      UserError: if there is none, or it is damaged, or not of the zoo.
    """
    return LoadedModel(*places.locate(model, place, version))
