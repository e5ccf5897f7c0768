"""A SavedModel of the zoo, its signatures as methods: `zoo.load("saved_models/cvae_mnist")`."""

import inspect
import json
import os
import pathlib

import ml_collections
import tensorflow as tf

from zoo import models
from zoo.data import Spec
from zoo.errors import UserError, near_miss
from zoo.serving import versions
from zoo.serving.inputs import Input
from zoo.serving.inputs import make as make_inputs


class LoadedModel:
    """Calls signatures with numpy in and out: `model.sample(seed=[7, 8], y=[3, 3])`.

    A signature with one output gives an array, one with several a dict of arrays. Arguments are
    taken by name, or in the order that `model.signatures[NAME]` tells.

    Attributes:
      path: of the version that was loaded.
      config: the entry's config that it was trained with.
      spec: shape of x, number of labels.
      class_names: of the labels, in their order; none if the data had none.
      metrics: what it reached on the test set.
      signatures: {name: [inputs]}.
      inputs: {name: zoo.serving.inputs.Input}, shape, dtype and limits of each.
      conditional: whether samples are drawn for a label.
    """

    def __init__(self, path: pathlib.Path):
        extra = path / "assets.extra"
        try:
            description = json.loads((extra / "config.json").read_text())
            self.metrics = json.loads((extra / "metrics.json").read_text())
            self.path = path
            self._description = description
            self.config = ml_collections.FrozenConfigDict(description["config"])
            self.spec = Spec.from_fields(description)
            self.class_names = self.spec.class_names
            self.signatures = description["signatures"]
            self.inputs = _read_inputs(description, self.spec)
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"{path} was not exported by the zoo or is damaged ({error}): use "
                "tf.saved_model.load for SavedModels of others."
            ) from error
        try:
            self._module = tf.saved_model.load(str(path))
        except (OSError, ValueError, IndexError, tf.errors.OpError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(f"The SavedModel {path} is damaged: {reason}") from error
        self.conditional = "y" in self.signatures.get("sample", [])

    def __repr__(self):
        calls = ", ".join(f"{name}({', '.join(i)})" for name, i in self.signatures.items())
        return f"<{self.config.model} of {self.path}: {calls}>"

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.signatures:
            known = list(self.__dict__.get("signatures", {}))
            raise AttributeError(
                f"no signature {name!r}.{near_miss(name, known)} This model has {', '.join(known)}."
            )
        return self._method(name)

    def __dir__(self):
        return sorted({*super().__dir__(), *self.signatures})

    def _method(self, name):
        """A signature as a function with a docstring."""

        def method(*args, **inputs):
            return self._call(name, args, inputs)

        names, outputs = self.signatures[name], self._module.signatures[name].structured_outputs
        given = [self.inputs[key] for key in names]
        lines = [f"  {i.name}: {_described(i.tensor_spec())}, {i.about}" for i in given]
        returns = [f"  {key}: {_described(spec)}" for key, spec in outputs.items()]
        method.__name__ = method.__qualname__ = name
        parameter = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(key, parameter) for key in names]
        method.__signature__ = inspect.Signature(parameters)
        method.__doc__ = "\n".join(
            [f"Signature {name!r} of {self.path}.", "", "Args:", *lines, "", "Returns:", *returns]
        )
        return method

    def _call(self, name, args, inputs):
        expected = self.signatures[name]
        given = {**dict(zip(expected, args, strict=False)), **inputs}
        if len(args) > len(expected) or sorted(given) != sorted(expected):
            raise UserError(
                f"{name} takes {', '.join(expected)}; given: {', '.join(given) or 'nothing'}."
            )
        tensors = {
            key: self.inputs[key].to_array(name, value, self.spec) for key, value in given.items()
        }
        rows = {key: len(tensor) for key, tensor in tensors.items()}
        if len(set(rows.values())) > 1:
            raise UserError(f"{name}: every input needs the same number of rows, given {rows}.")
        function = self._module.signatures[name]
        constants = {key: tf.constant(value) for key, value in tensors.items()}
        outputs = {key: value.numpy() for key, value in function(**constants).items()}
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def to_keras(self) -> models.GenerativeModel:
        """Returns the Keras model with these weights, compiled and ready for `fit`."""
        model = models.from_description(self._description)
        for variable, saved in zip(model.served_variables(), self._module.weights, strict=True):
            variable.assign(saved)
        model.compile_for_run(total_steps=None)
        return model


def _read_inputs(description, spec):
    """{name: Input} of a config.json; those of earlier versions only have names."""
    if "inputs" in description:
        return {n: Input.from_fields(n, fields) for n, fields in description["inputs"].items()}
    names = dict.fromkeys(name for names in description["signatures"].values() for name in names)
    sizes = [description["config"].get(field, 0) for field in ("latent_dim", "prior_components")]
    return {given.name: given for given in make_inputs(names, spec, *sizes)}


def load(path: str | os.PathLike) -> LoadedModel:
    """Returns the SavedModel at `path`, or its newest version where `path` holds versions.

    Of the workdir of a run, the export that the run wrote.

    Raises:
      UserError: if there is none, or it is damaged, or not of the zoo.
    """
    return LoadedModel(versions.find(path))


def _described(spec):
    shape = ", ".join("B" if size is None else str(size) for size in spec.shape)
    return f"{spec.dtype.name} [{shape}]"
