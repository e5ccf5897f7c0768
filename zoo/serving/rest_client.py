"""A client of TF Serving's REST API: requests, and explanations of their errors."""

import functools
import itertools
import json
import logging
import re

import numpy as np
import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from zoo.serving import wire
from zoo.serving.refused import Refused
from zoo.tfserving.contract.paths import ModelSpec

# Retries of a failed connection and of a server that answers that it is not ready.
_RETRIES = 4
# Retries are normal while a server starts; the last failure is raised.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class RestServer:
    """A server at http://HOST:PORT or https://HOST:PORT."""

    def __init__(self, url: str, timeout: float):
        self._url, self._timeout, self._session = url, timeout, requests.Session()
        retry = Retry(
            _RETRIES,
            read=False,  # slow calls are not repeated
            backoff_factor=0.1,
            status_forcelist=[503],
            raise_on_status=False,
            allowed_methods=None,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def __str__(self):
        return self._url

    def read_signatures(self, model: ModelSpec) -> dict[str, wire.Signature]:
        """Returns the signatures of a model."""
        reply = self._ask("GET", model, "/metadata", "metadata")
        return wire.read_signatures(reply["signature_def"])

    def read_states(self, model: ModelSpec) -> dict[int, str]:
        """Returns {version: its state}."""
        reply = self._ask("GET", model, "", "model_version_status")
        return {int(status["version"]): status["state"] for status in reply}

    def predict(
        self, model: ModelSpec, signature: wire.Signature, arrays: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Returns the outputs of a signature."""
        inputs = {name: array.tolist() for name, array in arrays.items()}
        body = {"signature_name": signature.key, "inputs": inputs}
        outputs = self._ask("POST", model, ":predict", "outputs", body)
        if len(signature.outputs) == 1:
            outputs = {next(iter(signature.outputs)): outputs}
        return {
            name: _to_array(value, signature.outputs[name].dtype) for name, value in outputs.items()
        }

    def _ask(self, method, model, verb, key, body=None):
        """Sends a request and returns `key` of its reply."""
        path = f"/v1/models/{model.name}"
        if model.label is not None:
            path += f"/labels/{model.label}"
        elif model.version is not None:
            path += f"/versions/{model.version}"
        reply = self._send(method, f"{self._url}{path}{verb}", body)
        document = _parse(reply.content)
        if not isinstance(document, dict) or (reply.ok and key not in document):
            hint = ""
            if "https" in reply.text[:2000].lower() and self._url.startswith("http:"):
                hint = f" If it expects HTTPS, write https://{self._url.removeprefix('http://')}."
            raise Refused(
                f"{self} is not a model server: it answers {reply.status_code} with something "
                f"else.{hint}"
            )
        if not reply.ok:
            raise Refused(f"{self} says {reply.status_code}: {document.get('error', document)}")
        return document[key]

    def _send(self, method, url, body):
        # If a host drops packets, all attempts together take no longer than one answer may.
        connect = max(1.0, self._timeout / (1 + _RETRIES))
        ask = functools.partial(
            self._session.request, method, url, json=body, timeout=(connect, self._timeout)
        )
        try:
            try:
                return ask()
            except requests.ConnectionError as error:
                # The server may have closed a connection at the moment it was reused.
                if not _was_closed(error):
                    raise
                return ask()
        except (requests.RequestException, ValueError) as error:
            raise Refused(self._explain(error)) from None

    def _explain(self, error):
        """Explains why a request failed, in one line."""
        text, address = str(error), self._url.partition("://")[2]
        # A body that stalls is a ConnectionError to requests.
        if isinstance(error, requests.Timeout) or "Read timed out" in text:
            return f"{self} did not answer within {self._timeout:g} s."
        if isinstance(error, requests.exceptions.SSLError):
            return self._explain_ssl(text, address)
        if isinstance(error, requests.exceptions.ProxyError):
            host = address.rpartition(":")[0] or address
            return (
                f"{self}: the proxy of the environment refuses or is not there; "
                f"NO_PROXY={host} connects without it."
            )
        if isinstance(error, requests.TooManyRedirects):
            return f"{self} redirects without end: it is not a model server."
        if isinstance(error, requests.exceptions.ChunkedEncodingError):
            return f"{self}: the answer was cut off."
        if isinstance(error, ValueError) and not isinstance(error, requests.ConnectionError):
            return f"{self} is not an address: expected HOST:PORT, such as localhost:8501."
        if _was_closed(error) or "BadStatusLine" in text:
            return (
                f"{self} does not speak HTTP, or closed the connection: if it is the port of gRPC, "
                f"write grpc://{address}."
            )
        return f"No server answers at {self}: is it running, is the port right?"

    def _explain_ssl(self, text, address):
        if "WRONG_VERSION_NUMBER" in text or "record layer failure" in text:
            return f"{self} does not speak HTTPS: write http://{address}."
        if found := re.search(r"certificate verify failed: (.*?)\.? \(_ssl", text):
            hint = ""
            if "self-signed" in found[1] or "issuer" in found[1]:
                hint = (
                    " The environment's REQUESTS_CA_BUNDLE names a file with further certificates "
                    "to trust."
                )
            return f"{self}: the certificate of the server is refused: {found[1]}.{hint}"
        found = re.search(r"\[SSL: \w+\] (.*?) \(_ssl", text)
        return f"{self}: HTTPS fails: {found[1] if found else text}."


def _to_array(value, dtype):
    """An array of nested lists; NumPy is slow if the innermost lists are short."""
    shape, leaves = [], [value]
    while isinstance(leaves[0] if leaves else None, list):
        shape.append(len(leaves[0]))
        leaves = list(itertools.chain.from_iterable(leaves))
    return np.array(leaves, dtype).reshape(shape)


def _parse(content):
    """Parses JSON; None if it is something else."""
    try:
        return orjson.loads(content)
    except ValueError:  # NaN and Infinity, which only the slower parser reads
        pass
    try:
        return json.loads(content)
    except ValueError:
        return None


def _was_closed(error):
    text = str(error)
    return "RemoteDisconnected" in text or "ConnectionResetError" in text
