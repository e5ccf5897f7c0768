"""What is wrong with two players is said once, in words with a remedy."""

import math

import pytest
import tensorflow as tf

from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.models.gan_health import find_problems
from zoo.training import loop


@pytest.mark.parametrize(
    "entry", ["dcgan", pytest.param("improved_gan", marks=pytest.mark.thorough)]
)
def test_a_generator_that_makes_one_image_is_named_within_two_epochs(
    entry, tiny_data, tmp_path, capfd, monkeypatch
):
    def frozen(*args, **kwargs):
        model = models.create(*args, **kwargs)
        last = model.generator.last
        last.kernel.assign(tf.zeros_like(last.kernel))
        last.trainable = False
        return model

    config = configs.get_tiny(entry, dataset="tiny", num_epochs=2)
    loop.train(config, tiny_data, tmp_path, first_stage=loop.FirstStage(frozen))
    told = [line for line in capfd.readouterr().out.splitlines() if "collapsed" in line]
    assert len(told) == 1  # and not again
    assert (
        "Epoch 2: The samples have collapsed: their variation is 0.0% of the data's. Try" in told[0]
    )


@pytest.mark.parametrize("entry", ["gan", pytest.param("r3gan", marks=pytest.mark.thorough)])
def test_a_discriminator_that_learns_too_fast_is_named_within_an_epoch(
    entry, tiny_data, tmp_path, capfd
):
    config = configs.get_tiny(
        entry, dataset="tiny", d_hidden=(64, 32), d_learning_rate=1.0, num_epochs=2
    )
    loop.train(config, tiny_data, tmp_path)
    told = [line for line in capfd.readouterr().out.splitlines() if "D has" in line]
    assert len(told) == 1
    assert "Epoch 1: " in told[0] and "lower d_learning_rate (it is 1)" in told[0]


@pytest.mark.parametrize("entry", ["r3gan", pytest.param("wgan_gp", marks=pytest.mark.thorough)])
def test_nothing_is_said_of_players_that_get_on(entry, tiny_data, tmp_path, capfd):
    loop.train(configs.get_tiny(entry, dataset="tiny"), tiny_data, tmp_path)
    assert "Epoch" not in capfd.readouterr().out


def test_samples_of_a_few_classes_are_named():
    of_ten = {"class_entropy": math.log(10), "real_class_entropy": math.log(10)}
    config = configs.get("dcgan")
    assert not find_problems(of_ten, config, [], [])
    two = {**of_ten, "class_entropy": math.log(2)}
    sentence = find_problems(two, config, ["--config.packing=2"], [])["classes"]
    assert sentence.startswith("The samples have collapsed to about 2 of 10 classes. Try --config")
    one_of_two = {"class_entropy": 0.0, "real_class_entropy": math.log(2)}
    assert "about 1 of 2 classes" in find_problems(one_of_two, config, [], [])["classes"]


@pytest.mark.parametrize("entry", ["gan", "cgan", "wgan_gp", "r3gan", "infogan", "improved_gan"])
def test_the_model_takes_the_remedies_that_it_names(entry):
    model = models.create(configs.get_tiny(entry), Spec((8, 8, 1), 3))
    for flag in [*model.collapse_remedies(), *model.gradient_remedies()]:
        field, value = flag.removeprefix("--config.").split("=")
        assert models.check(configs.get_tiny(entry, **{field: value})) is None


def test_a_collapse_that_passes_is_not_named():
    model = models.create(configs.get_tiny("gan"), Spec((8, 8, 1), 3))
    two_classes = {"class_entropy": math.log(2), "real_class_entropy": math.log(10)}
    ten_classes = {**two_classes, "class_entropy": math.log(10)}
    remarks = [model.warning(t, "validation") for t in (two_classes, ten_classes, two_classes)]
    assert remarks == [None] * 3
    assert "about 2 of 10 classes" in model.warning(two_classes, "validation")
    assert model.warning(two_classes, "validation") is None
