"""A client of TF Serving, or of the zoo's stand-in, with the methods of `zoo.load`.

model = zoo.connect("localhost:8501", "cvae_mnist")  # REST; gRPC is "grpc://localhost:8500"
x = model.sample(seed=[7, 8], y=[3, 3])
"""

import logging

import grpc
import numpy as np
import requests
import tensorflow as tf
from google.protobuf import json_format
from requests.adapters import HTTPAdapter
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from urllib3.util import Retry

from zoo.data import Spec
from zoo.errors import UserError
from zoo.inputs import ORDER, Input, read_range
from zoo.serving.calls import SignatureCalls, describe
from zoo.serving.contract.paths import ModelSpec
from zoo.serving.contract.signatures import DEFAULT, Signature

_RETRIES = 4
# Bytes of the rows of one call, safely below gRPC's default limit of 4 MiB for a message.
_CALL_BYTES = 1 << 20
_ROWS = 128  # which batching configs of servers usually take
# Of a channel: retries while a server is away.
_SERVICE_CONFIG = """{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 5,
 "initialBackoff": "0.2s", "maxBackoff": "2s", "backoffMultiplier": 2,
 "retryableStatusCodes": ["UNAVAILABLE"]}}]}"""


# Retries are normal while a server starts; the last failure is raised.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class Refused(UserError):
    """The server refused a request, did not answer in time or is not there."""


class RemoteModel(SignatureCalls):
    """A model on a server. What it takes and gives is read from the server's metadata."""

    def __init__(self, place: "_Rest | _Grpc", model: ModelSpec):
        self._place, self._model = place, model
        # Beside the default there is one that initialises, __saved_model_init_op.
        self._known = {
            key: signature
            for key, signature in place.read_signatures(model).items()
            if key != DEFAULT and not key.startswith("__")
        }
        inputs = {
            name: Input(name, tensor.shape[1:], tensor.dtype.name)
            for signature in self._known.values()
            for name, tensor in signature.inputs.items()
        }
        names = {key: _ordered(key, signature.inputs) for key, signature in self._known.items()}
        pixels = {n: i._replace(low=0.0, high=1.0) for n, i in inputs.items() if i.is_pixels}
        inputs |= pixels
        path = f"{place} {model.name}"
        super().__init__(path, _spec(self._known, 0), names, inputs)

    def __repr__(self):
        calls = ", ".join(f"{name}({', '.join(i)})" for name, i in self.signatures.items())
        return f"<{self.path}: {calls}>"

    @property
    def config(self):
        """Refuses: how a model was trained is not known to a server.

        Raises:
          UserError: always.
        """
        raise UserError(
            f"{self.path}: a server does not tell how a model was trained, which this needs: give "
            "the export itself (--saved_model)."
        )

    def status(self) -> dict[int, str]:
        """Returns {version: its state}, "AVAILABLE" say.

        Raises:
          Refused: if the server does not know the model.
        """
        reply = self._place.read_status(self._model)
        state = get_model_status_pb2.ModelVersionStatus.State.Name
        return {s.version: state(s.state) for s in reply.model_version_status}

    def ask_limits(self) -> None:
        """Learns how many labels there are, which metadata does not tell.

        It sends a wrong label, since the error lists the right ones. A server with batching
        may then refuse other requests of the same moment too.
        """
        for name in [n for n, given in self.inputs.items() if given.is_label or n == "cluster"]:
            limits = self._ask_limits(name)
            if limits is not None:
                known = self.inputs[name]._replace(low=limits[0], high=limits[1])
                self.inputs = {**self.inputs, name: known}
        if "y" in self.inputs and self.inputs["y"].high is not None:
            self.spec = _spec(self._known, self.inputs["y"].high + 1)

    def _run(self, name, arrays):
        """Answers by calls of a limited size: every signature of the zoo is row-wise."""
        signature = self._known[name]
        rows = len(next(iter(arrays.values())))
        outputs = [np.prod([s or 1 for s in t.shape]) for t in signature.outputs.values()]
        size = 4 * sum([*outputs, *(a[:1].size for a in arrays.values())])
        step = int(max(1, min(_ROWS, _CALL_BYTES // size)))
        parts = [
            self._place.predict(
                self._model, signature, {k: a[i : i + step] for k, a in arrays.items()}
            )
            for i in range(0, max(rows, 1), step)
        ]
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

    def _describe_outputs(self, name):
        outputs = self._known[name].outputs.items()
        return {key: describe(tensor.dtype.name, tensor.shape) for key, tensor in outputs}

    def _ask_limits(self, name):
        """The lowest and the highest label: exports of the zoo name them when one is wrong."""
        key = next(key for key, names in self.signatures.items() if name in names)
        wrong = {i: self.inputs[i].example(1) for i in self.signatures[key]}
        wrong[name] = np.full([1], np.iinfo(np.int32).min, np.int32)
        try:
            self._run(key, wrong)
        except Refused as error:
            return read_range(name, str(error))
        return None


def connect(
    server: str,
    model: str,
    version: int | None = None,
    label: str | None = None,
    timeout: float = 30.0,
) -> RemoteModel:
    """Returns a model on a server.

    Args:
      server: "HOST:PORT" or "http://HOST:PORT" of REST, "grpc://HOST:PORT" of gRPC.
      model: its name there.
      version: the newest one if None.
      label: of a version, instead of its number.
      timeout: seconds for a call. A server that is not there is asked again for a few seconds.

    Raises:
      Refused: if the server or the model is not there.
    """
    scheme, _, address = server.rpartition("://")
    if scheme not in ("", "http", "https", "grpc") or not address:
        raise UserError(f"--server={server}: expected HOST:PORT, http://... or grpc://HOST:PORT.")
    if scheme == "grpc":
        place = _Grpc(address, timeout)
    else:
        place = _Rest(f"{scheme or 'http'}://{address.rstrip('/')}", timeout)
    return RemoteModel(place, ModelSpec(model, version, label))


class _Rest:
    def __init__(self, url, timeout):
        self._url, self._timeout, self._session = url, timeout, requests.Session()
        retry = Retry(
            _RETRIES,
            read=False,  # a call is not asked twice for being slow
            backoff_factor=0.1,
            status_forcelist=[503],
            raise_on_status=False,
            allowed_methods=None,
        )
        self._session.mount(url, HTTPAdapter(max_retries=retry))

    def __str__(self):
        return self._url

    def read_signatures(self, model):
        reply = self._ask("GET", model, "/metadata")["metadata"]["signature_def"]
        signatures = get_model_metadata_pb2.SignatureDefMap()
        json_format.ParseDict(reply, signatures, ignore_unknown_fields=True)
        return _to_signatures(signatures)

    def read_status(self, model):
        reply = get_model_status_pb2.GetModelStatusResponse()
        return json_format.ParseDict(self._ask("GET", model, ""), reply)

    def predict(self, model, signature, arrays):
        inputs = {name: array.tolist() for name, array in arrays.items()}
        body = {"signature_name": signature.key, "inputs": inputs}
        outputs = self._ask("POST", model, ":predict", body)["outputs"]
        if len(signature.outputs) == 1:
            outputs = {next(iter(signature.outputs)): outputs}
        return {
            name: np.array(value, signature.outputs[name].dtype.as_numpy_dtype)
            for name, value in outputs.items()
        }

    def _ask(self, method, model, verb, body=None):
        path = f"/v1/models/{model.name}"
        if model.label is not None:
            path += f"/labels/{model.label}"
        elif model.version is not None:
            path += f"/versions/{model.version}"
        try:
            reply = self._session.request(
                method, f"{self._url}{path}{verb}", json=body, timeout=self._timeout
            )
            document = reply.json()
        except requests.Timeout as error:
            raise Refused(f"{self} did not answer within {self._timeout:g} s.") from error
        except requests.ConnectionError as error:
            raise Refused(_nobody(self)) from error
        except ValueError as error:
            raise Refused(f"{self} is not a model server: its answer is not JSON.") from error
        if reply.status_code != 200:
            raise Refused(f"{self} says {reply.status_code}: {document.get('error', document)}")
        return document


class _Grpc:
    def __init__(self, address, timeout):
        self._address, self._timeout = address, timeout
        options = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.service_config", _SERVICE_CONFIG),
        ]
        channel = grpc.insecure_channel(address, options)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)

    def __str__(self):
        return f"grpc://{self._address}"

    def read_signatures(self, model):
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        reply = self._ask(self._predictions.GetModelMetadata, request, model)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        reply.metadata["signature_def"].Unpack(signatures)
        return _to_signatures(signatures)

    def read_status(self, model):
        request = get_model_status_pb2.GetModelStatusRequest()
        return self._ask(self._models.GetModelStatus, request, model)

    def predict(self, model, signature, arrays):
        request = predict_pb2.PredictRequest()
        request.model_spec.signature_name = signature.key
        for name, array in arrays.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        reply = self._ask(self._predictions.Predict, request, model)
        return {name: tf.make_ndarray(proto) for name, proto in reply.outputs.items()}

    def _ask(self, method, request, model):
        request.model_spec.name = model.name
        if model.label is not None:
            request.model_spec.version_label = model.label
        elif model.version is not None:
            request.model_spec.version.value = model.version
        try:
            return method(request, timeout=self._timeout)
        except grpc.RpcError as error:
            code = error.code()
            if code == grpc.StatusCode.DEADLINE_EXCEEDED:
                reason = f"{self} did not answer within {self._timeout:g} s."
            elif code == grpc.StatusCode.UNAVAILABLE:
                reason = _nobody(self)
            else:
                reason = f"{self} says {code.name}: {error.details()}"
            raise Refused(reason) from error


def _nobody(place):
    return f"No server answers at {place}: is it running, is the port right?"


def _ordered(key, names):
    """Inputs of a signature in the order that the zoo gives them; metadata has none."""
    order = ORDER.get(key, ())
    return sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n))


def _to_signatures(proto):
    signatures = proto.signature_def
    return {key: Signature.from_proto(key, signatures[key]) for key in signatures}


def _spec(signatures, num_classes):
    """The spec that the shapes of x tell."""
    for signature in signatures.values():
        for tensors in (signature.inputs, signature.outputs):
            if "x" in tensors and tensors["x"].shape:
                return Spec(tensors["x"].shape[1:], num_classes)
    return Spec((), num_classes)
