"""VQ-VAE: its gradient, its codebook, and the prior over its tokens."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import tiny
from zoo import configs, models, seeds
from zoo.configs.spec import Spec
from zoo.distributions.byte_likelihood import choose
from zoo.models.vqvae_prior import VQVAEPrior
from zoo.networks import causal_transformer, quantizers
from zoo.runs import first_stage
from zoo.serving import export, loading
from zoo.training import checkpoint, loop

SPEC = Spec((8, 8, 1), 3)


def config(entry="vqvae", **fields):
    return configs.get_tiny(entry, dataset="tiny", **fields)


def create(entry="vqvae", spec=SPEC, **fields):
    return tiny.shaken(models.create(config(entry, **fields), spec))


@pytest.fixture(scope="module")
def prior():
    """A prior over four tokens of a grid of 2x2, with weights that matter."""
    return create("vqvae_prior", vqvae_fields="width=4,decoder_depth=1,num_tokens=4,token_dim=3")


def images(count=5):
    return tf.constant(np.random.default_rng(1).random((count, *SPEC.shape), np.float32))


@pytest.mark.parametrize("quantizer", ["moving_average", "gradient", "finite_scalar"])
def test_the_gradient_goes_straight_through(quantizer):
    """At the tokens' vectors e it is dL/de, and the encoder gets it as that of z."""
    model, x = create(quantizer=quantizer, beta=0.0), images()
    z = model.vectors(x)
    e = model.quantizer.embed(model.quantizer.tokens(z))
    with tf.GradientTape() as tape:
        tape.watch(e)
        direct = -model.likelihood(e).log_prob(x)
    with tf.GradientTape() as through:
        through.watch(z)
        terms = model.terms(x, z)
    np.testing.assert_array_equal(terms["distortion"], direct)
    gradient = tape.gradient(direct, e)
    np.testing.assert_array_equal(through.gradient(terms["distortion"], z), gradient)
    assert np.abs(gradient).max() > 0


def test_codebook_and_encoder_pull_each_other():
    """The second term moves e alone, the third z alone."""
    codebook = quantizers.Codebook(config(num_tokens=4, token_dim=2, beta=0.5))
    z = tf.random.stateless_normal([3, 2, 2, 2], [0, 1])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        tokens = codebook.tokens(z)
        costs = codebook.costs(z, codebook.embed(tokens))
    e = tf.gather(codebook.vectors.value, tokens)
    np.testing.assert_allclose(tape.gradient(costs["commitment"], z), z - e, rtol=1e-5)
    assert tape.gradient(costs["codebook"], z) is None
    assert tape.gradient(costs["commitment"], codebook.vectors.value) is None
    moved = tf.convert_to_tensor(tape.gradient(costs["codebook"], codebook.vectors.value))
    expected = np.zeros((4, 2))
    np.add.at(expected, tokens.numpy().ravel(), 2 * (e - z).numpy().reshape(-1, 2))
    np.testing.assert_allclose(moved, expected, rtol=1e-4, atol=1e-6)


def test_tokens_are_the_nearest_vectors():
    codebook = quantizers.Codebook(config(num_tokens=20, token_dim=3))
    z = seeds.normal([7, 2, 2, 3], seeds.root(1))
    distances = np.square(z[..., None, :] - codebook.vectors.value).sum(-1)
    np.testing.assert_array_equal(codebook.tokens(z), distances.argmin(-1))


def test_moving_averages_are_those_of_the_formula():
    codebook = quantizers.MovingAverageCodebook(config(num_tokens=3, token_dim=2, decay=0.9))
    rng = np.random.default_rng(0)
    e = np.array([[3.0, 0.0], [0.0, 3.0], [-3.0, -3.0]])
    n, m = np.full(3, 5.0), 5 * e
    for variable, value in ((codebook.vectors, e), (codebook.counts, n), (codebook.sums, m)):
        variable.assign(value)
    for step in range(4):
        z = rng.normal(size=(6, 2, 2, 2), scale=2).astype(np.float32)
        rows = z.reshape(-1, 2)
        nearest = np.square(rows[:, None] - e).sum(-1).argmin(1)
        chosen = np.eye(3)[nearest]
        n = 0.9 * n + 0.1 * chosen.sum(0)
        m = 0.9 * m + 0.1 * chosen.T @ rows
        e = m / n[:, None]
        codebook.update(tf.constant(z), seeds.root(step))
        np.testing.assert_allclose(codebook.vectors.numpy(), e, rtol=1e-4)
        np.testing.assert_allclose(codebook.counts.numpy(), n, rtol=1e-5)


def test_vectors_that_nothing_is_near_are_replaced():
    codebook = quantizers.MovingAverageCodebook(config(num_tokens=4, token_dim=2, decay=0.5))
    far = np.array([[0.0, 0.0], [1.0, 0.0], [500.0, 0.0], [0.0, 500.0]])
    codebook.vectors.assign(far)
    codebook.counts.assign([8.0, 8.0, 0.01, 0.01])
    codebook.sums.assign(codebook.counts.numpy()[:, None] * far)
    z = seeds.normal([8, 2, 2, 2], seeds.root(3))
    codebook.update(z, seeds.root(4))
    rows, vectors = z.numpy().reshape(-1, 2), codebook.vectors.numpy()
    for vector in vectors[2:]:
        assert np.abs(rows - vector).sum(1).min() < 1e-5
    assert np.ptp(vectors[2:], axis=0).max() > 0  # not the same one
    assert np.abs(vectors[:2]).max() < 4
    # They count as if they were used as much as others, and have time to become so.
    assert codebook.counts.numpy()[2:] == pytest.approx(codebook.counts.numpy().mean(), rel=0.4)


def test_a_new_codebook_begins_with_its_first_batch(tiny_data):
    """With means of the vectors nearest to the initial ones, and with vectors where none is."""
    model = models.create(config(num_tokens=8), tiny_data.spec)
    model.compile_for_run(100)
    batch = next(iter(tiny_data.train.batches(40, pixels="dequantized")))
    z = model.vectors(batch["x"]).numpy().reshape(-1, model.quantizer.dim)
    model.take_step(batch)
    used = np.unique(model.tokens(batch["x"]))
    assert len(used) > 4
    vectors = model.quantizer.vectors.numpy()
    assert np.all((vectors > z.min(0) - 1e-5) & (vectors < z.max(0) + 1e-5))
    copies = [np.abs(z - vector).sum(1).min() < 1e-5 for vector in vectors]
    assert np.mean(copies) > 0.4


@pytest.mark.parametrize("levels", [(8, 6, 5), (3, 4), (7,)])
def test_finite_scalars_are_rounded_to_every_level(levels):
    """Each token is its own vector's, in [-1, 1], and vectors of any size have one of them."""
    quantizer = quantizers.FiniteScalar(config(scalar_levels=levels))
    assert quantizer.num_tokens == np.prod(levels)
    tokens = tf.range(quantizer.num_tokens)
    e = quantizer.embed(tokens)
    np.testing.assert_array_equal(quantizer.tokens(e), tokens)
    assert np.abs(e).max() <= 1 and len(np.unique(e, axis=0)) == quantizer.num_tokens
    bounded = quantizer.bound(seeds.normal([20_000, len(levels)], seeds.root(0)))
    found = quantizer.tokens(bounded).numpy()
    assert found.min() >= 0 and found.max() < quantizer.num_tokens
    assert len(np.unique(found)) == quantizer.num_tokens
    half_level = 0.5 / np.array(quantizer.halves)
    assert np.all(np.abs(quantizer.embed(found) - bounded) <= half_level + 1e-2)


def test_tokens_decode_to_the_reconstruction(prior, tmp_path):
    x = images()
    for model in (create(), create(quantizer="finite_scalar"), prior):
        np.testing.assert_array_equal(model.decode(model.tokens(x)), model.reconstruct(x))
    loaded = loading.load(export.export(prior, tmp_path))
    np.testing.assert_array_equal(loaded.decode(loaded.encode(x)), loaded.reconstruct(x))


def all_grids(count):
    grids = itertools.product(range(count), repeat=4)
    return np.array(list(grids), np.int32).reshape(-1, 2, 2)


@pytest.mark.parametrize("y", [0, 2, -1])
def test_the_prior_sums_to_1(prior, y):
    grids = all_grids(4)
    log_p = prior.tokens_log_prob(grids, np.full(len(grids), y, np.int32))
    assert float(tf.reduce_sum(tf.exp(log_p))) == pytest.approx(1, abs=1e-5)
    assert np.ptp(log_p) > 1


@pytest.mark.parametrize(("temperature", "guidance"), [(1.0, 1.0), (0.5, 1.0), (1.0, 1.5)])
def test_a_token_is_drawn_from_its_probability_given_those_before(prior, temperature, guidance):
    """Cached keys and values give what the whole sequence gives at once."""
    network, y = prior.network, np.array([0, 1, 2, 3] * 10, np.int32)
    noise = seeds.uniform([40, 4], seeds.root(5))
    drawn = network.generate(noise, y, temperature, guidance)
    logits, local = network.logits(drawn, y), network.local_logits(drawn)
    if guidance != 1:
        logits = causal_transformer.guide(logits, local, guidance)
    logits /= temperature
    np.testing.assert_array_equal(choose(logits, noise[..., None]), drawn)
    assert len(np.unique(drawn)) == 4


def test_guidance_weighs_plausible_tokens_by_what_the_local_model_misses():
    p = np.array([0.5, 0.3, 0.1999, 0.0001])
    q = np.array([0.2, 0.3, 0.4, 0.1])
    guided = tf.nn.softmax(causal_transformer.guide(np.log(p) + 3, np.log(q) - 1, 1.5)).numpy()
    expected = (p**1.5 / q**0.5)[:3]
    np.testing.assert_allclose(guided[:3], expected / expected.sum(), rtol=1e-6)
    assert guided[3] == 0


def test_the_local_model_sees_the_tokens_near_a_place_alone(prior):
    """And is a distribution of its own, which changes nothing in the prior."""
    tokens = np.array([[0, 1, 2, 3], [3, 1, 2, 3], [0, 1, 2, 0]], np.int32)
    logits = prior.network.local_logits(tokens).numpy()
    np.testing.assert_array_equal(logits[0], logits[2])  # the last token is near none
    assert np.all(np.any(logits[0, 1:] != logits[1, 1:], -1))  # the first is near all others
    batch = {"x": images(), "y": tf.zeros([5], tf.int32)}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(prior.loss_terms(batch, seeds.root(0))["local_nll"])
    moved = [
        v
        for v, g in zip(
            prior.trainable_variables, tape.gradient(loss, prior.trainable_variables), strict=True
        )
        if g is not None
    ]
    local = [v.path for layer in prior.network.local for v in layer.trainable_variables]
    assert [v.path for v in moved] == local


def test_samples_have_the_frequencies_of_the_prior():
    rows, small = 4000, "width=4,decoder_depth=1,num_tokens=4,token_dim=3"
    prior = create("vqvae_prior", vqvae_fields=small, guidance=1.0)
    y = np.zeros(rows, np.int32)
    drawn = prior.sample_tokens(np.arange(rows, dtype=np.int32), y).numpy().reshape(rows, 4)
    numbers = drawn @ [64, 16, 4, 1]
    grids = all_grids(4)
    p = np.exp(prior.tokens_log_prob(grids, np.zeros(len(grids), np.int32)))
    error = np.bincount(numbers, minlength=256) / rows - p
    assert np.abs(error).max() < 5 * np.sqrt(p.max() / rows)
    assert np.corrcoef(np.bincount(numbers, minlength=256), p)[0, 1] > 0.9


def test_labels_change_the_prior_and_unknown_ones_have_their_own(prior):
    grids = all_grids(4)[:20]
    known, other, unknown = (
        prior.tokens_log_prob(grids, np.full(20, y, np.int32)) for y in (0, 1, -1)
    )
    assert np.abs(known - other).max() > 0.01 and np.abs(known - unknown).max() > 0.01
    np.testing.assert_array_equal(prior.tokens_log_prob(grids), unknown)


def test_features_are_dropped_in_training_alone():
    model = create("vqvae_prior", dropout=0.5)
    batch = {"x": images(), "y": tf.zeros([5], tf.int32)}
    loss = [
        model.loss_terms(batch, seeds.root(seed), training)["loss"]
        for seed, training in ((1, True), (1, True), (2, True), (1, False), (2, False))
    ]
    np.testing.assert_array_equal(loss[0], loss[1])
    np.testing.assert_array_equal(loss[3], loss[4])
    assert np.all(loss[0] != loss[2]) and np.all(loss[0] != loss[3])


@pytest.mark.thorough
def test_the_vqvae_stays_as_it_was_trained(tiny_data, tmp_path):
    stage = first_stage.make(tiny_data, tmp_path)
    run = loop.train(config("vqvae_prior"), tiny_data, tmp_path, first_stage=stage)
    trained, training = checkpoint.load_run(tmp_path / "vqvae")
    assert training["steps"] == 5
    for a, b in zip(run.model.vqvae.variables, trained.variables, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.thorough
def test_an_export_of_either_stage_can_be_the_first(prior, tmp_path):
    alone = export.export(create(seed=3), tmp_path)
    for path, expected in ((alone, create(seed=3)), (export.export(prior, tmp_path), prior.vqvae)):
        fields = {"vqvae": str(path), "vqvae_fields": ""}
        made = first_stage.create(config("vqvae_prior", **fields), SPEC)
        for a, b in zip(made.vqvae.variables, expected.variables, strict=True):
            np.testing.assert_array_equal(a, b)


def test_without_labels_the_prior_takes_none(tmp_path):
    model = create("vqvae_prior", Spec((8, 8, 1), 0))
    assert model.signatures()["sample"].input_signature[0].name == "seed"
    assert len(model.signatures()["sample"].input_signature) == 1
    assert model.sample(np.arange(3)).shape == (3, 8, 8, 1)


def test_few_images_get_enough_steps_in_both_stages():
    spec, rows, stage = Spec((32, 32, 3), 9), 640, VQVAEPrior.stage
    config, _ = configs.adapt(configs.get("vqvae_prior"), spec.shape, (), rows)
    for each in (config, stage.make_config(config, spec, rows)):
        assert each.num_epochs * (rows // each.batch_size) == 3000
    given = configs.get("vqvae_prior", vqvae_fields="num_epochs=7,num_tokens=32")
    first = stage.make_config(given, spec, rows)
    assert (first.num_epochs, first.num_tokens) == (7, 32)


def test_it_learns_with_keras_fit(tiny_data):
    model = models.create(config(num_tokens=4), tiny_data.spec)
    model.compile_for_run(None)
    before = keras.ops.convert_to_numpy(model.quantizer.vectors)
    history = model.fit(tiny_data.train.x, batch_size=8, epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]
    assert np.abs(model.quantizer.vectors.numpy() - before).max() > 0.01


@pytest.mark.parametrize(
    ("entry", "fields", "message"),
    [
        ("vqvae", {"halvings": 4}, r"multiples of 16, not 8x8: choose image_size=16"),
        ("vqvae", {"pixels": "binarized"}, "choose pixels=.dequantized"),
        ("vqvae", {"quantizer": "finite_scalar", "scalar_levels": (8, 2)}, "fewer than three"),
        ("vqvae_prior", {"width": 10}, r"width=10 is not a multiple of 4.*width=12"),
        (
            "vqvae_prior",
            {"vqvae": "vqvea", "vqvae_fields": ""},
            "neither a folder nor a model .*'vqvae'",
        ),
        ("vqvae_prior", {"vqvae": "vae"}, "neither a folder nor a model that can be the VQ-VAE"),
        ("vqvae_prior", {"vqvae_fields": "num_token=3"}, "Did you mean 'num_tokens'"),
    ],
)
def test_what_does_not_fit_is_named(entry, fields, message):
    with pytest.raises(zoo.UserError, match=message):
        first_stage.create(config(entry, **fields), SPEC)
