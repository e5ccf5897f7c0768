"""JSON to arrays and back, case by case, against TF Serving's public behaviour."""

import json
import shutil
import subprocess
import time

import numpy as np
import pytest
import tensorflow as tf

from zoo.tfserving.contract import json_numbers, json_replies, json_requests, signatures
from zoo.tfserving.contract.errors import ServingError, StatusCode


def tensors(**dtypes):
    return {n: signatures.Tensor(f"{n}:0", dtype, None) for n, dtype in sorted(dtypes.items())}


def read(text, **dtypes):
    text = (
        text
        if isinstance(text, bytes)
        else (text if isinstance(text, str) else json.dumps(text)).encode()
    )
    return json_requests.to_arrays(json_requests.parse_predict(text), tensors(**dtypes))


def refused(text, **dtypes):
    """The message with which a request is refused as INVALID_ARGUMENT."""
    with pytest.raises(ServingError) as caught:
        read(text, **dtypes)
    assert caught.value.code == StatusCode.INVALID_ARGUMENT and caught.value.http_status == 400
    return caught.value.message


INT, FLOAT, STRING = {"x": tf.int32}, {"x": tf.float32}, {"x": tf.string}


@pytest.mark.parametrize(
    ("request_", "dtypes", "expected"),
    [
        ({"instances": [[1, 2], [3, 4], [5, 6]]}, INT, [[1, 2], [3, 4], [5, 6]]),
        ({"instances": [1, 2.0, 5.003, 0.0]}, FLOAT, [1, 2, 5.003, 0]),
        ({"instances": [{"x": 1}, {"x": 2}]}, INT, [1, 2]),
        ({"inputs": [3.0, 4.0]}, FLOAT, [3, 4]),
        ({"inputs": 3.0}, FLOAT, 3.0),
        ({"inputs": {"x": [[1], [2]]}}, INT, [[1], [2]]),
        ({"instances": [1435774380]}, FLOAT, [np.float32(1435774380)]),
        ({"instances": [1435774380.0]}, FLOAT, [np.float32(1435774380)]),
        ({"instances": [1e308, -1e308]}, FLOAT, [np.inf, -np.inf]),
        ({"instances": [3e-308]}, FLOAT, [0]),
        ({"instances": [10**30]}, FLOAT, [np.float32(1e30)]),
        ('{"instances": [NaN, Infinity, -Infinity]}', FLOAT, [np.nan, np.inf, -np.inf]),
        ('{"instances": [Inf, -Inf, -NaN]}', FLOAT, [np.inf, -np.inf, np.nan]),
        ('{"x": "Inf, \\" Inf", "instances": [Inf]}', FLOAT, [np.inf]),
        ('{"instances": [1, 2], "instances": [3]}', INT, [1, 2]),
        ('{"instances": [{"x": 1, "x": 2}]}', INT, [1]),
        ({"instances": ["a", {"b64": "aGVsbG8="}]}, STRING, [b"a", b"hello"]),
        ({"instances": [{"x": {"b64": "aGVsbG8="}}]}, STRING, [b"hello"]),
        ({"inputs": {"b64": "aGVsbG8="}}, STRING, b"hello"),
        ({"instances": [["a", "b"], ["c", "d"]]}, STRING, [[b"a", b"b"], [b"c", b"d"]]),
        ({"instances": [True, False]}, {"x": tf.bool}, [True, False]),
        ({"instances": [2**63 - 1]}, {"x": tf.int64}, [2**63 - 1]),
        ({"instances": [2**64 - 1]}, {"x": tf.uint64}, [2**64 - 1]),
        ({"instances": [[], []]}, FLOAT, np.zeros([2, 0])),
        ({"inputs": []}, FLOAT, np.zeros([0])),
    ],
)  # fmt: skip
def test_requests_become_arrays(request_, dtypes, expected):
    array = read(request_, **dtypes)["x"]
    assert array.dtype == (object if dtypes["x"] == tf.string else dtypes["x"].as_numpy_dtype)
    np.testing.assert_array_equal(array, np.array(expected, array.dtype))


def test_several_inputs_in_both_forms():
    rows = [{"a": 1, "s": ["x", "y"]}, {"a": 2, "s": ["z", "w"]}]
    columns = {"a": [1, 2], "s": [["x", "y"], ["z", "w"]]}
    given = [read(r, a=tf.int32, s=tf.string) for r in ({"instances": rows}, {"inputs": columns})]
    for name in "as":
        np.testing.assert_array_equal(given[0][name], given[1][name])


@pytest.mark.parametrize(
    ("request_", "dtypes", "text"),
    [
        ("", INT, "JSON Parse error: The document is empty"),
        (" \r\n\t", INT, "JSON Parse error: The document is empty"),
        ("instances = [1, 2]", INT, "JSON Parse error: Invalid value"),
        ('{"instances": [1', INT, "JSON Parse error"),
        ('{"instances": [1]} x', INT, "The document root must not be followed by other values."),
        ('{"instances": [1] x}', INT, "Missing a comma or closing bracket."),
        ('{"instances": [1],}', INT, "Missing a name for object member."),
        ('{"instances": "x', INT, "Missing a closing quotation mark in string."),
        ('{"instances": [Info]}', INT, "JSON Parse error: Invalid value. at offset: 15"),
        ('{"instances": [Inf, -NaN, "\u00e9 Inf", x', FLOAT, "Invalid value. at offset: 36"),
        ('{"b": 1, "a": [Inf], "b": 2}', FLOAT, "Missing 'inputs' or 'instances' key"),
        ('{"b": 1, "a": 2, "b": 3, "instances": 4}', INT, '{"b": 1, "a": 2, "instances": 4}'),
        (b'{"instances": ["\xff"]}', STRING, "JSON Parse error: Invalid encoding"),
        ("[1]", INT, "Is not object"),
        ('{"instances": ' + "[" * 100_000 + "]" * 100_000 + "}", INT, "JSON Parse error"),
        ('{"signature_name": ' + "[" * 500 + "]" * 500 + "}", INT, "must be a string value"),
        ('{"instances": [1e400]}', FLOAT, "Number too big to be stored in double"),
        ('{"instances": [' + "9" * 5000 + "]}", FLOAT, "Number too big to be stored in double"),
        ('{"instances": [' + "9" * 400 + "]}", FLOAT, "Number too big to be stored in double"),
        ({"signature_name": 5, "instances": [1]}, INT, "'signature_name' key must be a string"),
        ({"instances": [1], "inputs": [1]}, INT, "expecting only one of 'inputs' or 'instances'"),
        ({"instances": {"x": 1}}, INT, "Expecting 'instances' to be an list/array"),
        ({"instances": []}, INT, "No values in 'instances' array"),
        ({"signature_name": "s"}, INT, "Missing 'inputs' or 'instances' key"),
        ({"instances": [[1, 2], [3, 4], [5, 6, 7]]}, INT, "Expecting tensor size: 2 but got: 3"),
        ({"instances": [[1, 2], [3, 4], [[5, 6]]]}, INT, "Expecting shape [2] but got: [1,2]"),
        ({"instances": [1, [1]]}, INT, "Expecting shape [] but got: [1]"),
        ({"instances": [[1, 2], ["a", "b"]]}, INT, '"a" Type: String is not of expected'),
        ({"instances": [[[1, 2], [3]]]}, INT, "Encountered list at unexpected size: 1 at level: 1"),
        ({"instances": [[[1, 2], 3]]}, INT, "found at incorrect level"),
        ({"instances": [1.0]}, INT, "Type: Number is not of expected type: int32"),
        ({"instances": [True]}, INT, "Type: True is not of expected type: int32"),
        ({"instances": [None]}, FLOAT, "Type: Null is not of expected type: float32"),
        ({"instances": [2**31]}, INT, "is not of expected type: int32"),
        ({"instances": [2**63]}, {"x": tf.int64}, "is not of expected type: int64"),
        ({"instances": [-1]}, {"x": tf.uint32}, "is not of expected type: uint32"),
        ({"instances": [256]}, {"x": tf.uint8}, "is not of expected type: uint8"),
        ({"instances": [1]}, {"x": tf.bool}, "is not of expected type: bool"),
        ({"instances": [1]}, STRING, "is not of expected type: string"),
        ({"instances": [{"b64": "###"}]}, STRING, "Unable to base64 decode"),
        ({"instances": [[{"b64": "aa", "c": 1}]]}, STRING, "not formatted correctly for base64"),
        ({"instances": [{"z": 1}]}, INT, "does not have named input: z"),
        ({"instances": [{"x": 1}, [1]]}, INT, "Expecting object but got list at item 1"),
        ({"instances": [[1], {"x": 1}]}, INT, "Expecting value/list but got object at item 1"),
        ({"instances": [1]}, {"x": tf.int32, "y": tf.int32}, "instances is a plain list"),
        ({"instances": [{"x": 1}]}, {"x": tf.int32, "y": tf.int32}, "keys must be equal to: x,y"),
        ({"inputs": [1]}, {"x": tf.int32, "y": tf.int32}, "inputs is a plain value/list"),
        ({"inputs": {"x": 1}}, {"x": tf.int32, "y": tf.int32}, "Missing named input: y"),
        ({"instances": [1]}, {}, "Failed to get input map for signature: DEFAULT"),
    ],
)  # fmt: skip
def test_wrong_requests_are_refused(request_, dtypes, text):
    assert text in refused(request_, **dtypes)


def test_a_string_without_an_end_costs_no_more_than_its_length():
    begun = time.monotonic()
    text = refused('{"instances": [Inf, "' + '\\"' * 500_000, **FLOAT)
    assert "Missing a closing quotation mark in string. at offset: 20" in text
    assert time.monotonic() - begun < 20  # minutes if each quotation mark is a start of its own


def test_messages_show_a_part_of_what_is_large():
    assert len(refused({"instances": [list(range(100_000)), [1]]}, **INT)) < 600
    assert len(refused({"instances": {"x": "y" * 100_000}}, **INT)) < 600


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9000000, "9e+06"), (999999, "999999.0"), (0.5, "0.5"), (0.0003, "0.0003"),
        (0.00003, "3e-05"), (555557.5, "555557.5"), (0.1, "0.1"), (1 / 3, "0.333333343"),
        (16777216, "16777216.0"), (np.nan, "NaN"), (np.inf, "Infinity"), (-np.inf, "-Infinity"),
        (3, "3.0"), (-0.0, "-0.0"), (3.4028235e38, "3.40282347e+38"), (1e-45, "1.4013e-45"),
    ],
)  # fmt: skip
def test_floats_are_written_as_tf_serving_writes_them(value, text):
    reply = json_replies.from_predictions({"y": np.array([value], np.float32)}, by_rows=True)
    assert reply == f'{{"predictions": [{text}]}}'


def test_floats_are_written_with_the_digits_of_printf():
    """Numbers of all sizes, at the edges of notations and in the middle between two decimals."""
    rng = np.random.default_rng(0)
    powers = [np.float32(10.0**k) for k in range(-20, 12)]
    edges = np.array([np.nextafter(p, np.float32(to)) for p in powers for to in (0, 1, 1e30)])
    for values in (
        rng.integers(0, 2**32, 50_000, dtype=np.uint32).view(np.float32),
        (rng.random(50_000) ** 8).astype(np.float32),
        (rng.integers(-20_000, 20_000, 20_000) / 64).astype(np.float32),
        edges,
        -edges,
        rng.normal(size=1000),
    ):
        written = json.loads(json_numbers.write(values), parse_float=str, parse_constant=str)
        assert written == json_numbers.decimals(values) == json_numbers.write_rows(values)


def test_floats_come_back_as_they_were():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 20_000, dtype=np.uint32).view(np.float32)
    values = bits[np.isfinite(bits)].reshape(-1, 1)
    reply = json.loads(json_replies.from_predictions({"y": values}, by_rows=True))["predictions"]
    np.testing.assert_array_equal(np.array(reply, np.float32), values)
    doubles = rng.normal(size=[100]) * 10.0 ** rng.integers(-300, 300, 100)
    reply = json.loads(json_replies.from_predictions({"y": doubles}, by_rows=False))["outputs"]
    np.testing.assert_array_equal(reply, doubles)


OUTPUTS = {
    "d": np.array([8.0, 9.0]),
    "f": np.array([[1], [2]], np.float32),
    "i": np.arange(12, dtype=np.int32).reshape(2, 3, 2),
    "s": np.array([["foo", 'b"\\\nar'], ["ü", "bat"]], object),
    "s_bytes": np.array([[b"hello", b"world"], [b"tf", b"\xff"]], object),
    "b": np.array([True, False]),
}


def test_several_outputs_become_objects():
    reply = json.loads(json_replies.from_predictions(OUTPUTS, by_rows=True))
    assert reply["predictions"][0] == {
        "d": 8.0, "f": [1.0], "i": [[0, 1], [2, 3], [4, 5]], "s": ["foo", 'b"\\\nar'],
        "s_bytes": [{"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}], "b": True,
    }  # fmt: skip
    reply = json.loads(json_replies.from_predictions(OUTPUTS, by_rows=False))
    assert reply["outputs"]["d"] == [8.0, 9.0] and reply["outputs"]["i"][1] == [
        [6, 7],
        [8, 9],
        [10, 11],
    ]
    assert reply["outputs"]["s_bytes"][1] == [{"b64": "dGY="}, {"b64": "/w=="}]


@pytest.mark.parametrize(
    ("outputs", "text"),
    [
        ({}, "Cannot convert empty tensor map"),
        ({"y": np.float32(1)}, "has no shape information"),
        ({"y": np.zeros(2), "z": np.zeros(1)}, "has inconsistent batch size"),
        ({"y": np.zeros([0, 2]), "z": np.zeros([1, 2])}, "has inconsistent batch size"),
        ({"y": np.zeros(2, np.complex64)}, "tensor type: complex64"),
    ],
)
def test_outputs_without_a_row_form_are_refused(outputs, text):
    with pytest.raises(ServingError, match=text) as caught:
        json_replies.from_predictions(outputs, by_rows=True)
    assert caught.value.code == StatusCode.INVALID_ARGUMENT


def test_bytes_keep_their_zeros():
    rows = {"y_bytes": np.array([b"a\0", b"\0\0"], object)}
    reply = json_replies.from_predictions(rows, by_rows=True)
    assert reply == '{"predictions": [{"b64": "YQA="}, {"b64": "AAA="}]}'


def test_batches_of_no_rows():
    empty = {"y": np.zeros([0, 1, 2], np.float32), "z": np.zeros([0, 3], np.int32)}
    assert json_replies.from_predictions(empty, by_rows=True) == '{"predictions": []}'
    assert json.loads(json_replies.from_predictions(empty, by_rows=False))["outputs"]["y"] == []


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node, a JSON parser not of Python")
def test_replies_are_json_to_another_language():
    finite = json_replies.from_predictions(OUTPUTS, by_rows=True)
    error = json_replies.from_error('quote " newline \n tab \t ü \x00 \u2028')
    columns = json_replies.from_predictions(OUTPUTS, by_rows=False)
    script = """const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'))
    console.log(JSON.stringify(texts.map(text => JSON.parse(text))))"""
    texts = [finite, error, columns]
    done = subprocess.run(
        ["node", "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [json.loads(text) for text in texts]
