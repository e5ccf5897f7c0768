"""Paths, examples and protos, case by case, against TF Serving's public behaviour."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import input_pb2

from zoo.tfserving.contract import errors, examples, json_replies, paths, protos
from zoo.tfserving.contract.errors import ServingError, StatusCode


def test_paths():
    spec = paths.ModelSpec
    for method, path, verb, model in [
        ("POST", "/v1/models/m:predict", "predict", spec("m")),
        ("POST", "/V1/MODELS/m/Versions/3:predict", "predict", spec("m", 3)),
        ("GET", "/v1/models/m/METADATA", "status", spec("m")),
        ("POST", "/v1/models/m/labels/stable:classify", "classify", spec("m", None, "stable")),
        ("POST", "/v1/models/a%20b:regress", "regress", spec("a b")),
        ("GET", "/v1/models/m", "status", spec("m")),
        ("GET", "/v1/models/m/versions/2", "status", spec("m", 2)),
        ("GET", "/v1/models/m/versions/2/metadata", "metadata", spec("m", 2)),
        ("GET", "/v1/models/m/labels/x/metadata", "metadata", spec("m", None, "x")),
    ]:
        assert paths.parse(method, path) == paths.Call(verb, model)


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("GET", "/v1/foo", "Malformed request: GET /v1/foo"),
        ("POST", "/v1/foo", "Malformed request: POST /v1/foo"),
        ("GET", "/v1/models", "Missing model name in request."),
        ("GET", "/v1/models/debug/model_name", "Malformed request"),
        ("POST", "/v1/models", "Malformed request"),
        ("GET", "/v1/models/foo:predict", "Malformed request"),
        ("GET", "/v1/models/foo/version/50:predict", "Malformed request"),
        ("POST", "/v1/models/foo/version/50:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/HELLO:regress", "Malformed request"),
        ("POST", f"/v1/models/foo/versions/{2**64 - 1}:regress", "Failed to convert version"),
        ("POST", f"/v1/models/foo/versions/{'9' * 5000}:regress", "Failed to convert version"),
        ("POST", "/v1/models/foo/metadata", "Malformed request"),
        ("POST", "/v1/models/foo/label/some:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/5/labels/x:regress", "Malformed request"),
        ("POST", "/v1/models/foo:explain", "Malformed request"),
        ("POST", "/v1/models/foo:PREDICT", "Malformed request"),
        ("DELETE", "/v1/models/foo", "Malformed request"),
    ],
)  # fmt: skip
def test_malformed_paths(method, path, text):
    with pytest.raises(ServingError, match=text) as caught:
        paths.parse(method, path)
    assert caught.value.http_status == 400


def test_examples():
    body = b"""{"signature_name": "s", "context": {"query": "pizza", "location": ["sfo"]},
      "examples": [{"names": ["foo", {"b64": "aGVsbG8="}], "ratings": [8.0, NaN, Infinity]},
                   {"age": 20, "mix": [1, true, false], "none": []}]}"""
    name, given = examples.parse_json(body)
    first, second = given.example_list_with_context.examples
    context = given.example_list_with_context.context.features.feature
    assert name == "s" and context["query"].bytes_list.value == [b"pizza"]
    assert first.features.feature["names"].bytes_list.value == [b"foo", b"hello"]
    np.testing.assert_array_equal(
        first.features.feature["ratings"].float_list.value, [8, np.nan, np.inf]
    )
    assert second.features.feature["age"].int64_list.value == [20]
    assert second.features.feature["mix"].int64_list.value == [1, 1, 0]
    # An example is served with what it shares with the others.
    whole = tf.train.Example.FromString(examples.serialize(given)[1])
    assert {"query", "age", "none"} <= set(whole.features.feature)
    without = examples.parse_json(b'{"examples": [{"x": 1.5}]}')[1]
    assert without.WhichOneof("kind") == "example_list"


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"signature_name": ["s"], "examples": [{}]}, "'signature_name' key must be a string"),
        ({"context": [{"n": "a"}]}, "Example must be JSON object but got JSON Array"),
        ({"examples": {"n": "a"}}, "list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"instances": [1]}, "key 'examples' is expected and was not found"),
        ({"examples": [[{"n": "a"}]]}, "Example must be JSON object"),
        ({"examples": [{"n": [10, None]}]}, "n has element with unexpected JSON type: Null"),
        ({"examples": [{"n": [[1]]}]}, "n has element with unexpected JSON type: Array"),
        ({"examples": [{"n": {"a": 1}}]}, "n has element with unexpected JSON type: Object"),
        ({"examples": [{"n": [10, 10.0]}]}, "feature: n expecting type: int64"),
        ({"examples": [{"n": [1.0, "a"]}]}, "feature: n expecting type: float"),
        ({"examples": [{"n": ["a", 1]}]}, "feature: n expecting type: bytes"),
        ({"examples": [{"n": [2**63]}]}, "has uint64_t element"),
        ({"examples": [{"\ud800": [1]}]}, "The name of a feature is not text"),
    ],
)
def test_wrong_examples_are_refused(request_, text):
    with pytest.raises(ServingError, match=text) as caught:
        examples.parse_json(json.dumps(request_).encode())
    assert caught.value.code == StatusCode.INVALID_ARGUMENT


def test_no_examples():
    with pytest.raises(ServingError, match="Input is empty"):
        examples.serialize(input_pb2.Input())


def test_results_of_examples():
    scores = np.array([[12.0, 1.5]], np.float32)
    assert (
        json_replies.from_classifications(None, scores) == '{"results": [[["", 12.0], ["", 1.5]]]}'
    )
    labels = np.array([[b"a", b'"']], object)
    both = json.loads(json_replies.from_classifications(labels, scores))
    assert both == {"results": [[["a", 12.0], ['"', 1.5]]]}
    values = np.array([42, np.nan, np.inf], np.float32)
    assert json_replies.from_regressions(values) == '{"results": [42.0, NaN, Infinity]}'


@pytest.mark.parametrize(
    "dtype",
    [tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32,
     tf.uint64, tf.bool, tf.float16, tf.bfloat16, tf.complex64, tf.complex128],
)  # fmt: skip
def test_typed_protos_are_read_by_tensorflow(dtype):
    array = (np.arange(6).reshape(2, 3) % 2).astype(dtype.as_numpy_dtype)
    proto = protos.to_proto(array, dtype)
    assert not proto.tensor_content
    np.testing.assert_array_equal(tf.make_ndarray(proto), array)
    for form in (proto, tf.make_tensor_proto(array)):
        np.testing.assert_array_equal(protos.to_array("x", form), array)


def test_replies_fill_the_typed_fields():
    proto = protos.to_proto(np.array([[1.5, 2]], np.float32), tf.float32)
    assert list(proto.float_val) == [1.5, 2] and proto.tensor_shape.dim[1].size == 2
    assert list(protos.to_proto(np.array([b"a"], object), tf.string).string_val) == [b"a"]


def test_protos_that_contradict_themselves_are_refused():
    def proto(shape, dtype=tf.float32, **fields):
        made = tf.make_tensor_proto(1.0)
        made.Clear()
        made.dtype = dtype.as_datatype_enum if isinstance(dtype, tf.DType) else dtype
        for size in shape:
            made.tensor_shape.dim.add().size = size
        for name, value in fields.items():
            if isinstance(value, list):
                getattr(made, name).extend(value)
            else:
                setattr(made, name, value)
        return made

    for wrong in [
        proto([2], tensor_content=b"abc"),
        proto([2**62] * 300, float_val=[1.0]),
        proto([-1], float_val=[1.0]),
        proto([2], float_val=[1.0, 2.0, 3.0]),
        proto([1], dtype=999, float_val=[1.0]),
        proto([1], dtype=0, float_val=[1.0]),
        proto([2], dtype=tf.int8, int_val=[1000, 2]),
        proto([1], dtype=tf.string, tensor_content=b"abcdefgh"),
    ]:
        with pytest.raises(ServingError) as caught:
            protos.to_array("x", wrong)
        assert caught.value.code == StatusCode.INVALID_ARGUMENT
    with pytest.raises(ServingError) as caught:  # 40 GB of one number
        protos.to_array("x", proto([100_000, 100_000], float_val=[1.0]))
    assert caught.value.code == StatusCode.RESOURCE_EXHAUSTED


def test_codes_map_as_in_tf_serving():
    statuses = {
        StatusCode.INVALID_ARGUMENT: 400, StatusCode.FAILED_PRECONDITION: 400,
        StatusCode.OUT_OF_RANGE: 400, StatusCode.NOT_FOUND: 404, StatusCode.CANCELLED: 499,
        StatusCode.RESOURCE_EXHAUSTED: 429, StatusCode.UNIMPLEMENTED: 501,
        StatusCode.UNAVAILABLE: 503, StatusCode.DEADLINE_EXCEEDED: 504, StatusCode.INTERNAL: 500,
        StatusCode.UNKNOWN: 500, StatusCode.DATA_LOSS: 500, StatusCode.ABORTED: 409,
        StatusCode.ALREADY_EXISTS: 409, StatusCode.PERMISSION_DENIED: 403,
        StatusCode.UNAUTHENTICATED: 401,
    }  # fmt: skip
    assert {c: ServingError(c, "").http_status for c in statuses} == statuses
    error = errors.from_tensorflow(tf.errors.InvalidArgumentError(None, None, "wrong"))
    assert (error.code, error.message) == (StatusCode.INVALID_ARGUMENT, "wrong")
