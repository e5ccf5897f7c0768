"""Messages of a client of TF Serving, without TensorFlow.

tensorflow-serving-api has the same messages, but importing it imports TensorFlow. The messages
below have the same field numbers, hence the same bytes, but only the fields that the client needs.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from zoo.errors import UserError
from zoo.tfserving import messages
from zoo.tfserving.messages import BOOL, BYTES, DOUBLE, FLOAT, INT32, INT64, STRING, UINT32, UINT64

_SPEC = (1, "ModelSpec")
MESSAGES = messages.declare(
    "zoo.serving.wire",
    {
        "ModelSpec": {
            "name": (1, STRING),
            "version": (2, ".google.protobuf.Int64Value"),
            "signature_name": (3, STRING),
            "version_label": (4, STRING),
        },
        "Dim": {"size": (1, INT64)},
        "TensorShape": {"dim": (2, ["Dim"]), "unknown_rank": (3, BOOL)},
        "TensorInfo": {"dtype": (2, INT32), "tensor_shape": (3, "TensorShape")},
        "SignatureDef": {
            "inputs": (1, messages.Map("TensorInfo")),
            "outputs": (2, messages.Map("TensorInfo")),
        },
        "SignatureDefMap": {"signature_def": (1, messages.Map("SignatureDef"))},
        "Tensor": {
            "dtype": (1, INT32),
            "tensor_shape": (2, "TensorShape"),
            "tensor_content": (4, BYTES),
            "float_val": (5, [FLOAT]),
            "double_val": (6, [DOUBLE]),
            "scomplex_val": (9, [FLOAT]),
            "dcomplex_val": (12, [DOUBLE]),
            "half_val": (13, [INT32]),
            "int_val": (7, [INT32]),
            "string_val": (8, [BYTES]),
            "int64_val": (10, [INT64]),
            "bool_val": (11, [BOOL]),
            "uint32_val": (16, [UINT32]),
            "uint64_val": (17, [UINT64]),
        },
        "PredictRequest": {"model_spec": _SPEC, "inputs": (2, messages.Map("Tensor"))},
        "PredictResponse": {"outputs": (1, messages.Map("Tensor"))},
        "GetModelMetadataRequest": {"model_spec": _SPEC, "metadata_field": (2, [STRING])},
        "GetModelMetadataResponse": {"metadata": (2, messages.Map(".google.protobuf.Any"))},
        "GetModelStatusRequest": {"model_spec": _SPEC},
        "VersionStatus": {"version": (1, INT64), "state": (2, INT32)},
        "GetModelStatusResponse": {"model_version_status": (1, ["VersionStatus"])},
    },
)
STATES = {0: "UNKNOWN", 10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}
_STRING = 7
# {TensorFlow's number: (its name, NumPy's dtype, field of a Tensor)}.
_DTYPES = {
    1: ("DT_FLOAT", "float32", "float_val"),
    2: ("DT_DOUBLE", "float64", "double_val"),
    3: ("DT_INT32", "int32", "int_val"),
    4: ("DT_UINT8", "uint8", "int_val"),
    5: ("DT_INT16", "int16", "int_val"),
    6: ("DT_INT8", "int8", "int_val"),
    _STRING: ("DT_STRING", "object", "string_val"),
    8: ("DT_COMPLEX64", "complex64", "scomplex_val"),
    9: ("DT_INT64", "int64", "int64_val"),
    10: ("DT_BOOL", "bool", "bool_val"),
    17: ("DT_UINT16", "uint16", "int_val"),
    18: ("DT_COMPLEX128", "complex128", "dcomplex_val"),
    19: ("DT_HALF", "float16", "half_val"),
    22: ("DT_UINT32", "uint32", "uint32_val"),
    23: ("DT_UINT64", "uint64", "uint64_val"),
}
# How the fields represent dtypes that protocol buffers lack: as bits, or as pairs.
_HELD = {"complex64": "float32", "complex128": "float64", "float16": "uint16"}
_NUMBERS = {name: number for number, (name, _, _) in _DTYPES.items()}
_OF_NUMPY = {np.dtype(dtype): number for number, (_, dtype, _) in _DTYPES.items()}


class Tensor(NamedTuple):
    """An input or output: its dtype in NumPy, its shape with None for any size."""

    dtype: np.dtype
    shape: tuple[int | None, ...]


class Signature(NamedTuple):
    """A signature of a model on a server."""

    key: str
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


def read_signatures(fields: Mapping[str, Any]) -> dict[str, Signature]:
    """Returns the signatures of a SignatureDefMap.

    Args:
      fields: the message in protocol buffers' JSON.
    """
    found = {}
    for key, signature in fields.get("signature_def", {}).items():
        sides = (signature.get(side, {}).items() for side in ("inputs", "outputs"))
        found[key] = Signature(key, *({n: _to_tensor(i) for n, i in side} for side in sides))
    return found


def _to_tensor(info):
    shape = info.get("tensor_shape", {})
    sizes = [int(dim.get("size", 0)) for dim in shape.get("dim", [])]
    number = info.get("dtype", 0)
    number = _NUMBERS.get(number, number)
    dtype = np.dtype(_DTYPES[number][1]) if number in _DTYPES else np.dtype(object)
    return Tensor(dtype, tuple(None if size < 0 else size for size in sizes))


def write_array(array: np.ndarray, proto) -> None:
    """Writes an array of numbers, or of bytes or text as objects, to a Tensor."""
    proto.dtype = _OF_NUMPY[array.dtype]
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if proto.dtype == _STRING:
        texts = (text.encode() if isinstance(text, str) else text for text in array.ravel())
        proto.string_val.extend(texts)
    else:
        proto.tensor_content = array.astype(array.dtype.newbyteorder("<")).tobytes()


def read_array(proto) -> np.ndarray:
    """Returns the array of a Tensor.

    Raises:
      UserError: if NumPy has no such dtype.
    """
    if proto.dtype not in _DTYPES:
        raise UserError(f"The server returned the type {proto.dtype}, which NumPy does not have.")
    _, dtype, field = _DTYPES[proto.dtype]
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_content:
        stored = np.dtype(dtype).newbyteorder("<")
        return np.frombuffer(proto.tensor_content, stored).astype(dtype).reshape(shape)
    values = np.array(getattr(proto, field), _HELD.get(dtype, dtype)).view(dtype)
    if values.size == 1:  # one value represents all
        return np.full(shape, values[0], dtype)
    return values.reshape(shape)
