"""Builds the JSON of replies from arrays."""

import base64
import json
from collections.abc import Mapping

import numpy as np
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from zoo.tfserving.contract import errors, json_numbers


def from_predictions(outputs: Mapping[str, np.ndarray], by_rows: bool) -> str:
    """Returns the reply of a predict request.

    Args:
      outputs: {name: array}; in row form each has rank 1 or more and the same dimension 0.
      by_rows: "predictions" for row form, "outputs" for columnar form.

    Raises:
      ServingError: INVALID_ARGUMENT for outputs that cannot take this form.
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
    columns = [_write_rows(name, outputs[name]) for name in names]
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
        for pair in zip(labels, map(json_numbers.decimals, numbers), strict=True)
    ]
    return f'{{"results": [{", ".join(f"[{row}]" for row in rows)}]}}'


def from_regressions(values: np.ndarray) -> str:
    """Returns the reply of a regress request, of float32 [B]."""
    return f'{{"results": [{", ".join(json_numbers.decimals(values))}]}}'


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
    """Returns the reply that carries an error message."""
    return json.dumps({"error": message}, ensure_ascii=False)


def _join(names, written):
    members = (f"{json.dumps(name)}: {w}" for name, w in zip(names, written, strict=True))
    return f"{{{', '.join(members)}}}"


def _write(name, array):
    """Returns an output as one JSON text."""
    if array.dtype in json_numbers.DTYPES:
        return json_numbers.write(array)
    texts = iter(_texts(name, array))

    def nest(shape):
        if not shape:
            return next(texts)
        return f"[{', '.join([nest(shape[1:]) for _ in range(shape[0])])}]"

    return nest(array.shape)


def _write_rows(name, array):
    """Returns the JSON of each row of an output."""
    if array.dtype in json_numbers.DTYPES:
        return json_numbers.write_rows(array)
    # With "...", as a row that is a scalar would lose the last zeros of its bytes.
    return [_write(name, array[i, ...]) for i in range(len(array))]


def _texts(name, array):
    """Returns the JSON of each value that is not a number."""
    if array.dtype.kind not in "OSU":
        raise errors.invalid(f"Failed to write JSON value for tensor type: {array.dtype.name}")
    quote = _quote_bytes if name.endswith("_bytes") else _quote
    return [quote(value) for value in array.ravel()]


def _quote(value):
    text = value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
    return json.dumps(text, ensure_ascii=False)


def _quote_bytes(value):
    value = value.encode() if isinstance(value, str) else bytes(value)
    return f'{{"b64": "{base64.b64encode(value).decode()}"}}'
