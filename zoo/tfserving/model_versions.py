"""The models and versions that a server knows: their states, their labels, which one answers."""

import asyncio
import pathlib

from tensorflow_serving.apis import get_model_status_pb2, status_pb2
from tensorflow_serving.config import model_server_config_pb2

from zoo.tfserving import wanted_versions
from zoo.tfserving.contract import errors
from zoo.tfserving.contract.errors import ServingError, StatusCode
from zoo.tfserving.contract.paths import ModelSpec
from zoo.tfserving.servables import Servable

STATE = get_model_status_pb2.ModelVersionStatus


class Version:
    """A version's state, and the servable while there is one.

    Attributes:
      state: one of the constants of STATE.
      error: why it could not be loaded; None otherwise.
      servable: None unless the version is in memory.
      files: the version's files when it was loaded, or when loading failed.
      in_use: number of requests that are using it.
      idle: set while no request is using it.
    """

    def __init__(self, files: list[tuple]):
        self.state = STATE.START
        self.error: ServingError | None = None
        self.servable: Servable | None = None
        self.files = files
        self.in_use = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def may_load(self, path: pathlib.Path) -> bool:
        """Whether a version that ended may be loaded again: it was unloaded, or has changed."""
        return self.error is None or self.files != wanted_versions.describe_files(path)

    def acquire(self) -> None:
        """Counts a request that uses the version."""
        self.in_use += 1
        self.idle.clear()

    def release(self) -> None:
        """Ends what `acquire` began."""
        self.in_use -= 1
        if not self.in_use:
            self.idle.set()


class ModelVersions:
    """What is known about each model. `ModelManager` changes it, requests look things up.

    Attributes:
      configs: {model: its ModelConfig}.
      versions: {model: {number: Version}}, of models that were configured before, too.
      loading_first: the models whose versions have not all been tried yet.
    """

    def __init__(self):
        self.configs: dict[str, model_server_config_pb2.ModelConfig] = {}
        self.versions: dict[str, dict[int, Version]] = {}
        self.loading_first: set[str] = set()
        self._labels: dict[str, dict[str, int]] = {}

    def configure(self, config: model_server_config_pb2.ModelServerConfig) -> None:
        """Replaces the configured models by those of a config."""
        self.configs = {c.name: c for c in config.model_config_list.config}
        self.loading_first = {name for name in self.configs if not self.available(name)}

    def available(self, name: str) -> list[int]:
        """Returns the versions of a model that are served, in order."""
        versions = self.versions.get(name, {})
        return sorted(n for n, v in versions.items() if v.state == STATE.AVAILABLE)

    def find(self, spec: ModelSpec) -> Version:
        """Returns the version that answers a request.

        Raises:
          ServingError: NOT_FOUND if it is not served; INVALID_ARGUMENT for an unknown label.
        """
        if not spec.name:
            raise errors.invalid("ModelSpec has no name specified.")
        number = spec.version if spec.label is None else self._labelled(spec)
        served = self.available(spec.name)
        if number is None and served:
            number = served[-1]
        if number not in served:
            what = f"Latest({spec.name})" if number is None else f"Specific({spec.name}, {number})"
            raise ServingError(StatusCode.NOT_FOUND, f"Servable not found for request: {what}")
        return self.versions[spec.name][number]

    def is_pending(self, spec: ModelSpec) -> bool:
        """Whether the version that a request names is still to be loaded for the first time."""
        if spec.name not in self.loading_first:
            return False
        versions = self.versions.get(spec.name, {})
        untried = [n for n, v in versions.items() if v.state in (STATE.START, STATE.LOADING)]
        number = spec.version
        if spec.label is not None:
            number = self.configs[spec.name].version_labels.get(spec.label)
        if not versions:
            return True
        if number is None and spec.label is None:
            return max(untried, default=-1) > max(self.available(spec.name), default=-1)
        return number in untried

    def status(self, spec: ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of a model's versions, the newest first, or of the one named.

        Raises:
          ServingError: NOT_FOUND if none is known.
        """
        versions = self.versions.get(spec.name, {})
        if spec.label is not None:
            wanted = [self._labelled(spec)]
        else:
            wanted = sorted(versions, reverse=True) if spec.version is None else [spec.version]
        if not versions and spec.version is None:
            raise ServingError(
                StatusCode.NOT_FOUND, f"Could not find any versions of model {spec.name}"
            )
        reply = get_model_status_pb2.GetModelStatusResponse()
        for number in wanted:
            if number not in versions:
                raise ServingError(
                    StatusCode.NOT_FOUND, f"Could not find version {number} of model {spec.name}"
                )
            version = versions[number]
            status = status_pb2.StatusProto()
            if version.error is not None:
                status.error_code = version.error.code.value[0]
                status.error_message = version.error.message
            reply.model_version_status.add(version=number, state=version.state, status=status)
        return reply

    def check_served(self) -> None:
        """Raises a ServingError that names the models with versions of which none is served."""
        failures = []
        for name in self.configs:
            errors_ = {n: v.error for n, v in self.versions.get(name, {}).items() if v.error}
            if errors_ and not self.available(name):
                number = max(errors_)
                failures.append(
                    f"{{name: {name} version: {number}}} due to error: {errors_[number].message}"
                )
        if failures:
            raise ServingError(
                StatusCode.UNKNOWN,
                f"{len(failures)} servable(s) did not become available: {{{'; '.join(failures)}}}",
            )

    def _labelled(self, spec):
        labels = self._labels.get(spec.name, {})
        if spec.label not in labels:
            raise errors.invalid(f"Unrecognized servable version label: {spec.label}")
        return labels[spec.label]

    def set_labels(self, allow_unavailable: bool) -> None:
        """Gives versions the labels of the config.

        Args:
          allow_unavailable: whether a label may be given to a version that is not served.

        Raises:
          ServingError: FAILED_PRECONDITION for another version that is not served.
        """
        labels: dict[str, dict[str, int]] = {}
        for name, config in self.configs.items():
            for label, number in config.version_labels.items():
                known = self._labels.get(name, {}).get(label, number) == number
                allowed = allow_unavailable and known
                if number not in self.available(name) and not allowed:
                    raise ServingError(
                        StatusCode.FAILED_PRECONDITION,
                        f"Request to assign label to version {number} of model {name}, which is "
                        "not currently available for inference",
                    )
                labels.setdefault(name, {})[label] = number
        self._labels = labels

    def set_first_labels(self, name: str, number: int) -> None:
        """Gives a version of a new model its labels, since it answers before the others do."""
        if name in self.loading_first:
            labels = self.configs[name].version_labels.items()
            self._labels.setdefault(name, {}).update({k: n for k, n in labels if n == number})
