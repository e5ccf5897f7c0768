"""Parses the paths of the REST API: the model, the version, the request."""

import re
import urllib.parse
from typing import NamedTuple

from zoo.tfserving.contract import errors

# The signature of requests that name none.
DEFAULT_SIGNATURE = "serving_default"
_MODEL = r"/v1/models/(?P<model>[^/:]+)"
_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(rf"{_MODEL}{_VERSION}:(?P<verb>classify|regress|predict)", re.I | re.A)
_GET = re.compile(
    rf"/v1/models(?:/(?P<model>[^/:]+))?{_VERSION}(?:/(?P<verb>metadata))?", re.I | re.A
)
_VERBS = ("classify", "regress", "predict", "metadata")
_MAX_VERSION = 2**63 - 1


class ModelSpec(NamedTuple):
    """The model that a request names, by version, by label or, with neither, the newest one."""

    name: str
    version: int | None = None
    label: str | None = None


class Call(NamedTuple):
    """A request: "predict", "classify", "regress", "metadata" or "status" of a model."""

    verb: str
    model: ModelSpec


def parse(method: str, path: str) -> Call:
    """Returns the call that an HTTP method and a path mean; the path is not decoded yet.

    Raises:
      ServingError: INVALID_ARGUMENT for any path that TF Serving does not have.
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    # The verb has to be in lower case: TF Serving matches without case, then compares the verb.
    verb = match["verb"] if match else None
    if match is None or (method == "POST" and verb not in _VERBS):
        raise errors.invalid(f"Malformed request: {method} {path}")
    name, version, label = match["model"], match["version"], match["label"]
    if name is None:
        raise errors.invalid("Missing model name in request.")
    if version is not None and (len(version) > 19 or int(version) > _MAX_VERSION):
        raise errors.invalid(f"Failed to convert version: {version} to numeric.")
    spec = ModelSpec(
        urllib.parse.unquote(name),
        None if version is None else int(version),
        None if label is None else urllib.parse.unquote(label),
    )
    return Call(verb if verb in _VERBS else "status", spec)
