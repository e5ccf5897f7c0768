"""Request metrics, under the names that tensorflow_model_server exports to Prometheus."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator

import prometheus_client

from zoo.tfserving.contract.errors import ServingError

_PREFIX = ":tensorflow:serving:"
# Microseconds: 33 buckets from 10, each 1.8 times the one before.
_BUCKETS = tuple(10 * 1.8**i for i in range(33))


@dataclasses.dataclass
class Request:
    """Labels of a request.

    Attributes:
      model: its name if it is served; unknown names would create labels without limit.
      api: such as "Predict".
    """

    model: str = ""
    api: str = "Unknown"


class RequestMetrics:
    """Counters of one server, in a separate registry."""

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
    def count(self, entrypoint: str) -> Iterator[Request]:
        """Counts a request while the body runs, by its status and, if it succeeds, its time.

        Args:
          entrypoint: "REST" or "GRPC".

        Yields:
          the labels of the request, for the body to fill in.
        """
        start, counted = time.perf_counter(), Request()
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
        """Returns all counters in the text format of Prometheus."""
        text = prometheus_client.generate_latest(self._registry)
        return text.replace(b"request_count gauge", b"request_count counter")
