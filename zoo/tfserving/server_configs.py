"""Reads tensorflow_model_server's files in text format: models, batching, monitoring.

tensorflow-serving-api has no stubs for the last two; their messages are declared here.
"""

import os
import pathlib
import re
from typing import NamedTuple, TypeVar

from google.protobuf import message, text_format
from tensorflow_serving.config import model_server_config_pb2

from zoo.errors import UserError
from zoo.tfserving import messages

_PROMETHEUS_PATH = "/monitoring/prometheus/metrics"
_INT64, _WRAPPED_BOOL = ".google.protobuf.Int64Value", ".google.protobuf.BoolValue"
_CLASSES = messages.declare(
    "zoo.tfserving.server_configs",
    {
        name: {field: (number, kind) for number, (field, kind) in enumerate(fields.items(), 1)}
        for name, fields in {
            "BatchingParameters": {
                "max_batch_size": _INT64,
                "batch_timeout_micros": _INT64,
                "max_enqueued_batches": _INT64,
                "num_batch_threads": _INT64,
                "thread_pool_name": ".google.protobuf.StringValue",
                "allowed_batch_sizes": [messages.INT64],
                "pad_variable_length_inputs": messages.BOOL,
                "enable_large_batch_splitting": _WRAPPED_BOOL,
                "max_execution_batch_size": _INT64,
            },
            "PrometheusConfig": {"enable": messages.BOOL, "path": messages.STRING},
            "MonitoringConfig": {"prometheus_config": "PrometheusConfig"},
        }.items()
    },
)
_Message = TypeVar("_Message", bound=message.Message)


class Batching(NamedTuple):
    """How requests are batched; defaults as in TF Serving, except for threads.

    Attributes:
      max_batch_size: rows per batch.
      timeout: seconds that a request waits for others although a thread is free.
      max_enqueued_batches: full batches that may wait.
      num_threads: number of batches computed at the same time.
      allowed_sizes: batches are padded to the next of these; not padded if empty.
      split_large: whether a request may have more rows than a batch.
    """

    max_batch_size: int = 1000
    timeout: float = 0.0
    max_enqueued_batches: int = 10
    num_threads: int = os.cpu_count() or 1
    allowed_sizes: tuple[int, ...] = ()
    split_large: bool = False


class Models(NamedTuple):
    """A models.config.

    Attributes:
      proto: ModelServerConfig with the base paths of this machine.
      moved: {base path in the file: folder used instead}.
    """

    proto: model_server_config_pb2.ModelServerConfig
    moved: dict[str, pathlib.Path]


def read_models(path: str | os.PathLike) -> Models:
    """Returns a models.config.

    If a base path does not exist, such as /models/NAME of the container, the folder NAME beside the
    file is used instead, if there is one.

    Raises:
      UserError: if the file cannot be read, or has no list of models.
    """
    proto = read(path, model_server_config_pb2.ModelServerConfig())
    if proto.WhichOneof("config") != "model_config_list":
        raise UserError(f"{path}: expected a model_config_list {{ config {{ ... }} }}.")
    moved, folder = {}, pathlib.Path(path).resolve().parent
    for config in proto.model_config_list.config:
        beside = folder / pathlib.PurePath(config.base_path).name
        if not os.path.isdir(config.base_path) and beside.is_dir():
            moved[config.base_path] = beside
            config.base_path = str(beside)
    return Models(proto, moved)


def single_model(name: str, base_path: str) -> model_server_config_pb2.ModelServerConfig:
    """Returns the config of one model whose newest version is served."""
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.add(name=name, base_path=base_path, model_platform="tensorflow")
    return config


def parse_channel_arguments(text: str) -> tuple[tuple[str, int | str], ...]:
    """Returns the (name, value) pairs of "NAME=VALUE,NAME=VALUE".

    Raises:
      UserError: for a part without a name or a value.
    """
    arguments = []
    for part in filter(None, text.split(",")):
        name, _, value = (word.strip() for word in part.partition("="))
        if not name or not value:
            raise UserError(f"--grpc_channel_arguments: expected NAME=VALUE, given {part!r}.")
        number = value.lstrip("-").isdigit()
        arguments.append((name, int(value) if number else value))
    return tuple(arguments)


def read_batching(path: str | os.PathLike) -> Batching:
    """Returns a file of batching parameters.

    Raises:
      UserError: if it cannot be read, or has incompatible values.
    """
    proto = read(path, _CLASSES["BatchingParameters"]())
    fields = {
        "max_batch_size": "max_batch_size",
        "max_enqueued_batches": "max_enqueued_batches",
        "num_batch_threads": "num_threads",
    }
    given = {ours: getattr(proto, f).value for f, ours in fields.items() if proto.HasField(f)}
    if proto.pad_variable_length_inputs:
        raise UserError(f"{path}: pad_variable_length_inputs is not supported here: leave it out.")
    batching = Batching(**given)._replace(
        timeout=proto.batch_timeout_micros.value / 1e6,
        allowed_sizes=tuple(proto.allowed_batch_sizes),
        split_large=proto.enable_large_batch_splitting.value,
    )
    small = [name for name, ours in fields.items() if getattr(batching, ours) < 1]
    if small or batching.timeout < 0:
        raise UserError(f"{path}: {(small or ['batch_timeout_micros'])[0]} is too small.")
    sizes = batching.allowed_sizes
    if sizes and (list(sizes) != sorted(set(sizes)) or sizes[-1] != batching.max_batch_size):
        raise UserError(
            f"{path}: allowed_batch_sizes must increase, and the last be max_batch_size "
            f"({batching.max_batch_size}); given: {list(sizes)}."
        )
    return batching


def read_prometheus_path(path: str | os.PathLike) -> str | None:
    """Returns the path of the metrics page in a monitoring config; None if it is disabled.

    Raises:
      UserError: if it cannot be read.
    """
    config = read(path, _CLASSES["MonitoringConfig"]()).prometheus_config
    return (config.path or _PROMETHEUS_PATH) if config.enable else None


def read(path: str | os.PathLike, target: _Message) -> _Message:
    """Returns `target`, filled from a file in text format.

    Raises:
      UserError: if it cannot be read.
    """
    try:
        text = pathlib.Path(path).expanduser().read_text()
        return text_format.Parse(text, target)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error
    except text_format.ParseError as error:
        name, where = target.DESCRIPTOR.name, re.sub(r"^(\d+:\d+) :", r"\1:", str(error))
        raise UserError(
            f"{path} is not a {name}: Error parsing text-format tensorflow.serving.{name}: {where}"
        ) from error
