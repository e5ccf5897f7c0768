"""gmvae: codes in clusters, which EM starts and the bound goes on with."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

import zoo
from tests import tiny
from zoo import configs, data, models, seeds
from zoo.configs.spec import Spec
from zoo.evaluation import evaluate
from zoo.evaluation.subject import Subject
from zoo.training import loop


def random_mixture(count=3, dim=2, seed=0):
    """Mixing [C], means [C, D], covariances [C, D, D]."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(count, dim, dim))
    return (
        rng.dirichlet(np.ones(count)),
        rng.normal(size=(count, dim)),
        half @ half.mT + np.eye(dim),
    )


@pytest.fixture
def model():
    """Three clusters of two codes, placed at random."""
    made = models.create(configs.get_tiny("gmvae", latent_dim=2), Spec((8, 8, 1), 3))
    made.prior_layer.assign(*random_mixture())
    return made


def log_joint(z):
    """log p(c, z) [N, C] by scipy."""
    mixing, means, covariances = random_mixture()
    densities = [
        scipy.stats.multivariate_normal(*of_one).logpdf(z)
        for of_one in zip(means, covariances, strict=True)
    ]
    return np.log(mixing) + np.stack(densities, -1)


def test_prior_is_the_mixture_assigned(model):
    z = np.random.default_rng(1).normal(size=[4, 5, 2]).astype(np.float32)
    expected = scipy.special.logsumexp(log_joint(z), -1)
    np.testing.assert_allclose(model.prior().log_prob(z), expected, rtol=1e-4)


def test_responsibilities_are_bayes_rule(model):
    x = np.random.default_rng(0).random((6, 8, 8, 1), np.float32)
    z = model.encode(x)["loc"].numpy()
    expected = scipy.special.softmax(log_joint(z), -1)
    np.testing.assert_allclose(model.responsibilities(x), expected, atol=1e-5)


def test_a_cluster_is_drawn_from_its_own_component(model):
    _, means, covariances = random_mixture()
    noise = seeds.normal([20_000, 2], seeds.root(0))
    for c in range(3):
        chosen = tf.fill([len(noise)], c)
        z = model.prior_layer.chosen(None, chosen).bijector.forward(noise).numpy()
        np.testing.assert_allclose(z.mean(0), means[c], atol=0.1)
        np.testing.assert_allclose(np.cov(z.T), covariances[c], atol=0.25)


def test_gradients_reach_all_of_the_prior(model):
    z = tf.constant(np.random.default_rng(1).normal(size=[1, 5, 2]), tf.float32)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model.prior().log_prob(z))
    for gradient in tape.gradient(total, model.prior_layer.trainable_variables):
        assert np.any(gradient.numpy() != 0)


def test_until_the_cluster_epoch_there_is_one_gaussian_and_then_its_clusters(tmp_path, tiny_data):
    config = configs.get_tiny("gmvae", dataset="tiny", cluster_at=0.5, num_epochs=4)
    found = []
    start_epoch = models.FAMILIES["gmvae"].start_epoch

    def watched(self, epoch, epochs, split):
        found.append(np.ptp(self.prior_layer.loc.numpy(), 0).max())
        start_epoch(self, epoch, epochs, split)
        found.append(np.ptp(self.prior_layer.loc.numpy(), 0).max())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.FAMILIES["gmvae"], "start_epoch", watched)
        loop.train(config, tiny_data, tmp_path)
    before, after = found[:5], found[5:]
    assert max(before) < 1e-5 and min(after) > 0.1


@pytest.mark.thorough
def test_a_run_stopped_at_any_step_finds_the_same_clusters(tmp_path, tiny_data, monkeypatch):
    config = configs.get_tiny(
        "gmvae", dataset="tiny", cluster_at=0.5, num_epochs=2, checkpoint_every=1, jit=False
    )
    whole = loop.train(config, tiny_data, tmp_path / "whole").model
    for _ in range(3):
        monkeypatch.setattr(loop, "_any_worker", lambda stop, strategy: 1)
        with pytest.raises(zoo.errors.Stopped):
            loop.train(config, tiny_data, tmp_path / "parts")
        monkeypatch.undo()
    parts = loop.train(config, tiny_data, tmp_path / "parts").model
    for a, b in zip(whole.variables, parts.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_clusters_are_the_classes_where_these_are_apart(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 600)
    patterns = rng.random((3, 8, 8, 1)) > 0.5
    flipped = rng.random((600, 8, 8, 1)) < 0.05
    split = data.InMemory(255 * (patterns[y] ^ flipped).astype(np.uint8), y)
    dataset = data.Dataset("apart", Spec((8, 8, 1), 3), split, split.take(100), split)
    config = configs.get_tiny("gmvae", cluster_at=0.7, num_epochs=15, batch_size=50)
    model = loop.train(config, dataset, tmp_path).model
    metrics = evaluate.measure(Subject(model, dataset))
    assert metrics["clustering_accuracy"] == 1 and metrics["nmi"] == pytest.approx(1)


def test_settings_without_clusters_are_refused():
    spec = tiny.dataset().spec
    with pytest.raises(zoo.UserError, match=r"prior='standard' has no clusters.*'mog_full'"):
        models.create(configs.get_tiny("gmvae", prior="standard"), spec)
    with pytest.raises(zoo.UserError, match=r"cluster_at=1.0: expected 0.0 to 0.99"):
        models.create(configs.get_tiny("gmvae", cluster_at=1.0), spec)


def test_a_cluster_that_does_not_exist_is_refused(model):
    graph = model.signatures()["sample_cluster"]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"cluster is expected in 0 \.\. 2"):
        graph(tf.constant([0]), tf.constant([3]))
