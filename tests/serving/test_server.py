"""scripts/serve.py as its clients see it: both protocols, versions, limits, its end."""

import concurrent.futures
import json
import os
import shutil
import socket
import time

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

from tests.conftest import script
from tests.serving import small_models
from tests.serving.serving import ROOT, Server, predict_request

pytestmark = pytest.mark.long
CONFIG = ROOT / "saved_models" / "models.config"
MODELS = """model_config_list {
  config { name: "half" base_path: "%(half)s" model_platform: "tensorflow"
           model_version_policy { all {} } version_labels { key: "stable" value: 1 } }
  config { name: "old" base_path: "%(old)s" model_platform: "tensorflow" }
  config { name: "none" base_path: "%(none)s" model_platform: "tensorflow" }
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server with batching for all tests here: two versions, a model of TensorFlow 1."""
    folder = tmp_path_factory.mktemp("serving")
    small_models.half_plus(folder / "half" / "1")
    small_models.half_plus(folder / "half" / "00000003", plus=3)
    small_models.of_tensorflow_1(folder / "old" / "1")
    config = folder / "models.config"
    config.write_text(MODELS % {name: folder / name for name in ("half", "old", "none")})
    batching, monitoring = folder / "batching.config", folder / "monitoring.config"
    batching.write_text(
        "num_batch_threads { value: 2 } max_batch_size { value: 16 } allowed_batch_sizes: [4, 16]"
    )
    monitoring.write_text("prometheus_config { enable: true }")
    made = Server(
        f"--model_config_file={config}",
        "--enable_batching",
        f"--batching_parameters_file={batching}",
        f"--monitoring_config_file={monitoring}",
        "--enable_grpc_healthcheck_service",
        "--rest_api_timeout_in_ms=5000",
        "--grpc_channel_arguments=grpc.max_concurrent_streams=200",
        f"--grpc_socket_path={folder / 'socket'}",
        log=folder / "log",
    )
    made.folder = folder
    yield made
    made.stop()


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


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("half:predict", "", 400, "JSON Parse error: The document is empty"),
        ("half:predict", {"instances": ["x", "y"]}, 400, "not of expected type: float"),
        ("half:predict", {"signature_name": "s", "instances": [1]}, 400,
         'Serving signature name: "s" not found in signature def'),
        ("half:predict", {"signature_name": "nothing", "inputs": {}}, 400,
         "Failed to get input map"),
        ("half:predict", {"signature_name": "two", "inputs": {"a": [1], "b": [[1]]}}, 400,
         "Input b of signature two: expected int32 [?,2], given int32 [1,1]"),
        ("half:predict", {"signature_name": "two", "inputs": {"a": [1, 2], "b": [[1, 2]]}}, 400,
         "equal 0th-dimension size"),
        ("half:predict", {"inputs": 1.0}, 400, "at least one dimension"),
        ("half:predict", {"signature_name": "scalar", "instances": [1.0]}, 400, "0th dimension"),
        ("half:predict", {"instances": [1.0] * 17}, 400,
         "Task size 17 is larger than maximum input batch size 16"),
        ("half:predict", {"signature_name": "picky", "instances": [11]}, 400, "expected below 10"),
        ("nope:predict", {"instances": [1]}, 404, "Servable not found for request: Latest(nope)"),
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
        (predict_request("half", "two", a=[1.0], b=[[1, 2, 3]]), "INVALID_ARGUMENT",
         "expected int32 [?,2], given int32 [1,3]"),
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
    assert ':tensorflow:serving:request_count{model_name="half",status="INVALID_ARGUMENT"}' in text
    latency = ':tensorflow:serving:request_latency_count{API="Predict",entrypoint="REST",model_name'
    assert latency in text and "made-up" not in text


def test_rows_of_clients_do_not_mix_and_one_bad_row_costs_nobody_else(server):
    """Forty clients at once, through batches of 16, every fifth of them with a bad row."""

    def ask(i):
        value = 100.0 if i % 5 == 0 else i / 10
        body = {"signature_name": "picky", "instances": [value] * (i % 3 + 1)}
        return server.post("half/versions/1:predict", body)

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        for i, (status, reply) in enumerate(pool.map(ask, range(40))):
            if i % 5 == 0:
                assert status == 400 and "expected below 10" in reply["error"]
            else:
                assert reply["predictions"] == pytest.approx([i / 20 + 2] * (i % 3 + 1))


def test_deadlines(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.predict("half", "slow", timeout=0.02, x=np.float32([1]))
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert server.predict("half", x=np.float32([1]))["y"] == [3.5]


def test_what_is_too_large_is_refused_and_others_are_answered(server):
    assert server.post("half:predict", b'{"instances": [' + b"1," * (33 << 20))[0] == 413
    big = np.zeros([2 << 20], np.float32)  # 8 MiB, over gRPC's 4
    with pytest.raises(grpc.RpcError) as caught:
        server.predict("half", x=big)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    rows = {"instances": [0] * 100_001}
    status, reply = server.post("half:predict", rows)
    assert status == 413 and "100001 rows" in reply["error"]
    assert server.post("half:predict", {"instances": [1.0]})[0] == 200


def test_a_full_queue_is_said(server):
    """Rows that wait are 16 times 10 at most."""

    def ask(i):
        return server.post("half:predict", {"signature_name": "slow", "instances": [1.0] * 16})[0]

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        started = [pool.submit(ask, i) for i in range(24)]
        time.sleep(0.1)
        assert server.post("half:predict", {"instances": [1.0]})[0] == 200
        assert {f.result() for f in started} == {200, 429}


def test_what_is_no_http_or_comes_too_slowly(server):
    with socket.create_connection(("127.0.0.1", server.rest_port)) as raw:
        raw.sendall(b"hello\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
    with socket.create_connection(("127.0.0.1", server.rest_port)) as raw:
        raw.sendall(b"POST /v1/models/half:predict HTTP/1.1\r\ncontent-length: 9\r\n\r\n{")
        raw.settimeout(20)
        assert raw.recv(100).startswith(b"HTTP/1.1 408")


def _write_version(base, number, plus):
    scratch = base.parent / f"tmp{number}"
    small_models.half_plus(scratch, plus)
    scratch.rename(base / str(number))


def test_versions_come_go_and_fail_while_requests_are_answered(tmp_path):
    """The short form of scripts/stress.py versions; then SIGTERM, which answers what runs."""
    base = tmp_path / "half"
    base.mkdir()
    _write_version(base, 1, 2)
    server = Server("--model_name=half", f"--model_base_path={base}", log=tmp_path / "log")
    answers, stop = [], []

    def ask():
        while not stop:
            status, reply = server.post("half:predict", {"instances": [2.0]})
            answers.append((time.monotonic(), status, reply.get("predictions")))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(ask) for _ in range(8)]
        _write_version(base, 2, 3)
        dropped = time.monotonic()
        server.wait_for(lambda: answers and answers[-1][2] == [4.0])
        assert time.monotonic() - dropped < 3
        (base / "3").mkdir()
        (base / "3" / "saved_model.pb").write_bytes(b"broken")
        server.wait_for(lambda: server.state("half", 3) == "END")
        server.wait_for(lambda: server.state("half", 1) == "END")
        _, reply = server.get("half/versions/3")
        assert reply["model_version_status"][0]["status"]["error_code"] != "OK"
        # A version that was still being copied is tried again once it has changed.
        shutil.copytree(base / "2", base / "3", dirs_exist_ok=True)
        server.wait_for(lambda: server.state("half", 3) == "AVAILABLE")
        shutil.rmtree(base / "3")
        server.wait_for(lambda: server.state("half", 3) == "END")
        assert server.state("half", 2) == "AVAILABLE"
        stop.append(True)
        for client in clients:
            client.result()
    assert all(status == 200 and reply in ([3.0], [4.0]) for _, status, reply in answers)
    first_new = next(t for t, _, reply in answers if reply == [4.0])
    assert all(reply == [4.0] for t, _, reply in answers if t > first_new + 1)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        slow = {"signature_name": "slow", "instances": [1.0]}
        under_way = [pool.submit(server.post, "half:predict", slow)]
        under_way += [pool.submit(server.predict, "half", "slow", x=np.float32([1.0]))]
        time.sleep(0.2)
        server.process.terminate()
        assert under_way[0].result()[0] == 200 and under_way[1].result()["y"] == [3.5]
    assert server.process.wait(30) == 0


def test_the_real_server_is_run_where_there_is_one(tmp_path):
    """With the same flags; base paths of the container are those of the checkout."""
    real = tmp_path / "tensorflow_model_server"
    show = 'for a; do case $a in --model_config_file=*) cat "${a#*=}";; esac; done'
    real.write_text(f'#!/bin/sh\necho "$@"\n{show}\n')
    real.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    flags = [
        "--enable_batching",
        "--port=9",
        "--grpc_socket_path=/tmp/s",
        "--noenable_model_warmup",
    ]
    done = script("serve.py", f"--model_config_file={CONFIG}", *flags, env=env)
    assert done.returncode == 0, done.stderr
    given = done.stdout.splitlines()[-1 - CONFIG.read_text().count("\n")].split()
    for flag in (
        "--enable_batching=true",
        "--port=9",
        "--rest_api_port=8501",
        "--grpc_socket_path=/tmp/s",
        "--enable_model_warmup=false",
    ):
        assert flag in given
    known = {"--host", "--model_name", "--model_base_path", "--batching_parameters_file"}
    assert not known & {flag.split("=")[0] for flag in given}
    assert f'base_path: "{CONFIG.parent}/cvae_mnist"' in done.stdout


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ([], "Say what to serve: --model_config_file=FILE or --model_base_path=FOLDER"),
        (["--model_base_path=/no/such"], "--model_base_path: there is no folder /no/such"),
        (["--model_config_file=/no/such"], "/no/such cannot be read"),
        (["--model_config_file=README.md"], "README.md is no ModelServerConfig"),
        (["--model_base_path=tests", "--batching_parameters_file=x"], "needs --enable_batching"),
        (["--model_base_path=tests", "--enable_batching", "--batching_parameters_file=README.md"],
         "README.md is no BatchingParameters"),
        (["--model_base_path=tests", "--grpc_channel_arguments=x"], "expected NAME=VALUE"),
        (["--model_base_path=tests", "--rest_port=1"], "Unknown flag --rest_port"),
    ],
)  # fmt: skip
def test_flags_that_are_wrong(flags, text):
    done = script("serve.py", *flags, "--port=0", cwd=ROOT)
    assert done.returncode == 2 and text in done.stderr, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ") and "Traceback" not in done.stderr


def test_a_port_that_is_taken_and_a_model_that_is_broken(tmp_path):
    base = tmp_path / "half"
    (base / "1").mkdir(parents=True)
    (base / "1" / "saved_model.pb").write_bytes(b"broken")
    flags = [f"--model_base_path={base}", "--port=0", "--rest_api_port=0"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for flag in (f"--port={port}", f"--rest_api_port={port}"):
            done = script(
                "serve.py", f"--model_base_path={base}", "--port=0", "--rest_api_port=0", flag
            )
            assert done.returncode == 2 and f"cannot listen on 127.0.0.1:{port}" in done.stderr
    done = script("serve.py", *flags)
    assert done.returncode == 2 and "1 servable(s) did not become available" in done.stderr
    assert "Traceback" not in done.stderr
