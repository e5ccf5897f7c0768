"""Levels of codes: against one level, Monte Carlo and quadrature."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.tiny import shaken
from zoo import configs, models, seeds
from zoo.configs.spec import Spec
from zoo.distributions import posteriors
from zoo.evaluation import density

SPEC = Spec((4, 4, 1), 0)


def make(entry="hvae", by=0.3, **fields):
    """A model with weights that matter."""
    return shaken(models.create(configs.get_tiny(entry, **fields), SPEC), by)


def make_batch(rows, spec=SPEC):
    x = np.random.default_rng(0).integers(0, 2, (rows, *spec.shape)).astype(np.float32)
    return {"x": x, "y": np.full(rows, -1, np.int32)}


def test_with_one_level_it_is_a_vae():
    one, vae = make(levels=1), make("vae_vamp", latent_dim=6)
    one.set_weights(vae.get_weights())
    batch = make_batch(7)
    terms, expected = (model.loss_terms(batch, seeds.root(1)) for model in (one, vae))
    for name in expected:
        np.testing.assert_array_equal(terms[name], expected[name])
    np.testing.assert_array_equal(terms["rate_1"], expected["rate"])


@pytest.mark.parametrize("prior", ["standard", "mog", "vamp"])
def test_rates_are_those_of_monte_carlo(prior):
    model, count = make(levels=3, prior=prior), 20_000
    batch = {name: np.repeat(rows, count, 0) for name, rows in make_batch(1).items()}
    terms = model.loss_terms(batch, seeds.root(1))
    q, p = model.posterior(batch["x"][:1]), model.prior()
    z = posteriors.reparametrize(q, seeds.normal([count, 1, 6], seeds.root(2)))
    total = 0.0
    for i, ((q_l, z_l), (p_l, _)) in enumerate(zip(q.levels(z), p.levels(z), strict=True), 1):
        drawn = q_l.log_prob(z_l) - p_l.log_prob(z_l)
        error = np.std(drawn) / np.sqrt(count)
        assert np.mean(terms[f"rate_{i}"]) == pytest.approx(np.mean(drawn), abs=8 * error)
        total += np.mean(drawn)
    assert total > 0.5
    joint = np.mean(q.log_prob(z) - p.log_prob(z))
    assert joint == pytest.approx(total, rel=1e-4)


def test_density_of_a_draw_is_that_of_its_code():
    """What is kept from the draw is what the code alone gives."""
    model = make(levels=3)
    q = model.posterior(make_batch(5)["x"])
    z = posteriors.reparametrize(q, seeds.normal([2, 5, 6], seeds.root(1)))
    np.testing.assert_allclose(q.log_prob(z), q.log_prob(tf.identity(z)), rtol=1e-5)


def test_draws_of_the_prior_and_of_seeds_have_one_distribution():
    model = make(levels=3, prior="mog")
    count = 4000
    drawn = seeds.sample(model.prior(), count, tf.constant([1, 2])).numpy()
    of_seeds = model.prior_layer.draw(model.posterior_components, tf.range(count)).numpy()
    for z in (drawn, of_seeds):
        assert z.shape == (count, model.config.latent_dim)
    for moment in (np.mean, np.std):
        np.testing.assert_allclose(moment(drawn, 0), moment(of_seeds, 0), atol=0.15)
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.corrcoef(of_seeds.T), atol=0.1)
    entropies = [-np.mean(model.prior().log_prob(z)) for z in (drawn, of_seeds)]
    np.testing.assert_allclose(*entropies, atol=0.2)


def test_bound_is_below_the_likelihood_and_close_with_many_codes():
    """By quadrature over two codes."""
    model = make(latent_dim=2, levels=2, by=0.1)
    batch = make_batch(3)
    points = np.linspace(-12, 12, 601, dtype=np.float32)
    z = np.stack(np.meshgrid(points, points, indexing="ij"), -1).reshape(-1, 2)
    prior = model.prior().log_prob(z)
    area = np.log(points[1] - points[0]) * 2
    assert float(tf.reduce_logsumexp(prior) + area) == pytest.approx(0, abs=1e-3)
    exact = [
        float(tf.reduce_logsumexp(prior + model.likelihood(z).log_prob(x)) + area)
        for x in batch["x"]
    ]
    bound = density.importance_weighted_bound(model, 5_000, 1_000)
    np.testing.assert_allclose(bound(*batch.values(), seeds.root(1)), exact, atol=0.05)
    many = {name: np.repeat(rows, 2_000, 0) for name, rows in batch.items()}
    elbo = -np.reshape(model.loss_terms(many, seeds.root(1))["loss"], [3, 2_000]).mean(1)
    assert np.all(elbo < np.array(exact) + 0.05) and np.all(elbo > np.array(exact) - 30)


def test_redrawing_keeps_the_upper_levels():
    model = make(levels=3)
    x, rows = make_batch(1)["x"], 6
    x, seed = np.repeat(x, rows, 0), np.arange(rows, dtype=np.int32)
    drawn = [model.redraw(x, np.full(rows, level, np.int32), seed) for level in range(4)]
    np.testing.assert_allclose(drawn[0], model.sample(seed), atol=1e-6)
    np.testing.assert_allclose(drawn[3], model.reconstruct(x), atol=1e-6)
    spread = [np.std(images, 0).mean() for images in drawn]
    assert spread[3] < 1e-6 < spread[2]
    kept = model.encode(x)["loc"]
    levels = np.array([0, 1, 2, 3, 1, 2], np.int32)
    z = model.prior_layer.draw_below(model.posterior_components, seed, kept, levels)
    for row, level in enumerate(levels):
        same = np.isclose(z[row], kept[row])
        assert same[: 2 * level].all() and not same[2 * level :].any()


def test_several_codes_per_image_have_the_rates_of_levels_too():
    batch = make_batch(5)
    model, one = make(importance_samples=3_000, by=0.1), make(by=0.1)
    terms = model.loss_terms(batch, seeds.root(1))
    np.testing.assert_allclose(terms["rate_1"] + terms["rate_2"], terms["rate"], rtol=0.15)
    many = {name: np.repeat(rows, 3_000, 0) for name, rows in batch.items()}
    for name in ("rate_1", "rate_2"):
        each = np.reshape(one.loss_terms(many, seeds.root(2))[name], [5, -1]).mean(1)
        np.testing.assert_allclose(terms[name], each, rtol=0.05, atol=0.02)


def test_the_lowest_level_depends_on_the_highest():
    model = make(levels=3)
    x = make_batch(1)["x"]
    q, p = model.posterior(x), model.prior()
    for distribution in (q, p):
        z = np.zeros([1, 1, 6], np.float32)
        (_, _, (low, _)) = distribution.levels(tf.constant(z))
        z[..., 0] = 3
        (_, _, (moved, _)) = distribution.levels(tf.constant(z))
        assert np.abs(moved.mean() - low.mean()).max() > 1e-3


def test_a_negative_estimate_of_a_rate_counts_without_free_bits():
    model, batch = make(levels=1, by=0.01, prior="mog"), make_batch(4)
    rates = [model.loss_terms(batch, seeds.root(seed)) for seed in range(30)]
    lowest = min(rates, key=lambda terms: np.mean(terms["rate"]))
    assert np.mean(lowest["rate"]) < 0
    whole = lowest["distortion"] + lowest["rate"]
    np.testing.assert_allclose(lowest["loss"], whole, rtol=1e-5)


@pytest.mark.parametrize("shape", [(32, 32, 3), (8, 8, 1), (2,), (10,)])
def test_it_fits_colours_and_rows(shape):
    config, _ = configs.adapt(configs.get_tiny("hvae", levels=3, latent_dim=9), shape)
    model = models.create(config, Spec(shape, 0))
    x = np.random.default_rng(0).random((3, *shape), np.float32)
    terms = model.loss_terms({"x": x, "y": np.full(3, -1, np.int32)}, seeds.root(0))
    assert np.isfinite(terms["loss"]).all() and "rate_3" in terms
    assert configs.adapt(configs.get("hvae"), shape)[0].latent_dim % 3 == 0


def test_free_bits_are_those_of_a_level():
    batch, plain = make_batch(8), make()
    terms = plain.loss_terms(batch, seeds.root(1))
    means = [np.mean(terms[f"rate_{i}"]) for i in (1, 2)]
    minimum = float(np.mean(means))  # one level is below, one above
    model = make(free_bits=minimum)
    costs = model.loss_terms(batch, seeds.root(1))["loss"] - terms["distortion"]
    above = terms["rate_1"] if means[0] > means[1] else terms["rate_2"]
    np.testing.assert_allclose(costs, above + minimum, rtol=1e-5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"levels": 4}, "not a multiple of levels=4: choose latent_dim=8"),
        (
            {"doubly_reparametrized": True, "importance_samples": 5, "prior": "standard"},
            "for one level of codes",
        ),
    ],
)
def test_what_does_not_fit_is_refused(fields, message):
    with pytest.raises(zoo.UserError, match=message):
        make(**fields)
