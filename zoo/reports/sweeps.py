"""The sweeps in docs/sweeps, which tables are made from."""

import json
import pathlib


def read_runs(docs: pathlib.Path, name: str) -> list[dict]:
    """Returns the runs of a sweep, a dict each; none if there is no such sweep."""
    path = docs / "sweeps" / name / "sweep.json"
    return json.loads(path.read_text()) if path.exists() else []
