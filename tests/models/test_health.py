"""What is wrong with two players is said once, in words with a remedy."""

import math

import numpy as np
import pytest
import tensorflow as tf

from zoo import configs, data, models
from zoo.models.health import complaints
from zoo.training import loop


@pytest.mark.parametrize("entry", ["dcgan", "improved_gan"])
def test_a_generator_that_makes_one_image_is_named_within_an_epoch(
    entry, tiny_data, tmp_path, capfd, monkeypatch
):
    make = models.create

    def frozen(*args, **kwargs):
        model = make(*args, **kwargs)
        last = model.generator.last
        last.kernel.assign(tf.zeros_like(last.kernel))
        last.trainable = False
        return model

    monkeypatch.setattr(models, "create", frozen)
    loop.train(configs.get_tiny(entry, dataset="tiny", num_epochs=2), tiny_data, tmp_path)
    told = [line for line in capfd.readouterr().out.splitlines() if "collapsed" in line]
    assert len(told) == 1  # and not again
    assert "Epoch 1: The samples have collapsed: they vary 0.0% as much as the data. Try" in told[0]


@pytest.mark.parametrize("entry", ["gan", "r3gan"])
def test_a_discriminator_that_learns_too_fast_is_named_within_an_epoch(
    entry, tiny_data, tmp_path, capfd
):
    config = configs.get_tiny(
        entry, dataset="tiny", d_hidden=(64, 32), d_learning_rate=1.0, num_epochs=2
    )
    loop.train(config, tiny_data, tmp_path)
    told = [line for line in capfd.readouterr().out.splitlines() if "D has" in line]
    assert len(told) == 1
    assert "Epoch 1: " in told[0] and "lower --config.d_learning_rate (it is 1)" in told[0]


@pytest.mark.parametrize("entry", ["wgan_gp", "r3gan"])
def test_nothing_is_said_of_players_that_get_on(entry, tiny_data, tmp_path, capfd):
    loop.train(configs.get_tiny(entry, dataset="tiny"), tiny_data, tmp_path)
    assert "Epoch" not in capfd.readouterr().out


def test_samples_of_a_few_classes_are_named():
    config, spec = configs.get("dcgan"), data.Spec((28, 28, 1), 10)
    assert "classes" not in complaints({"class_entropy": math.log(10)}, config, spec)
    shares = np.array([0.5, 0.5])
    entropy = float(-np.sum(shares * np.log(shares)))
    sentence = complaints({"class_entropy": entropy}, config, spec)["classes"]
    assert sentence.startswith("The samples have collapsed to about 2 of 10 classes. Try --config")
