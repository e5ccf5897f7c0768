"""docs/tutorial.ipynb runs from its first cell to its last."""

import json

import numpy as np
import pytest

from tests.processes import ROOT


@pytest.mark.thorough
def test_every_cell_of_the_tutorial_runs(tmp_path, monkeypatch, capsys, data_dir):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUTORIAL_EPOCHS", "1")
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    notebook = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text())
    names = {}
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) == 10
    for i, cell in enumerate(cells):
        exec(compile(cell, f"cell {i}", "exec"), names)
    losses = names["history"].history["loss"]
    assert np.all(np.isfinite(losses))
    shown = capsys.readouterr().out
    assert "200 (1, 28, 28, 1)" in shown and "stopped with exit code 0" in shown


def test_the_committed_outputs_are_those_of_a_whole_run():
    notebook = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text())
    outputs = [o for cell in notebook["cells"] for o in cell.get("outputs", ())]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
    assert not any(output.get("name") == "stderr" for output in outputs)
    assert "stopped with exit code 0" in "".join(outputs[-1]["text"])
