"""Loads, replaces and unloads versions of models as their folders and the config change."""

import asyncio
import concurrent.futures
import contextlib
import logging
from collections.abc import AsyncIterator

from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.config import model_server_config_pb2

from zoo.tfserving import wanted_versions
from zoo.tfserving.contract.errors import ServingError, StatusCode
from zoo.tfserving.contract.paths import ModelSpec
from zoo.tfserving.model_versions import STATE, ModelVersions, Version
from zoo.tfserving.servables import Loading, Servable, settle_memory

_log = logging.getLogger("zoo.tfserving")


class ModelManager:
    """Loads the models of a ModelServerConfig and follows the changes in their folders.

    A new version is loaded before the old one is unloaded, and the old one stays if the new one
    fails. Everything runs in one event loop except loading, which runs in threads.
    """

    def __init__(self, loading: Loading, *, labels_for_unavailable: bool = False):
        """Makes a manager without models.

        Args:
          loading: how versions are loaded.
          labels_for_unavailable: whether a label may name a version that is not loaded.
        """
        self._loading, self._labels_for_unavailable = loading, labels_for_unavailable
        self._models = ModelVersions()
        self._lock = asyncio.Lock()
        self._threads = concurrent.futures.ThreadPoolExecutor(loading.threads, "loader")
        self._tried = asyncio.Condition()  # notified when a version is loaded, or cannot be
        self._remaining = 0  # versions that wait to be loaded, or are being loaded
        self._reported: dict[str, str] = {}  # what is wrong with a model's folder
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
        wanted_versions.check(config, self._models.configs)
        await self._change(lambda: self._reload(config))

    async def poll(self) -> None:
        """Loads and unloads what has changed in the folders since the last poll."""
        await self._change(self._follow_folders)

    async def _change(self, work):
        """Runs one change at a time, to its end even if the caller goes away."""

        async def work_alone():
            async with self._lock:
                if not self._closing:
                    await work()

        task = asyncio.ensure_future(work_alone())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        await asyncio.shield(task)

    async def _reload(self, config):
        self._models.configure(config)
        try:
            await self._follow_folders()
        finally:
            self._models.loading_first.clear()
            await self._notify()
        self._models.check_served()
        self._models.set_labels(self._labels_for_unavailable)

    @contextlib.asynccontextmanager
    async def use(self, spec: ModelSpec) -> AsyncIterator[Servable]:
        """Yields the version that a request names, which is not unloaded while the body runs.

        A request for a version of a model that is being loaded for the first time waits for it.

        Raises:
          ServingError: NOT_FOUND if it is not served; INVALID_ARGUMENT for an unknown label.
        """
        if self._models.is_pending(spec):
            async with self._tried:
                await self._tried.wait_for(lambda: not self._models.is_pending(spec))
        version = self._models.find(spec)
        version.acquire()
        try:
            assert version.servable is not None
            yield version.servable
        finally:
            version.release()

    def status(self, spec: ModelSpec) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of a model's versions, the newest first, or of the one named.

        Raises:
          ServingError: NOT_FOUND if none is known.
        """
        return self._models.status(spec)

    def available(self) -> dict[str, list[int]]:
        """Returns {model: its versions that are served}."""
        return {name: self._models.available(name) for name in self._models.configs}

    async def close(self) -> None:
        """Finishes the loads under way and unloads everything as soon as it is idle."""
        self._closing = True
        async with self._lock:
            for name, versions in self._models.versions.items():
                for number in [n for n, v in versions.items() if v.servable]:
                    self._unload(name, number)
        await asyncio.gather(*self._unloading)
        self._threads.shutdown()

    async def _follow_folders(self):
        names = dict.fromkeys([*self._models.versions, *self._models.configs])
        await asyncio.gather(*map(self._follow_folder, names))

    async def _follow_folder(self, name):
        """Loads the versions that a model should have, then unloads its others."""
        models = self._models
        config, versions = models.configs.get(name), models.versions.setdefault(name, {})
        found, aspired = {}, []
        if config:
            found = wanted_versions.find_versions(config.base_path)
            aspired = wanted_versions.choose_versions(found, config.model_version_policy)
            self._report_if_empty(name, config.base_path, found)
        wanted = []
        for number in sorted(aspired, reverse=True):
            version = versions.get(number)
            if version is None or (version.state == STATE.END and version.may_load(found[number])):
                versions[number] = Version(wanted_versions.describe_files(found[number]))
                wanted.append(number)
        self._remaining += len(wanted)
        await asyncio.gather(*(self._load(name, number, found[number]) for number in wanted))
        models.loading_first.discard(name)
        await self._notify()
        if wanted and not self._remaining:
            await asyncio.get_running_loop().run_in_executor(self._threads, settle_memory)
        # The old version serves until the new one does.
        if not aspired or set(aspired) & set(models.available(name)):
            for number, version in versions.items():
                if number not in aspired and version.state == STATE.AVAILABLE:
                    self._unload(name, number)
        if config is None and not any(version.servable for version in versions.values()):
            del models.versions[name]

    def _report_if_empty(self, name, base_path, found):
        """Logs that a model has no versions, once for as long as it has none."""
        problem = "" if found else wanted_versions.explain_no_versions(name, base_path)
        if problem and problem != self._reported.get(name):
            _log.warning("%s", problem)
        self._reported[name] = problem

    async def _load(self, name, number, path):
        version = self._models.versions[name][number]
        loop = asyncio.get_running_loop()
        try:
            servable = await loop.run_in_executor(
                self._threads, self._open, name, number, path, version
            )
        except Exception as unexpected:  # a model that fails must not stop the others
            error = unexpected
            if not isinstance(unexpected, ServingError):
                _log.exception("%s version %d cannot be loaded", name, number)
                error = ServingError(StatusCode.UNKNOWN, f"{type(error).__name__}: {error}")
            version.state, version.error = STATE.END, error
            reason = error.message.splitlines()[0] if error.message else error.code.name
            if not self._closing:
                _log.error("%s version %d cannot be served: %s", name, number, reason)
        else:
            version.servable, version.state = servable, STATE.AVAILABLE
            self._models.set_first_labels(name, number)
        self._remaining -= 1
        if version.servable:
            more = f"; {self._remaining} more to load" if self._remaining else ""
            _log.info("%s version %d is served%s.", name, number, more)
        await self._notify()

    async def _notify(self):
        """Wakes the requests that are waiting for a version."""
        async with self._tried:
            self._tried.notify_all()

    def _open(self, name, number, path, version):
        """Returns a warmed-up servable; runs in a loader's thread."""
        if self._closing:
            raise ServingError(StatusCode.CANCELLED, "The server is being stopped")
        version.state = STATE.LOADING
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
        version = self._models.versions[name][number]
        version.state = STATE.UNLOADING
        task = asyncio.get_running_loop().create_task(self._close_when_idle(name, number, version))
        self._unloading.add(task)
        task.add_done_callback(self._unloading.discard)

    async def _close_when_idle(self, name, number, version):
        await version.idle.wait()
        servable, version.servable = version.servable, None
        await asyncio.get_running_loop().run_in_executor(self._threads, servable.close)
        if not self._closing:
            await asyncio.get_running_loop().run_in_executor(self._threads, settle_memory)
        version.state = STATE.END
        _log.info("%s version %d is unloaded.", name, number)
