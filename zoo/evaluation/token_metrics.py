"""Metrics of tokens: how many are in use, what images keep of themselves, and how many bits."""

import io
import math

import numpy as np

from zoo.drawing import images
from zoo.evaluation import samples
from zoo.evaluation.map_rows import map_arrays, map_split
from zoo.evaluation.subject import Condition, Metric, Subject
from zoo.models.capabilities import Capability

# Test images that are written as PNG files to count their bits.
PNG_IMAGES = 1000


def tokens_of_split(model, split) -> np.ndarray:
    """Returns the tokens of all images of a split, int32 [N, h, w]."""
    tokens = model.compiled_method("tokens")
    return map_split(lambda batch: tokens(batch["x"]), split, "scaled")


def _codebook(subject):
    tokens = tokens_of_split(subject.model, subject.dataset.test)
    shares = np.bincount(tokens.ravel(), minlength=subject.model.num_tokens) / tokens.size
    return {
        "codebook_use": float(np.mean(shares > 0)),
        "codebook_perplexity": math.exp(samples.entropy(shares)),
    }


def _codebook_protocol(subject):
    height, width = subject.model.sizes.grid
    return f"An image is {height}x{width} tokens, of {subject.model.num_tokens} different ones."


def _reconstruction(subject):
    reconstruct = subject.model.compiled_method("reconstruct")
    errors = map_split(
        lambda batch: np.square(reconstruct(batch["x"]) - batch["x"]).mean((1, 2, 3)),
        subject.dataset.test,
        "scaled",
    )
    return {"reconstruction_error": float(errors.mean())}


def _reconstruction_distance(subject):
    reconstruct = subject.model.compiled_method("reconstruct")
    train = subject.dataset.train.take(len(subject.real.features))
    x = map_split(lambda batch: reconstruct(batch["x"]), train, "scaled")
    fake = subject.judge.features(x)
    distance = samples.frechet_distance(subject.real.features, fake.features)
    return {"reconstruction_frechet": distance}


def measure_bits(subject: Subject) -> dict[str, float]:
    """Returns the mean bits of a test image: its tokens in two codes, and its PNG file."""
    model, test = subject.model, subject.dataset.test
    log_prob = map_arrays(
        model.compiled_method("tokens_log_prob"), tokens_of_split(model, test), test.labels()
    )
    nats = -log_prob.mean(dtype=np.float64)
    few = map_split(lambda batch: batch["x"], test.take(min(PNG_IMAGES, test.size)), "scaled")
    return {
        "token_bits": float(nats) / math.log(2),
        "token_bits_uniform": math.prod(model.sizes.grid) * math.log2(model.num_tokens),
        "png_bits": float(np.mean([_png_bits(x) for x in few])),
    }


def _png_bits(x):
    file = io.BytesIO()
    images.to_pil(x).save(file, format="PNG", optimize=True)
    return 8 * len(file.getvalue())


def _bits_protocol(subject):
    given = ", given the label" if subject.model.conditional else ""
    config = subject.model.config
    return (
        f"Bits of tokens are -log2 of their probability under the prior{given}: the length of a "
        f"file by arithmetic coding. A PNG loses nothing, tokens do; PNG files are of "
        f"{min(PNG_IMAGES, subject.dataset.test.size):,} test images, headers included. "
        f"Samples are drawn with guidance {config.guidance:g} and temperature "
        f"{config.temperature:g}; the bits are without."
    )


METRICS = (
    Metric(
        "codebook",
        {
            "codebook_use": "Share of the tokens that occur in test images",
            "codebook_perplexity": "Perplexity of the tokens of test images",
        },
        "share of all tokens that occur in the test images, and the exponential of the entropy of "
        "their frequencies: the number of tokens, were all equally frequent",
        frozenset({Capability.TOKENS}),
        _codebook,
        _codebook_protocol,
    ),
    Metric(
        "reconstruction",
        {"reconstruction_error": "Mean squared error of a reconstructed pixel"},
        "mean squared difference of test images, in [0, 1], and what their tokens decode to",
        frozenset({Capability.TOKENS}),
        _reconstruction,
    ),
    Metric(
        "reconstruction_distance",
        {"reconstruction_frechet": "Fréchet classifier distance of reconstructions"},
        "squared Fréchet distance between reconstructed training images and test images in the "
        "judge's features; the best possible, that of the training images themselves, is that of "
        "samples as well",
        frozenset({Capability.TOKENS, Condition.IMAGES, Condition.JUDGE}),
        _reconstruction_distance,
        lambda subject: (
            f"{len(subject.real.features):,} training images are reconstructed and compared with "
            "as many test images."
        ),
    ),
    Metric(
        "token_bits",
        {
            "token_bits": "Bits of an image's tokens under the prior",
            "token_bits_uniform": "... with a code of equal lengths",
            "png_bits": "... and of the image as a PNG file",
        },
        "bits of the tokens of a test image under the prior, with a code of equal lengths, and of "
        "the image as a PNG file",
        frozenset({Capability.TOKEN_LOG_PROB}),
        measure_bits,
        _bits_protocol,
    ),
)
