"""Exports of tiny models, each made once for all tests and their processes."""

import fcntl
import pathlib

import keras

from tests.entries import METRICS, X, tiny
from zoo import data, models, versions
from zoo.serving import export

# A classifier without an accuracy judges nothing.
JUDGES = {**METRICS, "metrics": {"accuracy": 1.0}}


def of_entry(entry: str, folder: pathlib.Path) -> tuple[models.GenerativeModel, pathlib.Path]:
    """Returns an entry's tiny model, the same in every process, and its export below a folder."""
    keras.utils.set_random_seed(0)
    model = models.create(tiny(entry), data.Spec(X, 3))
    folder = folder / "exports"
    folder.mkdir(exist_ok=True)
    with (folder / f"{entry}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of the other process, until it has written all
        path = folder / versions.export_name(entry, "tiny") / "1"
        return model, path if path.exists() else export.export(model, folder, JUDGES)
