"""Noise is a function of its seed, inside XLA and outside."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from zoo import data, seeds


@pytest.mark.parametrize("jit", [False, True])
def test_noise_has_its_distribution_and_repeats(jit):
    @tf.function(jit_compile=jit)
    def draw(seed):
        return seeds.normal([5000], seed), seeds.uniform([5000], seeds.fold_in(seed, 3))

    normal, uniform = draw(seeds.root(1))
    assert scipy.stats.kstest(normal, "norm").pvalue > 0.01
    assert scipy.stats.kstest(uniform, "uniform").pvalue > 0.01
    for a, b in zip(draw(seeds.root(1)), (normal, uniform), strict=True):
        np.testing.assert_array_equal(a, b)


def test_noise_of_many_rows_has_its_distribution():
    rows = tf.function(seeds.row_normal)(tf.range(2000), 1)[:, 0]
    assert scipy.stats.kstest(rows, "norm").pvalue > 0.01


def test_seeds_that_differ_anywhere_give_other_noise():
    root = seeds.root(0)
    folded = [root, *(seeds.fold_in(root, *d) for d in ((0,), (1,), (0, 0), (0, 1), (1, 0)))]
    folded += [seeds.fold_in(seeds.root(1), 0)]
    assert len({tuple(s.numpy()) for s in folded}) == len(folded)


def test_rows_depend_on_their_own_seed_alone():
    rows = seeds.row_normal(tf.constant([7, 8, 9, -1]), 5).numpy()
    # The last digit may depend on how many numbers the processor computes at once.
    np.testing.assert_allclose(rows[2], seeds.row_normal(tf.constant([9]), 5)[0], atol=1e-6)
    assert len({row.tobytes() for row in rows}) == 4


def test_no_two_streams_meet():
    """Every key that a run draws from, of neighbouring seeds and first steps, is another one."""
    keys = []

    def note(seed):
        keys.append(tuple(np.asarray(seed).tolist()))

    for seed in (0, 1, 2):
        note(seeds.root(seed))  # of a served sample
        for stream in seeds.Stream:
            note(seeds.stream(seed, stream))
            for a in range(4):
                note(seeds.stream(seed, stream, a))
                for b in range(4):
                    note(seeds.stream(seed, stream, a, b))
    assert len(set(keys)) == len(keys)


def test_codes_of_a_gan_do_not_share_keys_with_the_rows_of_a_density(monkeypatch):
    """At seed 0, where both once did: the first block's labels and the first step's noise."""
    drawn = {}

    def record(kind, function):
        def wrapped(shape, seed, *args, **kwargs):
            if tf.executing_eagerly():
                drawn.setdefault(kind, set()).add(tuple(np.asarray(seed).tolist()))
            return function(shape, seed, *args, **kwargs)

        return wrapped

    monkeypatch.setattr(tf.random, "stateless_uniform", record("data", tf.random.stateless_uniform))
    monkeypatch.setattr(seeds, "normal", record("data", seeds.normal))
    ring = data.load("ring")
    for block in range(3):
        ring.train.draw(seeds.fold_in(ring.train.seed, block), 10)
    monkeypatch.undo()
    model = {
        tuple(seeds.stream(0, seeds.Stream.MODEL, step, 0).numpy().tolist()) for step in range(3)
    }
    assert drawn["data"] and not drawn["data"] & model


def test_neighbouring_runs_share_no_start():
    starts = [
        seeds.integer(run, stream, i)
        for run in range(4)
        for stream in (seeds.Stream.STARTS, seeds.Stream.CODES)
        for i in range(10)
    ]
    assert len(set(starts)) == len(starts)


def test_rows_of_any_distribution_depend_on_their_own_seed_alone():
    p = tfd.MixtureSameFamily(
        tfd.Categorical(probs=[0.3, 0.7]), tfd.MultivariateNormalDiag(tf.zeros([2, 3]))
    )
    rows = seeds.row_sample(p, tf.constant([7, 8, 9])).numpy()
    np.testing.assert_array_equal(rows[2:], seeds.row_sample(p, tf.constant([9])))
    assert len({row.tobytes() for row in rows}) == 3


def test_rows_are_drawn_as_one_by_one():
    """All rows at once, by our own Philox, give what TensorFlow's gives for each seed."""
    row_seeds = [0, 1, -1, 7, 2**31 - 1, -(2**31)]
    for size in (1, 2, 8, 50):
        rows = seeds.row_normal(tf.constant(row_seeds), size)
        alone = [seeds.normal([size], seeds.root(seed)) for seed in row_seeds]
        np.testing.assert_allclose(rows, alone, atol=1e-5)
        rows = seeds.row_uniform(tf.constant(row_seeds), size)
        alone = [seeds.uniform([size], seeds.root(seed)) for seed in row_seeds]
        np.testing.assert_array_equal(rows, alone)
