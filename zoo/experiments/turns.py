"""Generator and discriminator evolve in turn: what does each turn change?

From code to logit they are one network: G is its first layers, D its last ones. D is a classifier,
real 1, generated 0; its turn lowers its loss on real and generated images. G's turn raises the
probability that D errs, by the gradient through D. Both losses are measured on the images of each
turn, just before and just after it, in the first 300 turns of `dcgan`.
"""

import numpy as np
import tensorflow as tf

from zoo import configs, seeds
from zoo import models as zoo_models
from zoo.drawing import figures
from zoo.models.gan import Examples

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: a turn changes the layers of its own player and none of the other's. One player's gain
is the other's loss: D's turn lowers D's loss and raises G's, and G's turn does the reverse, as the
zigzag on the left shows. At first D learns faster and is right about nearly all images. Then G
finds images that D takes for real, and D is wrong about all of them until it has learned to
recognise these as well. Such dips of D's accuracy, on the right, become more frequent: neither
player converges.
"""
VARIANTS = ("exported dcgan",)
TURNS, SHOWN, BATCH = 300, 12, 128
PLAYERS = ("D", "G")


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    config = configs.get("dcgan", **models["exported dcgan"].config.to_dict())
    model = zoo_models.create(config, dataset.spec)
    model.compile_for_run(total_steps=None)
    weights = {
        "G": model.generator.trainable_variables,
        "D": model.discriminator_variables(),
    }
    losses, accuracies = [], []
    changed = {player: dict.fromkeys(PLAYERS, 0) for player in PLAYERS}
    rows = min(BATCH, dataset.train.size)
    batches = dataset.train.epochs(config.seed, 0, rows)
    terms_of, take = _functions(model)
    for i, batch in enumerate(batches.take(TURNS)):
        x = tf.cast(batch["x"], tf.float32) / 255.0
        seed = seeds.stream(config.seed, seeds.Stream.MODEL, i)
        for player in PLAYERS:
            before = terms_of(x, seed)
            if i < SHOWN:
                held = {p: [v.numpy() for v in weights[p]] for p in PLAYERS}
            take[player](x, seed)
            after = terms_of(x, seed)
            losses.append((before, after))
            if i < SHOWN:
                for p in PLAYERS:
                    changed[player][p] += sum(
                        np.any(a != v) for a, v in zip(held[p], weights[p], strict=True)
                    )
        accuracies.append([float(after[k]) for k in ("real_accuracy", "fake_accuracy")])
    made = [
        {
            "turn of": player,
            **{f"{name}'s loss falls by": _mean_fall(losses[k::2], loss) for name, loss in LOSSES},
            **{
                f"layers of {p} that change": f"{changed[player][p] // min(SHOWN, TURNS)} of "
                f"{len(weights[p])}"
                for p in PLAYERS
            },
        }
        for k, player in enumerate(PLAYERS)
    ]
    return made, _draw(losses, np.array(accuracies))


LOSSES = (("D", "d_loss"), ("G", "g_loss"))


def _functions(model):
    """Functions of (x, seed): the players' terms there, and {player: its turn}."""

    def play(x, seed, training):
        z = seeds.sample(model.prior(), tf.shape(x)[0], seed)
        return Examples(x, model.generate(z, training=training), None, z, seed)

    @tf.function
    def terms_of(x, seed):
        turn = play(x, seed, True)
        terms = {**model.discriminator_terms(turn), "g_loss": model.generator_loss(turn)}
        return {name: tf.reduce_mean(term) for name, term in terms.items()}

    @tf.function
    def take_d(x, seed):
        model.update_discriminator(play(x, seed, True))

    @tf.function
    def take_g(x, seed):
        with tf.GradientTape() as tape:
            turn = play(x, seed, True)
        model.update_generator(turn, tape)

    return terms_of, {"D": take_d, "G": take_g}


def _mean_fall(pairs, name):
    return float(np.mean([before[name] - after[name] for before, after in pairs]))


def _draw(losses, accuracies):
    figure, (left, *right) = figures.make_figure(3, 4.5)
    half_turns = [0.5 * i for i in range(2 * SHOWN)]
    for (player, name), color in zip(LOSSES, ("C0", "C2"), strict=True):
        values = [pair[1][name] for pair in losses[: 2 * SHOWN]]
        left.plot(half_turns[: len(values)], values, "o-", ms=3, color=color, label=f"{player}'s")
    left.set_xlabel("turns: D's at whole numbers, G's between")
    left.set_title("losses after each turn")
    left.legend(frameon=False)
    for axes, accuracy, images in zip(right, accuracies.T, ("real", "generated"), strict=True):
        axes.plot(accuracy, lw=1)
        axes.set_xlabel("turns")
        axes.set_title(f"D's accuracy on {images} images")
        axes.set_ylim(-0.02, 1.02)
    return figure
