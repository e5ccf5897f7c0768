"""scripts/serve.py as its clients see it: both protocols."""

import gzip
import json

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from tests.tfserving.model_server import ROOT, predict_request

CONFIG = ROOT / "saved_models" / "models.config"


def test_predict_over_rest(server):
    rows = {"instances": [[1.0, 2.0], [3.0, 4.0]]}
    assert server.post("half:predict", rows) == (200, {"predictions": [[3.5, 4.0], [4.5, 5.0]]})
    for path in ("half/versions/1:predict", "half/labels/stable:predict"):
        assert server.post(path, {"instances": [1.0, 2.0]}) == (200, {"predictions": [2.5, 3.0]})
    given = {"signature_name": "serving_default", "inputs": [3.0, 4.0]}
    assert server.post("half/versions/1:predict", given) == (200, {"outputs": [3.5, 4.0]})
    given = {"signature_name": "two", "instances": [{"a": 1, "b": [2, 3]}, {"b": [0, 0], "a": 5.5}]}
    assert server.post("half:predict", given)[1]["predictions"] == [
        {"sum": 6.0, "double": [4, 6]},
        {"sum": 5.5, "double": [0, 0]},
    ]
    given = {"signature_name": "echo", "instances": ["a", {"b64": "/w=="}]}
    _, reply = server.post("half:predict", given)
    assert reply["predictions"][0] == {"text": "a", "text_bytes": {"b64": "YQ=="}}
    assert reply["predictions"][1]["text_bytes"] == {"b64": "/w=="}
    given = {"signature_name": "kinds", "inputs": {"flag": [True], "n": [7]}}
    _, reply = server.post("half:predict", given)
    third = reply["outputs"].pop("third")
    assert reply == {"outputs": {"flag": [False], "n": [-7], "small": [7]}}
    assert third == pytest.approx([7 / 3])


def test_shapes_are_left_to_the_graph(server):
    """As TF Serving does: its best-known request has shape [3] where the signature says [?, 1]."""
    body = {"signature_name": "column", "instances": [1.0, 2.0, 5.0]}
    assert server.post("half:predict", body) == (200, {"predictions": [3.5, 4.0, 5.5]})
    found = server.predict("half", "column", x=np.float32([1, 2, 5]))["y"]
    np.testing.assert_array_equal(found, [3.5, 4.0, 5.5])
    body = {"signature_name": "column", "inputs": [[1.0, 2.0], [5.0, 6.0]]}
    assert server.post("half:predict", body)[1]["outputs"] == [[3.5, 4.0], [5.5, 6.0]]
    body = {"signature_name": "two", "inputs": {"a": [1], "b": [[1]]}}
    assert server.post("half:predict", body)[1]["outputs"] == {"double": [[2]], "sum": [2.0]}


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("half:predict", "", 400, "JSON Parse error: The document is empty"),
        ("half:predict", {"instances": ["x", "y"]}, 400, "not of expected type: float"),
        ("half:predict", {"signature_name": "s", "instances": [1]}, 400,
         'Serving signature name: "s" not found in signature def'),
        ("half:predict", {"signature_name": "nothing", "inputs": {}}, 400,
         "Failed to get input map"),
        ("half:predict", {"signature_name": "product", "instances": [[1.0, 2.0, 3.0]]}, 400,
         "Matrix size-incompatible"),
        ("half:predict", {"signature_name": "two", "inputs": {"a": [1, 2], "b": [[1, 2]]}}, 400,
         "equal 0th-dimension size"),
        ("half:predict", {"inputs": 1.0}, 400, "at least one dimension"),
        ("half:predict", {"signature_name": "scalar", "instances": [1.0]}, 400, "0th dimension"),
        ("half:predict", {"instances": [1.0] * 17}, 400,
         "Task size 17 is larger than maximum input batch size 16"),
        ("half:predict", {"signature_name": "picky", "instances": [11]}, 400, "expected below 10"),
        ("nope:predict", {"instances": [1]}, 404, "Servable not found for request: Latest(nope)"),
        ("nope:predict", {"instances": {}}, 404, "Servable not found for request: Latest(nope)"),
        ("nope:predict", "[", 400, "JSON Parse error: Invalid value."),
        ("half:PREDICT", {"instances": [1]}, 400, "Malformed request"),
        ("none:predict", {"instances": [1]}, 404, "Servable not found for request: Latest(none)"),
        ("half/versions/9:predict", {"instances": [1]}, 404,
         "Servable not found for request: Specific(half, 9)"),
        ("half/labels/x:predict", {"instances": [1]}, 400,
         "Unrecognized servable version label: x"),
        ("..%2f..%2fetc%2fpasswd:predict", {"instances": [1]}, 404, "Latest(../../etc/passwd)"),
        ("half/../../../etc:predict", {"instances": [1]}, 400, "Malformed request"),
        ("half:explain", {}, 400, "Malformed request: POST /v1/models/half:explain"),
        ("old:classify", {"signature_name": "nope", "examples": [{"x": 1.0}]}, 400,
         "No signature was found with the name: nope"),
        ("old:regress", {"signature_name": "classify_x_to_y", "examples": [{"x": 1.0}]}, 400,
         "No regression outputs found"),
        ("old:classify", {"signature_name": "classify_x_to_y", "examples": [{"z": 1.0}]}, 400, "x"),
        ("half:classify", {"examples": [{"x": 1.0}]}, 400, "No classification inputs found"),
    ],
)  # fmt: skip
def test_errors_over_rest(server, path, body, status, text):
    # requests would take ".." out of a path before it sends it.
    session, url = requests.Session(), f"{server.url}/{path}"
    prepared = requests.Request("POST", url).prepare()
    prepared.url, prepared.body = url, body if isinstance(body, str) else json.dumps(body)
    prepared.headers["content-length"] = str(len(prepared.body))
    reply = session.send(prepared, timeout=30)
    assert reply.status_code == status and text in reply.json()["error"], reply.text


def test_gzip_upper_case_and_other_hosts(server):
    """As TF Serving has them: bodies in gzip, paths in upper case, pages of other hosts."""
    body = gzip.compress(b'{"instances": [1.0, 2.0]}')
    packed = {"headers": {"Content-Encoding": "gzip"}}
    assert server.post("half:predict", body, **packed) == (200, {"predictions": [3.5, 4.0]})
    assert (
        server.post(
            "half:predict", gzip.compress(b'{"instances":') + gzip.compress(b" [1.0]}"), **packed
        )[0]
        == 200
    )
    assert requests.get(f"{server.url}/half", timeout=30, **packed).status_code == 200
    for broken, text in ((b"hello", "not the gzip"), (body[:-9], "too early")):
        status, reply = server.post("half:predict", broken, **packed)
        assert status == 400 and text in reply["error"]
    status, reply = server.post("half:predict", gzip.compress(bytes(65 << 20)), **packed)
    assert status == 413
    url = server.url.replace("/v1/models", "/V1/MODELS") + "/half:predict"
    reply = requests.post(url, json={"instances": [1.0]}, timeout=30)
    assert reply.json() == {"predictions": [3.5]}
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    ask = requests.options(url, headers={"Origin": "http://page.example"}, timeout=30)
    assert ask.status_code == 200 and ask.headers["Access-Control-Allow-Methods"] == "POST, GET"
    assert requests.options(url, timeout=30).status_code == 400


def test_tensorflow_1_over_rest(server):
    assert server.post("old:predict", {"instances": [2.0]}) == (200, {"predictions": [3.0]})
    given = {"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}, {"x": 2.0}]}
    assert server.post("old:regress", given) == (200, {"results": [42.0, 3.0]})
    given = {"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}
    assert server.post("old/versions/1:classify", given) == (200, {"results": [[["", 12.0]]]})
    given["signature_name"] = "classify_with_labels"
    result = [[["low", 12.0], ["high", -12.0]]]
    assert server.post("old:classify", given) == (200, {"results": result})
    given = {"signature_name": "regress_x_to_y", "context": {"x": 10.0}, "examples": [{}, {}]}
    assert server.post("old:regress", given) == (200, {"results": [7.0, 7.0]})


def test_status_and_metadata_over_rest(server):
    ok = {"error_code": "OK", "error_message": ""}
    states = [{"version": v, "state": "AVAILABLE", "status": ok} for v in ("3", "1")]
    assert server.get("half") == (200, {"model_version_status": states})
    assert server.get("half/versions/1") == (200, {"model_version_status": states[1:]})
    assert server.get("half/labels/stable") == (200, {"model_version_status": states[1:]})
    assert server.get("nope")[0] == server.get("half/versions/7")[0] == 404
    assert server.get("half/versions/7")[1]["error"] == "Could not find version 7 of model half"
    _, reply = server.get("half/metadata")
    assert reply["model_spec"] == {"name": "half", "version": "3", "signature_name": ""}
    two = reply["metadata"]["signature_def"]["signature_def"]["two"]
    assert two["inputs"]["b"]["dtype"] == "DT_INT32"
    assert [d["size"] for d in two["inputs"]["b"]["tensor_shape"]["dim"]] == ["-1", "2"]
    assert two["method_name"] == "tensorflow/serving/predict"
    assert server.get("")[0] == 400
    assert requests.get(server.url.replace("/v1/models", "/else"), timeout=5).status_code == 404
    assert requests.put(f"{server.url}/half", timeout=5).status_code == 400


def test_predict_over_grpc(server):
    reply = server.predictions.Predict(predict_request("half", x=np.float32([1, 2])), 30)
    assert reply.model_spec.name == "half" and reply.model_spec.version.value == 3
    assert reply.model_spec.signature_name == "serving_default"
    assert list(reply.outputs["y"].float_val) == [3.5, 4.0]
    assert not reply.outputs["y"].tensor_content
    for choice in ({"version": 1}, {"label": "stable"}):
        assert server.predict("half", x=np.float32([1]), **choice)["y"] == [2.5]
    given = {"a": np.float32([1]), "b": np.int32([[2, 3]])}
    assert set(server.predict("half", "two", **given)) == {"sum", "double"}
    assert set(server.predict("half", "two", outputs=["sum"], **given)) == {"sum"}
    assert server.predict("half", "echo", text=[b"\xff"])["text"] == [b"\xff"]


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (predict_request(""), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (predict_request("nope"), "NOT_FOUND", "Servable not found for request: Latest(nope)"),
        (predict_request("half", version=9), "NOT_FOUND", "Specific(half, 9)"),
        (predict_request("half", label="x"), "INVALID_ARGUMENT", "Unrecognized servable version"),
        (predict_request("half", "s"), "FAILED_PRECONDITION",
         'Serving signature key "s" not found.'),
        (predict_request("half"), "INVALID_ARGUMENT", "Missing but required: {x}"),
        (predict_request("half", x=[1.0], z=[1.0]), "INVALID_ARGUMENT", "Sent extra: {z}"),
        (predict_request("half", x=[1]), "INVALID_ARGUMENT", "expected float32, given int32 [1]"),
        (predict_request("half", "product", x=np.ones([1, 3], np.float32)), "INVALID_ARGUMENT",
         "Matrix size-incompatible"),
        (predict_request("half", outputs=["z"], x=[1.0]), "INVALID_ARGUMENT",
         "output tensor alias not found in signature: z"),
        (predict_request("half", outputs=["y", "y"], x=[1.0]), "INVALID_ARGUMENT",
         "duplicate output tensor alias: y"),
        (predict_request("half", "picky", x=[12.0]), "INVALID_ARGUMENT", "expected below 10"),
    ],
)  # fmt: skip
def test_errors_over_grpc(server, request_, code, text):
    with pytest.raises(grpc.RpcError) as caught:
        server.predictions.Predict(request_, 30)
    assert caught.value.code().name == code and text in caught.value.details()


def test_bytes_that_are_no_message(server):
    call = server.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\n\x06\xf2", timeout=30)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def _example(x):
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=[x]))
    return tf.train.Example(features=tf.train.Features(feature={"x": feature}))


def test_examples_over_grpc(server):
    request = regression_pb2.RegressionRequest()
    request.model_spec.name, request.model_spec.signature_name = "old", "regress_x_to_y"
    request.input.example_list.examples.extend([_example(80.0), _example(2.0)])
    reply = server.predictions.Regress(request, 30)
    assert [r.value for r in reply.result.regressions] == [42.0, 3.0]
    request = classification_pb2.ClassificationRequest(input=request.input)
    request.model_spec.name, request.model_spec.signature_name = "old", "classify_with_labels"
    reply = server.predictions.Classify(request, 30)
    classes = reply.result.classifications[1].classes
    assert [(c.label, c.score) for c in classes] == [("low", 3.0), ("high", -3.0)]
    multi = inference_pb2.MultiInferenceRequest(input=request.input)
    for method, signature in (("regress", "regress_x_to_y"), ("classify", "classify_x_to_y")):
        task = multi.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = "old", signature
    results = server.predictions.MultiInference(multi, 30).results
    assert results[0].regression_result.regressions[0].value == 42.0
    assert results[1].classification_result.classifications[0].classes[0].score == 42.0


def test_metadata_status_health_and_reload_over_grpc(server):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half"
    reply = server.predictions.GetModelMetadata(request, 30)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    reply.metadata["signature_def"].Unpack(signatures)
    assert signatures.signature_def["two"].inputs["b"].dtype == tf.int32.as_datatype_enum
    request.metadata_field[0] = "else"
    with pytest.raises(grpc.RpcError, match="Metadata field else is not supported"):
        server.predictions.GetModelMetadata(request, 30)
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half"
    states = server.models.GetModelStatus(request, 30).model_version_status
    assert [(s.version, s.state) for s in states] == [(3, 30), (1, 30)]
    health = health_pb2_grpc.HealthStub(server.channel)
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=30).status == 1
    reload = model_management_pb2.ReloadConfigRequest()
    with pytest.raises(grpc.RpcError, match="Only ModelConfigList is currently supported"):
        server.models.HandleReloadConfigRequest(reload, 30)
    reload.config.model_config_list.config.add(name="half", base_path="relative")
    with pytest.raises(grpc.RpcError, match="absolute path"):
        server.models.HandleReloadConfigRequest(reload, 30)
    channel = grpc.insecure_channel(f"unix:{server.folder / 'socket'}")
    assert health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest()).status == 1


def test_metrics_have_tf_servings_names(server):
    server.post("half:predict", {"instances": [1.0]})
    server.post("half:predict", {"instances": ["a"]})
    for name in ("made-up-1", "made-up-2"):
        server.post(f"{name}:predict", {"instances": [1.0]})
    url = server.url.replace("/v1/models", "/monitoring/prometheus/metrics")
    text = requests.get(url, timeout=5).text
    assert ':tensorflow:serving:request_count{model_name="half",status="OK"}' in text
    assert "# TYPE :tensorflow:serving:request_count counter" in text
    assert ':tensorflow:serving:request_count{model_name="half",status="INVALID_ARGUMENT"}' in text
    latency = ':tensorflow:serving:request_latency_count{API="Predict",entrypoint="REST",model_name'
    assert latency in text and "made-up" not in text
