"""The manager alone: what loads when, which requests wait, and callers that go away."""

import asyncio
import threading

import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from tests.tfserving import small_models
from zoo.tfserving import manager as managers
from zoo.tfserving.contract.errors import ServingError, StatusCode
from zoo.tfserving.contract.paths import ModelSpec
from zoo.tfserving.servables import Loading, Servable


class _Gate:
    """Versions whose loading waits until it is allowed."""

    def __init__(self, *versions):
        self.opened = {version: threading.Event() for version in versions}
        self.begun = []

    async def wait_for(self, count):
        while len(self.begun) < count:
            await asyncio.sleep(0.01)

    def load(self, name, number, path, loading):
        self.begun.append((name, number))
        if (name, number) in self.opened:
            assert self.opened[name, number].wait(60)
        return Servable(name, number, path, loading)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, version in [("a", 1), ("a", 2), ("b", 1)]:
        small_models.half_plus(folder / name / str(version), plus=version)
    return folder


def _config(folder, *names, labels="", policy="all {}"):
    entries = [
        f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" '
        f"model_version_policy {{ {policy} }} {labels if name == 'a' else ''} }}"
        for name in names
    ]
    text = f"model_config_list {{ {' '.join(entries)} }}"
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


async def _ask(manager, *spec):
    async with manager.use(ModelSpec(*spec)) as servable:
        answer = servable.run("serving_default", {"x": np.float32([2.0])}, ("y",))
        return float(answer["y"][0])


def _with_gate(monkeypatch, gate, threads, work):
    """Runs work(manager) with a manager that is closed after it."""

    async def run():
        manager = managers.ModelManager(Loading(threads=threads, warm_ups=0))
        try:
            return await asyncio.wait_for(work(manager), 60)
        finally:
            for event in gate.opened.values():
                event.set()
            await manager.close()

    monkeypatch.setattr(managers, "Servable", gate.load)
    return asyncio.run(run())


def test_a_label_answers_while_other_models_are_loaded(folder, monkeypatch):
    gate = _Gate(("b", 1))
    config = _config(folder, "a", "b", labels='version_labels { key: "stable" value: 1 }')

    async def work(manager):
        reloading = asyncio.ensure_future(manager.reload(config))
        await gate.wait_for(1)
        answers = [await _ask(manager, "a", None, "stable"), await _ask(manager, "a")]
        assert not reloading.done() and manager.available()["b"] == []
        with pytest.raises(ServingError, match="Unrecognized servable version label: canary"):
            await _ask(manager, "a", None, "canary")
        gate.opened["b", 1].set()
        await reloading
        return answers

    assert _with_gate(monkeypatch, gate, 2, work) == [2.0, 3.0]


def test_a_request_waits_for_the_version_that_it_names_alone(folder, monkeypatch):
    gate = _Gate(("a", 1), ("a", 2))

    async def work(manager):
        reloading = asyncio.ensure_future(manager.reload(_config(folder, "a")))
        await gate.wait_for(2)  # both at once: there are two threads
        newest, first = (asyncio.ensure_future(_ask(manager, "a", n)) for n in (None, 1))
        gate.opened["a", 2].set()
        assert await newest == 3.0 and not first.done()
        with pytest.raises(ServingError) as caught:
            await _ask(manager, "a", 7)
        assert caught.value.code == StatusCode.NOT_FOUND
        gate.opened["a", 1].set()
        assert await first == 2.0
        await reloading

    _with_gate(monkeypatch, gate, 2, work)


def test_a_caller_that_goes_away_does_not_end_a_reload(folder, monkeypatch):
    gate = _Gate(("b", 1))

    async def work(manager):
        reloading = asyncio.ensure_future(manager.reload(_config(folder, "b", "a")))
        await gate.wait_for(1)
        reloading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reloading
        gate.opened["b", 1].set()
        await manager.poll()  # comes after what was begun
        return manager.available()

    assert _with_gate(monkeypatch, gate, 1, work) == {"b": [1], "a": [1, 2]}


def test_closing_loads_nothing_more(folder, monkeypatch):
    gate = _Gate(("b", 1))

    async def work(manager):
        reloading = asyncio.ensure_future(manager.reload(_config(folder, "b", "a")))
        await gate.wait_for(1)
        closing = asyncio.ensure_future(manager.close())
        await asyncio.sleep(0)
        gate.opened["b", 1].set()
        await closing
        await manager.poll()
        with pytest.raises(ServingError):
            await reloading

    _with_gate(monkeypatch, gate, 1, work)
    assert gate.begun == [("b", 1)]


def test_a_reload_with_a_broken_model_says_so_before_it_speaks_of_labels(folder, tmp_path):
    (tmp_path / "a" / "1").mkdir(parents=True)
    (tmp_path / "a" / "1" / "saved_model.pb").write_bytes(b"broken")
    config = _config(tmp_path, "a", labels='version_labels { key: "stable" value: 1 }')

    async def run():
        manager = managers.ModelManager(Loading())
        try:
            await manager.reload(config)
        finally:
            await manager.close()

    with pytest.raises(ServingError, match="did not become available") as caught:
        asyncio.run(run())
    assert caught.value.code == StatusCode.UNKNOWN
