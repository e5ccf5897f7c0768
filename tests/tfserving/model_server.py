"""A server in a process of its own, and what asks it: raw HTTP and the official stubs."""

import json
import pathlib
import time

import grpc
import requests
import tensorflow as tf
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from zoo.benchmarks.servers import ServerProcess

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Server(ServerProcess):
    """scripts/serve.py with some flags, ready to answer when it is made."""

    def __init__(self, *flags, **options):
        super().__init__(*flags, **options)
        self.url = f"http://127.0.0.1:{self.rest_port}/v1/models"
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.predictions = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)

    @staticmethod
    def wait_for(condition, seconds=60.0):
        """Returns once the condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "timed out"
            time.sleep(0.02)

    def post(self, path, body, **options):
        """(status, what the JSON of the reply says) of a POST below /v1/models/."""
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        reply = requests.post(f"{self.url}/{path}", data=data, timeout=30, **options)
        assert reply.headers["content-type"] == "application/json"
        return reply.status_code, reply.json()

    def get(self, path):
        """(status, what the JSON of the reply says) of a GET below /v1/models/."""
        reply = requests.get(f"{self.url}/{path}", timeout=30)
        return reply.status_code, reply.json()

    def predict(
        self, model, signature="", timeout=30, version=None, label=None, outputs=(), **given
    ):
        """{output: array} of a Predict over gRPC."""
        return {
            name: tf.make_ndarray(proto)
            for name, proto in self.predictions.Predict(
                predict_request(model, signature, version, label, outputs, **given), timeout
            ).outputs.items()
        }

    def state(self, model, version):
        """The state of a version, None if it is not known."""
        status, reply = self.get(f"{model}/versions/{version}")
        return reply["model_version_status"][0]["state"] if status == 200 else None

    def stop(self):
        """The exit code after SIGTERM."""
        self.channel.close()
        return super().stop()


def predict_request(model, signature="", version=None, label=None, outputs=(), **given):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    request.output_filter.extend(outputs)
    for name, value in given.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request
