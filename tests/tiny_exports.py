"""Exports of tiny models, each made once for all tests and their processes."""

import fcntl
import pathlib

from tests import entries, tiny
from zoo import models
from zoo.configs.spec import Spec
from zoo.exports import versions
from zoo.serving import export

# A classifier without an accuracy judges nothing.
JUDGES = {**entries.METRICS, "metrics": {"accuracy": 1.0}}


def of_entry(entry: str, folder: pathlib.Path) -> pathlib.Path:
    """Returns the export of an entry's tiny model, in a folder below this one."""
    return _export(entries.tiny(entry), folder / "exports")


def of_case(name: str, folder: pathlib.Path) -> pathlib.Path:
    """Returns the export of the tiny model of a case."""
    return _export(entries.tiny_case(name), folder / "cases" / name)


def create(config) -> models.GenerativeModel:
    """Returns the model of an export, the same one in every process."""
    tiny.seed_weights()
    return models.create(config, Spec(entries.X, 3))


def _export(config, folder):
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / versions.export_name(config.model, "tiny")
    with base.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of the other process, until it has written all
        path = base / "1"
        return path if path.exists() else export.export(create(config), folder, JUDGES)
