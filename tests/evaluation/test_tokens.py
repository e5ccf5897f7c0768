"""Metrics of tokens against direct counts, and the pictures of a codebook."""

import io
import math

import numpy as np
import PIL.Image
import pytest

from tests import entries, tiny
from zoo import models
from zoo.drawing import codebook
from zoo.evaluation import token_metrics
from zoo.evaluation.subject import Subject


@pytest.fixture(scope="module")
def subject():
    dataset = tiny.dataset()
    model = tiny.shaken(models.create(entries.tiny("vqvae_prior"), dataset.spec))
    return Subject(model, dataset)


def measure(subject, name):
    (metric,) = (m for m in token_metrics.METRICS if m.name == name)
    assert metric.applies_to(subject)
    return metric.measure(subject)


def pixels(split):
    return split.x.astype(np.float32) / 255


def test_use_and_perplexity_count_the_tokens_of_test_images(subject):
    tokens = subject.model.tokens(pixels(subject.dataset.test)).numpy()
    shares = np.bincount(tokens.ravel(), minlength=8) / tokens.size
    used = shares[shares > 0]
    found = measure(subject, "codebook")
    assert found["codebook_use"] == len(used) / 8
    assert found["codebook_perplexity"] == pytest.approx(np.prod(used**-used), rel=1e-5)


def test_the_error_is_that_of_the_reconstructions(subject):
    x = pixels(subject.dataset.test)
    expected = np.mean(np.square(subject.model.reconstruct(x) - x))
    assert measure(subject, "reconstruction")["reconstruction_error"] == pytest.approx(
        expected, rel=1e-5
    )


def test_bits_of_a_new_prior_are_those_of_equal_lengths():
    """Its logits are zero."""
    dataset = tiny.dataset()
    new = Subject(models.create(entries.tiny("vqvae_prior"), dataset.spec), dataset)
    found = measure(new, "token_bits")
    assert found["token_bits"] == pytest.approx(4 * math.log2(8), rel=1e-5)
    assert found["token_bits_uniform"] == 4 * 3


def test_bits_are_those_of_the_score_and_of_files(subject):
    found, test = measure(subject, "token_bits"), subject.dataset.test
    nats = subject.model.score(pixels(test), test.y)
    assert found["token_bits"] == pytest.approx(-np.mean(nats) / math.log(2), rel=1e-5)
    sizes = []
    for x in test.x:
        file = io.BytesIO()
        PIL.Image.fromarray(x[..., 0]).save(file, "PNG", optimize=True)
        sizes.append(8 * file.getbuffer().nbytes)
    assert found["png_bits"] == np.mean(sizes)


def test_a_token_is_drawn_as_what_stands_around_it():
    """Here each square of 2x2 pixels is as bright as its token."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 3, (50, 3, 3))
    x = np.kron(tokens, np.ones((1, 2, 2)))[..., None] / 4
    means, counts = codebook.mean_patches(x, tokens, 5)
    np.testing.assert_array_equal(counts, np.bincount(tokens.ravel(), minlength=5))
    assert means.shape == (5, 6, 6, 1)
    for token in range(3):
        np.testing.assert_allclose(means[token, 2:4, 2:4], token / 4, atol=1e-6)
    np.testing.assert_array_equal(means[3:], 0.5)
    first = codebook.by_use(x, tokens, 5)[0, 2, 2, 0]
    assert first == pytest.approx(counts.argmax() / 4)


def test_random_tokens_replace_as_many_as_asked_in_each_grid():
    tokens = np.full((40, 3, 4), -1)
    for count in (0, 5, 12, 20):
        changed = codebook.replace_tokens(tokens, count, 6, np.random.default_rng(0))
        assert changed.shape == tokens.shape
        np.testing.assert_array_equal((changed >= 0).sum((1, 2)), min(count, 12))
        assert set(np.unique(changed)) <= {-1, *range(6)}
    few = codebook.replace_tokens(tokens, 5, 6, np.random.default_rng(0)).reshape(40, -1)
    assert len({tuple(np.flatnonzero(row >= 0)) for row in few}) > 20
    assert (tokens == -1).all()
