"""Classify and regress: tf.Examples in, labels with scores or numbers out."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, input_pb2, regression_pb2

from zoo.tfserving.contract import errors
from zoo.tfserving.contract.json_requests import parse_object
from zoo.tfserving.contract.json_requests import signature_name as read_signature_name
from zoo.tfserving.contract.json_values import decode_base64, is_base64, kind_of, show
from zoo.tfserving.contract.paths import DEFAULT_SIGNATURE
from zoo.tfserving.contract.signatures import Signature

INPUTS, CLASSES, SCORES, OUTPUTS = "inputs", "classes", "scores", "outputs"
_KINDS = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


class Classifications(NamedTuple):
    """Result of a classify request: bytes [B, K], float32 [B, K]; one of the two may be None."""

    classes: np.ndarray | None
    scores: np.ndarray | None


def parse_json(body: bytes) -> tuple[str, input_pb2.Input]:
    """Returns the signature's name and the examples of a classify or regress request.

    Raises:
      ServingError: INVALID_ARGUMENT if the body is not such a request.
    """
    document = parse_object(body)
    name, given = read_signature_name(document), input_pb2.Input()
    if "context" in document:
        context = _to_example(document["context"])
        given.example_list_with_context.context.CopyFrom(context)
    if "examples" not in document:
        raise errors.invalid(
            f"JSON Value: {show(document)} When method is classify, key 'examples' is expected and "
            "was not found"
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        text = f"JSON Value: {show(document)} Expecting 'examples' value to be an list/array"
        raise errors.invalid(text)
    if not examples:
        raise errors.invalid(f"JSON Value: {show(document)} 'examples' value is an empty array")
    target = given.example_list_with_context if "context" in document else given.example_list
    target.examples.extend(_to_example(example) for example in examples)
    return name, given


def _to_example(value):
    if not isinstance(value, dict):
        raise errors.invalid(f"Example must be JSON object but got JSON {kind_of(value)}")
    example = tf.train.Example()
    for name, content in value.items():
        try:
            feature = example.features.feature[name]
        except UnicodeEncodeError:
            raise errors.invalid(f"The name of a feature is not text: {show(name)}") from None
        for leaf in content if isinstance(content, list) else [content]:
            _add_value(feature, name, leaf)
    return example


def _add_value(feature, name, value):
    """Appends a value to a feature; the first value determines the type."""
    if is_base64(value):
        kind, value = "bytes_list", decode_base64(value)
    elif isinstance(value, str):
        kind, value = "bytes_list", value.encode("utf-8", "surrogatepass")
    elif isinstance(value, float):
        kind = "float_list"
        value = _to_float32(value)
    elif isinstance(value, int):
        kind, value = "int64_list", int(value)
        if value > 2**63 - 1 or value < -(2**63):
            raise errors.invalid(
                f"Feature: {name} has uint64_t element. Only int64_t is supported."
            )
    else:
        raise errors.invalid(
            f"Feature: {name} has element with unexpected JSON type: {kind_of(value)}"
        )
    settled = feature.WhichOneof("kind")
    if settled not in (None, kind):
        raise errors.invalid(
            f"Unexpected element type in feature: {name} expecting type: {_KINDS[settled]}"
        )
    getattr(feature, kind).value.append(value)


def _to_float32(value):
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def serialize(given: input_pb2.Input) -> np.ndarray:
    """Returns the examples as bytes [B], each with the shared context.

    Raises:
      ServingError: INVALID_ARGUMENT if there is none.
    """
    kind = given.WhichOneof("kind")
    examples, context = [], b""
    if kind == "example_list":
        examples = given.example_list.examples
    elif kind == "example_list_with_context":
        examples = given.example_list_with_context.examples
        context = given.example_list_with_context.context.SerializeToString()
    if not examples:
        raise errors.invalid("Input is empty.")
    # Concatenated serialised protos are one proto with the fields of both.
    return np.array([context + example.SerializeToString() for example in examples], object)


def check_classifier(signatures: Mapping[str, Signature], key: str) -> Signature:
    """Returns a signature that classifies.

    Raises:
      ServingError: INVALID_ARGUMENT if there is none of that name, or it does not.
    """
    signature = _find(signatures, key)
    if len(signature.outputs) not in (1, 2):
        raise errors.invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if INPUTS not in signature.inputs:
        raise errors.invalid(
            f"No classification inputs found in SignatureDef: {', '.join(signature.inputs)}"
        )
    if not {CLASSES, SCORES} & set(signature.outputs):
        raise errors.invalid(
            'Expected classification signature outputs to contain at least one of "classes" or '
            f'"scores". Signature was: {", ".join(signature.outputs)}'
        )
    return signature


def check_regressor(signatures: Mapping[str, Signature], key: str) -> Signature:
    """Returns a signature that regresses.

    Raises:
      ServingError: INVALID_ARGUMENT if there is none of that name, or it does not.
    """
    signature = _find(signatures, key)
    if len(signature.outputs) != 1:
        raise errors.invalid("Expected one output Tensor.")
    if INPUTS not in signature.inputs:
        raise errors.invalid(
            f"No regression inputs found in SignatureDef: {', '.join(signature.inputs)}"
        )
    if OUTPUTS not in signature.outputs:
        raise errors.invalid(
            f"No regression outputs found in SignatureDef: {', '.join(signature.outputs)}"
        )
    return signature


def _find(signatures, key):
    key = key or DEFAULT_SIGNATURE
    if key not in signatures:
        raise errors.invalid(f"No signature was found with the name: {key}")
    signature = signatures[key]
    if len(signature.inputs) != 1:
        raise errors.invalid("Expected one input Tensor.")
    return signature


def to_classifications(outputs: Mapping[str, np.ndarray], rows: int) -> Classifications:
    """Returns the outputs of a classifier, checked.

    Raises:
      ServingError: INVALID_ARGUMENT if dtypes or shapes are not those of a classifier.
    """
    result = Classifications(outputs.get(CLASSES), outputs.get(SCORES))
    for name, array, kinds, expected in (
        (CLASSES, result.classes, "OSU", "DT_STRING"),
        (SCORES, result.scores, "f", "DT_FLOAT"),
    ):
        if array is None:
            continue
        if array.ndim != 2:
            shape = ",".join(map(str, array.shape))
            raise errors.invalid(
                f"Expected Tensor shape: [batch_size num_classes] but got [{shape}]"
            )
        if array.dtype.kind not in kinds or array.dtype == np.float64:
            raise errors.invalid(f"Expected {name} Tensor of {expected}. Got: {array.dtype.name}")
        if len(array) != rows:
            raise errors.invalid(f"Expected {name} output batch size of {rows}. Got: {len(array)}")
    both = result.classes is not None and result.scores is not None
    if both and result.classes.shape != result.scores.shape:
        raise errors.invalid(
            "Tensors class and score should match in dim_size(1). Got "
            f"{result.classes.shape[1]} vs. {result.scores.shape[1]}"
        )
    return result


def to_regressions(outputs: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
    """Returns the output of a regressor, float32 [B].

    Raises:
      ServingError: INVALID_ARGUMENT if its dtype or shape is not that of a regressor.
    """
    values = outputs[OUTPUTS]
    if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] != 1):
        shape = ",".join(map(str, values.shape))
        raise errors.invalid(
            f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"[{shape}]"
        )
    if values.dtype != np.float32:
        raise errors.invalid(f"Expected output Tensor of DT_FLOAT. Got: {values.dtype.name}")
    if len(values) != rows:
        raise errors.invalid(
            f"Input batch size did not match output batch size: {rows} vs. {len(values)}"
        )
    return values.reshape(-1)


def classification_proto(result: Classifications) -> classification_pb2.ClassificationResult:
    """Returns the result of a classify request as gRPC has it."""
    proto = classification_pb2.ClassificationResult()
    shape = (result.scores if result.classes is None else result.classes).shape
    for row in range(shape[0]):
        classes = proto.classifications.add().classes
        for k in range(shape[1]):
            one = classes.add()
            if result.classes is not None:
                one.label = bytes(result.classes[row, k]).decode("utf-8", "replace")
            if result.scores is not None:
                one.score = result.scores[row, k]
    return proto


def regression_proto(values: np.ndarray) -> regression_pb2.RegressionResult:
    """Returns the result of a regress request as gRPC has it."""
    return regression_pb2.RegressionResult(
        regressions=[regression_pb2.Regression(value=value) for value in values.tolist()]
    )
