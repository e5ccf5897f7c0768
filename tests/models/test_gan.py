"""Two players in turn: whose weights a turn changes, by which gradient, at which rates."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.objectives.formulas import FORMULAS
from zoo import configs, models, seeds
from zoo.configs.spec import Spec
from zoo.models.gan import Examples
from zoo.training import loop
from zoo.training.averages import MovingAverages

PENALTIES = {"r1": 0.7, "r2": 0.3, "gradient_penalty": 2.0}
BUILT_IN = {"packing": 2, "minibatch_stddev": True, "spectral_norm": True}


IMAGES = Spec((8, 8, 1), 3)


def make(entry="cgan", spec=IMAGES, **overrides):
    model = models.create(configs.get_tiny(entry, dataset="tiny", jit=False, **overrides), spec)
    model.compile_for_run(None)
    return model


def rows(model, count=16):
    rng = np.random.default_rng(0)
    x = rng.random((count, *model.spec.shape), np.float32)
    return {"x": tf.constant(x), "y": tf.constant(rng.integers(0, 3, count), tf.int32)}


def values(layer):
    return [v.numpy() for v in layer.variables]


def turn(model, batch, player):
    """One turn of one player on a fixed batch and fixed codes."""
    y = batch["y"] if model.conditional else None
    z = seeds.sample(model.prior(), 16, seeds.root(1))
    with tf.GradientTape() as tape:
        fake = model.generate(z, y, training=True)
    turn = Examples(batch["x"], fake, y, z, seeds.root(2))
    return model.update_discriminator(turn) if player == "d" else model.update_generator(turn, tape)


@pytest.mark.parametrize("overrides", [{}, {**PENALTIES, **BUILT_IN, "l2": 0.1, "clip_norm": 0.5}])
def test_a_turn_changes_the_weights_of_one_player_alone(overrides):
    model = make(**overrides)
    batch = rows(model)
    turn(model, batch, "d")  # the running statistics of G are made as it generates
    for player, other in (("d", "g"), ("g", "d")):
        parts = {"g": model.generator.trainable_variables, "d": model.discriminator.variables}
        before = {k: [v.numpy() for v in part] for k, part in parts.items()}
        turn(model, batch, player)
        for a, v in zip(before[other], parts[other], strict=True):
            np.testing.assert_array_equal(a, v)
        changed = [np.any(a != v) for a, v in zip(before[player], parts[player], strict=True)]
        assert all(c for c, v in zip(changed, parts[player], strict=True) if v.trainable)


def penalty_by_differences(model, batch, fake, y, h=3e-4):
    """r1 / 2 |dD/dx|^2 + r2 / 2 |dD/dG|^2 of each row, slopes by finite differences."""
    total = 0.0
    for x, weight in ((batch["x"], model.config.r1), (fake, model.config.r2)):
        x, squared = np.asarray(x), 0.0
        for i in np.ndindex(*x.shape[1:]):
            step = np.zeros_like(x)
            step[(slice(None), *i)] = h
            difference = model.logits(x + step, y) - model.logits(x - step, y)
            squared += (difference.numpy() / (2 * h)) ** 2
        total += weight / 2 * squared
    return total


@pytest.mark.parametrize("loss", FORMULAS)
@pytest.mark.parametrize("player", ["d", "g"])
def test_a_turn_follows_the_gradient_of_the_papers_loss(loss, player):
    """By finite differences of the loss as the paper has it, along the step that was taken."""
    # The median of several models: a rectifier that switches within the difference spoils one.
    models_tried = 3 if loss == "relativistic" else 1
    slopes = [slopes_along_a_turn(loss, player, seed) for seed in range(models_tried)]
    assert np.median([found / expected for found, expected in slopes]) == pytest.approx(1, rel=0.02)


def slopes_along_a_turn(loss, player, seed):
    """The slope of the paper's loss along a turn, by differences, and the norm of the gradient."""
    penalties = {"r1": 0.4, "r2": 0.2} if loss == "relativistic" else {"r1": 0.0}
    bound = {"spectral_norm": True} if loss == "wasserstein" else {}
    decay = {"g": 0.05, "d": 0.03}
    fields = {"loss": loss, "l2": decay["g"], "d_l2": decay["d"], **penalties, **bound}
    fields["network"] = "mlp"
    model = make("cgan", Spec((4, 4, 1), 3), seed=seed, **fields)
    batch = rows(model)
    y, codes = batch["y"], seeds.sample(model.prior(), 16, seeds.root(1))
    part = model.discriminator if player == "d" else model.generator
    # A step of plain gradient descent is the gradient times the rate.
    rate = 1e-2
    sgd = keras.optimizers.SGD(rate)
    sgd.build(part.trainable_variables)
    if player == "d":
        model.d_optimizer = sgd
    else:
        model.optimizer = sgd
    turn(model, batch, "d")  # power iterations and running statistics settle
    start = [v.numpy() for v in part.trainable_variables]

    def value():
        fake = model.generate(codes, y, training=True)
        real, of_fake = (model.logits(x, y).numpy().astype(float) for x in (batch["x"], fake))
        result = np.mean(FORMULAS[loss][player == "g"](real, of_fake))
        if player == "d" and model.has_penalty:
            result += np.mean(penalty_by_differences(model, batch, fake, y))
        squares = sum(np.sum(v.numpy() ** 2) for v in part.trainable_variables)
        return result + decay[player] / 2 * squares

    state = [v.numpy() for v in model.discriminator.non_trainable_variables]
    turn(model, batch, player)
    for v, a in zip(model.discriminator.non_trainable_variables, state, strict=True):
        v.assign(a)
    gradient = [
        (a - v.numpy()) / rate for a, v in zip(start, part.trainable_variables, strict=True)
    ]
    norm = np.sqrt(sum(np.sum(g**2) for g in gradient))
    sides, h = [], 1e-3
    for sign in (1, -1):
        for v, a, g in zip(part.trainable_variables, start, gradient, strict=True):
            v.assign(a + sign * h * g / norm)
        sides.append(value())
    return (sides[0] - sides[1]) / (2 * h), norm


def test_a_step_has_all_turns_of_the_discriminator_on_rows_of_their_own():
    model = make("gan", d_steps=4)
    model.learn(rows(model, 16), seeds.root(0))
    assert int(model.d_optimizer.iterations) == 4 and int(model.optimizer.iterations) == 1


def test_the_average_is_of_the_generator_alone():
    model = make("dcgan")
    averaged = MovingAverages(model.averaged_variables(), 0.9)
    for step in range(3):
        model.take_step(rows(model))
        averaged.update(tf.constant(step))
    d, g = values(model.discriminator), values(model.generator)
    with averaged.applied():
        for a, b in zip(d, values(model.discriminator), strict=True):
            np.testing.assert_array_equal(a, b)
        assert all(np.any(a != b) for a, b in zip(g, values(model.generator), strict=True))
    for a, b in zip(g, values(model.generator), strict=True):
        np.testing.assert_array_equal(a, b)


def test_terms_of_any_number_of_rows_are_finite_and_one_a_row():
    model = make("gan", **BUILT_IN, **PENALTIES)
    for count in (1, 5, 16):
        terms = model.loss_terms(rows(model, count), seeds.root(0))
        assert all(t.shape == (count,) and np.all(np.isfinite(t)) for t in terms.values())
    assert "discriminate" not in model.signatures()  # a logit of eight rows answers no single one


def test_codes_are_drawn_from_the_prior_that_the_config_names():
    z = seeds.sample(make("gan", codes="uniform").prior(), 1000, seeds.root(0))
    assert z.shape == (1000, 3) and -1 <= np.min(z) < -0.9 and 0.9 < np.max(z) <= 1


def test_a_morph_ends_at_the_two_labels():
    model = make()
    z = tf.random.stateless_normal([2, 3], seeds.root(0))
    y, y_new = tf.constant([0, 1]), tf.constant([2, 2])
    ends = model.morph(z, y, y_new, tf.constant([0.0, 1.0]))
    np.testing.assert_allclose(ends[0], model.generate(z, y)[0], atol=1e-6)
    np.testing.assert_allclose(ends[1], model.generate(z, y_new)[1], atol=1e-6)


@pytest.mark.parametrize(
    ("entry", "overrides", "message"),
    [
        ("gan", {"network": "gated"}, "network='gated': expected one of 'mlp', 'conv'"),
        ("gan", {"loss": "wasserstein"}, "gradient is bounded.*gradient_penalty=10"),
        ("dcgan", {"g_hidden": (4, 4, 4, 4)}, "multiples of 16, not 8x8.*image_size=16"),
        ("gan", {"packing": 3}, "takes 3 rows at once.*multiple of 3"),
        ("gan", {"loss": "minmax"}, "loss='minmax': expected one of"),
    ],
)
def test_settings_that_do_not_go_together_are_named(entry, overrides, message, tiny_data, tmp_path):
    with pytest.raises(zoo.UserError, match=message):
        loop.train(configs.get_tiny(entry, dataset="tiny", **overrides), tiny_data, tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_data_that_do_not_fit_are_named():
    with pytest.raises(zoo.UserError, match="has rows of shape"):
        make("dcgan", Spec((2,), 8))
    with pytest.raises(zoo.UserError, match="needs labels"):
        make("cgan", Spec((8, 8, 1), 0))
    assert make("gan", Spec((2,), 8)).sample(tf.constant([1, 2])).shape == (2, 2)


def test_batch_normalisation_needs_two_rows():
    with pytest.raises(zoo.UserError, match=r"normalises over the rows .*batch_size=4 or more"):
        models.check(configs.get_tiny("gan", batch_size=3, d_steps=2, batch_norm=True))
    model = make("gan", batch_norm=True)
    x = np.random.default_rng(0).random([1, 8, 8, 1], np.float32)
    assert model.pad_to_multiple({"x": tf.constant(x)})["x"].shape[0] == 2
    without = make("gan", batch_norm=False)
    assert without.pad_to_multiple({"x": tf.constant(x)})["x"].shape[0] == 1
