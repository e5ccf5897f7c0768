"""The stand-in for tensorflow_model_server: one process, one event loop, two protocols."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import NamedTuple

import grpc
import uvicorn
import uvloop
from grpc_health.v1 import health as grpc_health
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from zoo.errors import UserError
from zoo.tfserving import grpc_services, rest, server_configs
from zoo.tfserving.contract.errors import ServingError
from zoo.tfserving.manager import ModelManager
from zoo.tfserving.request_batching import BatchScheduler
from zoo.tfserving.request_metrics import RequestMetrics
from zoo.tfserving.servables import Loading
from zoo.tfserving.service import Service

# Seconds that requests under way have when the server is asked to stop.
GRACE = 30.0
# Seconds for the line and the headers of an HTTP request.
HEADER_TIMEOUT = 30.0
_HEALTH_NAMES = ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")
_log = logging.getLogger("zoo.tfserving")


class Options(NamedTuple):
    """Settings of a server.

    Attributes:
      models: the configured models.
      host: address to listen on.
      port: gRPC port; 0 for none.
      rest_port: REST port; 0 for none.
      rest_timeout: timeout of REST requests in seconds.
      socket_path: UNIX socket for gRPC; "" for none.
      channel_arguments: (name, value) pairs for gRPC.
      health: whether grpc.health.v1 is served.
      config_file: models.config to read again every `config_poll` seconds; "" for none.
      config_poll: 0 for never.
      poll: seconds between scans of the folders; 0 or less scans once.
      batching: None runs each request alone.
      metrics_path: path of the Prometheus page; None for none.
      loading: how versions are loaded.
      cors: whether web pages of other hosts may send REST requests.
      labels_for_unavailable: whether a label may name a version that is not loaded.
    """

    models: model_server_config_pb2.ModelServerConfig
    host: str = "127.0.0.1"
    port: int = 8500
    rest_port: int = 8501
    rest_timeout: float = 30.0
    socket_path: str = ""
    channel_arguments: tuple[tuple[str, int | str], ...] = ()
    health: bool = False
    config_file: str | os.PathLike = ""
    config_poll: float = 0.0
    poll: float = 1.0
    batching: server_configs.Batching | None = None
    metrics_path: str | None = None
    loading: Loading = Loading()
    cors: bool = False
    labels_for_unavailable: bool = False


def run(options: Options, announce: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT, then finishes the requests under way and returns.

    Args:
      options: settings of the server.
      announce: called with the addresses when the server is ready.

    Raises:
      UserError: names the port that is taken or the model that cannot be loaded.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options, announce))


async def _serve(options, announce):
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        # Ports first: a taken port should be reported before minutes of loading.
        listener = _listen(options.host, options.rest_port) if options.rest_port else None
        manager = ModelManager(
            options.loading, labels_for_unavailable=options.labels_for_unavailable
        )
        runner, health = BatchScheduler(options.batching), grpc_health.aio.HealthServicer()
        service, metrics = Service(manager, runner), RequestMetrics()
        grpc_server = _create_grpc(options, service, metrics, health)
        stack.callback(runner.close)
        stack.push_async_callback(manager.close)
        await _set_health(health, health_pb2.HealthCheckResponse.NOT_SERVING)
        # Started before the ports answer, so that requests wait for models that are being loaded.
        loading = asyncio.ensure_future(manager.reload(options.models))
        await grpc_server.start()
        stops = [lambda: grpc_server.stop(GRACE)]
        if listener is not None:
            stops.append(await _start_rest(options, service, metrics, listener))
        stack.push_async_callback(_stop_all, stops)
        count = len(options.models.model_config_list.config)
        _log.info("Loading %d models; listening: %s.", count, _places(options))
        try:
            await _or_stop(loading, stop)
        except ServingError as error:
            raise UserError(f"Failed to start server. {error.message}") from error
        stack.callback(_start_polls(options, manager))
        if not stop.is_set():
            await _set_health(health, health_pb2.HealthCheckResponse.SERVING)
            announce(_places(options))
            await stop.wait()
            _log.info("Stopping: requests under way are answered.")


async def _stop_all(stops):
    """Stops both protocols together: neither accepts requests while the other drains."""
    await asyncio.gather(*[stop() for stop in stops])


async def _or_stop(work, stop):
    """Awaits work unless the server is asked to stop before it is done."""
    working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if working.done():
        working.result()
    working.cancel()


def _listen(host, port):
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        return listener
    except (OSError, OverflowError) as error:
        raise UserError(
            f"REST cannot listen on {host}:{port} ({error}): choose another --rest_api_port."
        ) from error


async def _set_health(servicer, status):
    for name in _HEALTH_NAMES:
        await servicer.set(name, status)


def _create_grpc(options, service, metrics, health):
    # Otherwise two servers on one port would each get some of the requests.
    arguments = (("grpc.so_reuseport", 0), *options.channel_arguments)
    parse = grpc_services.ParseRequests()
    server = grpc.aio.server(options=arguments, interceptors=[parse])
    grpc_services.add_services(server, service, metrics)
    if options.health:
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
    host = f"[{options.host}]" if ":" in options.host else options.host
    places = [f"{host}:{options.port}"] if options.port else []
    places += [f"unix:{options.socket_path}"] if options.socket_path else []
    for place in places:
        try:
            server.add_insecure_port(place)
        except RuntimeError as error:
            raise UserError(
                f"gRPC cannot listen on {place}, which may be in use: choose another --port."
            ) from error
    return server


class _Protocol(HttpToolsProtocol):
    """HTTP with a timeout for the request line and headers."""

    def connection_made(self, transport):
        super().connection_made(transport)
        self._late = self.loop.call_later(HEADER_TIMEOUT, self._refuse)

    def on_message_begin(self):
        self._late.cancel()
        self._late = self.loop.call_later(HEADER_TIMEOUT, self._refuse)
        super().on_message_begin()

    def on_headers_complete(self):
        self._late.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc):
        self._late.cancel()
        super().connection_lost(exc)

    def _refuse(self):
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()


class _RestServer(uvicorn.Server):
    """Leaves signals to `run`."""

    @contextlib.contextmanager
    def capture_signals(self):
        yield


async def _start_rest(options, service, metrics, listener):
    """Starts REST; returns a function that stops it."""
    app = rest.create_app(
        service, metrics, options.rest_timeout, options.metrics_path, options.cors
    )
    config = uvicorn.Config(
        app,
        http=_Protocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(GRACE),
    )
    server = _RestServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)

    async def stop():
        server.should_exit = True
        await task

    return stop


def _start_polls(options, manager):
    """Starts polling the folders and the config file; returns a function that stops it."""

    async def reread():
        models = server_configs.read_models(options.config_file).proto
        if models != reread.last:
            await manager.reload(models)
            reread.last = models

    reread.last = options.models
    tasks = []
    if options.poll > 0:
        tasks.append(asyncio.create_task(_repeat(options.poll, manager.poll)))
    if options.config_file and options.config_poll > 0:
        tasks.append(asyncio.create_task(_repeat(options.config_poll, reread)))
    return lambda: [task.cancel() for task in tasks]


async def _repeat(seconds, look):
    while True:
        await asyncio.sleep(seconds)
        try:
            await look()
        except (UserError, ServingError) as error:
            _log.error("%s", error)
        except Exception:  # keep serving the loaded models
            _log.exception("Polling failed")


def _places(options):
    parts = [f"REST on http://{options.host}:{options.rest_port}"] if options.rest_port else []
    parts += [f"gRPC on {options.host}:{options.port}"] if options.port else []
    parts += [f"gRPC on unix:{options.socket_path}"] if options.socket_path else []
    return ", ".join(parts)
