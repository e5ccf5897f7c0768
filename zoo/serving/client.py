"""A client of TF Serving, or of the zoo's stand-in, with the methods of `zoo.load`.

model = zoo.connect("localhost:8501", "cvae_mnist")  # REST; gRPC is "grpc://localhost:8500"
x = model.sample(seed=[7, 8], y=[3, 3])
"""

import json
import re

import numpy as np

from zoo.configs.spec import Spec
from zoo.errors import UserError
from zoo.exports import versions
from zoo.exports.signature_inputs import ORDER, Input
from zoo.serving.grpc_client import GrpcServer
from zoo.serving.refused import Refused
from zoo.serving.rest_client import RestServer
from zoo.serving.signature_methods import ABOUT, ABOUT_INPUT, ABOUT_OUTPUT, SignatureCalls, describe
from zoo.tfserving.contract.paths import DEFAULT_SIGNATURE, ModelSpec

__all__ = ["Refused", "RemoteModel", "connect"]

# Maximum bytes of the rows of one call, well below gRPC's default limit of 4 MiB per message.
_CALL_BYTES = 1 << 20
_ROWS = 128  # a size that batching configs usually allow


class RemoteModel(SignatureCalls):
    """A model on a server.

    One of the zoo's exports describes its inputs and class names itself; for other models only
    names, types and shapes are known.
    """

    def __init__(self, server: RestServer | GrpcServer, model: ModelSpec):
        self._server, self._model = server, model
        # Beside the default there is one that initialises, __saved_model_init_op.
        self._known = {
            key: signature
            for key, signature in server.read_signatures(model).items()
            if key != DEFAULT_SIGNATURE and not key.startswith("__")
        }
        path = f"{server} {model.name}"
        about = self._known.get(ABOUT)
        # Another project's signature may have the same name.
        if about is None or (list(about.inputs), list(about.outputs)) != (
            [ABOUT_INPUT],
            [ABOUT_OUTPUT],
        ):
            super().__init__(path, self._guess_spec(), *self._guess_inputs())
            return
        del self._known[ABOUT]
        answer = server.predict(model, about, {ABOUT_INPUT: np.zeros(1, np.int32)})
        fields = json.loads(answer[ABOUT_OUTPUT][0])
        inputs = {name: Input.from_fields(name, i) for name, i in fields["inputs"].items()}
        super().__init__(path, Spec.from_fields(fields), fields["signatures"], inputs)

    def __repr__(self):
        calls = ", ".join(f"{name}({', '.join(i)})" for name, i in self.signatures.items())
        return f"<{self.path}: {calls}>"

    @property
    def config(self):
        """Not available: a server does not know how a model was trained.

        Raises:
          UserError: always.
        """
        raise UserError(
            f"{self.path}: a server does not know how a model was trained, which this needs: give "
            "the export (--saved_model)."
        )

    def status(self) -> dict[int, str]:
        """Returns {version: state}, such as {1: "AVAILABLE"}.

        Raises:
          Refused: if the server does not know the model.
        """
        return self._server.read_states(self._model)

    def run(self, name, arrays):
        """Returns the outputs, from calls of a limited size: all signatures are row-wise."""
        signature = self._known[name]
        rows = len(next(iter(arrays.values())))
        outputs = [np.prod([s or 1 for s in t.shape]) for t in signature.outputs.values()]
        size = 4 * sum([*outputs, *(a[:1].size for a in arrays.values())])
        step = int(max(1, min(_ROWS, _CALL_BYTES // size)))
        parts = [
            self._server.predict(
                self._model, signature, {k: a[i : i + step] for k, a in arrays.items()}
            )
            for i in range(0, max(rows, 1), step)
        ]
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

    def _describe_outputs(self, name):
        outputs = self._known[name].outputs.items()
        return {key: describe(str(tensor.dtype), tensor.shape) for key, tensor in outputs}

    def _guess_inputs(self):
        """{signature: [inputs]} and {name: Input} of a model that does not describe itself."""
        inputs = {
            name: Input(name, tensor.shape[1:], str(tensor.dtype))
            for signature in self._known.values()
            for name, tensor in signature.inputs.items()
        }
        pixels = {n: i._replace(low=0.0, high=1.0) for n, i in inputs.items() if i.is_pixels}
        names = {key: _ordered(key, signature.inputs) for key, signature in self._known.items()}
        return names, inputs | pixels

    def _guess_spec(self):
        """Guesses the spec from the shapes of x."""
        for signature in self._known.values():
            for tensors in (signature.inputs, signature.outputs):
                if "x" in tensors and tensors["x"].shape:
                    return Spec(tensors["x"].shape[1:], 0)
        return Spec((), 0)


def connect(
    server: str,
    model: str,
    version: int | str | None = None,
    label: str | None = None,
    timeout: float = 30.0,
) -> RemoteModel:
    """Returns a model on a server. Needs no TensorFlow.

    Args:
      server: "HOST:PORT" or "http://HOST:PORT" of REST, "grpc://HOST:PORT" of gRPC; an address of
        IPv6 in brackets.
      model: its name on the server.
      version: the newest one if None.
      label: of a version, instead of its number.
      timeout: seconds for a call. Connecting is retried for a few seconds.

    Raises:
      Refused: if there is no such server or model.
      UserError: if the address or the version is malformed.
    """
    scheme, _, address = server.rstrip("/").rpartition("://")
    if scheme not in ("", "http", "https", "grpc") or not re.fullmatch(
        r"(\[[0-9a-fA-F:.%]+\]|[^:/\s]+)(:\d+)?", address
    ):
        raise UserError(
            f"--server={server}: expected HOST:PORT, http://HOST:PORT or grpc://HOST:PORT; an "
            "address of IPv6 stands in brackets, [::1]:8501."
        )
    place = (
        GrpcServer(address, timeout)
        if scheme == "grpc"
        else RestServer(f"{scheme or 'http'}://{address}", timeout)
    )
    return RemoteModel(place, ModelSpec(model, versions.to_number(version), label))


def _ordered(key, names):
    """Inputs of a signature in the zoo's order; metadata has no order."""
    order = ORDER.get(key, ())
    return sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n))
