"""Which versions of which models are served: found in folders, loaded, replaced, unloaded."""

import asyncio
import concurrent.futures
import contextlib
import logging
from collections.abc import AsyncIterator

from tensorflow_serving.apis import get_model_status_pb2, status_pb2
from tensorflow_serving.config import model_server_config_pb2

from zoo.serving import wanted_versions
from zoo.serving.contract import errors
from zoo.serving.contract.errors import ServingError, StatusCode
from zoo.serving.contract.paths import ModelSpec
from zoo.serving.servables import Loading, Servable, settle_memory

_STATE = get_model_status_pb2.ModelVersionStatus
_log = logging.getLogger("zoo.serving")


class _Version:
    """A version's state, and the servable while there is one."""

    def __init__(self, files):
        self.state = _STATE.START
        self.error: ServingError | None = None
        self.servable: Servable | None = None
        self.files = files  # as they were when it was loaded, or failed to
        self.in_use = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def may_load(self, path):
        """Whether a version that ended is worth another try: it was unloaded, or it has changed."""
        return self.error is None or self.files != wanted_versions.describe_files(path)


class ModelManager:
    """Loads what a ModelServerConfig names and keeps it in step with the folders.

    A new version is loaded before the old one is unloaded, and the old one stays if the new one
    fails. Everything runs in one event loop but loading itself, for which there are threads.
    """

    def __init__(self, loading: Loading, *, labels_for_unavailable: bool = False):
        """Makes a manager without models.

        Args:
          loading: how versions are loaded.
          labels_for_unavailable: whether a label may name a version that is not loaded.
        """
        self._loading, self._labels_for_unavailable = loading, labels_for_unavailable
        self._configs: dict[str, model_server_config_pb2.ModelConfig] = {}
        self._labels: dict[str, dict[str, int]] = {}
        self._versions: dict[str, dict[int, _Version]] = {}
        self._lock = asyncio.Lock()
        self._threads = concurrent.futures.ThreadPoolExecutor(loading.threads, "loader")
        self._first_loads: set[str] = set()  # models whose versions have not all been tried yet
        self._tried = asyncio.Condition()  # notified when a version is loaded, or cannot be
        self._remaining = 0  # versions that wait to be loaded, or are being loaded
        self._said: dict[str, str] = {}  # what is wrong with a model's folder
        self._changes: set[asyncio.Task] = set()
        self._unloading: set[asyncio.Task] = set()
        self._closing = False

    async def reload(self, config: model_server_config_pb2.ModelServerConfig) -> None:
        """Serves the models of a config and no others; returns when all are loaded.

        Raises:
          ServingError: INVALID_ARGUMENT if the config is wrong, and nothing has changed then;
            UNKNOWN if a model of it has no version that can be loaded; FAILED_PRECONDITION if a
            label names a version that is not loaded.
        """
        wanted_versions.check(config, self._configs)
        await self._change(lambda: self._reload(config))

    async def poll(self) -> None:
        """Loads and unloads what has changed in the folders since the last look."""
        await self._change(self._follow_folders)

    async def _change(self, work):
        """Does the work alone and to its end: a caller that goes away leaves no half of it."""

        async def work_alone():
            async with self._lock:
                if not self._closing:
                    await work()

        task = asyncio.ensure_future(work_alone())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        await asyncio.shield(task)

    async def _reload(self, config):
        self._configs = {c.name: c for c in config.model_config_list.config}
        self._first_loads = {name for name in self._configs if not self._available(name)}
        try:
            await self._follow_folders()
        finally:
            self._first_loads.clear()
            await self._notify()
        failed = [text for name in self._configs if (text := self._failure(name))]
        if failed:
            count = len(failed)
            raise ServingError(
                StatusCode.UNKNOWN,
                f"{count} servable(s) did not become available: {{{'; '.join(failed)}}}",
            )
        self._set_labels()

    @contextlib.asynccontextmanager
    async def use(self, spec: ModelSpec) -> AsyncIterator[Servable]:
        """Yields the version that a request names, which is not unloaded while the body runs.

        A request for a version of a model that is being loaded for the first time waits for it.

        Raises:
          ServingError: NOT_FOUND if it is not served; INVALID_ARGUMENT for an unknown label.
        """
        if self._may_come(spec):
            async with self._tried:
                await self._tried.wait_for(lambda: not self._may_come(spec))
        version = self._find(spec)
        version.in_use += 1
        version.idle.clear()
        try:
            yield version.servable
        finally:
            version.in_use -= 1
            if not version.in_use:
                version.idle.set()

    def status(self, spec: ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of a model's versions, the newest first, or of the one named.

        Raises:
          ServingError: NOT_FOUND if none is known.
        """
        versions = self._versions.get(spec.name, {})
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

    def available(self) -> dict[str, list[int]]:
        """Returns {model: its versions that are served}."""
        return {name: self._available(name) for name in self._configs}

    async def close(self) -> None:
        """Ends loading after the versions that are being loaded; unloads everything once idle."""
        self._closing = True
        async with self._lock:
            for name, versions in self._versions.items():
                for number in [n for n, v in versions.items() if v.servable]:
                    self._unload(name, number)
        await asyncio.gather(*self._unloading)
        self._threads.shutdown()

    def _find(self, spec):
        if not spec.name:
            raise errors.invalid("ModelSpec has no name specified.")
        number = spec.version if spec.label is None else self._labelled(spec)
        served = self._available(spec.name)
        if number is None and served:
            number = served[-1]
        if number not in served:
            what = f"Latest({spec.name})" if number is None else f"Specific({spec.name}, {number})"
            raise ServingError(StatusCode.NOT_FOUND, f"Servable not found for request: {what}")
        return self._versions[spec.name][number]

    def _may_come(self, spec):
        """Whether the version that a request names waits to be loaded for the first time."""
        if spec.name not in self._first_loads:
            return False
        versions = self._versions.get(spec.name, {})
        untried = [n for n, v in versions.items() if v.state in (_STATE.START, _STATE.LOADING)]
        number = spec.version
        if spec.label is not None:
            number = self._configs[spec.name].version_labels.get(spec.label)
        if not versions:
            return True
        if number is None and spec.label is None:
            return max(untried, default=-1) > max(self._available(spec.name), default=-1)
        return number in untried

    def _labelled(self, spec):
        labels = self._labels.get(spec.name, {})
        if spec.label not in labels:
            raise errors.invalid(f"Unrecognized servable version label: {spec.label}")
        return labels[spec.label]

    def _available(self, name):
        versions = self._versions.get(name, {})
        return sorted(n for n, v in versions.items() if v.state == _STATE.AVAILABLE)

    def _failure(self, name):
        """Why a model with versions serves none of them; None where it serves one, or has none."""
        failed = {n: v.error for n, v in self._versions.get(name, {}).items() if v.error}
        if self._available(name) or not failed:
            return None
        number = max(failed)
        return f"{{name: {name} version: {number}}} due to error: {failed[number].message}"

    def _set_labels(self):
        labels = {}
        for name, config in self._configs.items():
            for label, number in config.version_labels.items():
                known = self._labels.get(name, {}).get(label, number) == number
                allowed = self._labels_for_unavailable and known
                if number not in self._available(name) and not allowed:
                    raise ServingError(
                        StatusCode.FAILED_PRECONDITION,
                        f"Request to assign label to version {number} of model {name}, which is "
                        "not currently available for inference",
                    )
                labels.setdefault(name, {})[label] = number
        self._labels = labels

    async def _follow_folders(self):
        names = dict.fromkeys([*self._versions, *self._configs])
        await asyncio.gather(*map(self._follow_folder, names))

    async def _follow_folder(self, name):
        """Loads the versions that a model ought to have, then unloads all others of it."""
        config, versions = self._configs.get(name), self._versions.setdefault(name, {})
        found, aspired = {}, []
        if config:
            found = wanted_versions.find_versions(config.base_path)
            aspired = wanted_versions.choose_versions(found, config.model_version_policy)
            self._say_if_empty(name, config.base_path, found)
        wanted = []
        for number in sorted(aspired, reverse=True):
            version = versions.get(number)
            if version is None or (version.state == _STATE.END and version.may_load(found[number])):
                versions[number] = _Version(wanted_versions.describe_files(found[number]))
                wanted.append(number)
        self._remaining += len(wanted)
        await asyncio.gather(*(self._load(name, number, found[number]) for number in wanted))
        self._first_loads.discard(name)
        await self._notify()
        if wanted and not self._remaining:
            await asyncio.get_running_loop().run_in_executor(self._threads, settle_memory)
        # The old version serves until the new one does.
        if not aspired or set(aspired) & set(self._available(name)):
            for number, version in versions.items():
                if number not in aspired and version.state == _STATE.AVAILABLE:
                    self._unload(name, number)
        if config is None and not any(version.servable for version in versions.values()):
            del self._versions[name]

    def _say_if_empty(self, name, base_path, found):
        """Logs that a model has no versions, once for as long as it has none."""
        problem = "" if found else wanted_versions.explain_no_versions(name, base_path)
        if problem and problem != self._said.get(name):
            _log.warning("%s", problem)
        self._said[name] = problem

    async def _load(self, name, number, path):
        version = self._versions[name][number]
        loop = asyncio.get_running_loop()
        try:
            servable = await loop.run_in_executor(
                self._threads, self._open, name, number, path, version
            )
        except Exception as unexpected:  # one model that is odd costs no other
            error = unexpected
            if not isinstance(unexpected, ServingError):
                _log.exception("%s version %d cannot be loaded", name, number)
                error = ServingError(StatusCode.UNKNOWN, f"{type(error).__name__}: {error}")
            version.state, version.error = _STATE.END, error
            reason = error.message.splitlines()[0] if error.message else error.code.name
            if not self._closing:
                _log.error("%s version %d cannot be served: %s", name, number, reason)
        else:
            version.servable, version.state = servable, _STATE.AVAILABLE
            self._label_first(name, number)
        self._remaining -= 1
        if version.servable:
            more = f"; {self._remaining} more to load" if self._remaining else ""
            _log.info("%s version %d is served%s.", name, number, more)
        await self._notify()

    async def _notify(self):
        """Wakes the requests that wait for a version."""
        async with self._tried:
            self._tried.notify_all()

    def _label_first(self, name, number):
        """Gives a version of a new model its labels, since it answers before the others do."""
        if name in self._first_loads:
            labels = self._configs[name].version_labels.items()
            self._labels.setdefault(name, {}).update({k: n for k, n in labels if n == number})

    def _open(self, name, number, path, version):
        """A servable that is ready to answer; in a loader's thread."""
        if self._closing:
            raise ServingError(StatusCode.CANCELLED, "The server is being stopped")
        version.state = _STATE.LOADING
        servable = Servable(name, number, path, self._loading)
        try:
            for _ in range(self._loading.warm_ups):
                servable.warm_up(path)
        except BaseException as error:
            servable.close()
            if isinstance(error, ServingError):
                text = f"A warm-up request failed: {error.message}"
                raise ServingError(error.code, text) from error
            raise
        return servable

    def _unload(self, name, number):
        version = self._versions[name][number]
        version.state = _STATE.UNLOADING
        task = asyncio.get_running_loop().create_task(self._close_when_idle(name, number, version))
        self._unloading.add(task)
        task.add_done_callback(self._unloading.discard)

    async def _close_when_idle(self, name, number, version):
        await version.idle.wait()
        servable, version.servable = version.servable, None
        await asyncio.get_running_loop().run_in_executor(self._threads, servable.close)
        if not self._closing:
            await asyncio.get_running_loop().run_in_executor(self._threads, settle_memory)
        version.state = _STATE.END
        _log.info("%s version %d is unloaded.", name, number)
