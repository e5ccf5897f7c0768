"""Figures that are measured again are those that were recorded."""

import copy

import pytest

from tests.entries import tiny
from zoo import models
from zoo.evaluation import evaluate, reproduction
from zoo.evaluation.subject import Subject


@pytest.mark.parametrize("entry", ["vae", "vae_gaussian"])
def test_the_same_weights_have_the_same_figures(entry, tiny_data):
    model = models.create(tiny(entry), tiny_data.spec)
    # So far from its posterior that bound and likelihood differ.
    model.encoder.last.bias.assign_add([3.0] * model.encoder.last.bias.shape[0])
    recorded = evaluate.build_report(Subject(model, tiny_data, None, 20))
    again = reproduction.reproduce(Subject(model, tiny_data), recorded)
    assert {"elbo", "rate", "distortion", "nll"} <= {d.figure for d in again}
    assert any(d.figure == "bits_per_dim" for d in again) == (entry == "vae_gaussian")
    assert all(d.within for d in again), again


def test_a_figure_of_other_weights_is_found(tiny_data):
    model = models.create(tiny("vae"), tiny_data.spec)
    recorded = copy.deepcopy(evaluate.build_report(Subject(model, tiny_data)))
    recorded["metrics"]["rate"] *= 1.2
    recorded["metrics"]["class_shares"] = [0.5, 0.5]  # not measured here, so not compared
    again = reproduction.reproduce(Subject(model, tiny_data), recorded)
    assert [d.figure for d in again if not d.within] == ["rate"]
