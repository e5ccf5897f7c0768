"""Converts JSON values and nested lists to arrays, and formats JSON values for messages."""

import base64
import binascii
import json
from itertools import chain

import numpy as np
import tensorflow as tf

from zoo.tfserving.contract import errors

TOO_BIG = "JSON Parse error: Number too big to be stored in double"
_KINDS = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
# Characters of a value that a message shows.
_SHOWN = 256
_INTEGERS = (tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint32, tf.uint64)
_FLOATS = (tf.float32, tf.float64)
# NumPy's limit.
_MAX_RANK = 64


def to_array(value, dtype: tf.DType) -> np.ndarray:
    """Returns a JSON value, nested lists or a single one, as an array.

    Raises:
      ServingError: INVALID_ARGUMENT if lists differ in length or a value is of another type;
        UNIMPLEMENTED for a dtype that has no JSON form.
    """
    sizes, first = [], value
    while isinstance(first, list):
        sizes.append(len(first))
        first = first[0] if first else None
    if len(sizes) > _MAX_RANK:
        raise errors.invalid(
            f"Lists are nested {len(sizes)} levels deep, at most {_MAX_RANK} are read"
        )
    leaves = [value]
    for level, size in enumerate(sizes):
        if set(map(type, leaves)) > {list}:
            node = next(node for node in leaves if not isinstance(node, list))
            raise errors.invalid(
                f"JSON Value: {show(node)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {len(sizes)}"
            )
        if set(map(len, leaves)) > {size}:
            length = next(len(node) for node in leaves if len(node) != size)
            raise errors.invalid(
                f"Encountered list at unexpected size: {length} at level: {level} expected size: "
                f"{size}"
            )
        leaves = list(chain.from_iterable(leaves))
    return _to_flat(leaves, dtype, len(sizes)).reshape(sizes)


def _to_flat(leaves, dtype, rank):
    """Returns a one-dimensional array of values that are not lists."""
    types = set(map(type, leaves))
    if list in types:
        raise errors.invalid(f"Encountered list at unexpected level: {rank} expected < {rank}")
    if dtype == tf.string:
        return np.array([_to_bytes(leaf) for leaf in leaves], object)
    if dtype == tf.bool:
        allowed = {bool}
    elif dtype in _INTEGERS:
        allowed = {int}
    elif dtype in _FLOATS:
        allowed = {int, float}
    else:
        shown = show(leaves[0]) if leaves else "[]"
        raise errors.ServingError(
            errors.StatusCode.UNIMPLEMENTED,
            f"Conversion of JSON Value: {shown} to type: {dtype.name}",
        )
    if not types <= allowed:
        raise _type_error(next(leaf for leaf in leaves if type(leaf) not in allowed), dtype)
    try:
        with np.errstate(over="ignore"):
            if dtype == tf.float32:  # through float64, because integers may be too large
                return np.array(leaves, np.float64).astype(np.float32)
            return np.array(leaves, dtype.as_numpy_dtype)
    except OverflowError:
        if dtype in _FLOATS:
            raise errors.invalid(TOO_BIG) from None
        info = np.iinfo(dtype.as_numpy_dtype)
        wrong = next(leaf for leaf in leaves if not info.min <= leaf <= info.max)
        raise _type_error(wrong, dtype) from None


def _type_error(value, dtype):
    return errors.invalid(
        f"JSON Value: {show(value)} Type: {kind_of(value)} is not of expected type: {dtype.name}"
    )


def kind_of(value) -> str:
    """Returns the name of a JSON value's type, as messages have it."""
    if value is None or isinstance(value, bool):
        return {None: "Null", True: "True", False: "False"}[value]
    return _KINDS[type(value)]


def is_base64(value) -> bool:
    """Whether a JSON value is a {"b64": ...} object, which stands for bytes."""
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def _to_bytes(value):
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if not isinstance(value, dict):
        raise _type_error(value, tf.string)
    return decode_base64(value)


def decode_base64(value: dict) -> bytes:
    """Returns the bytes of a {"b64": ...} object.

    Raises:
      ServingError: INVALID_ARGUMENT if the value is not such an object.
    """
    if not is_base64(value):
        text = f"JSON Value: {show(value)} not formatted correctly for base64 data"
        raise errors.invalid(text)
    text = value["b64"]
    try:
        padded = text if text.endswith("=") else text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        raise errors.invalid("Unable to base64 decode") from None


def show(value) -> str:
    """Returns a JSON value for a message, truncated if it is long."""
    text = ""
    try:
        for part in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            text += part
            if len(text) > _SHOWN:
                break
    except RecursionError:
        text += " ..."
    return text[:_SHOWN]
