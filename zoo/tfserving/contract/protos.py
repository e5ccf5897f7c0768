"""Converts between arrays and the TensorProtos of gRPC."""

import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from zoo.tfserving.contract import errors

# A proto may give one value for a tensor of any shape; this limits the size of such tensors.
MAX_ELEMENTS = 1 << 22
_MAX_RANK = 254  # TensorFlow's limit
# Official clients read the field of the dtype, not tensor_content.
_FIELDS = {
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.int64: "int64_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
    tf.bool: "bool_val",
    tf.string: "string_val",
    tf.float16: "half_val",
    tf.bfloat16: "half_val",
    tf.complex64: "scomplex_val",
    tf.complex128: "dcomplex_val",
}
_SMALL_INTEGERS = (tf.int8, tf.int16, tf.int32, tf.uint8, tf.uint16)


def to_array(name: str, proto: tensor_pb2.TensorProto) -> np.ndarray:
    """Returns the array of an input.

    Args:
      name: of the input, for messages.
      proto: its tensor, with values in any of the fields.

    Raises:
      ServingError: INVALID_ARGUMENT for a proto whose dtype, shape and values do not go together;
        RESOURCE_EXHAUSTED for more than MAX_ELEMENTS, unless each has its own value.
    """
    sizes = [dimension.size for dimension in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in sizes):
        raise errors.invalid(f"Input {name}: the shape of the tensor has unknown sizes")
    if len(sizes) > _MAX_RANK:
        raise errors.invalid(f"Input {name} has {len(sizes)} dimensions, at most {_MAX_RANK}")
    if math.prod(sizes) > max(MAX_ELEMENTS, proto.ByteSize()):
        raise errors.too_large(f"Input {name} has more than {MAX_ELEMENTS} elements")
    try:
        array = tf.make_ndarray(proto)
    except Exception as error:  # NumPy raises various errors for contradictory fields
        raise errors.invalid(f"Input {name}: not a valid tensor: {error}") from None
    return array


def to_arrays(inputs: Mapping[str, tensor_pb2.TensorProto]) -> dict[str, np.ndarray]:
    """Returns the arrays of all inputs of a request, as `to_array` does.

    Raises:
      ServingError: as `to_array`, its limit of elements for all of them together.
    """
    arrays, elements = {}, 0
    for name, proto in inputs.items():
        arrays[name] = to_array(name, proto)
        elements += arrays[name].size - proto.ByteSize()
        if elements > MAX_ELEMENTS:
            raise errors.too_large(f"The inputs have more than {MAX_ELEMENTS} elements")
    return arrays


def to_proto(array: np.ndarray, dtype: tf.DType) -> tensor_pb2.TensorProto:
    """Returns an array as a TensorProto with its values in the field of their dtype.

    Raises:
      ServingError: UNIMPLEMENTED for a dtype without such a field.
    """
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    field = "int_val" if dtype in _SMALL_INTEGERS else _FIELDS.get(dtype)
    if field is None:
        raise errors.ServingError(
            errors.StatusCode.UNIMPLEMENTED, f"Outputs of type {dtype.name} are not served"
        )
    flat = array.ravel()
    if field == "half_val":
        flat = flat.view(np.uint16)
    elif dtype.is_complex:
        flat = flat.view(np.float32 if dtype == tf.complex64 else np.float64)
    elif field == "string_val":
        flat = np.array([v.encode() if isinstance(v, str) else bytes(v) for v in flat], object)
    getattr(proto, field).extend(flat.tolist())
    return proto
