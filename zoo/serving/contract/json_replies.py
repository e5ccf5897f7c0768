"""Arrays to the JSON of replies, its numbers written as TF Serving writes them."""

import base64
import functools
import json
from collections.abc import Mapping

import numpy as np
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from zoo.serving.contract import errors

_PRINTED = {np.dtype(np.float32): 9, np.dtype(np.float64): 17}


def from_predictions(outputs: Mapping[str, np.ndarray], by_rows: bool) -> str:
    """Returns the reply of a predict request.

    Args:
      outputs: {name: array}; in row form each has rank 1 or more and the same dimension 0.
      by_rows: "predictions" for row form, "outputs" for columnar form.

    Raises:
      ServingError: INVALID_ARGUMENT for outputs that have no such form.
    """
    if not outputs:
        raise errors.invalid("Cannot convert empty tensor map to JSON")
    names = sorted(outputs)
    if not by_rows:
        written = [_write(name, outputs[name]) for name in names]
        return f'{{"outputs": {_join(names, written) if len(names) > 1 else written[0]}}}'
    batch: int | None = None
    for name in names:
        shape = outputs[name].shape
        if not shape:
            raise errors.invalid(f"Tensor name: {name} has no shape information ")
        if batch is not None and shape[0] != batch:
            raise errors.invalid(
                f"Tensor name: {name} has inconsistent batch size: {shape[0]} expecting: {batch}"
            )
        batch = shape[0]
    # With "...", as a row that is a scalar would lose its dtype, and bytes their last zeros.
    columns = [[_write(n, outputs[n][i, ...]) for i in range(batch or 0)] for n in names]
    if len(names) > 1:
        rows = [_join(names, row) for row in zip(*columns, strict=True)]
    else:
        rows = columns[0]
    return f'{{"predictions": [{", ".join(rows)}]}}'


def from_classifications(classes: np.ndarray | None, scores: np.ndarray | None) -> str:
    """Returns the reply of a classify request: for each example, pairs of a label and a score.

    Args:
      classes: bytes [B, K], or None.
      scores: float32 [B, K], or None.
    """
    given = classes if scores is None else scores
    assert given is not None
    if classes is None:
        labels = [['""'] * given.shape[1]] * len(given)
    else:
        labels = [[_quote(label) for label in row] for row in classes]
    numbers = np.zeros(given.shape, np.float32) if scores is None else scores
    rows = [
        ", ".join(f"[{k}, {s}]" for k, s in zip(*pair, strict=True))
        for pair in zip(labels, map(_decimals, numbers), strict=True)
    ]
    return f'{{"results": [{", ".join(f"[{row}]" for row in rows)}]}}'


def from_regressions(values: np.ndarray) -> str:
    """Returns the reply of a regress request, of float32 [B]."""
    return f'{{"results": [{", ".join(_decimals(values))}]}}'


def from_status(status: get_model_status_pb2.GetModelStatusResponse) -> str:
    """Returns the reply to a request of a model's status."""
    return json_format.MessageToJson(status, always_print_fields_with_no_presence=True)


def from_metadata(metadata: get_model_metadata_pb2.GetModelMetadataResponse) -> str:
    """Returns the reply to a request of a model's signatures."""
    options = {
        "preserving_proto_field_name": True,
        "always_print_fields_with_no_presence": True,
    }
    signatures = get_model_metadata_pb2.SignatureDefMap()
    metadata.metadata["signature_def"].Unpack(signatures)
    reply = {
        "model_spec": json_format.MessageToDict(metadata.model_spec, **options),
        "metadata": {"signature_def": json_format.MessageToDict(signatures, **options)},
    }
    return json.dumps(reply, indent=1)


def from_error(message: str) -> str:
    """Returns the reply that says what is wrong."""
    return json.dumps({"error": message}, ensure_ascii=False)


def _join(names, written):
    members = (f"{json.dumps(name)}: {w}" for name, w in zip(names, written, strict=True))
    return f"{{{', '.join(members)}}}"


def _write(name, array):
    if array.ndim > 1 and len(array) > 1:  # row by row, as templates of whole batches are large
        return f"[{', '.join([_write(name, row) for row in array])}]"
    return _template(array.shape) % tuple(_leaves(name, array))


@functools.lru_cache(maxsize=256)
def _template(shape):
    """Nested lists of that shape with %s for each value."""
    text = "%s"
    for size in reversed(shape):
        text = f"[{', '.join([text] * size)}]"
    return text


def _leaves(name, array):
    if array.dtype in _PRINTED:
        return _decimals(array)
    if array.dtype == bool:
        return ["true" if value else "false" for value in array.ravel()]
    if array.dtype.kind in "iu":
        return map(str, array.ravel().tolist())
    if array.dtype.kind in "OSU":
        quote = _quote_bytes if name.endswith("_bytes") else _quote
        return [quote(value) for value in array.ravel()]
    raise errors.invalid(f"Failed to write JSON value for tensor type: {array.dtype.name}")


def _decimals(array):
    """Six significant digits where these give the same number again, else all that it takes."""
    values = array.ravel()
    numbers = values.tolist()
    texts = (("%.6g\n" * len(numbers)) % tuple(numbers)).split("\n")[:-1]
    with np.errstate(over="ignore"):
        again = np.array(list(map(float, texts)), array.dtype)
    wrong = np.flatnonzero((again != values) & np.isfinite(values)).tolist()
    if wrong:
        digits = f"%.{_PRINTED[array.dtype]}g\n" * len(wrong)
        longer = (digits % tuple(numbers[i] for i in wrong)).split("\n")
        for i, text in zip(wrong, longer, strict=False):
            texts[i] = text
    # Whole numbers get a point, so that a list has one type for every reader.
    return [t if "." in t or "e" in t else _WORDS.get(t) or f"{t}.0" for t in texts]


_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _quote(value):
    text = value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
    return json.dumps(text, ensure_ascii=False)


def _quote_bytes(value):
    value = value.encode() if isinstance(value, str) else bytes(value)
    return f'{{"b64": "{base64.b64encode(value).decode()}"}}'
