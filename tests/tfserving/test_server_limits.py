"""scripts/serve.py under load: limits, versions that come and go, its start and end."""

import concurrent.futures
import os
import shutil
import socket
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import prediction_log_pb2

from tests.processes import script
from tests.tfserving import small_models
from tests.tfserving.model_server import ROOT, Server, predict_request

CONFIG = ROOT / "saved_models" / "models.config"


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
        # Long enough to fill the queue, short enough for all to be answered by a busy machine.
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
    answers, stop = [[] for _ in range(8)], []

    def ask(i):
        while not stop:
            status, reply = server.post("half:predict", {"instances": [2.0]})
            answers[i].append((status, tuple(reply.get("predictions", ()))))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(ask, i) for i in range(8)]
        _write_version(base, 2, 3)
        server.wait_for(lambda: all(own and own[-1] == (200, (4.0,)) for own in answers))
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
    for own in answers:  # to no client did the old version come back
        assert set(own) <= {(200, (3.0,)), (200, (4.0,))} and own == sorted(own)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        slow = {"signature_name": "slow", "instances": [20.0]}
        under_way = [pool.submit(server.post, "half:predict", slow)]
        under_way += [pool.submit(server.predict, "half", "slow", x=np.float32([20.0]))]
        time.sleep(1)  # they have come in, and take longer than that
        server.process.terminate()
        assert under_way[0].result()[0] == 200 and under_way[1].result()["y"] == [13.0]
    assert server.process.wait(30) == 0


def _write_warm_up(version, request):
    (version / "assets.extra").mkdir()
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(log.SerializeToString())


def test_models_are_served_one_by_one_while_others_are_loaded(tmp_path):
    """In the order of the config with one thread; the states are those of TF Serving."""
    for name in ("slow", "fast"):
        small_models.half_plus(tmp_path / name / "1")
    _write_warm_up(tmp_path / "slow" / "1", predict_request("slow", "slow", x=np.float32([30.0])))
    (tmp_path / "empty").mkdir()
    entries = [
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}'
        for name, path in {
            "slow": tmp_path / "slow",
            "fast": tmp_path / "fast",
            "empty": tmp_path / "empty",
            "version": tmp_path / "fast" / "1",
            "away": tmp_path / "away",
        }.items()
    ]
    config = tmp_path / "models.config"
    config.write_text(f"model_config_list {{ {' '.join(entries)} }}")
    flags = [f"--model_config_file={config}", "--num_load_threads=1", "--num_unload_threads=2"]
    flags += ["--enable_grpc_healthcheck_service", "--tensorflow_session_parallelism=1"]
    server = Server(*flags, log=tmp_path / "log", until="listening: REST on http://127.0.0.1:")
    health = health_pb2_grpc.HealthStub(server.channel)
    asked = health_pb2.HealthCheckRequest()
    server.wait_for(lambda: server.state("slow", 1) == "LOADING")
    assert server.state("fast", 1) == "START"
    assert server.post("nope:predict", {"instances": [1.0]})[0] == 404
    assert health.Check(asked, timeout=5).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert server.post("fast:predict", {"instances": [1.0]})[0] == 200  # it waits
    assert server.state("fast", 1) == "AVAILABLE"
    server.wait_for(lambda: "Ready:" in server.log())
    assert health.Check(asked, timeout=5).status == health_pb2.HealthCheckResponse.SERVING
    for line in (
        "Loading 5 models; listening: REST on",
        "slow version 1 is served; 1 more to load.",
        "fast version 1 is served.",
        "--num_unload_threads has no effect: ",
        f"No versions of servable empty found under base path {tmp_path / 'empty'}. Did you forget",
        "It is itself a version: give the folder that contains it.",
        f"Could not find base path {tmp_path / 'away'} for servable away",
    ):
        assert server.log().count(line) == 1, (line, server.log())
    assert server.stop() == 0


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
        "--saved_model_tags=serve,gpu",
        "--mixed_precision=bfloat16",
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
        "--saved_model_tags=serve,gpu",
        "--mixed_precision=bfloat16",
    ):
        assert flag in given
    known = {"--host", "--model_name", "--model_base_path", "--batching_parameters_file"}
    assert not known & {flag.split("=")[0] for flag in given}
    assert f'base_path: "{CONFIG.parent}/cvae_mnist"' in done.stdout


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ([], "Name a model: --model_config_file=FILE or --model_base_path=FOLDER"),
        (["--model_base_path=/no/such"], "--model_base_path: there is no folder /no/such"),
        (["--model_config_file=/no/such"], "/no/such cannot be read"),
        (["--model_config_file=README.md"], "README.md is not a ModelServerConfig: Error parsing "
         "text-format tensorflow.serving.ModelServerConfig: "),
        (["--model_base_path=gs://bucket/model"], "serves folders of this machine only"),
        (["--model_base_path=tests", "--ssl_config_file=x"], "the stand-in has no TLS; run"),
        (["--model_base_path=tests", "--tensorflow_session_config_file=README.md"],
         "README.md is not a ConfigProto"),
        (["--model_base_path=tests", "--batching_parameters_file=x"], "needs --enable_batching"),
        (["--model_base_path=tests", "--enable_batching", "--batching_parameters_file=README.md"],
         "README.md is not a BatchingParameters"),
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
