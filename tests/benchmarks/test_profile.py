"""Operations counted against closed forms, recorded times against the clock."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from tests.entries import tiny
from zoo.benchmarks import profile


def gradients(function, *inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = function(*inputs)
    return tape.gradient(y, inputs)


def test_a_product_and_its_two_gradients_are_counted():
    specs = tf.TensorSpec([8, 16]), tf.TensorSpec([16, 4])
    once = 2e-9 * 8 * 16 * 4
    assert profile.count_gigaflop(tf.matmul, *specs) == pytest.approx(once)
    thrice = profile.count_gigaflop(lambda a, b: gradients(lambda a, b: (a @ b) ** 2, a, b), *specs)
    assert thrice == pytest.approx(3 * once)
    batch = tf.TensorSpec([5, 8, 16]), tf.TensorSpec([5, 4, 16])
    of_batch = profile.count_gigaflop(lambda a, b: tf.matmul(a, b, transpose_b=True), *batch)
    assert of_batch == pytest.approx(5 * once)


@pytest.mark.parametrize("strides", [1, 2])
def test_a_convolution_and_its_gradients_are_counted(strides):
    specs = tf.TensorSpec([2, 8, 8, 3]), tf.TensorSpec([5, 5, 3, 4])
    side = 8 // strides
    once = 2e-9 * (2 * side * side * 4) * (5 * 5 * 3)

    def convolve(x, kernel):
        return tf.nn.conv2d(x, kernel, strides, "SAME")

    assert profile.count_gigaflop(convolve, *specs) == pytest.approx(once)
    thrice = profile.count_gigaflop(
        lambda x, k: gradients(lambda *xk: convolve(*xk) ** 2, x, k), *specs
    )
    assert thrice == pytest.approx(3 * once)


def test_what_is_hidden_or_absent_is_not_counted():
    def in_a_loop(a):
        return tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a @ a), (0, a))[1]

    inner = tf.function(lambda a: a @ a)
    assert profile.count_gigaflop(in_a_loop, tf.TensorSpec([4, 4])) is None
    assert profile.count_gigaflop(lambda a: inner(a) + a @ a, tf.TensorSpec([4, 4])) is None
    assert profile.count_gigaflop(lambda a: a @ a, tf.TensorSpec([None, 4])) is None
    assert profile.count_gigaflop(tf.exp, tf.TensorSpec([4, 4])) is None


class Event(NamedTuple):
    metadata_id: str
    offset_ps: int
    duration_ps: int


def test_time_within_another_event_counts_once():
    events = [
        Event("step", 0, 100),
        Event("dot", 10, 50),
        Event("pack", 20, 5),
        Event("dot", 70, 20),
        Event("next", 100, 7),
    ]
    own = [tuple(of) for of in profile.own_times(events[::-1])]
    assert sorted(own) == [("dot", 20), ("dot", 45), ("next", 7), ("pack", 5), ("step", 30)]


def test_kinds_of_operations():
    assert profile.name_kind("while/body/encoder/dense_1/MatMul_3:MatMul") == "MatMul"
    assert profile.name_kind("multiply_add_fusion.12") == "multiply_add_fusion"
    assert profile.name_kind("ThunkExecutor::Execute") == "ThunkExecutor::Execute"
    assert profile.name_kind("Iterator::Root::Prefetch") == "Iterator::Root::Prefetch"


def test_a_large_product_takes_most_of_the_time():
    """Whatever the kernel is called that multiplies on this processor."""
    a = tf.random.normal([700, 700])
    function = tf.function(lambda: tf.reduce_sum(a @ a @ a @ a))
    function()
    busy = profile.record(lambda: function().numpy())
    assert profile.Profile(1.0, None, 1.0, busy).products() > 0.5, busy
    assert list(busy.values()) == sorted(busy.values(), reverse=True)


@pytest.mark.thorough
@pytest.mark.parametrize("jit", [True, False])
def test_profile_of_an_entry(jit, tiny_data):
    found = profile.profile(tiny("vae", jit=jit), tiny_data.train, tiny_data.spec, 4, 2)
    assert found.share > 0
    assert found.reached == pytest.approx(found.gigaflop / found.milliseconds * 1e3)
    assert 0 < found.products() < 1
    assert np.isfinite(list(found.busy.values())).all()
