"""What discriminators see: packs, spectral norms, variation among rows, labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.networks.discriminator import Discriminator
from zoo.networks.generator import Generator
from zoo.networks.normalisation import MinibatchStddev, SpectralNorm


def test_a_pack_holds_consecutive_rows_side_by_side():
    x = np.random.default_rng(0).random((6, 4, 5, 2), np.float32)
    packed = Discriminator("mlp", (4, 5, 2), (3,), packing=3).pack(x).numpy()
    for i in range(2):
        np.testing.assert_array_equal(packed[i], np.concatenate(list(x[3 * i : 3 * i + 3]), -1))
    vectors = np.arange(8.0).reshape(4, 2)
    packed = Discriminator("mlp", (2,), (3,), packing=2).pack(vectors)
    np.testing.assert_array_equal(packed, vectors.reshape(2, 4))


@pytest.mark.parametrize(
    ("inner", "shape"),
    [
        (keras.layers.Dense(5, use_bias=False), (7, 4)),
        (keras.layers.Conv2D(5, 3, use_bias=False), (2, 6, 6, 4)),
    ],
)
def test_spectral_norm_divides_by_the_largest_singular_value(inner, shape):
    layer = SpectralNorm(inner)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    layer(x)
    layer.bias.assign(np.arange(5.0))
    for _ in range(200):
        layer(x, training=True)
    u = layer.u.numpy()
    made = layer(x).numpy()
    np.testing.assert_array_equal(layer.u, u)  # no iteration outside of training
    sigma = np.linalg.svd(inner.kernel.numpy().reshape(-1, 5), compute_uv=False)[0]
    np.testing.assert_allclose(
        made, inner(x).numpy() / sigma + np.arange(5.0), rtol=1e-4, atol=1e-5
    )


def test_the_gradient_goes_through_the_singular_value():
    """Scaling the kernel changes nothing, so that the gradient along the kernel is 0."""
    layer = SpectralNorm(keras.layers.Dense(5, use_bias=False))
    x = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    for _ in range(200):
        layer(x, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(x)))
    gradient = tape.gradient(loss, layer.layer.kernel.value).numpy()
    assert np.abs(gradient).max() > 0.1
    assert np.sum(gradient * layer.layer.kernel.numpy()) == pytest.approx(0, abs=1e-3)


def test_minibatch_stddev_is_that_of_groups_of_rows():
    h = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    h[4:] = h[4]  # the second group collapsed
    made = MinibatchStddev(4)(h).numpy()
    np.testing.assert_array_equal(made[:, :3], h)
    np.testing.assert_allclose(made[:4, 3], h[:4].std(0).mean(), rtol=1e-4)
    np.testing.assert_allclose(made[4:, 3], 0, atol=1e-3)


@pytest.mark.parametrize("kind", ["mlp", "conv"])
@pytest.mark.parametrize("label", ["projection", "concatenation"])
def test_labels_change_the_logit_in_either_way(kind, label):
    network = Discriminator(kind, (8, 8, 1), (4, 4), (5,), num_labels=3, label=label)
    x = np.random.default_rng(0).random((3, 8, 8, 1), np.float32)
    logits = [network(x, np.eye(3, dtype=np.float32)[[k] * 3]).numpy() for k in range(3)]
    assert np.abs(logits[0] - logits[1]).max() > 1e-4
    assert np.abs(logits[1] - logits[2]).max() > 1e-4


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (12, 20, 3)])
def test_networks_make_the_sides_that_they_are_asked_for(shape):
    made = Generator("conv", shape, (4, 8), (6,), True)(np.zeros([2, 5], np.float32))
    assert made.shape == (2, *shape)
    assert Discriminator("conv", shape, (4, 8))(made).shape == (2,)


def test_sides_that_cannot_be_made_are_named():
    for network in (
        lambda s: Generator("conv", s, (4, 8), (), True),
        lambda s: Discriminator("conv", s, (4, 8)),
    ):
        with pytest.raises(zoo.UserError, match=r"multiples of 4, not 30x30.*image_size=32"):
            network((30, 30, 1))
