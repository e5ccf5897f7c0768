"""Signatures as methods that take and return numpy arrays, for local and served models."""

import inspect
import os
from collections.abc import Mapping

import numpy as np

from zoo.configs.spec import Spec
from zoo.errors import UserError, near_miss
from zoo.exports.signature_inputs import Input

# The signature that describes the inputs of the others, as JSON; server metadata has no such field.
ABOUT = "about"
ABOUT_INPUT, ABOUT_OUTPUT = "row", "json"


class SignatureCalls:
    """Calls signatures by their names: `model.sample(seed=[7, 8], y=[3, 3])`.

    A signature with one output gives an array, one with several a dict of arrays. Arguments are
    taken by name, or in the order of `model.signatures[NAME]`. Labels may be names of
    classes where the model has them, pixels bytes.

    Attributes:
      path: where the model is, for messages.
      spec: shape of x, number of labels.
      class_names: the names of the labels, in order; empty if unknown.
      signatures: {name: [inputs]}.
      inputs: {name: zoo.exports.signature_inputs.Input}, shape, dtype and limits of each.
      conditional: whether `sample` takes labels.
    """

    def __init__(
        self, path, spec: Spec, signatures: Mapping[str, list[str]], inputs: Mapping[str, Input]
    ):
        self.path, self.spec, self.class_names = path, spec, spec.class_names
        self._process = os.getpid()
        self.signatures, self.inputs = signatures, inputs
        self.conditional = "y" in signatures.get("sample", [])

    def run(self, name: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the outputs of a signature for inputs that fit."""
        raise NotImplementedError

    def output_names(self, name: str) -> list[str]:
        """Returns the names of a signature's outputs."""
        return list(self._describe_outputs(name))

    def _describe_outputs(self, name: str) -> dict[str, str]:
        """{output: its type and shape} of a signature."""
        raise NotImplementedError

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.__dict__.get("signatures", {}):
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

        names = self.signatures[name]
        given = [self.inputs[key] for key in names]
        lines = [f"  {i.name}: {describe(i.dtype, (None, *i.shape))}, {i.about}" for i in given]
        returns = [f"  {key}: {text}" for key, text in self._describe_outputs(name).items()]
        method.__name__ = method.__qualname__ = name
        parameter = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(key, parameter) for key in names]
        method.__signature__ = inspect.Signature(parameters)
        method.__doc__ = "\n".join(
            [f"Signature {name!r} of {self.path}.", "", "Args:", *lines, "", "Returns:", *returns]
        )
        return method

    def __reduce__(self):
        raise UserError(
            f"The model at {self.path} cannot be pickled: call zoo.load or zoo.connect in each "
            "process."
        )

    def _call(self, name, args, inputs):
        if os.getpid() != self._process:
            raise UserError(
                f"The model at {self.path} was loaded before this process was forked; neither "
                "TensorFlow nor a connection survives a fork: call zoo.load or zoo.connect in each "
                'process, or start processes with multiprocessing.get_context("spawn").'
            )
        expected = self.signatures[name]
        given = {**dict(zip(expected, args, strict=False)), **inputs}
        if len(args) > len(expected) or sorted(given) != sorted(expected):
            raise UserError(
                f"{name} takes {', '.join(expected)}; given: {', '.join(given) or 'nothing'}."
            )
        arrays = {
            key: self.inputs[key].to_array(name, value, self.spec) for key, value in given.items()
        }
        rows = {key: len(array) for key, array in arrays.items()}
        if len(set(rows.values())) > 1:
            raise UserError(f"{name}: every input needs the same number of rows, given {rows}.")
        outputs = self.run(name, arrays)
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def describe(dtype: str, shape) -> str:
    """Returns "float32 [B, 28, 28, 1]"; unknown sizes are B."""
    return f"{dtype} [{', '.join('B' if size is None else str(size) for size in shape)}]"
