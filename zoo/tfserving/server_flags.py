"""The flags of tensorflow_model_server, and how the stand-in treats each of them."""

from collections.abc import Callable

from absl import flags

from zoo.errors import UserError

flags.DEFINE_string("host", "127.0.0.1", "Address of the stand-in; 0.0.0.0 for all.")
flags.DEFINE_integer("port", 8500, "gRPC port; 0 disables gRPC.", 0, 65535)
flags.DEFINE_string("grpc_socket_path", "", "UNIX socket for gRPC.")
flags.DEFINE_string("grpc_channel_arguments", "", "gRPC channel arguments: NAME=VALUE,NAME=VALUE.")
flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "Serve grpc.health.v1.")
flags.DEFINE_integer("rest_api_port", 8501, "REST port; 0 disables REST.", 0, 65535)
flags.DEFINE_integer(
    "rest_api_timeout_in_ms", 30_000, "Timeout of a REST request in milliseconds.", 1
)
flags.DEFINE_bool("rest_api_enable_cors_support", False, "Answer web pages of other hosts.")
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
flags.DEFINE_bool(
    "allow_version_labels_for_unavailable_models",
    False,
    "Accept labels of versions that are not loaded yet.",
)
flags.DEFINE_integer("num_load_threads", 0, "Versions loaded side by side; 0: one per core.", 0)
flags.DEFINE_list("saved_model_tags", ["serve"], "Tags of the graph in a SavedModel.")
flags.DEFINE_bool("enable_model_warmup", True, "Run the warm-up requests before serving.")
flags.DEFINE_integer(
    "num_request_iterations_for_warmup", 0, "How often each warm-up request runs; 0: once.", 0
)
flags.DEFINE_bool("enable_batching", False, "Batch the rows of several requests.")
flags.DEFINE_string("batching_parameters_file", "", "BatchingParameters in text format.")
flags.DEFINE_string("monitoring_config_file", "", "MonitoringConfig in text format.")
flags.DEFINE_integer(
    "tensorflow_session_parallelism", 0, "Threads of a session, within and between operations.", 0
)
flags.DEFINE_integer("tensorflow_intra_op_parallelism", 0, "Threads within an operation.", 0)
flags.DEFINE_integer("tensorflow_inter_op_parallelism", 0, "Operations that run side by side.", 0)
flags.DEFINE_string("tensorflow_session_config_file", "", "ConfigProto in text format.")
flags.DEFINE_float(
    "per_process_gpu_memory_fraction", 0.0, "Share of a GPU's memory; 0: TensorFlow's choice.", 0, 1
)
flags.DEFINE_bool("version", False, "Print the version and exit.")

_RETRIED = "the stand-in tries a version that failed again when its files change"
_ONE_LOOP = "the stand-in answers requests in one event loop"
# Flags of the real server alone: those that do not change answers are ignored, others are refused.
_WITHOUT_EFFECT = {
    "rest_api_num_threads": (int, _ONE_LOOP),
    "grpc_max_threads": (int, _ONE_LOOP),
    "num_unload_threads": (int, "the stand-in unloads versions in the threads that load them"),
    "max_num_load_retries": (int, _RETRIED),
    "load_retry_interval_micros": (int, _RETRIED),
    "flush_filesystem_caches": (bool, "the stand-in leaves these caches to the system"),
    "remove_unused_fields_from_bundle_metagraph": (bool, "the stand-in keeps what it reads"),
    "num_tflite_pools": (int, "the stand-in runs no TensorFlow Lite"),
    "num_tflite_interpreters_per_pool": (int, "the stand-in runs no TensorFlow Lite"),
    "enable_signature_method_name_check": (bool, "the stand-in does not check method names"),
    "xla_cpu_compilation_enabled": (bool, "the stand-in leaves XLA to the graphs"),
    "xla_gpu_compilation_enabled": (bool, "the stand-in leaves XLA to the graphs"),
    "enable_profiler": (bool, "the stand-in has no profiler"),
    "skip_initialize_tpu": (bool, "the stand-in runs on no TPU"),
    "enable_serialization_as_tensor_content": (bool, "the stand-in fills the typed fields"),
}
_REFUSED = {
    "ssl_config_file": (str, "has no TLS"),
    "use_alts_credentials": (bool, "has no ALTS"),
    "platform_config_file": (str, "has only the platform tensorflow"),
    "thread_pool_factory_config_file": (str, "has its own threads"),
    "enable_per_model_batching_parameters": (bool, "has one set of batching parameters"),
    "prefer_tflite_model": (bool, "runs no TensorFlow Lite"),
    "mixed_precision": (str, "does not rewrite graphs"),
}
_DEFINE: dict[type, Callable] = {
    int: flags.DEFINE_integer,
    bool: flags.DEFINE_bool,
    str: flags.DEFINE_string,
}
for _name, (_kind, _reason) in {**_WITHOUT_EFFECT, **_REFUSED}.items():
    _DEFINE[_kind](_name, None, "A flag of the real server only.")


def check_for_stand_in() -> None:
    """Prints which of the given flags have no effect here.

    Raises:
      UserError: for a flag that only the real server can honour.
    """
    given = flags.FLAGS
    for name, (_, reason) in _REFUSED.items():
        if given[name].value:
            raise UserError(f"--{name}: the stand-in {reason}; run tensorflow_model_server itself.")
    for name, (_, reason) in _WITHOUT_EFFECT.items():
        if given[name].present:
            print(f"--{name} has no effect: {reason}.", flush=True)
    parallelism = ("session_parallelism", "intra_op_parallelism", "inter_op_parallelism")
    if all(given[f"tensorflow_{name}"].value for name in parallelism):
        raise UserError(
            "Give --tensorflow_session_parallelism, or --tensorflow_intra_op_parallelism and "
            "--tensorflow_inter_op_parallelism, but not all three."
        )
