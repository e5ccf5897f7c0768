"""Single rows from many concurrent clients, compared with batched calls in a process."""

import asyncio
import json
import multiprocessing
import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

import zoo
from zoo import tf_startup
from zoo.benchmarks.servers import ServerProcess
from zoo.exports import versions

CLIENTS = 32
# The measured (model, signature): small and larger networks, few and many numbers per row.
CASES = (
    ("cvae_mnist", "sample"),
    ("cvae_mnist", "encode"),
    ("vae_iaf_mnist", "score"),
    ("gmvae_mnist", "responsibilities"),
    ("dcgan_mnist", "sample"),
)
_BATCHING = """max_batch_size { value: 32 } batch_timeout_micros { value: 2000 }
num_batch_threads { value: 1 }"""
_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_WARM_UP = 1.0


class Load(NamedTuple):
    """Rows per second, and the median and 99th percentile of seconds per request."""

    rate: float
    p50: float
    p99: float


def compare(seconds: float, announce: Callable[[str, str, dict], None]) -> None:
    """Measures every case for some seconds.

    Args:
      seconds: of each measurement.
      announce: called with model, signature and {"in process" (rows/s), "REST", "gRPC": Load}.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "batching.config").write_text(_BATCHING)
        for model, signature in CASES:
            base = versions.SAVED_MODELS / model
            result = {"in process": _apart(_in_process, base, signature, seconds)}
            server = ServerProcess(
                f"--model_name={model}",
                f"--model_base_path={base}",
                "--enable_batching",
                f"--batching_parameters_file={folder / 'batching.config'}",
                log=folder / "log",
            )
            try:
                for protocol, run, port in (
                    ("REST", _ask_rest, server.rest_port),
                    ("gRPC", _ask_grpc, server.port),
                ):
                    result[protocol] = _apart(_load, run, base, signature, port, seconds)
            finally:
                server.stop()
            announce(model, signature, result)


def _apart(function, *arguments):
    """Calls a function in a separate process."""
    with multiprocessing.get_context("spawn").Pool(1, tf_startup.import_tensorflow) as pool:
        return pool.apply(function, arguments)


def _in_process(base, signature, seconds):
    """Rows per second of calls with as many rows as there are clients."""
    model = zoo.load(base)
    given = [model.inputs[name].example(CLIENTS) for name in model.signatures[signature]]
    function, rows = getattr(model, signature), 0
    end = time.perf_counter() + _WARM_UP
    while time.perf_counter() < end:
        function(*given)
    start = time.perf_counter()
    while time.perf_counter() < start + seconds:
        function(*given)
        rows += CLIENTS
    return rows / (time.perf_counter() - start)


def _load(run, base, signature, port, seconds):
    """The Load of CLIENTS clients in one event loop."""
    model = zoo.load(base)
    rows = [model.inputs[name].example(CLIENTS) for name in model.signatures[signature]]
    inputs = dict(zip(model.signatures[signature], rows, strict=True))
    took = []

    async def clients():
        start = time.perf_counter()
        await asyncio.gather(
            *[
                run(port, base.name, signature, {k: v[i : i + 1] for k, v in inputs.items()},
                    start + _WARM_UP, start + _WARM_UP + seconds, took)
                for i in range(CLIENTS)
            ]
        )  # fmt: skip

    asyncio.run(clients())
    return Load(len(took) / seconds, *np.percentile(took, [50, 99]).tolist())


async def _repeat(ask, start, end, took):
    """Sends requests until the end, and records the seconds of those that began after the start."""
    while (before := time.perf_counter()) < end:
        await ask()
        if before >= start:
            took.append(time.perf_counter() - before)


async def _ask_rest(port, model, signature, row, start, end, took):
    given = {name: value.tolist() for name, value in row.items()}
    body = json.dumps({"signature_name": signature, "inputs": given}).encode()
    head = f"POST /v1/models/{model}:predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)

    async def ask():
        writer.write(head.encode() + b"\r\n" + body)
        headers = await reader.readuntil(b"\r\n\r\n")
        if not headers.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(headers.decode())
        length = next(h for h in headers.split(b"\r\n") if h.startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))

    await _repeat(ask, start, end, took)
    writer.close()


async def _ask_grpc(port, model, signature, row, start, end, took):
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for name, value in row.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    data = request.SerializeToString()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(_PREDICT)  # bytes in and out

        async def ask():
            await call(data)

        await _repeat(ask, start, end, took)
