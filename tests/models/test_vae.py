"""The VAE family: bounds against closed forms, gradients against each other, refusals."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import zoo
from tests.models.vaes import copies, tiny
from tests.tiny import make_images
from zoo import configs, data, models, seeds
from zoo.configs.spec import Spec
from zoo.evaluation import density
from zoo.evaluation.protocol import SEED
from zoo.models.vae import VAE
from zoo.objectives import bounds
from zoo.training import loop


class LinearVAE(VAE):
    """x = W z + b + noise: log p(x) is that of one Gaussian."""

    W = np.random.default_rng(0).normal(size=[2, 4]).astype(np.float32) * 0.3
    B, S = np.float32(0.4), np.float32(0.25)

    def likelihood(self, z, y=None):
        mean = tf.linalg.matvec(self.W, z, transpose_a=True) + self.B
        mean = tf.reshape(mean, tf.concat([tf.shape(z)[:-1], [2, 2, 1]], 0))
        return tfd.Independent(tfd.Normal(mean, self.S), 3)


@pytest.fixture(scope="module")
def linear():
    """The model with a posterior that is near the true one and not equal to it; some images."""
    config = configs.get_tiny(
        "vae",
        latent_dim=2,
        likelihood="gaussian",
        pixels="dequantized",
        hidden=(8,),
        posterior="tril",
        jit=True,
    )
    model = LinearVAE(config, Spec((2, 2, 1), 0))
    model.make_weights({"x": tf.zeros([1, 2, 2, 1]), "y": tf.zeros([1], tf.int32)})
    rng = np.random.default_rng(0)
    for v in model.trainable_variables:
        v.assign(rng.normal(size=v.shape) * 0.15)
    x = rng.integers(0, 256, (40, 2, 2, 1)).astype(np.uint8)
    split = data.InMemory(x, np.zeros(40))
    images = next(iter(split.batches(500, "dequantized", SEED)))["x"].numpy()
    exact = scipy.stats.multivariate_normal(
        np.full(4, model.B), model.W.T @ model.W + model.S**2 * np.eye(4)
    ).logpdf(images.reshape(40, 4))
    return model, split, exact


def test_log_likelihood_is_the_closed_form_and_the_bound_grows_with_k(linear):
    model, split, exact = linear
    # Each image often: a mean over rows is one over noise.
    often = data.InMemory(np.tile(split.x, (25, 1, 1, 1)), np.zeros(25 * split.size))
    bounds = [np.mean(density.log_likelihoods(model, often, k)) for k in (1, 10, 100)]
    bounds.append(np.mean(density.log_likelihoods(model, split, 5000)))
    assert bounds == sorted(bounds)
    assert bounds[0] < exact.mean() - 0.1  # else there is nothing to estimate
    assert bounds[-1] == pytest.approx(exact.mean(), abs=0.02)


def test_log_likelihood_does_not_depend_on_the_chunk(linear):
    model, split, exact = linear
    for chunk in (1, 700, 10**6):
        some = data.InMemory(split.x[:5], split.y[:5])
        made = density.log_likelihoods(model, some, 1500 if chunk > 1 else 50, chunk)
        assert made.shape == (5,)
        np.testing.assert_allclose(made, exact[:5], atol=0.15 if chunk > 1 else 0.8)


def gradients(config, count):
    """Gradients of encoder and decoder [count, ...] by as many seeds, each a mean over 400 rows."""
    # At a posterior not far from the true one, where the plain gradient is mostly noise.
    model, batch = copies(config, 400, spread=0.15)
    parts = (model.encoder.trainable_variables, model.decoder.trainable_variables)

    @tf.function
    def of_seed(seed):
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(model.loss_terms(batch, seeds.root(seed), training=True)["loss"])
        grads = [tape.gradient(loss, [v.value for v in variables]) for variables in parts]
        return [tf.concat([tf.reshape(g, [-1]) for g in part], 0) for part in grads]

    made = [of_seed(tf.constant(seed)) for seed in range(count)]
    return [np.stack([part.numpy() for part in parts]) for parts in zip(*made, strict=True)]


@pytest.mark.parametrize("beta", [1.0, 0.3, 3.0])
def test_doubly_reparametrised_gradient_has_the_same_mean_and_less_noise(beta):
    config = {"importance_samples": 8, "beta": beta}
    plain, plain_decoder = gradients(tiny(**config), 100)
    doubly, doubly_decoder = gradients(tiny(**config, doubly_reparametrized=True), 100)
    difference = plain - doubly
    error = difference.std(0) / np.sqrt(100) + 1e-6
    assert np.abs(difference.mean(0) / error).max() < 5
    if beta == 1.0:
        assert doubly.var(0).sum() < 0.1 * plain.var(0).sum()
    np.testing.assert_allclose(doubly_decoder, plain_decoder, atol=1e-5)


def test_bound_grows_with_the_number_of_codes():
    losses = []
    for k in (1, 5, 50):
        model, batch = copies(tiny(importance_samples=k), 3000)
        losses.append(float(tf.reduce_mean(model.loss_terms(batch, seeds.root(0))["loss"])))
    assert losses[0] > losses[1] > losses[2]


def test_free_bits_count_each_dimension_at_least_so_much_and_stop_its_gradient():
    model, batch = copies(tiny(free_bits=0.6), 8)
    q, p = model.posterior(batch["x"]), model.prior()
    each = 0.5 * (q.variance() + q.mean() ** 2 - 1) - tf.math.log(q.stddev())  # [B, D]
    assert len(set((each[0] > 0.6).numpy().tolist())) == 2  # some are above, some below
    penalty = bounds.free_bits(q, p, 0.6)
    np.testing.assert_allclose(penalty, np.maximum(each, 0.6).sum(-1), rtol=1e-5)
    terms = model.loss_terms(batch, seeds.root(0))
    np.testing.assert_allclose(terms["loss"], terms["distortion"] + penalty, rtol=1e-5)
    np.testing.assert_allclose(terms["rate"], np.sum(each, -1), rtol=1e-5)
    params = model.posterior_params(batch["x"])
    with tf.GradientTape() as tape:
        tape.watch(params)
        penalty = bounds.free_bits(model.posterior_layer.distribution(params), p, 0.6)
    moves = np.any(tape.gradient(penalty, params).numpy().reshape(8, 2, 3) != 0, (0, 1))
    np.testing.assert_array_equal(moves, each[0] > 0.6)


def test_free_bits_are_of_the_whole_batch_on_two_replicas(mirrored):
    """One replica's images are all above `least`, the other's below, the mean is above."""
    p = tfd.MultivariateNormalDiag(tf.zeros(1), tf.ones(1))
    loc = tf.constant([[2.0], [2.0], [0.1], [0.1]])  # KL = 2, 2, .005, .005

    def of_replica():
        i = tf.distribute.get_replica_context().replica_id_in_sync_group
        mine = loc[2 * i : 2 * i + 2]
        with tf.GradientTape() as tape:
            tape.watch(mine)
            q = tfd.MultivariateNormalDiag(mine, tf.ones([2, 1]))
            penalty = bounds.free_bits(q, p, 0.5)
        return penalty, tape.gradient(penalty, mine)

    made = tf.function(lambda: mirrored.run(of_replica))()
    penalty, gradient = (np.concatenate(mirrored.experimental_local_results(m)) for m in made)
    np.testing.assert_allclose(penalty, [2, 2, 0.005, 0.005], rtol=1e-5)
    np.testing.assert_allclose(gradient, loc, rtol=1e-5)


def test_warm_up_is_linear_in_training_and_absent_from_evaluation():
    model, batch = copies(tiny(num_epochs=10, kl_warmup=0.4, beta=3.0), 4)
    model.compile_for_run(total_steps=50)
    assert model.annealing_steps == 20
    for step, beta in ((0, 0.0), (5, 0.75), (20, 3.0), (40, 3.0)):
        model.step.assign(step)
        for training, weight in ((True, beta), (False, 3.0)):
            terms = model.loss_terms(batch, seeds.root(0), training)
            expected = terms["distortion"] + weight * terms["rate"]
            np.testing.assert_allclose(terms["loss"], expected, rtol=1e-5)


def test_patience_starts_after_the_warm_up(tmp_path, tiny_data):
    config = tiny(num_epochs=20, kl_warmup=0.3, patience=2, learning_rate=0.0, ema=0.0)
    run = loop.train(config, tiny_data, tmp_path)
    assert run.training["best_step"] == 5 and run.training["steps"] == 8 * 5


@pytest.mark.parametrize("network", ["gated", "conv"])
def test_start_from_data(network, tiny_data):
    tiny_data.train.x[:, :, :4] = 0  # half of each image is black
    config = tiny(network=network, prior="vamp", prior_components=7)
    model = models.create(config, tiny_data.spec)
    model.initialize_from_data(tiny_data.train)
    x = tiny_data.train.x / 255.0
    pseudo = model.prior_layer.pseudo_inputs.numpy()
    distance = np.abs(pseudo[:, None] - x[None]).max((2, 3, 4))  # [7, N]
    assert np.all(distance.min(1) < 1e-6) and len(set(distance.argmin(1))) == 7
    mean = np.mean(model.sample(np.arange(50)), 0)
    expected = x.mean(0) if network == "gated" else x.mean((0, 1, 2))
    assert np.abs(mean - expected).mean() < 0.02


def test_bernoulli_colours_are_warned_of(caplog):
    colour = make_images(20, 0, (8, 8, 3))
    for likelihood, pixels in (("bernoulli", "binarized"), ("gaussian", "dequantized")):
        caplog.clear()
        config = tiny(likelihood=likelihood, pixels=pixels)
        models.create(config, Spec((8, 8, 3), 3)).initialize_from_data(colour)
        assert ("eight colours remain" in caplog.text) == (likelihood == "bernoulli")


def test_vamp_prior_is_the_mixture_of_the_posteriors_of_its_inputs(tiny_data):
    model = models.create(tiny(prior="vamp", posterior="tril"), tiny_data.spec)
    z = tf.constant(np.random.default_rng(0).normal(size=[6, 3]), tf.float32)
    u = model.prior_layer.pseudo_inputs
    each = [np.exp(model.posterior(u[i : i + 1]).log_prob(z)) for i in range(4)]
    np.testing.assert_allclose(model.prior().log_prob(z), np.log(np.mean(each, 0)), rtol=1e-4)


def test_pseudo_inputs_stay_images(tmp_path, tiny_data):
    config = tiny(prior="vamp", learning_rate=0.03, ema=0.0)
    u = loop.train(config, tiny_data, tmp_path).model.prior_layer.pseudo_inputs.numpy()
    assert u.min() == 0.0 and u.max() <= 1.0
    assert np.abs(np.round(255 * u) - 255 * u).max() > 0.1  # they are no longer bytes


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"kl_warmup": 1.5}, "kl_warmup=1.5: expected 0.0 to 1.0"),
        (
            {"prior": "vamp", "posterior": "iaf", "pixels": "scaled"},
            "2 settings cannot be used.*scaled pixels.*closed form",
        ),
        ({"posterior": "gauss"}, "posterior='gauss': expected one of 'diagonal', 'tril', 'iaf'"),
        ({"free_bits": 0.1, "posterior": "iaf"}, "closed form for each dimension.*'iaf'"),
        ({"free_bits": 0.1, "prior": "mog"}, "closed form for each dimension.*'mog'"),
        ({"free_bits": 0.1, "importance_samples": 2}, "choose importance_samples=1"),
        ({"doubly_reparametrized": True}, "importance_samples=2 or more"),
        (
            {"doubly_reparametrized": True, "importance_samples": 2, "posterior": "iaf"},
            "closed form at any z.*'iaf'",
        ),
        ({"prior": "vamp", "posterior": "iaf"}, "'vamp' needs q.* closed form at any z.*'iaf'"),
        ({"prior": "vamp", "prior_components": 41}, "=41 pseudo-inputs.* there are 40: lower"),
        ({"pixels": "dequantized"}, "likelihood='continuous_bernoulli', .* or gaussian_low"),
    ],
)
def test_parts_that_do_not_go_together_are_refused_before_the_first_step(
    tmp_path, tiny_data, overrides, message
):
    with pytest.raises(zoo.UserError, match=message):
        loop.train(tiny(**overrides), tiny_data, tmp_path)
    assert not any(tmp_path.iterdir())


def test_vamp_prior_of_a_conditional_model_is_refused(tiny_data):
    with pytest.raises(zoo.UserError, match=r"'cvae' has q\(z|x,y\)"):
        models.create(configs.get_tiny("cvae", prior="vamp"), tiny_data.spec)


@pytest.mark.parametrize("prior", ["standard", "mog", "vamp"])
def test_samples_follow_their_seeds(prior, tiny_data):
    model = models.create(tiny(prior=prior), tiny_data.spec)
    x = model.sample(np.array([5, 6, 7]))
    np.testing.assert_allclose(model.sample(np.array([7]))[0], x[2], atol=1e-6)
    assert np.abs(x[0] - x[1]).max() > 1e-4
