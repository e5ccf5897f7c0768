#!/usr/bin/env python3
"""Serves SavedModels over REST and gRPC, with the flags of tensorflow_model_server.

scripts/serve.py --model_config_file=saved_models/models.config
scripts/serve.py --model_name=cvae --model_base_path=saved_models/cvae_mnist --enable_batching

Runs tensorflow_model_server where it is on the PATH, otherwise the zoo's stand-in for it, which is
meant for development and tests: docs/serving.md lists the differences. Ports are those of the
image tensorflow/serving, 8500 for gRPC and 8501 for REST.
"""

import logging
import os
import shutil
import sys
import tempfile

from absl import flags

from zoo import command_line, files
from zoo.errors import UserError

REAL = "tensorflow_model_server"
flags.DEFINE_string("host", "127.0.0.1", "Address of the stand-in; 0.0.0.0 for all.")
flags.DEFINE_integer("port", 8500, "gRPC port; 0 disables gRPC.", 0, 65535)
flags.DEFINE_integer("rest_api_port", 8501, "REST port; 0 disables REST.", 0, 65535)
flags.DEFINE_integer(
    "rest_api_timeout_in_ms", 30_000, "Timeout of a REST request in milliseconds.", 1
)
flags.DEFINE_string("grpc_socket_path", "", "UNIX socket for gRPC.")
flags.DEFINE_string("grpc_channel_arguments", "", "gRPC channel arguments: NAME=VALUE,NAME=VALUE.")
flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "Serve grpc.health.v1.")
flags.DEFINE_string("model_name", "default", "Name of the model in --model_base_path.")
flags.DEFINE_string("model_base_path", "", "Folder of one model's versions.")
flags.DEFINE_string(
    "model_config_file", "", "models.config, instead of --model_name and --model_base_path."
)
flags.DEFINE_integer(
    "model_config_file_poll_wait_seconds", 0, "Seconds between readings of that file; 0: once.", 0
)
flags.DEFINE_integer(
    "file_system_poll_wait_seconds", 1, "Seconds between looks for new versions; 0: once."
)
flags.DEFINE_bool("enable_batching", False, "Batch the rows of several requests.")
flags.DEFINE_string("batching_parameters_file", "", "BatchingParameters in text format.")
flags.DEFINE_string("monitoring_config_file", "", "MonitoringConfig in text format.")
flags.DEFINE_bool("enable_model_warmup", True, "Run the warm-up requests before serving.")
flags.DEFINE_bool(
    "allow_version_labels_for_unavailable_models",
    False,
    "Accept labels of versions that are not loaded yet.",
)
# tensorflow_model_server listens everywhere; its models are in the config that it is given.
NOT_PASSED = ("host", "model_config_file", "model_base_path", "model_name")


def config_path():
    """The path of --model_config_file; "" if it is not given."""
    return flags.FLAGS.model_config_file and files.user_path(flags.FLAGS.model_config_file)


def read_models():
    """The config of the models that the flags name, base paths as they are on this machine."""
    from zoo.serving import server_configs

    given = flags.FLAGS
    if given.model_config_file:
        models = server_configs.read_models(config_path())
        MOVED.update(models.moved)
        if models.moved:
            path, folder = next(iter(models.moved.items()))
            count = len(models.moved)
            print(f"Using local folders for {count} models: {path} is {folder}.", flush=True)
        return models.proto
    if not given.model_base_path:
        raise UserError("Say what to serve: --model_config_file=FILE or --model_base_path=FOLDER.")
    base = files.user_path(given.model_base_path).absolute()
    if not base.is_dir():
        raise UserError(f"--model_base_path: there is no folder {base}.")
    return server_configs.single_model(given.model_name, str(base))


def exec_real(models):
    """Becomes tensorflow_model_server, given the same flags."""
    from google.protobuf import text_format

    if flags.FLAGS["host"].present:
        raise UserError(f"--host: {REAL} listens on all addresses and has no such flag.")
    if MOVED and flags.FLAGS.model_config_file_poll_wait_seconds:
        raise UserError(
            "--model_config_file_poll_wait_seconds: base paths of the file are not those of this "
            f"machine, so {REAL} is given a copy of it; correct the paths to have it polled."
        )
    path = config_path()
    if MOVED or not path:
        with tempfile.NamedTemporaryFile("w", suffix=".config", delete=False) as written:
            written.write(text_format.MessageToString(models))
        path = written.name
    values = {f.name: f.value for f in flags.FLAGS.get_key_flags_for_module(sys.argv[0])}
    for name in ("batching_parameters_file", "monitoring_config_file"):
        values[name] = values[name] and files.user_path(values[name])
    # It sets labels before any model is loaded.
    if any(config.version_labels for config in models.model_config_list.config):
        values["allow_version_labels_for_unavailable_models"] = True
    command = [REAL, f"--model_config_file={path}"]
    for name, value in values.items():
        if name not in NOT_PASSED and value != "":
            command.append(f"--{name}={str(value).lower() if isinstance(value, bool) else value}")
    os.execvp(REAL, command)


def read_options(models):
    """The stand-in's options, as arguments."""
    from zoo.serving import server_configs

    given = flags.FLAGS
    if given.batching_parameters_file and not given.enable_batching:
        raise UserError("--batching_parameters_file needs --enable_batching.")
    batching, metrics_path = None, None
    if given.enable_batching:
        batching = server_configs.Batching()
        if given.batching_parameters_file:
            batching = server_configs.read_batching(given.batching_parameters_file)
    if given.monitoring_config_file:
        metrics_path = server_configs.read_prometheus_path(given.monitoring_config_file)
    return {
        "models": models,
        "host": given.host,
        "port": given.port,
        "rest_port": given.rest_api_port,
        "rest_timeout": given.rest_api_timeout_in_ms / 1000,
        "socket_path": given.grpc_socket_path,
        "channel_arguments": server_configs.parse_channel_arguments(given.grpc_channel_arguments),
        "health": given.enable_grpc_healthcheck_service,
        "config_file": config_path(),
        "config_poll": given.model_config_file_poll_wait_seconds,
        "poll": given.file_system_poll_wait_seconds,
        "batching": batching,
        "metrics_path": metrics_path,
        "warm_up": given.enable_model_warmup,
        "labels_for_unavailable": given.allow_version_labels_for_unavailable_models,
    }


def prepare():
    models = read_models()
    if shutil.which(REAL):
        exec_real(models)
    OPTIONS.update(read_options(models))


def main():
    from zoo.serving import server

    log = logging.getLogger("zoo.serving")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.StreamHandler(sys.stdout))
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # the loader is called deprecated
    log.info("%s is not on the PATH: the zoo's stand-in serves, for development and tests.", REAL)
    server.run(server.Options(**OPTIONS), lambda places: print(f"Ready: {places}", flush=True))


if __name__ == "__main__":
    OPTIONS, MOVED = {}, {}
    command_line.run(main, prepare)
