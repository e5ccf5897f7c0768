"""How gradually samples change, of ways whose length and steps are known."""

import numpy as np
import pytest

from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.evaluation import paths


def test_a_straight_way_has_length_one_and_equal_steps():
    t = np.linspace(0, 1, 9)[None, :, None]
    direction = np.random.default_rng(0).normal(size=(5, 1, 4))
    figures = paths.smoothness(t * direction)
    assert figures == pytest.approx({"path_length": 1, "largest_step": 1})


def test_a_half_circle_is_half_pi_as_long_as_its_diameter():
    angle = np.linspace(0, np.pi, 1001)
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)[None]
    figures = paths.smoothness(circle)
    assert figures == pytest.approx({"path_length": np.pi / 2, "largest_step": 1}, rel=1e-4)


def test_a_jump_is_all_of_the_way():
    way = np.zeros([1, 17, 3])
    way[:, 9:] = 1.0
    assert paths.smoothness(way) == pytest.approx({"path_length": 1, "largest_step": 16})


def test_samples_that_never_change_have_no_steps():
    assert np.isnan(paths.smoothness(np.zeros([2, 5, 3]))["largest_step"])


@pytest.mark.parametrize("entry", ["dcgan", "cgan", "infogan", "vae", "gmvae", "cvae"])
def test_a_walk_goes_from_one_code_of_the_prior_to_another(entry):
    model = models.create(configs.get_tiny(entry), Spec((8, 8, 1), 3))
    x = paths.walk(model, ways=3, steps=4)
    assert x.shape == (3, 5, 8, 8, 1)
    assert np.all(np.isfinite(x)) and np.any(x[:, 0] != x[:, -1])
    again = paths.walk(model, ways=3, steps=8)
    np.testing.assert_allclose(again[:, ::2], x, atol=1e-5)
