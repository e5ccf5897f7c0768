"""Codes that can be read off the image: what Q is paid for, and whose weights that moves."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

import zoo
from zoo import configs, models, seeds
from zoo.configs.spec import Spec
from zoo.distributions import codes
from zoo.models import infogan
from zoo.models.gan import Examples
from zoo.models.infogan import SCALE


def make(**overrides):
    config = configs.get_tiny("infogan", dataset="tiny", **overrides)
    model = models.create(config, Spec((8, 8, 1), 3))
    model.compile_for_run(None)
    return model


def test_codes_are_a_category_uniform_numbers_and_noise():
    model = make(latent_dim=8)
    z = seeds.sample(model.prior(), 3000, seeds.root(0))
    c, u, noise = (part.numpy() for part in codes.split(z, model.config))
    assert c.shape == (3000, 3) and u.shape == (3000, 1) and noise.shape == (3000, 4)
    np.testing.assert_array_equal(np.sort(c, 1), np.tile([0, 0, 1], (3000, 1)))
    assert scipy.stats.chisquare(c.sum(0)).pvalue > 1e-3
    assert scipy.stats.kstest(u[:, 0], scipy.stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert scipy.stats.kstest(noise.ravel(), scipy.stats.norm.cdf).pvalue > 1e-3


def test_the_information_loss_is_minus_the_log_density_that_q_gives_to_the_codes():
    model = make(information=2.0, uniform_information=0.5)
    z = seeds.sample(model.prior(), 16, seeds.root(0))
    features, distorted = model.features(model.generate(z), model.generate(-z))
    c, u, _ = (part.numpy() for part in codes.split(z, model.config))
    of_c = scipy.special.log_softmax(model.recognition(distorted)[:, :3], -1)[c.astype(bool)]
    of_u = scipy.stats.norm(model.recognition(features)[:, 3], SCALE).logpdf(u[:, 0])
    loss = model.information_loss(features, distorted, z)
    np.testing.assert_allclose(loss, -2.0 * of_c - 0.5 * of_u, rtol=1e-5, atol=1e-5)


def test_views_disagree_by_their_cross_entropy_and_the_targets_stand_still():
    model = make()
    h, other = (tf.random.stateless_normal([16, 8], [0, i]) for i in range(2))
    p, q = (scipy.special.softmax(model.recognition(a)[:, :3], -1) for a in (h, other))
    expected = -np.sum(p * np.log(q) + q * np.log(p), -1) / 2
    np.testing.assert_allclose(model.disagreement(h, other), expected, rtol=1e-5)

    logits = tf.Variable(tf.random.stateless_normal([16, 3], [1, 0]))
    model.recognise = lambda h: (tfp.distributions.Categorical(logits=h), None)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.disagreement(logits, logits))
    # A distribution that agrees with itself is where its cross-entropy with a fixed one is least.
    np.testing.assert_allclose(tape.gradient(loss, logits), np.zeros([16, 3]), atol=1e-6)


def test_an_image_is_found_by_its_distortion_among_all_others():
    model = make()
    views = [tf.random.stateless_normal([4, 8], [0, i]) for i in range(2)]
    p = model.recognition.project(tf.concat(views, 0)).numpy()
    p /= np.linalg.norm(p, axis=1, keepdims=True)
    expected = np.zeros(8)
    for i in range(8):
        others = [j for j in range(8) if j != i]
        similar = p[others] @ p[i] / infogan.TEMPERATURE
        partner = others.index((i + 4) % 8)
        expected[i] = scipy.special.logsumexp(similar) - similar[partner]
    expected = (expected[:4] + expected[4:]) / 2
    np.testing.assert_allclose(model.contrastive_loss(*views), expected, rtol=1e-5)


def test_images_tell_most_of_c_where_each_has_one_and_all_have_all():
    model = make(categories=4, latent_dim=8)

    def loss(logits):
        model.recognise = lambda h: (tfp.distributions.Categorical(logits=h), None)
        return float(tf.reduce_mean(model.real_information_loss(*tf.split(logits, 2))))

    sure = 50.0 * tf.eye(4)
    assert loss(tf.tile(sure, [2, 1])) == pytest.approx(-infogan.BALANCE * np.log(4))
    assert loss(tf.zeros([8, 4])) == pytest.approx((1 - infogan.BALANCE) * np.log(4))
    assert loss(tf.tile(sure[:1], [8, 1])) == pytest.approx(0.0, abs=1e-6)


def test_without_real_images_none_is_distorted(monkeypatch):
    monkeypatch.setattr(infogan, "distort", None)
    model = make(**dict.fromkeys(infogan.ON_REAL_IMAGES, 0.0))
    x = tf.constant(np.random.default_rng(0).random((8, 8, 8, 1), np.float32))
    terms = model.learn({"x": x, "y": tf.zeros(8, tf.int32)}, seeds.root(0))
    assert "contrastive_loss" not in terms and np.isfinite(terms["information_loss"])


def test_the_turn_of_d_moves_q_and_that_of_g_does_not():
    model = make()
    x = tf.constant(np.random.default_rng(0).random((16, 8, 8, 1), np.float32))
    z = seeds.sample(model.prior(), 16, seeds.root(0))
    parts = {
        "d": model.discriminator.trainable_variables,
        "q": model.recognition.trainable_variables,
        "g": model.generator.trainable_variables,
    }

    def changed(take_turn):
        with tf.GradientTape() as tape:
            fake = model.generate(z, training=True)
        before = {name: [v.numpy() for v in part] for name, part in parts.items()}
        take_turn(Examples(x, fake, None, z, seeds.root(1)), tape)
        return {
            name
            for name, part in parts.items()
            if any(np.any(a != v.numpy()) for a, v in zip(before[name], part, strict=True))
        }

    assert changed(lambda turn, tape: model.update_discriminator(turn)) == {"d", "q"}
    assert changed(model.update_generator) == {"g"}


def test_q_learns_to_read_the_codes():
    """G and D stay fixed, so that nothing but Q can lower the loss."""
    model = make(
        learning_rate=0.0,
        d_learning_rate=1e-2,
        information=10.0,
        uniform_information=10.0,
        **dict.fromkeys(infogan.ON_REAL_IMAGES, 0.0),
        r1=0.0,
        d_dense=(256,),
    )
    x = tf.constant(np.random.default_rng(0).random((64, 8, 8, 1), np.float32))
    model.discriminator.trainable = False
    model.compile_for_run(None)
    learn = tf.function(model.learn)
    losses = []
    for step in range(60):
        terms = learn({"x": x, "y": tf.zeros(64, tf.int32)}, seeds.root(step))
        losses.append(float(terms["information_loss"]) / 10.0)
    assert np.mean(losses[-10:]) < 0.85 * np.mean(losses[:5])


def test_a_cluster_is_drawn_by_its_category():
    model = make()
    seed = tf.range(4)
    z = seeds.row_sample(model.prior(), seed).numpy()
    z[:, :3] = [0, 1, 0]
    np.testing.assert_allclose(
        model.sample_cluster(seed, tf.fill([4], 1)), model.generate(z), atol=1e-6
    )


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"latent_dim": 4}, "no room for noise.*latent_dim=5 or more"),
        ({"packing": 2}, "packing=2 is not for 'infogan'.*packing=1"),
        ({"r2": 1.0}, "r2=1.0 is not for 'infogan'.*r2=0.0"),
        ({"codes": "normal"}, "codes='normal': expected one of 'informative'"),
        ({"loss": "relativistic"}, "relativistic.*not for 'infogan'"),
    ],
)
def test_settings_that_it_cannot_have_are_named(overrides, message):
    with pytest.raises(zoo.UserError, match=message):
        make(**overrides)
