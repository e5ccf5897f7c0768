"""Trials of the benchmark of modes: independent, resumable, on a page."""

import numpy as np
import pytest

from zoo import data
from zoo.errors import UserError
from zoo.experiments import collapse, collapse_page
from zoo.training import loop


@pytest.fixture(scope="module")
def task():
    made = collapse.make_task(data.load("ring"), steps=3)
    small = {"d_hidden": (8,), "g_hidden": (8,), "batch_size": 16, "jit": False}
    few = {name: made.variants[name] for name in ("gan", "packing 2")}
    return made._replace(fields={**made.fields, **small}, variants=few, samples=300)


@pytest.mark.thorough
def test_stopped_trials_go_on_and_come_out_the_same(task, tmp_path):
    whole = collapse.run_trials(task, 2, tmp_path / "whole")
    collapse.run_trials(task, 1, tmp_path / "parts")
    parts = collapse.run_trials(task, 2, tmp_path / "parts")
    assert whole == parts
    one, other = whole["trials"]["gan"]
    assert one != other

    text = collapse_page.write_page(parts, tmp_path / "parts", tmp_path / "docs")
    assert "packing 2" in text and "a perfect sampler" in text
    page = (tmp_path / "docs" / "collapse.md").read_text()
    assert text in page and "3 steps per trial" in page
    assert (tmp_path / "docs" / "collapse_ring.png").stat().st_size > 1000


def test_samples_without_a_distance_have_no_share_of_high_quality():
    found = {"modes": 9, "reverse_kl": 0.5}
    results = {"num_modes": 10, "data": found, "trials": {"gan": [found]}}
    assert collapse_page.table(results).splitlines()[0] == (
        "| variant | modes (of 10) | all found | reverse KL (nats) |"
    )


def test_trials_of_other_lengths_are_not_mixed(task, tmp_path):
    collapse.run_trials(task._replace(variants={"gan": {}}), 1, tmp_path)
    with pytest.raises(UserError, match=r"steps=3 there, 4 now"):
        collapse.run_trials(task._replace(steps=4), 1, tmp_path)


def test_a_trial_trains_what_the_loop_trains(task, tmp_path):
    task = task._replace(dataset=data.load("ring/48"))  # three steps are an epoch
    for _, tried in collapse.train_trials(task, "gan", range(1)):
        values = [v.numpy() for v in tried.variables]
    config = task.config("gan")
    config.num_epochs = 1
    trained = loop.train(config, task.dataset, tmp_path).model
    for a, v in zip(values, trained.variables, strict=True):
        np.testing.assert_allclose(a, v, rtol=1e-6, atol=1e-7)


def test_modes_of_other_data_are_not_known():
    with pytest.raises(UserError, match=r"'moons' are not known: choose dataset='ring', grid"):
        collapse.make_task(data.load("moons"))
