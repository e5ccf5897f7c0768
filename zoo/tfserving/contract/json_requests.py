"""Parses predict requests into arrays: row form ("instances") or columnar form ("inputs")."""

import json
import math
import re
from typing import Any, NamedTuple

import numpy as np

from zoo.tfserving.contract import errors
from zoo.tfserving.contract.json_values import TOO_BIG, is_base64, show, to_array
from zoo.tfserving.contract.signatures import Tensor

_MAYBE_TOO_BIG = re.compile(rb"[eE]\+?\d{3}|\d{300}")
# Numbers that RapidJSON accepts and Python does not. Strings may contain the same letters, so the
# second pattern matches them as well.
_MAYBE_INFINITE = re.compile(rb"\bInf\b|-NaN")
_STRING_OR_INFINITE = re.compile(rb'"(?:[^"\\]|\\.)*+"?|-NaN|\bInf\b', re.DOTALL)
_SPELLED_OUT = {b"-NaN": b"NaN", b"Inf": b"Infinity"}
# Python's error messages and RapidJSON's.
_REASONS = {
    "Expecting value": "Invalid value.",
    "Extra data": "The document root must not be followed by other values.",
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Illegal trailing comma before end of object": "Missing a name for object member.",
    "Illegal trailing comma before end of array": "Invalid value.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Expecting ',' delimiter": "Missing a comma or closing bracket.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
    "Invalid control character at": "Invalid encoding in string.",
    "Invalid \\escape": "Invalid escape character in string.",
    "Invalid \\uXXXX escape": "Incorrect hex digit after \\u escape in string.",
}


class PredictBody(NamedTuple):
    """A predict request whose tensors are still JSON, since their types depend on the signature.

    Attributes:
      signature_name: "" for the default one.
      document: the whole request.
    """

    signature_name: str
    document: dict[str, Any]

    @property
    def by_rows(self) -> bool:
        """Whether the request is in row form, "instances"."""
        return "instances" in self.document


def parse_object(body: bytes) -> dict:
    """Returns the JSON object of a request's body.

    Raises:
      ServingError: INVALID_ARGUMENT if the body is not a JSON object.
    """
    if not body.strip(b" \t\r\n"):
        raise errors.invalid("JSON Parse error: The document is empty")
    try:
        # Slow, so only where a number may exceed the largest double.
        parse_float = _to_finite if _MAYBE_TOO_BIG.search(body) else None
        readable = body
        if _MAYBE_INFINITE.search(body):
            readable = _STRING_OR_INFINITE.sub(_spell_out, body)
        document = json.loads(
            readable.decode("utf-8"), parse_float=parse_float, object_pairs_hook=_keep_first
        )
    except UnicodeDecodeError as error:
        raise errors.invalid(
            f"JSON Parse error: Invalid encoding at offset: {error.start}"
        ) from None
    except json.JSONDecodeError as error:
        reason = _REASONS.get(error.msg, f"Invalid value. {error.msg}")
        offset = _offset_in(body, len(error.doc[: error.pos].encode()))
        raise errors.invalid(f"JSON Parse error: {reason} at offset: {offset}") from None
    except RecursionError:
        raise errors.invalid("JSON Parse error: The document is nested too deeply") from None
    except (ValueError, OverflowError):  # integers with thousands of digits, for example
        raise errors.invalid(TOO_BIG) from None
    if not isinstance(document, dict):
        raise errors.invalid(f"JSON Value: {show(document)} Is not object")
    return document


def _spell_out(match):
    """Returns a number as Python reads it; strings are unchanged."""
    return _SPELLED_OUT.get(match[0], match[0])


def _offset_in(body, offset):
    """Returns the offset in the original body for an offset after `_spell_out`."""
    for match in _STRING_OR_INFINITE.finditer(body):
        if match.start() >= offset:
            break
        offset -= len(_spell_out(match)) - len(match[0])
    return offset


def _keep_first(pairs):
    """Returns an object; of duplicate keys the first one counts, as in TF Serving."""
    document = dict(pairs)
    if len(document) < len(pairs):
        document |= dict(reversed(pairs))
    return document


def _to_finite(text):
    number = float(text)
    if math.isinf(number):
        raise OverflowError(text)
    return number


def signature_name(document: dict) -> str:
    """Returns the signature that a request names, "" for the default one."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise errors.invalid(
            f"JSON Value: {show(document)} not formatted correctly. 'signature_name' key must be a "
            "string value."
        )
    return name


def parse_predict(body: bytes) -> PredictBody:
    """Returns a predict request; apart from the signature's name it is not checked yet.

    Raises:
      ServingError: INVALID_ARGUMENT for a body that is not a JSON object.
    """
    document = parse_object(body)
    return PredictBody(signature_name(document), document)


def to_arrays(body: PredictBody, inputs: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Returns the arrays of a request for the inputs of its signature.

    Raises:
      ServingError: INVALID_ARGUMENT if they do not fit; names the element.
    """
    if not inputs:
        raise errors.invalid(
            f"Failed to get input map for signature: {body.signature_name or 'DEFAULT'}"
        )
    document = body.document
    if "instances" in document and "inputs" in document:
        raise errors.invalid(
            f"JSON Value: {show(document)} Not formatted correctly expecting only one of 'inputs' "
            "or 'instances' keys to exist "
        )
    if "inputs" in document:
        return _columns(document["inputs"], inputs)
    if "instances" not in document:
        raise errors.invalid("Missing 'inputs' or 'instances' key")
    instances = document["instances"]
    if not isinstance(instances, list):
        text = f"JSON Value: {show(document)} Expecting 'instances' to be an list/array"
        raise errors.invalid(text)
    if not instances:
        raise errors.invalid(f"JSON Value: {show(document)} No values in 'instances' array")
    return _rows(instances, inputs)


def _columns(values, inputs):
    if not isinstance(values, dict) or is_base64(values):
        if len(inputs) > 1:
            raise errors.invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        [(name, tensor)] = inputs.items()
        return {name: to_array(values, tensor.dtype)}
    missing = [name for name in inputs if name not in values]
    if missing:
        raise errors.invalid(f"Missing named input: {missing[0]} in 'inputs' object.")
    return {name: to_array(values[name], tensor.dtype) for name, tensor in inputs.items()}


def _rows(instances, inputs):
    objects = [isinstance(i, dict) and not is_base64(i) for i in instances]
    if not objects[0]:
        if len(inputs) > 1:
            raise errors.invalid(
                "instances is a plain list, but expecting list of objects as multiple input "
                "tensors required as per tensorinfo_map"
            )
        if any(objects):
            raise errors.invalid(
                f"Expecting value/list but got object at item {objects.index(True)} of input list"
            )
        [(name, tensor)] = inputs.items()
        return {name: _stack(instances, name, tensor.dtype)}
    if not all(objects):
        item = objects.index(False)
        raise errors.invalid(f"Expecting object but got list at item {item} of input list")
    for item, instance in enumerate(instances):
        if instance.keys() == inputs.keys():
            continue
        extra = [name for name in instance if name not in inputs]
        start = f"Failed to process element: {item}"
        if extra:
            raise errors.invalid(
                f"{start} key: {extra[0]} of 'instances' list. Error: INVALID_ARGUMENT: JSON "
                f"object: does not have named input: {extra[0]}"
            )
        raise errors.invalid(
            f"{start} of 'instances' list. JSON object: {show(instance)} keys must be equal to: "
            f"{','.join(sorted(inputs))}"
        )
    return {
        name: _stack([i[name] for i in instances], name, tensor.dtype)
        for name, tensor in inputs.items()
    }


def _stack(values, name, dtype):
    """Returns an array with a row for each value; an error names the first one that differs."""
    try:
        return to_array(values, dtype)
    except errors.ServingError as whole:
        first = None
        for item, value in enumerate(values):
            try:
                array = to_array(value, dtype)
                first = array if first is None else first
                if array.size != first.size:
                    raise errors.invalid(
                        f"Expecting tensor size: {first.size} but got: {array.size}"
                    )
                if array.shape != first.shape:
                    raise errors.invalid(
                        f"Expecting shape {_shape(first)} but got: {_shape(array)}"
                    )
            except errors.ServingError as error:
                raise errors.ServingError(
                    error.code,
                    f"Failed to process element: {item} key: {name} of 'instances' list. Error: "
                    f"{error.code.name}: {error.message}",
                ) from None
        raise whole from None


def _shape(array):
    return f"[{','.join(map(str, array.shape))}]"
