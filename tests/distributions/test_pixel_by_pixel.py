"""Pixels that depend on each other given a code: against enumeration and their own draws."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.tiny import all_images, shaken
from zoo import configs, models, seeds
from zoo.configs.spec import Spec
from zoo.distributions import posteriors
from zoo.evaluation import density

SPEC = Spec((4, 4, 1), 0)


def make(entry="vae", **fields):
    """A model with weights that matter."""
    config = configs.get_tiny(entry, likelihood="pixelcnn", **fields)
    return shaken(models.create(config, SPEC))


@pytest.mark.parametrize(
    "fields",
    [
        {"pixel_block": 1, "pixel_depth": 1},
        {"pixel_block": 2, "pixel_depth": 0},
        pytest.param({"pixel_block": 4, "pixel_depth": 0}, marks=pytest.mark.thorough),
    ],
)
def test_probabilities_of_all_images_sum_to_one_given_any_code(fields):
    model, x = make(**fields), all_images()
    z = seeds.normal([2, 3], seeds.root(1))
    log_p = model.likelihood(z[:, None]).log_prob(x)  # [2, 65536]
    np.testing.assert_allclose(np.exp(log_p).sum(1), 1, atol=1e-4)
    assert np.abs(log_p[0] - log_p[1]).max() > 0.5


def test_draws_have_the_probabilities_of_the_code():
    """The mean of d log p(x|z) / d z over draws of x is 0."""
    model, count = make(), 4_000
    z = tf.repeat(seeds.normal([1, 3], seeds.root(1)), count, 0)
    x = model.likelihood(z).sample(seed=[1, 2])
    with tf.GradientTape() as tape:
        tape.watch(z)
        log_p = model.likelihood(z).log_prob(x)
    gradients = tape.gradient(log_p, z).numpy()
    error = gradients.std(0) / np.sqrt(count)
    assert np.all(error > 0.005) and np.all(np.abs(gradients.mean(0)) < 5 * error)


@pytest.mark.thorough
def test_draws_of_bytes_have_the_probabilities_of_the_code():
    """As above, with channels in turn."""
    model = models.create(
        configs.get_tiny("vae", likelihood="pixelcnn_bytes", pixels="scaled"), Spec((4, 4, 3), 0)
    )
    z = tf.repeat(seeds.normal([1, 3], seeds.root(1)), 1_000, 0)
    x = model.likelihood(z).sample(seed=[1, 2])
    assert np.allclose(x * 255, np.round(x * 255), atol=1e-3) and np.std(x) > 0.02
    with tf.GradientTape() as tape:
        tape.watch(z)
        log_p = model.likelihood(z).log_prob(x)
    gradients = tape.gradient(log_p, z).numpy()
    error = gradients.std(0) / np.sqrt(len(z))
    assert np.all(error > 0) and np.all(np.abs(gradients.mean(0)) < 5 * error)


def test_many_codes_of_an_image_are_as_each_alone():
    model, x = make(), all_images()[[7, 300]]
    z = posteriors.reparametrize(model.posterior(x), seeds.normal([5, 2, 3], seeds.root(1)))
    together = model.likelihood(z).log_prob(x)
    alone = [model.likelihood(codes).log_prob(x) for codes in z]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert np.std(together, 0).min() > 0.01


def test_images_of_codes_are_drawn_in_turn():
    model, seed = make(), np.arange(9, dtype=np.int32)
    z = seeds.normal([9, 3], seeds.root(1))
    most_probable = model.decode(z)
    outputs = model.likelihood_layer.network.params(
        most_probable, model.likelihood_layer.context(model.decoder(z, None))
    )
    np.testing.assert_array_equal(most_probable, tf.cast(outputs > 0, tf.float32))
    x = model.sample(seed)
    np.testing.assert_array_equal(model.sample(seed[4:5]), x[4:5])
    assert set(np.unique(x)) == {0, 1} and np.std(x, 0).mean() > 0.2
    # The pixels' noise is not the codes'.
    codes = model.prior_layer.draw(None, seed)
    others = model.draw_image(tf.repeat(codes[:1], 200, 0), np.arange(200, dtype=np.int32))
    assert np.std(others, 0).mean() > 0.1


@pytest.mark.parametrize("latent_dim", [3, pytest.param(4, marks=pytest.mark.thorough)])
def test_the_noise_of_pixels_is_not_that_of_the_choice_of_a_component(latent_dim):
    """Of one code, the first pixel is drawn by its own number."""
    model = make(prior="mog", latent_dim=latent_dim)
    seed = np.arange(4_000, dtype=np.int32)
    chosen = seeds.row_normal(seed, latent_dim + 1)[:, -1]
    params = tf.zeros([len(seed), *model.spec.shape[:-1], model.likelihood_layer.per_pixel])
    p = model.likelihood_layer.distribution(params)
    first = model.likelihood_layer.sample_image(p, seed)[:, 0, 0, 0].numpy()
    assert 0.05 < first.mean() < 0.95
    assert abs(np.corrcoef(first, chosen)[0, 1]) < 0.05


@pytest.mark.parametrize(
    "entry_and_fields",
    [
        pytest.param(("vae", {"posterior": "iaf", "prior": "mog"}), marks=pytest.mark.thorough),
        ("hvae", {}),
        pytest.param(("gmvae", {}), marks=pytest.mark.thorough),
    ],
)
def test_every_posterior_and_prior_has_its_bound_and_its_estimate(entry_and_fields):
    entry, fields = entry_and_fields
    model = make(entry, **fields)
    x, y = all_images()[[3, 9_000]], np.full(2, -1, np.int32)
    batch = {"x": np.repeat(x, 200, 0), "y": np.repeat(y, 200)}
    elbo = -np.mean(np.reshape(model.loss_terms(batch, seeds.root(1))["loss"], [2, 200]), 1)
    estimate = density.importance_weighted_bound(model, 400, 200)(x, y, seeds.root(0))
    assert np.all(elbo < estimate + 0.1)
    assert np.all(np.isfinite(estimate))


@pytest.mark.parametrize(("side", "block"), [(28, 4), (30, 2), (27, 1)])
def test_squares_are_the_largest_that_fit(side, block):
    config, sentence = configs.adapt(configs.get("vae_pixel"), (side, side, 1))
    assert config.pixel_block == block and (block == 4) == (sentence == "")
    plain, sentence = configs.adapt(configs.get("vae"), (side, side, 1))
    assert sentence == "" and plain.pixel_block == configs.get("vae").pixel_block


def test_squares_that_do_not_fit_are_refused():
    with pytest.raises(zoo.UserError, match="pixel_block=3 takes .* choose pixel_block=1"):
        make(pixel_block=3)
