"""Exact likelihoods: against enumeration, gradients and the models' own samples."""

import itertools

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import zoo
from tests.tiny import all_images, shaken
from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.evaluation import evaluate
from zoo.evaluation.subject import Subject
from zoo.runs import run
from zoo.serving import export, golden

# Every kind of mask.
KINDS = {
    "pixelcnn": ("pixelcnn", {"block": 1}),
    "pixelcnn_of_squares": ("pixelcnn", {"block": 2}),
    "made": ("made", {}),
    "made_random_order": ("made", {"order": "random"}),
    "made_masks": ("made", {"order": "random", "masks": 3}),
}


def kinds(*chosen):
    """Parameters of a test: these kinds of masks; with --all, all others as well."""
    marks = {kind: () if kind in chosen else pytest.mark.thorough for kind in KINDS}
    return pytest.mark.parametrize("kind", [pytest.param(k, marks=m) for k, m in marks.items()])


each_kind = kinds(*KINDS)
MIXTURE = {"likelihood": "logistic_mixture", "pixels": "scaled"}


def make(kind, shape=(4, 4, 1), classes=0, **fields):
    """A model with weights that matter."""
    entry, own = KINDS[kind]
    config = configs.get_tiny(entry, **{**own, **fields})
    return shaken(models.create(config, Spec(shape, classes)))


@each_kind
def test_probabilities_of_all_images_sum_to_one(kind):
    log_p = make(kind).compiled_method("log_prob")(all_images())
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-4)
    assert np.std(log_p) > 0.5


@each_kind
def test_no_pixel_depends_on_itself_or_a_later_one(kind):
    """In some order, each pixel's outputs have gradients from the ones before alone."""
    model = make(kind, shape=(4, 4, 3), **MIXTURE)
    x = tf.constant(np.random.default_rng(0).uniform(size=[1, 4, 4, 3]).astype(np.float32))
    for m in range(model.config.get("masks", 1)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = model.params(x, None, *[m] * ("masks" in model.config))
            outputs = tf.reduce_sum(tf.reshape(outputs, [1, 16, -1]) ** 2, -1)
        jacobian = tape.jacobian(outputs, x)  # [1, 16, 1, 4, 4, 3]
        depends = np.abs(jacobian).sum(-1).reshape(16, 16) > 0  # [output, input]
        order = np.argsort(depends.sum(1), kind="stable")
        depends = depends[order][:, order]
        assert not np.triu(depends).any()
        # And it sees many of them.
        assert np.tril(depends, -1).sum() > 60


REDRAWN = {
    "squares_of_1": ("pixelcnn", {"block": 1}, (6, 4, 1)),
    "squares_of_2": ("pixelcnn", {"block": 2, **MIXTURE}, (6, 4, 3)),
    "squares_of_grey": ("pixelcnn_grey", {}, (4, 6, 1)),
    "squares_of_4": ("pixelcnn", {"block": 4}, (4, 8, 1)),
    "made": ("made", MIXTURE, (5, 4, 3)),
    "made_of_few_units": ("made", {"hidden": (5,), "order": "random"}, (6, 4, 1)),
    "made_of_layers": ("made", {"hidden": (40, 40, 30)}, (4, 4, 1)),
    "made_without_layers": ("made", {"hidden": ()}, (4, 3, 1)),
}
REDRAWN_ALWAYS = ("squares_of_2", "squares_of_grey", "made")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(name, marks=() if name in REDRAWN_ALWAYS else pytest.mark.thorough)
        for name in REDRAWN
    ],
)
def test_pixel_by_pixel_is_the_same_as_all_at_once(case):
    """The same noise gives the same image from the outputs for all pixels of that image."""
    entry, fields, shape = REDRAWN[case]
    config = configs.get_tiny(entry, class_conditional=True, **fields)
    model = shaken(models.create(config, Spec(shape, 3)))
    seed, y = np.arange(20, dtype=np.int32), np.arange(20, dtype=np.int32) % 4 - 1
    noise, _ = model._noise(seed)
    x = model.compiled_method("sample")(seed, y)
    again = model.likelihood_layer.draw(model.params(x, y), noise)
    np.testing.assert_allclose(again, x, atol=1e-6)
    assert np.std(x) > 0.02
    alone = model.compiled_method("sample")(seed[7:8], y[7:8])
    np.testing.assert_allclose(alone, x[7:8], atol=1e-6)


@kinds("pixelcnn_of_squares", "made_masks")
def test_samples_have_the_probabilities_of_the_model(kind):
    model = make(kind, shape=(2, 2, 1))
    count = 20_000
    x = model.compiled_method("sample")(np.arange(count, dtype=np.int32)).numpy()
    images = np.array(list(itertools.product((0, 1), repeat=4)), np.float32).reshape(-1, 2, 2, 1)
    expected = np.exp(model.log_prob(images))
    codes = x.reshape(count, 4) @ [8, 4, 2, 1]
    found = np.bincount(codes.astype(int), minlength=16) / count
    assert np.abs(found - expected).max() < 5 * np.sqrt(0.25 / count)
    log_p = np.log(expected)
    entropy, deviation = -expected @ log_p, np.sqrt(expected @ log_p**2 - (expected @ log_p) ** 2)
    estimate = -np.mean(model.compiled_method("log_prob")(x))
    assert abs(estimate - entropy) < 5 * deviation / np.sqrt(count)


@kinds("pixelcnn_of_squares")
@pytest.mark.parametrize("shape", [pytest.param((4, 4, 1), marks=pytest.mark.thorough), (4, 4, 3)])
def test_samples_of_bytes_are_those_of_the_model(kind, shape):
    """The mean of d log p / d bias over samples of the model is 0, at any bias."""
    model = make(kind, shape=shape, **MIXTURE)
    x = model.compiled_method("sample")(np.arange(1000, dtype=np.int32))
    assert np.allclose(x * 255, np.round(x * 255), atol=1e-3)
    bias = model.bias if kind.startswith("pixelcnn") else model.last.bias

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            log_p = tf.reduce_mean(model.log_prob(x))
        return tape.gradient(log_p, bias.value)

    gradients = np.stack([gradient(part) for part in np.split(x, 20)])
    error = np.std(gradients, 0) / np.sqrt(len(gradients))
    assert np.all(np.abs(np.mean(gradients, 0)) <= 5 * error + 1e-4)


@pytest.mark.parametrize("kind", ["pixelcnn_of_squares", "made"])
def test_completions_have_the_probabilities_of_the_model_given_what_is_kept(kind):
    """Of 2x2 pixels the first row comes first in these orders."""
    model, count = make(kind, shape=(2, 2, 1)), 20_000
    kept = np.array([[1, 0], [0, 0]], np.float32)[..., None]
    mask = np.array([[1, 1], [0, 0]], np.float32)[..., None]
    x, masks = (np.repeat(a[None], count, 0) for a in (kept, mask))
    complete, seed = model.compiled_method("complete"), np.arange(count, dtype=np.int32)
    made = complete(x, masks, seed).numpy()
    assert np.all(made[:, 0] == kept[0])
    rests = np.array(list(itertools.product((0, 1), repeat=2)), np.float32)
    images = np.repeat(kept[None], 4, 0)
    images[:, 1, :, 0] = rests
    p = np.exp(model.log_prob(images))
    found = np.bincount((made[:, 1, :, 0] @ [2, 1]).astype(int), minlength=4) / count
    assert np.abs(found - p / p.sum()).max() < 5 * np.sqrt(0.25 / count)
    unkept = complete(x, 0 * masks, seed)
    np.testing.assert_array_equal(unkept, model.compiled_method("sample")(seed))


def test_pixels_that_are_kept_later_have_no_influence():
    model = make("made")
    x, mask = np.ones([9, 4, 4, 1], np.float32), np.zeros([9, 4, 4, 1], np.float32)
    mask[:, 3] = 1
    seed = np.array([*range(8), 0], np.int32)
    made = model.complete(x, mask, seed).numpy()
    assert np.all(made[:, 3] == 1) and np.array_equal(made[0], made[8])
    assert 0 < made[:, :3].mean() < 1
    np.testing.assert_array_equal(made[:, :3], model.sample(seed)[:, :3])


def test_a_mixture_of_orders_completes_nothing():
    assert "complete" not in make("made_masks").signatures()
    assert "complete" in make("made_random_order").signatures()


@pytest.mark.thorough
def test_a_run_draws_completions_and_says_how_long_samples_take(tiny_data, tmp_path):
    model = models.create(configs.get_tiny("pixelcnn"), tiny_data.spec)
    run.draw(model, tiny_data, tmp_path)
    height, width, _ = tiny_data.spec.shape
    picture = PIL.Image.open(tmp_path / "completions.png")
    assert picture.width > 10 * width and picture.height > 8 * height
    report = evaluate.build_report(Subject(model, tiny_data, None), {"steps": 0})
    assert report["sampling"]["count"] == 100 and report["sampling"]["seconds"] > 0
    assert report["metrics"]["nll"] == pytest.approx(report["metrics"]["loss"], rel=1e-4)
    card = (export.export(model, tmp_path, report).parent / "README.md").read_text()
    assert "100 samples in one call take" in card


@pytest.mark.thorough
def test_golden_answers_leave_out_what_rounding_changes(tmp_path):
    answers = golden.read_answers(export.export(make("made"), tmp_path))
    assert answers.keys() == {"score"}


def test_labels_change_the_distribution_and_unknown_ones_do_not_fail():
    for kind in ("pixelcnn_of_squares", "made"):
        model = make(kind, classes=3, class_conditional=True)
        x = all_images()
        log_p = model.compiled_method("log_prob")
        of_labels = [log_p(x, np.full(len(x), y, np.int32)).numpy() for y in (0, 1, -1)]
        for values in of_labels:
            assert np.exp(values).sum() == pytest.approx(1, abs=1e-4)
        assert np.abs(of_labels[0] - of_labels[1]).max() > 0.1
        first = [model.params(x[:1], np.array([y]))[0, 0, 0, 0] for y in (0, 1)]
        assert first[0] != first[1]


@pytest.mark.parametrize("entry", ["made", "pixelcnn"])
def test_a_new_model_begins_at_the_mean_image(entry, tiny_data):
    model = models.create(configs.get_tiny(entry), tiny_data.spec)
    x = next(iter(tiny_data.train.batches(40, model.config.pixels)))["x"]
    before = np.mean(model.log_prob(x))
    model.initialize_from_data(tiny_data.train)
    assert np.mean(model.log_prob(x)) > before + 5


@pytest.mark.parametrize("shape", [(45, 45, 3), (33, 28, 1)])
def test_images_of_odd_sides_have_squares_of_one_pixel(shape):
    config, sentence = configs.adapt(configs.get("pixelcnn"), shape)
    assert config.block == 1 and "block=1" in sentence
    models.check(config, Spec(shape, 0))


def test_with_fewer_units_than_pixels_late_pixels_see_late_ones():
    model = shaken(models.create(configs.get_tiny("made", hidden=(6,)), Spec((5, 5, 1), 0)))
    x = np.random.default_rng(0).uniform(size=[50, 5, 5, 1]).astype(np.float32)
    other = x.copy()
    other[:, 3, 4] = 1 - x[:, 3, 4]
    last = [model.params(images, None)[:, 4, 4] for images in (x, other)]
    assert np.abs(last[0] - last[1]).max() > 0


@pytest.mark.parametrize(
    ("entry", "fields", "shape", "message"),
    [
        ("pixelcnn", {}, (5, 5, 1), "multiples of 2, not 5x5: choose block=1, or image_size=6"),
        ("made", {"pixels": "scaled"}, (4, 4, 1), "not of scaled ones: choose pixels='binarized'"),
        ("made", {}, (4,), "takes images"),
        ("made", {}, (128, 128, 1), "weights on images of 128x128x1, more than 100,000,000"),
        ("pixelcnn", {"pixels": "scaled"}, (4, 4, 3), "or likelihood='logistic_mixture'"),
        ("pixelcnn_grey", {}, (4, 4, 3), "have 3 channels: choose likelihood='logistic_mixture'"),
    ],
)
def test_what_does_not_fit_is_refused(entry, fields, shape, message):
    with pytest.raises(zoo.UserError, match=message):
        models.create(configs.get_tiny(entry, **fields), Spec(shape, 0))
