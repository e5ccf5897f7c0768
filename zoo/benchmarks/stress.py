"""Stress tests of a server: versions that come and go under load, malformed requests."""

import concurrent.futures
import pathlib
import random
import shutil
import socket
import tempfile
import time
from typing import NamedTuple

import grpc
import requests
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from zoo import files
from zoo.benchmarks.servers import ServerProcess

CLIENTS = 32
_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_INPUT = 2.0


class Swap(NamedTuple):
    """The answers that 32 clients got while versions changed.

    Attributes:
      requests: number of answered requests.
      failed: number of requests refused, or answered by a version that was not there.
      seconds: from a new version's appearance to its first answer.
      broken_kept: whether a version that cannot be loaded left the old one serving.
      unloaded: whether a removed version was unloaded.
    """

    requests: int
    failed: int
    seconds: float
    broken_kept: bool
    unloaded: bool


def swap_versions(seconds: float) -> Swap:
    """Adds versions to a model's folder while clients send requests for some seconds.

    Version v answers x / 2 + v. Each quarter of the time brings a change: version 2, a broken
    version 3, a good version 4, the removal of version 2.
    """
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder) / "half"
        _write_version(base, 1)
        server = ServerProcess(
            "--model_name=half", f"--model_base_path={base}", log=pathlib.Path(folder) / "log"
        )
        url = f"http://127.0.0.1:{server.rest_port}/v1/models/half"
        end, answers = time.monotonic() + seconds, []
        try:
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
                clients = [pool.submit(_ask, url, end, answers) for _ in range(CLIENTS)]
                time.sleep(seconds / 4)
                dropped = _write_version(base, 2)
                time.sleep(seconds / 4)
                (base / "3").mkdir()
                (base / "3" / "saved_model.pb").write_bytes(b"not a model")
                time.sleep(seconds / 4)
                broken_kept = answers[-1][1] == _INPUT / 2 + 2
                _write_version(base, 4)
                time.sleep(min(3.0, seconds / 8))
                shutil.rmtree(base / "2")
                for client in clients:
                    client.result()
            states = requests.get(f"{url}/versions/2", timeout=10).json()["model_version_status"]
        finally:
            server.stop()
    known = {_INPUT / 2 + version for version in (1, 2, 4)}
    failed = sum(answer not in known for _, answer in answers)
    first = min(at for at, answer in answers if answer == _INPUT / 2 + 2)
    return Swap(len(answers), failed, first - dropped, broken_kept, states[0]["state"] == "END")


def _write_version(base, plus):
    """Writes a version atomically; returns the time at which it appeared."""

    class Half(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
        def halve(self, x):
            return {"y": x / 2 + float(plus)}

    module = Half()
    with files.atomic(base / str(plus)) as temporary:
        tf.saved_model.save(module, str(temporary), {"serving_default": module.halve})
    return time.monotonic()


def _ask(url, end, answers):
    """Sends requests until the end; records time and value of each answer, None for an error."""
    with requests.Session() as session:
        while time.monotonic() < end:
            reply = session.post(f"{url}:predict", json={"instances": [_INPUT]}, timeout=30)
            answer = reply.json()["predictions"][0] if reply.status_code == 200 else None
            answers.append((time.monotonic(), answer))


class Nonsense(NamedTuple):
    """The answers of a server to malformed requests.

    Attributes:
      requests: number of requests sent.
      answers: {HTTP status or gRPC code: how many}.
      faults: number answered by a status of 500 or more other than 501, by a gRPC code of an
        internal error, or as if they were valid.
      memory: bytes of the server after a tenth of the requests, and after all.
      alive: whether a valid request was answered afterwards.
    """

    requests: int
    answers: dict
    faults: list
    memory: tuple[int, int]
    alive: bool


def send_nonsense(count: int, seed: int = 0) -> Nonsense:
    """Sends `count` malformed requests over both protocols, and counts the answers."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        _write_version(folder / "half", 1)
        server = ServerProcess(
            "--model_name=half",
            f"--model_base_path={folder / 'half'}",
            "--enable_batching",
            log=folder / "log",
        )
        answers, faults, memory = {}, [], []
        channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
        session = requests.Session()
        senders = [_send_body] * 12 + [_send_path] * 2 + [_send_proto] * 5 + [_send_raw]
        try:
            for i in range(count):
                sender = rng.choice(senders)
                what, answer = sender(rng, server, session, channel)
                answers[answer] = answers.get(answer, 0) + 1
                if answer in _FAULTS:
                    faults.append((sender.__name__, what[:200], answer))
                if i == count // 10:
                    memory.append(server.memory())
            memory.append(server.memory())
            right = session.post(_url(server), json={"instances": [_INPUT]}, timeout=10)
            alive = right.status_code == 200
        finally:
            channel.close()
            server.stop()
    return Nonsense(count, answers, faults, (memory[0], memory[-1]), alive)


_FAULTS = {200, 500, 502, 503, 504, "OK", "UNKNOWN", "UNAVAILABLE", "DATA_LOSS", "no answer"}


def _url(server, path="half:predict"):
    return f"http://127.0.0.1:{server.rest_port}/v1/models/{path}"


def _number(rng):
    numbers = ["1e400", "-1e400", "9" * rng.randint(20, 6000), "0x10", "01", "1.", ".5", "+1"]
    return rng.choice([*numbers, "--1", "1e", "null", "true", '"1"', "nan", "Inf"])


def _body(rng):
    """An invalid body."""
    depth = rng.randint(65, 5000)  # arrays have at most 64 dimensions
    right = '{"signature_name": "serving_default", "instances": [1.0, 2.0, 3.0]}'
    return rng.choice(
        [
            lambda: right[: rng.randint(0, len(right) - 1)],
            lambda: f'{{"instances": [{_number(rng)}, {_number(rng)}, "x"]}}',
            lambda: f'{{"instances": {"[" * depth}1.0{"]" * depth}}}',
            lambda: f'{{"inputs": {"[" * depth}',
            lambda: '{"instances": [[1.0], [2.0, 3.0]]}',
            lambda: f'{{"instances": {rng.choice(["1", "null", "{}", "[]", "true"])}}}',
            lambda: f'{{"signature_name": {rng.choice(["1", "[]", "null", chr(34) * 2 + "x"])}}}',
            lambda: '{"signature_name": "nope", "instances": [1.0]}',
            lambda: '{"instances": [1.0], "inputs": [1.0]}',
            lambda: '{"instances": [{"x": 1.0}, {"z": 1.0}]}',
            lambda: '{"instances": [{"b64": "AAAA"}]}',
            lambda: f'{{"instances": [{"0," * 100_001}0]}}',
            lambda: bytes(rng.randrange(256) for _ in range(rng.randint(0, 300))),
            lambda: '{"instances": ["' + chr(rng.randrange(0x110000)).encode(
                "utf-8", "replace").decode() * 50 + '"]}',
        ]
    )()  # fmt: skip


def _send_body(rng, server, session, channel):
    body = _body(rng)
    data = body if isinstance(body, bytes) else body.encode()
    verb = rng.choice(["predict"] * 8 + ["classify", "regress"])
    reply = session.post(_url(server, f"half:{verb}"), data=data, timeout=30)
    return data, reply.status_code


def _send_path(rng, server, session, channel):
    paths = [
        "nope:predict", "half:explain", "half/versions/x:predict", "..%2f..%2fetc:predict",
        f"half/versions/{'9' * 40}:predict", "half/labels/x:predict", "%00:predict", ":predict",
        "half/metadata/x:predict", "x" * 5000 + ":predict", "half/versions/7:predict",
    ]  # fmt: skip
    method, path = rng.choice(["POST", "POST", "PUT", "DELETE", "PATCH"]), rng.choice(paths)
    reply = session.request(method, _url(server, path), data=b'{"instances": [1.0]}', timeout=30)
    return f"{method} {path}".encode(), reply.status_code


def _send_proto(rng, server, session, channel):
    """Sends an invalid gRPC message, or one whose tensors contradict themselves."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = rng.choice(["half", "half", "half", "nope", ""])
    request.model_spec.signature_name = rng.choice(["", "", "nope"])
    tensor = request.inputs[rng.choice(["x", "x", "z"])]
    tensor.dtype = rng.choice([0, 2, 3, 7, 9, 14, 20, 99])
    for _ in range(rng.randint(2, 6)):
        tensor.tensor_shape.dim.add().size = rng.choice([-1, 0, 1, 3, 10**6, 2**40, 2**62])
    tensor.float_val.extend([1.0] * rng.randint(0, 3))
    tensor.tensor_content = bytes(rng.randint(0, 20))
    data = request.SerializeToString()
    if rng.random() < 0.4:
        data = data[: rng.randint(0, len(data))] + bytes([rng.randrange(256)])
    try:
        channel.unary_unary(_PREDICT)(data, timeout=30)
    except grpc.RpcError as error:
        return data, error.code().name
    return data, "OK"


def _send_raw(rng, server, session, channel):
    """Sends bytes that are not HTTP, or have wrong headers."""
    head = b"POST /v1/models/half:predict HTTP/1.1\r\n"
    data = rng.choice(
        [
            b"\x00" * 50 + b"\r\n\r\n",
            b"GET\r\n\r\n",
            head + b"content-length: abc\r\n\r\n",
            head + b"content-length: -5\r\n\r\n",
            head + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
            head + b"content-length: 99999999999\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]
    )
    with socket.create_connection(("127.0.0.1", server.rest_port), timeout=10) as raw:
        raw.sendall(data)
        answer = raw.recv(100)
    return data, int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1 ") else "no answer"
