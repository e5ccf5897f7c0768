"""One server for the tests of both protocols."""

import pytest

from tests.tfserving import small_models
from tests.tfserving.model_server import Server

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
        "--rest_api_enable_cors_support",
        "--grpc_channel_arguments=grpc.max_concurrent_streams=200",
        f"--grpc_socket_path={folder / 'socket'}",
        log=folder / "log",
    )
    made.folder = folder
    yield made
    made.stop()
