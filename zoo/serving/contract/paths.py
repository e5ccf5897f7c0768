"""Paths of the REST API: which model, which version, what is asked of it."""

import re
import urllib.parse
from typing import NamedTuple

from zoo.serving.contract import errors

# The signature that a request asks if it names none.
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
    """What is asked: "predict", "classify", "regress", "metadata" or "status" of a model."""

    verb: str
    model: ModelSpec


def parse(method: str, path: str) -> Call:
    """Returns the call of an HTTP method and a path as it stands in the request, not decoded.

    Raises:
      ServingError: INVALID_ARGUMENT for anything else than TF Serving's paths.
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    # Only the rest of a path may be in upper case: TF Serving matches it whole, and then compares.
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
