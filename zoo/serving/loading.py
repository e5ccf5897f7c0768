"""A SavedModel of the zoo, its signatures as methods: `zoo.load("saved_models/cvae_mnist")`."""

import inspect
import json
import os
import pathlib

import ml_collections
import numpy as np
import tensorflow as tf

from zoo import models
from zoo.data import Spec
from zoo.errors import UserError, near_miss
from zoo.serving import versions


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

        function = self._module.signatures[name]
        specs, outputs = function.structured_input_signature[1], function.structured_outputs
        names = self.signatures[name]
        lines = [f"  {key}: {_described(specs[key])}" for key in names]
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
        function = self._module.signatures[name]
        specs = function.structured_input_signature[1]
        prepared = {key: self._prepare(name, key, value) for key, value in given.items()}
        tensors = {key: _tensor(name, specs[key], value) for key, value in prepared.items()}
        rows = {key: len(tensor) for key, tensor in tensors.items()}
        if len(set(rows.values())) > 1:
            raise UserError(f"{name}: every input needs the same number of rows, given {rows}.")
        outputs = {key: value.numpy() for key, value in function(**tensors).items()}
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def _prepare(self, signature, key, value):
        """The value as an array, names of classes as labels, bytes as pixels; its range checked."""
        array = np.asarray(value)
        if key in ("y", "y_new") and array.dtype.kind in "US":
            array = np.array([self.spec.label(str(name)) for name in array.flat], np.int32)
        limits = dict.fromkeys(("y", "y_new"), self.spec.num_classes)
        limits["cluster"] = self.config.get("prior_components", 0)
        if key in limits:
            wrong = array[(array < 0) | (array >= max(limits[key], 1))]
            if wrong.size:
                what = "cluster" if key == "cluster" else f"label {key}"
                raise UserError(
                    f"{signature}: {what}={wrong.flat[0]} is out of range: expected 0 .. "
                    f"{limits[key] - 1}."
                )
        if key in ("x", "x0", "x1"):
            array = self._prepare_x(signature, key, array)
        return array

    def _prepare_x(self, signature, key, x):
        images = len(self.spec.shape) == 3
        if images and x.dtype == np.uint8:
            return x / np.float32(255)
        if images and x.dtype.kind in "iu":
            raise UserError(
                f"{signature}: {key} takes bytes (uint8) or floats in [0, 1], given {x.dtype}."
            )
        if x.size and not np.all(np.isfinite(x)):
            raise UserError(f"{signature}: {key} has values that are NaN or infinite.")
        if images and x.size and not (x.min() >= 0 and x.max() <= 1):
            raise UserError(
                f"{signature}: {key} has pixels from {x.min():g} to {x.max():g}, expected are "
                "floats in [0, 1], or bytes: divide by 255, or give uint8."
            )
        return x

    def to_keras(self) -> models.GenerativeModel:
        """Returns the Keras model with these weights, compiled and ready for `fit`."""
        model = models.from_description(self._description)
        for variable, saved in zip(model.served_variables(), self._module.weights, strict=True):
            variable.assign(saved)
        model.compile_for_run(total_steps=None)
        return model


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


def _tensor(signature, spec, value):
    array = np.asarray(value)
    if spec.dtype.is_integer and not np.issubdtype(array.dtype, np.integer) and array.size:
        raise UserError(f"{signature}: {spec.name} takes whole numbers, given {array.dtype}.")
    if spec.dtype.is_integer and np.any((array < spec.dtype.min) | (array > spec.dtype.max)):
        raise UserError(f"{signature}: {spec.name} takes {spec.dtype.name}, given {array}.")
    tensor = tf.convert_to_tensor(array.astype(spec.dtype.as_numpy_dtype))
    if not spec.shape.is_compatible_with(tensor.shape):
        raise UserError(f"{signature}: {spec.name} has shape {spec.shape}, given {tensor.shape}.")
    return tensor
