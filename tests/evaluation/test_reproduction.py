"""Figures that are measured again are those that were recorded."""

import copy

from tests.entries import tiny
from zoo import evaluation, models
from zoo.evaluation import reproduction
from zoo.evaluation.subject import Subject


def test_the_same_weights_have_the_same_figures(tiny_data):
    model = models.create(tiny("vae"), tiny_data.spec)
    recorded = evaluation.report(Subject(model, tiny_data, None, 20))
    again = reproduction.reproduce(Subject(model, tiny_data), recorded)
    assert {"elbo", "rate", "distortion", "nll"} <= {d.figure for d in again}
    assert all(d.within for d in again), again


def test_a_figure_of_other_weights_is_found(tiny_data):
    model = models.create(tiny("vae"), tiny_data.spec)
    recorded = copy.deepcopy(evaluation.report(Subject(model, tiny_data)))
    recorded["metrics"]["rate"] *= 1.2
    recorded["metrics"]["class_shares"] = [0.5, 0.5]  # not measured here, so not compared
    again = reproduction.reproduce(Subject(model, tiny_data), recorded)
    assert [d.figure for d in again if not d.within] == ["rate"]
