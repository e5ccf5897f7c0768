"""Noise is a function of its seed, inside XLA and outside."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from zoo import seeds


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
    np.testing.assert_array_equal(rows[2], seeds.row_normal(tf.constant([9]), 5)[0])
    assert len({row.tobytes() for row in rows}) == 4
