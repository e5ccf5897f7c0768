"""Sweeps: combinations, tables over seeds, winners, going on."""

import json

import numpy as np
import PIL.Image
import pytest

import zoo
from tests.processes import call
from zoo import configs
from zoo.evaluation import references
from zoo.runs import sweep


@pytest.fixture
def config():
    return configs.get_tiny("gmm", dataset="tiny")


def test_values_take_the_type_of_their_field(config):
    given = ["num_components=1,2,4", "reg_covar=1,1e-3", "covariance=diag,full", "seed=0"]
    assert sweep.parse_fields(config, given) == {
        "num_components": [1, 2, 4],
        "reg_covar": [1.0, 1e-3],
        "covariance": ["diag", "full"],
        "seed": [0],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("num_component=1,2", "Did you mean 'num_components'"),
        ("num_components=1,two", "num_components='two': expected a whole number, such as 3"),
        ("num_components", "write it as FIELD=VALUE,VALUE"),
    ],
)
def test_bad_values_are_named(config, text, message):
    with pytest.raises(zoo.UserError, match=message):
        sweep.parse_fields(config, [text])


def test_means_are_over_seeds_and_winners_by_seed():
    fields = {"k": [1, 2], "seed": [0, 1]}
    rows = [
        {"k": k, "seed": seed, "bic": bic}
        for (k, seed), bic in zip([(1, 0), (1, 1), (2, 0), (2, 1)], [5, 7, 6, 4], strict=True)
    ]
    made = sweep.means(rows, fields)
    assert made == [{"k": 1, "bic": (6, 1)}, {"k": 2, "bic": (5, 1)}]
    assert sweep.winners(rows, fields, "bic") == "k=1 (seed 0); k=2 (seed 1)"
    assert sweep.winners(rows[1:], fields, "bic") == "k=2, with each of 2 seeds"
    assert sweep.table(made, 2).splitlines()[2] == "| 1 | 6 ± 1 |"


def test_errors_of_other_models_are_not_averaged():
    runs = [
        {"labels": 100, "m1": m1, "seed": seed, "error": error}
        for m1, seed, error in (("a", 0, 0.02), ("a", 1, 0.04), ("b", 0, 0.5))
    ]
    rows = references.compare_errors("m1_m2", "mnist", runs, ["labels", "m1"])
    assert [row["obtained, test error %"] for row in rows] == ["3.00 ± 1.00", "50.00"]
    assert [row["published"] for row in rows] == ["3.33 ± 0.14"] * 2
    assert references.compare_errors("m1_m2", "cifar10", runs)[0]["published"] == ""


@pytest.mark.thorough
def test_log_likelihoods_are_measured_where_asked(tiny_data, tmp_path):
    config = configs.get_tiny("vae", dataset="tiny")
    fields = {"seed": [0, 1]}
    rows = sweep.run_sweep(config, fields, tiny_data, tmp_path, importance_samples=50)
    assert all(0 < row["nll"] < -row["elbo"] for row in rows)
    sweep.write_report(config, rows, fields, tmp_path / "docs", 50)
    assert "--importance_samples=50\n" in (tmp_path / "docs" / "README.md").read_text()


def test_it_trains_what_is_missing_and_leaves_a_table_and_a_figure(config, tiny_data, tmp_path):
    fields = {"num_components": [1, 3], "seed": [0]}
    rows = sweep.run_sweep(config, fields, tiny_data, tmp_path)
    assert [(row["num_components"], row["seed"]) for row in rows] == [(1, 0), (3, 0)]
    folder = tmp_path / "docs" / "sweep"
    text = sweep.write_report(config, rows, fields, folder)
    page = (folder / "README.md").read_text()
    assert text in page and "--over=num_components=1,3 --over=seed=0" in page
    assert json.loads((folder / "sweep.json").read_text()) == rows
    assert "Lowest bic: num_components=" in text
    assert PIL.Image.open(folder / "sweep.png").width > 300
    files = sorted(tmp_path.glob("*/checkpoints/*"))
    written = [file.stat().st_mtime_ns for file in files]
    again = sweep.run_sweep(config, fields, tiny_data, tmp_path)
    assert again == rows
    assert [file.stat().st_mtime_ns for file in files] == written


@pytest.mark.thorough
def test_a_run_that_diverges_is_marked_and_the_others_are_reported(tiny_data, tmp_path, capsys):
    config = configs.get_tiny(
        "vae_iaf", dataset="tiny", pixels="dequantized", likelihood="gaussian"
    )
    fields = {"learning_rate": [1e-3, 10.0], "pixel_scale": [0.1, 0.002]}
    config.clip_norm = 0.0
    for _ in range(2):  # again at the next start, without another try
        rows = sweep.run_sweep(config, fields, tiny_data, tmp_path)
        failed = [row for row in rows if sweep.FAILED in row]
        assert 0 < len(failed) < len(rows)
        assert "is not finite" in failed[0]["failed"] or "The term" in failed[0]["failed"]
    assert capsys.readouterr().out.count("Failed: ") == len(failed)
    text = sweep.write_report(config, rows, fields, tmp_path / "report")
    assert "Failed: learning_rate=10.0" in text and "| 0.001 |" in text
    with pytest.raises(zoo.UserError, match="All 2 runs failed"):
        chosen = {"learning_rate": [10.0], "pixel_scale": [0.002, 0.0021]}
        sweep.run_sweep(config, chosen, tiny_data, tmp_path)


@pytest.mark.thorough
def test_criteria_are_their_formulas(config, tiny_data, tmp_path):
    (row,) = sweep.run_sweep(config, {"covariance": ["diag"]}, tiny_data, tmp_path)
    parameters, rows = 3 * 2 * 64 + 2, 40  # means, variances, and weights that sum to 1
    deviance = row["aic"] - 2 * parameters
    assert row["bic"] == pytest.approx(deviance + parameters * np.log(rows))


@pytest.mark.thorough
def test_script_finds_the_number_of_modes(tmp_path):
    made = call(
        *("sweep.py", "--model=gmm", "--dataset=ring/4000", "--over=num_components=6,8,10"),
        *("--config.eval_every=100", f"--workdir={tmp_path}"),
    )
    assert made.returncode == 0, made.stderr
    assert "Lowest bic: num_components=8." in made.stdout
