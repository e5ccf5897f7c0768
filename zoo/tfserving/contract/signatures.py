"""Signatures of a SavedModel: names, dtypes and shapes, and checks of requests against them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.tfserving.contract import errors
from zoo.tfserving.contract.paths import DEFAULT_SIGNATURE


class Tensor(NamedTuple):
    """An input or output: its tensor in the graph, its dtype, its shape (None: unknown size).

    `shape` is None if the rank is unknown, `tensor` is "" unless it is a dense tensor.
    """

    tensor: str
    dtype: tf.DType
    shape: tuple[int | None, ...] | None

    @classmethod
    def from_proto(cls, info) -> "Tensor":
        known = not info.tensor_shape.unknown_rank
        shape = tuple(None if d.size < 0 else d.size for d in info.tensor_shape.dim)
        # Ragged and other composite tensors have neither a name nor a dtype of their own.
        dtype = tf.dtypes.as_dtype(info.dtype) if info.dtype else tf.variant
        return cls(info.name, dtype, shape if known else None)

    def describe(self) -> str:
        """Returns "float32 [?,28,28,1]"."""
        if self.shape is None:
            return self.dtype.name
        sizes = ",".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.dtype.name} [{sizes}]"

    def takes(self, array: np.ndarray) -> bool:
        """Whether an array has this dtype. TF Serving leaves shapes to the graph."""
        kind = "string" if array.dtype.kind in "OSU" else array.dtype.name
        return kind == self.dtype.name


class Signature(NamedTuple):
    """A signature of a SavedModel.

    Attributes:
      key: its name.
      method_name: such as "tensorflow/serving/predict".
      inputs: {name: Tensor}.
      outputs: {name: Tensor}.
      defaults: {name: array} of inputs that may be left out.
    """

    key: str
    method_name: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    defaults: Mapping[str, np.ndarray]

    @classmethod
    def from_proto(cls, key: str, proto) -> "Signature":
        inputs = {name: Tensor.from_proto(proto.inputs[name]) for name in sorted(proto.inputs)}
        outputs = {name: Tensor.from_proto(proto.outputs[name]) for name in sorted(proto.outputs)}
        defaults = {name: tf.make_ndarray(proto.defaults[name]) for name in proto.defaults}
        return cls(key, proto.method_name, inputs, outputs, defaults)


def complete(signature: Signature, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the inputs of a request in the signature's order, defaults filled in.

    Raises:
      ServingError: INVALID_ARGUMENT if names or dtypes are not the signature's; UNIMPLEMENTED if
        the signature takes sparse or ragged tensors.
    """
    missing = sorted(set(signature.inputs) - set(given) - set(signature.defaults))
    extra = sorted(set(given) - set(signature.inputs))
    if missing or extra:
        names, expected = sorted(given), sorted(signature.inputs)
        raise errors.invalid(
            f"input size does not match signature: {len(names)}!={len(expected)} "
            f"len({{{','.join(names)}}}) != len({{{','.join(expected)}}}). "
            f"Sent extra: {{{','.join(extra)}}}. Missing but required: {{{','.join(missing)}}}."
        )
    whole = {**signature.defaults, **given}
    for name, tensor in signature.inputs.items():
        if not tensor.tensor:
            raise errors.ServingError(
                errors.StatusCode.UNIMPLEMENTED,
                f"Input {name} of signature {signature.key} is not a dense tensor.",
            )
        if not tensor.takes(whole[name]):
            shape = ",".join(map(str, whole[name].shape))
            dtype = "string" if whole[name].dtype.kind in "OSU" else whole[name].dtype.name
            raise errors.invalid(
                f"Input {name} of signature {signature.key}: expected {tensor.describe()}, given "
                f"{dtype} [{shape}]"
            )
    return {name: whole[name] for name in signature.inputs}


def select_outputs(signature: Signature, wanted: list[str]) -> tuple[str, ...]:
    """Returns the names of the outputs to compute: those requested, or all if none is named.

    Raises:
      ServingError: INVALID_ARGUMENT for a name that is unknown or given twice;
        UNIMPLEMENTED for an output that is sparse or ragged.
    """
    for name in wanted:
        if name not in signature.outputs:
            known = ",".join(signature.outputs)
            raise errors.invalid(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the "
                f"set {{{known}}}."
            )
        if wanted.count(name) > 1:
            raise errors.invalid(f"duplicate output tensor alias: {name}")
    names = sorted(wanted or signature.outputs)
    for name in names:
        if not signature.outputs[name].tensor:
            raise errors.ServingError(
                errors.StatusCode.UNIMPLEMENTED, f"Output {name} is not a dense tensor"
            )
    return tuple(names)


def find(signatures: Mapping[str, Signature], key: str) -> Signature:
    """Returns a signature by its name, the default one for "".

    Raises:
      ServingError: FAILED_PRECONDITION, as over gRPC.
    """
    key = key or DEFAULT_SIGNATURE
    if key not in signatures:
        raise errors.ServingError(
            errors.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{key}" not found.'
        )
    return signatures[key]


def find_for_rest(signatures: Mapping[str, Signature], key: str) -> Signature:
    """Returns a signature by its name like `find`; errors have the code and text of REST."""
    key = key or DEFAULT_SIGNATURE
    if key not in signatures:
        raise errors.invalid(f'Serving signature name: "{key}" not found in signature def')
    return signatures[key]


def rows(arrays: Mapping[str, Any]) -> int | None:
    """Returns the common size of dimension 0 of all arrays; None if they differ."""
    sizes = {array.shape[0] if array.ndim else None for array in arrays.values()}
    return sizes.pop() if len(sizes) == 1 else None
