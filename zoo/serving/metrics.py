"""What a server counts, under the names that tensorflow_model_server exports to Prometheus."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator

import prometheus_client

from zoo.serving.contract.errors import ServingError

_PREFIX = ":tensorflow:serving:"
# Microseconds: 10, growing 1.8 times 33 times over.
_BUCKETS = tuple(10 * 1.8**i for i in range(33))


@dataclasses.dataclass
class Counted:
    """What a request is about.

    Attributes:
      model: its name if it is served; names that only clients make up would be counted without end.
      api: "Predict", say.
    """

    model: str = ""
    api: str = "Unknown"


class Metrics:
    """Counts of one server, in a registry of their own."""

    def __init__(self):
        self._registry = prometheus_client.CollectorRegistry()
        # A Counter's samples would be called request_count_total, which TF Serving's is not.
        self._requests = prometheus_client.Gauge(
            f"{_PREFIX}request_count",
            "The total number of requests.",
            ["model_name", "status"],
            registry=self._registry,
        )
        self._latency = prometheus_client.Histogram(
            f"{_PREFIX}request_latency",
            "Distribution of wall time (in microseconds) for Tensorflow Serving request.",
            ["model_name", "API", "entrypoint"],
            buckets=_BUCKETS,
            registry=self._registry,
        )

    @contextlib.contextmanager
    def count(self, entrypoint: str) -> Iterator[Counted]:
        """Counts a request while the body runs, by its status and, if it succeeds, its time.

        Args:
          entrypoint: "REST" or "GRPC".

        Yields:
          what the request is about, for the body to fill in.
        """
        start, counted = time.perf_counter(), Counted()
        status = "UNKNOWN"
        try:
            yield counted
            status = "OK"
        except ServingError as error:
            status = error.code.name
            raise
        finally:
            self._requests.labels(counted.model, status).inc()
            if status == "OK":
                micros = (time.perf_counter() - start) * 1e6
                self._latency.labels(counted.model, counted.api, entrypoint).observe(micros)

    def text(self) -> bytes:
        """Returns all counts as Prometheus reads them."""
        text = prometheus_client.generate_latest(self._registry)
        return text.replace(b"request_count gauge", b"request_count counter")
