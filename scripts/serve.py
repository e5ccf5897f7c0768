#!/usr/bin/env python3
"""Serves SavedModels over REST and gRPC, with the flags of tensorflow_model_server.

scripts/serve.py --model_config_file=saved_models/models.config
scripts/serve.py --model_name=cvae --model_base_path=saved_models/cvae_mnist --enable_batching

Runs tensorflow_model_server if it is on the PATH, otherwise the zoo's stand-in for it, which is
meant for development and tests: docs/serving.md lists the differences. Ports are those of the
image tensorflow/serving, 8500 for gRPC and 8501 for REST.
"""

import importlib.metadata
import logging
import os
import shutil
import sys
import tempfile

from absl import flags

from zoo import files
from zoo.cli import command_line
from zoo.errors import UserError
from zoo.tfserving import server_flags

REAL = "tensorflow_model_server"
flags.adopt_module_key_flags(server_flags)
# tensorflow_model_server listens everywhere; its models are in the config that it is given.
NOT_PASSED = ("host", "model_config_file", "model_base_path", "model_name")


def config_path():
    """The path of --model_config_file; "" if it is not given."""
    return flags.FLAGS.model_config_file and files.user_path(flags.FLAGS.model_config_file)


def read_models():
    """The config of the models that the flags name, with the base paths of this machine."""
    from zoo.tfserving import server_configs

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
        raise UserError("Name a model: --model_config_file=FILE or --model_base_path=FOLDER.")
    if "://" in given.model_base_path:
        if not shutil.which(REAL):
            raise UserError(
                f"--model_base_path={given.model_base_path}: the stand-in serves folders of this "
                "machine only; copy the model here."
            )
        return server_configs.single_model(given.model_name, given.model_base_path)
    base = files.user_path(given.model_base_path).absolute()
    if not base.is_dir():
        raise UserError(f"--model_base_path: there is no folder {base}.")
    return server_configs.single_model(given.model_name, str(base))


def _write_value(value):
    """A flag's value as the real server reads it."""
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else value


def exec_real(models):
    """Replaces this process by tensorflow_model_server with the same flags."""
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
    values = {"port": flags.FLAGS.port, "rest_api_port": flags.FLAGS.rest_api_port}
    given = [f for f in flags.FLAGS.get_key_flags_for_module(sys.argv[0]) if f.present]
    values |= {f.name: f.value for f in given if f.name not in NOT_PASSED}
    for name in [name for name in values if name.endswith("_file")]:
        values[name] = values[name] and files.user_path(values[name])
    # It sets labels before any model is loaded.
    if any(config.version_labels for config in models.model_config_list.config):
        values["allow_version_labels_for_unavailable_models"] = True
    command = [REAL, f"--model_config_file={path}"]
    command += [f"--{name}={_write_value(value)}" for name, value in values.items()]
    os.execvp(REAL, command)


def read_options(models):
    """The stand-in's options as arguments, without those of loading."""
    from zoo.tfserving import server_configs

    server_flags.check_for_stand_in()
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
        "cors": given.rest_api_enable_cors_support,
        "labels_for_unavailable": given.allow_version_labels_for_unavailable_models,
    }


def read_loading():
    """How versions are loaded."""
    from zoo.tfserving.servables import Loading

    given = flags.FLAGS
    return Loading(
        threads=given.num_load_threads or os.cpu_count() or 1,
        warm_ups=max(given.num_request_iterations_for_warmup, 1) * given.enable_model_warmup,
        tags=tuple(given.saved_model_tags),
        session=read_session(),
    )


def read_session():
    """The session options of the flags as a ConfigProto."""
    from zoo.tfserving import server_configs
    from zoo.tfserving.servables import make_session_config

    given = flags.FLAGS
    session = make_session_config()
    if given.tensorflow_session_config_file:
        path = files.user_path(given.tensorflow_session_config_file)
        of_file = server_configs.read(path, type(session)())
        if of_file.graph_options.HasField("rewrite_options"):
            session = of_file
        else:
            session.MergeFrom(of_file)
    intra, inter = given.tensorflow_intra_op_parallelism, given.tensorflow_inter_op_parallelism
    if not (intra or inter):
        intra = inter = given.tensorflow_session_parallelism
    session.intra_op_parallelism_threads = intra or session.intra_op_parallelism_threads
    session.inter_op_parallelism_threads = inter or session.inter_op_parallelism_threads
    if given.per_process_gpu_memory_fraction:
        fraction = given.per_process_gpu_memory_fraction
        session.gpu_options.per_process_gpu_memory_fraction = fraction
    return session


def show_version():
    """Prints the version."""
    if shutil.which(REAL):
        os.execvp(REAL, [REAL, "--version"])
    version = importlib.metadata.version
    try:
        own = version("generative-zoo")
    except importlib.metadata.PackageNotFoundError:  # a checkout that is not installed
        own = "from a checkout"
    print(f"Stand-in for TensorFlow ModelServer: generative-zoo {own}")
    print(f"TensorFlow Library: {version('tensorflow')}")
    sys.exit(0)


def prepare():
    if flags.FLAGS.version:
        show_version()
    models = read_models()
    if shutil.which(REAL):
        exec_real(models)
    OPTIONS.update(read_options(models))


def main():
    from zoo.tfserving import server

    log = logging.getLogger("zoo.tfserving")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.StreamHandler(sys.stdout))
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # the loader is called deprecated
    log.info("%s is not on the PATH: the zoo's stand-in serves, for development and tests.", REAL)
    options = server.Options(**OPTIONS, loading=read_loading())
    server.run(options, lambda places: print(f"Ready: {places}", flush=True))


if __name__ == "__main__":
    OPTIONS, MOVED = {}, {}
    command_line.run(main, prepare)
