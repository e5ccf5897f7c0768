"""What are the words of a digit?

`vqvae_prior` has a vocabulary of 256 tokens, learned from images alone: an image is a text of 49 of
them, in a grid of 7x7. Top left: the most frequent tokens, each drawn as the mean of the test
images around it; the middle third of each side is the token's own square of 4x4 pixels. Top right:
test images, their reconstructions, and these with 5 and with 15 of the tokens replaced at random.
Bottom left: bits of each place under the prior, given the label and the tokens before it. Bottom
right: how many of the test images a classifier of the token at one place alone tells apart. In the
table, bits are the mean length of an image's tokens in the best code that knows this much of them:
nothing, their frequencies, their frequencies at each place, or the prior; a PNG file loses nothing
and has a header. "Digit from tokens" is the accuracy on the test images of what learned from the
training images' tokens: a logistic regression on how often each token occurs or on the token at
each place, or the digit that is most frequent with the token at the best place. The models are
those of saved_models/.
"""

import math

import numpy as np
import scipy.sparse
import sklearn.linear_model

from zoo.drawing import codebook, figures
from zoo.evaluation import token_metrics
from zoo.evaluation.map_rows import map_arrays
from zoo.evaluation.subject import Subject
from zoo.experiments import measuring

# What the run of docs/questions (pages.PUBLISHED) showed.
ANSWER = """\
The answer: the words of a digit are pieces of strokes, a few pixels long, and their places matter
more than their number. From how often each token occurs, a regression finds the digit of
{{ cell("how often each token occurs", "digit from tokens %") }}% of the test images, from the
tokens at their places that of {{ cell("the token at each place", "digit from tokens %") }}%; no
single place tells more than {{ cell("the token at the best place", "digit from tokens %") }}%. The
words follow from each other: a code of equal lengths needs
{{ cell("nothing", "bits of an image") }} bits for an image, the frequencies save a tenth of them,
and the prior needs {{ cell("the prior", "bits of an image") }}, most of them in the middle of the
image. A PNG file has {{ cell("the image as a PNG file", "bits of an image") }} bits. A token that
is replaced changes the image around its own square.
"""
VARIANTS = ("exported vqvae_prior",)
# Training images of the classifiers, test images of the drawn tokens, and drawn tokens.
FITTED, DRAWN, TOKENS = 10_000, 5000, 96
# Test images of a panel, and tokens of them that are replaced.
SHOWN, REPLACED = 5, (5, 15)


def compare_variants(models, dataset):
    """Returns the rows of the table, and the figure."""
    (model,) = models.values()
    train = dataset.train.take(min(FITTED, dataset.train.size))
    tokens, of_test = (
        token_metrics.tokens_of_split(model, split) for split in (train, dataset.test)
    )
    labels = train.labels(), dataset.test.labels()
    by_place = _accuracy_by_place(tokens, of_test, *labels, model)
    rows = _bit_rows(model, dataset, tokens, of_test)
    rows += [
        _row("how often each token occurs", accuracy=_fit(_counts, tokens, of_test, labels, model)),
        _row("the token at each place", accuracy=_fit(_one_hot, tokens, of_test, labels, model)),
        _row("the token at the best place", accuracy=by_place.max()),
    ]
    figure, panels = figures.make_figure(2, 5.2, 3.6, rows=2)
    x = measuring.test_images(model, dataset).numpy()
    _draw_codebook(panels[0], model, x[:DRAWN], of_test[:DRAWN])
    _draw_replaced(panels[1], model, x[:SHOWN], of_test[:SHOWN])
    figures.show_map(panels[2], _bits_by_place(model, dataset.test, of_test), "bits of each place")
    figures.show_map(panels[3], 100 * by_place, "digit from the token at a place, %")
    return rows, figure


def _row(known, bits=None, accuracy=None):
    return {
        "what is known": known,
        "bits of an image": bits,
        "digit from tokens %": None if accuracy is None else 100 * float(accuracy),
    }


# --- Bits ---------------------------------------------------------------------------------------


def _bit_rows(model, dataset, tokens, of_test):
    """The bits of test images in codes that know more and more."""
    figures_ = token_metrics.measure_bits(Subject(model, dataset))
    size, count = of_test[0].size, model.num_tokens
    flat, flat_test = tokens.reshape(len(tokens), -1), of_test.reshape(len(of_test), -1)
    everywhere = size * _code_length(flat.ravel(), flat_test.ravel(), count)
    places = sum(_code_length(flat[:, i], flat_test[:, i], count) for i in range(size))
    return [
        _row("nothing", figures_["token_bits_uniform"]),
        _row("the frequency of each token", everywhere),
        _row("the frequency of each token at each place", places),
        _row("the prior", figures_["token_bits"]),
        _row("the image as a PNG file", figures_["png_bits"]),
    ]


def _code_length(tokens, of_test, count):
    """Mean bits of test tokens in the best code for the frequencies in training."""
    shares = (np.bincount(tokens, minlength=count) + 1) / (len(tokens) + count)
    return float(-np.log2(shares[of_test]).mean())


def _bits_by_place(model, split, tokens):
    """Mean bits of the token at each place, [h, w]."""
    nats = map_arrays(model.compiled_method("token_nats"), tokens, split.labels())
    return nats.mean(0) / math.log(2)


# --- Digits -------------------------------------------------------------------------------------


def _fit(features, tokens, of_test, labels, model):
    """Accuracy on test images of a logistic regression on features of the tokens."""
    regression = sklearn.linear_model.LogisticRegression(max_iter=3000)
    regression.fit(features(tokens, model.num_tokens), labels[0])
    return regression.score(features(of_test, model.num_tokens), labels[1])


def _counts(tokens, count):
    """How often each token occurs in each image, [N, K]."""
    return np.stack([np.bincount(row.ravel(), minlength=count) for row in tokens])


def _one_hot(tokens, count):
    """The token at each place, [N, h w K]."""
    rows, size = len(tokens), tokens[0].size
    columns = tokens.reshape(rows, size) + count * np.arange(size)
    ones = np.ones(rows * size, np.float32)
    return scipy.sparse.csr_matrix(
        (ones, columns.ravel(), size * np.arange(rows + 1)), (rows, size * count)
    )


def _accuracy_by_place(tokens, of_test, y, of_test_y, model):
    """Accuracy of the most frequent digit with the token at each place, [h, w]."""
    accuracy = np.zeros(tokens.shape[1:])
    for place in np.ndindex(accuracy.shape):
        table = np.zeros((model.num_tokens, model.spec.num_classes))
        np.add.at(table, (tokens[:, *place], y), 1)
        accuracy[place] = np.mean(table.argmax(1)[of_test[:, *place]] == of_test_y)
    return accuracy


# --- Panels -------------------------------------------------------------------------------------


def _draw_codebook(axes, model, x, tokens):
    patches = codebook.by_use(x, tokens, model.num_tokens)[:TOKENS]
    figures.show_grid(axes, patches, 16, "the most frequent tokens")


def _draw_replaced(axes, model, x, tokens):
    rng, rows = np.random.default_rng(0), [x, model.decode(tokens).numpy()]
    for count in REPLACED:
        changed = codebook.replace_tokens(tokens, count, model.num_tokens, rng)
        rows.append(model.decode(changed).numpy())
    title = "image, reconstruction, 5 and 15 tokens replaced"
    figures.show_grid(axes, np.concatenate(rows), len(x), title)
