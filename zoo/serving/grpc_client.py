"""A client of TF Serving's gRPC services: calls, and explanations of their errors."""

import re

import grpc
import numpy as np
from google.protobuf import json_format

from zoo.serving import wire
from zoo.serving.refused import Refused
from zoo.tfserving.contract.paths import ModelSpec

# Configures a channel to retry while a server is away.
_SERVICE_CONFIG = """{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 5,
 "initialBackoff": "0.2s", "maxBackoff": "2s", "backoffMultiplier": 2,
 "retryableStatusCodes": ["UNAVAILABLE"]}}]}"""
# Messages of gRPC and of proxies when there is no such service. The status alone would not do: a
# model's graph may lack an implementation too.
_NOT_SERVED = re.compile("Method not found|Received http2 header|unknown service|^$")
_SERVICES = {"GetModelStatus": "ModelService"}


class GrpcServer:
    """A server at grpc://HOST:PORT."""

    def __init__(self, address: str, timeout: float):
        self._address, self._timeout = address, timeout
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.service_config", _SERVICE_CONFIG),
        ]
        self._channel = grpc.insecure_channel(address, options)

    def __str__(self):
        return f"grpc://{self._address}"

    def read_signatures(self, model: ModelSpec) -> dict[str, wire.Signature]:
        """Returns the signatures of a model."""
        request = wire.MESSAGES["GetModelMetadataRequest"](metadata_field=["signature_def"])
        packed = self._ask("GetModelMetadata", request, model).metadata["signature_def"].value
        signatures = wire.MESSAGES["SignatureDefMap"].FromString(packed)
        fields = json_format.MessageToDict(signatures, preserving_proto_field_name=True)
        return wire.read_signatures(fields)

    def read_states(self, model: ModelSpec) -> dict[int, str]:
        """Returns {version: its state}."""
        reply = self._ask("GetModelStatus", wire.MESSAGES["GetModelStatusRequest"](), model)
        return {s.version: wire.STATES[s.state] for s in reply.model_version_status}

    def predict(
        self, model: ModelSpec, signature: wire.Signature, arrays: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Returns the outputs of a signature."""
        request = wire.MESSAGES["PredictRequest"]()
        request.model_spec.signature_name = signature.key
        for name, array in arrays.items():
            wire.write_array(array, request.inputs[name])
        reply = self._ask("Predict", request, model)
        return {name: wire.read_array(proto) for name, proto in reply.outputs.items()}

    def _ask(self, method, request, model):
        request.model_spec.name = model.name
        if model.label is not None:
            request.model_spec.version_label = model.label
        elif model.version is not None:
            request.model_spec.version.value = model.version
        service = _SERVICES.get(method, "PredictionService")
        call = self._channel.unary_unary(
            f"/tensorflow.serving.{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=wire.MESSAGES[f"{method}Response"].FromString,
        )
        try:
            return call(request, timeout=self._timeout)
        except grpc.RpcError as error:
            raise Refused(self._explain(error.code(), error.details() or "")) from None

    def _explain(self, code, details):
        """Explains why a call failed, in one line."""
        if code == grpc.StatusCode.UNAVAILABLE:
            return self._explain_unavailable(details)
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return f"{self} did not answer within {self._timeout:g} s."
        no_such_service = code == grpc.StatusCode.UNIMPLEMENTED and _NOT_SERVED.search(details)
        if no_such_service or "deserializing response" in details:
            return f"{self} is not a model server."
        return f"{self} says {code.name}: {details}"

    def _explain_unavailable(self, details):
        """Explains UNAVAILABLE, which comes from gRPC itself or from a server."""
        if "http1.x server" in details or "Failed parsing HTTP/2" in details:
            return f"{self} is a port of HTTP: for REST write http://{self._address}."
        if "HTTP proxy" in details:
            host = self._address.rpartition(":")[0]
            return (
                f"{self}: the proxy of the environment refuses the connection; "
                f"no_grpc_proxy={host} connects without it."
            )
        if re.search("failed to connect|resol", details, re.IGNORECASE):
            return f"No server answers at {self}: is it running, is the port right?"
        return f"{self} says UNAVAILABLE: {details}"
