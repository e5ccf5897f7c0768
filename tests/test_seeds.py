"""Noise is a function of its seed, inside XLA and outside."""

import numpy as np
import scipy.stats
import tensorflow as tf

from zoo import seeds


def test_noise_is_the_same_compiled_and_not():
    def draw(seed):
        return seeds.normal([1000], seeds.fold_in(seed, 3, 4)), seeds.uniform([1000], seed)

    plain = draw(seeds.root(7))
    compiled = tf.function(draw, jit_compile=True)(seeds.root(7))
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_noise_has_its_distribution():
    seed = seeds.root(1)
    assert scipy.stats.kstest(seeds.normal([5000], seed), "norm").pvalue > 0.01
    assert scipy.stats.kstest(seeds.uniform([5000], seed), "uniform").pvalue > 0.01
    assert scipy.stats.kstest(seeds.row_normal(tf.range(5000), 1)[:, 0], "norm").pvalue > 0.01


def test_seeds_that_differ_anywhere_give_other_noise():
    root = seeds.root(0)
    folded = [root, *(seeds.fold_in(root, *d) for d in ((0,), (1,), (0, 0), (0, 1), (1, 0)))]
    folded += [seeds.fold_in(seeds.root(1), 0)]
    assert len({tuple(s.numpy()) for s in folded}) == len(folded)


def test_rows_depend_on_their_own_seed_alone():
    rows = seeds.row_normal(tf.constant([7, 8, 9, -1]), 5).numpy()
    np.testing.assert_array_equal(rows[2], seeds.row_normal(tf.constant([9]), 5)[0])
    assert len({row.tobytes() for row in rows}) == 4
