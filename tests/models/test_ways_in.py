"""Every way in which data reach a Keras model is checked, and means the same."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import tiny
from zoo import configs, data, models
from zoo.configs.spec import Spec

ENTRIES = ("vae", "cvae", "gan", "m2", "classifier")
# Those whose graphs take longest to build run in `make test-all` only.
SOME = [
    pytest.param(name, marks=() if name in ("cvae", "classifier") else pytest.mark.thorough)
    for name in ENTRIES
]
ROWS, BATCH = 16, 8


class Batches(keras.utils.PyDataset):
    """(x, y) in batches of BATCH."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return ROWS // BATCH

    def __getitem__(self, i):
        rows = slice(BATCH * i, BATCH * (i + 1))
        return self.x[rows], self.y[rows]


def generate(x, y):
    yield from (Batches(x, y)[i] for i in range(ROWS // BATCH))


def slices(*content):
    return tf.data.Dataset.from_tensor_slices(*content).batch(BATCH)


# How rows are handed over: each returns the arguments of `fit` or `evaluate`.
FORMS = {
    "numpy": lambda x, y: (x, y),
    "list": lambda x, y: (x.tolist(), y.tolist()),
    "tensor": lambda x, y: (tf.constant(x), tf.constant(y)),
    "dict": lambda x, y: ({"x": x, "y": y},),
    "tf.data of tuples": lambda x, y: (slices((x, y)),),
    "tf.data of dicts": lambda x, y: (slices({"x": x, "y": y}),),
    "PyDataset": lambda x, y: (Batches(x, y),),
    "generator": lambda x, y: (generate(x, y),),
}
# The same images in other types.
TYPES = {
    "bytes": lambda x: x,
    "int64": lambda x: x.astype(np.int64),
    "float32 in [0, 1]": lambda x: (x / 255).astype(np.float32),
    "float64 in [0, 1]": lambda x: x / 255,
}
LABELS = {
    "int64": lambda y: y.astype(np.int64),
    "float": lambda y: y.astype(np.float32),
    "[B, 1]": lambda y: y[:, None],
}
REFUSED_IMAGES = {
    "[0, 255]": (lambda x: x.astype(np.float32), "got 0 to .*divide bytes by 255"),
    "[-1, 1]": (lambda x: x / 127.5 - 1, r"\(x \+ 1\) / 2 moves \[-1, 1\] there"),
    "NaN": (lambda x: np.where(x > 100, np.nan, x / 255), "are NaN or infinite"),
    "int64 beyond bytes": (lambda x: x.astype(np.int64) + 9, "must be bytes, 0 to 255"),
    "another shape": (lambda x: x[:, :4], r"takes rows of shape \[8, 8, 1\]"),
}
REFUSED_LABELS = {
    "one-hot": (lambda y: np.eye(3)[y], r"np\.argmax\(y, 1\)"),
    "out of range": (lambda y: y + 1, r"has the label 3 .* but 3 classes"),
    "strings": (lambda y: np.array(["a", "b", "c"])[y], "must be whole numbers"),
    "halves": (lambda y: y + 0.5, "must be whole numbers"),
    "below -1": (lambda y: y - 2, "-1 where unknown, got -2"),
}


@pytest.fixture(scope="module")
def tiny_data():
    return tiny.dataset()


@pytest.fixture(scope="module")
def rows(tiny_data):
    x, y = tiny_data.train.x[:ROWS].copy(), tiny_data.train.y[:ROWS].copy()
    x[0, 0, 0], x[0, 0, 1] = 0, 255
    y[:3] = range(3)
    return x, y


@pytest.fixture(scope="module")
def made(tiny_data):
    """A function of an entry's name: the model, at its first weights again."""
    found = {}

    def make(entry):
        if entry not in found:
            model = models.create(configs.get_tiny(entry, dataset="tiny"), tiny_data.spec)
            model.compile(optimizer="sgd", jit_compile=False)
            model.optimizer.build(model.trainable_variables)
            state = [*model.variables, *model.optimizer.variables]
            found[entry] = model, state, [v.numpy() for v in state]
        model, state, values = found[entry]
        for variable, value in zip(state, values, strict=True):
            variable.assign(value)
        model.is_new = True
        return model

    return make


def loss(model, *given):
    return model.evaluate(*given, batch_size=None, verbose=0, return_dict=True)


def learned(model, *given):
    options = {} if isinstance(given[0], tf.data.Dataset | Batches) else {"batch_size": BATCH}
    options = {} if hasattr(given[0], "__next__") else options
    model.fit(*given, shuffle=False, verbose=0, **options)
    return [v.numpy() for v in model.trainable_variables]


@pytest.mark.parametrize("entry", SOME)
def test_the_same_rows_in_any_form_and_type_are_evaluated_alike(entry, made, rows):
    x, y = rows
    model = made(entry)
    expected = loss(model, slices((x, y)))
    for form, give in FORMS.items():
        for kind, change in TYPES.items():
            given = give(change(x), y)
            options = (
                {}
                if form.startswith("tf.data") or form in ("PyDataset", "generator")
                else {"batch_size": BATCH}
            )
            if form == "generator":
                options = {"steps": ROWS // BATCH}
            found = model.evaluate(*given, verbose=0, return_dict=True, **options)
            for name, value in expected.items():
                np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=f"{form}, {kind}")
    for change in LABELS.values():
        found = loss(model, slices((x, change(y))))
        np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-4)


@pytest.mark.parametrize("entry", ["cvae", pytest.param("gan", marks=pytest.mark.thorough)])
def test_the_same_rows_in_any_form_are_learned_alike(entry, made, rows):
    x, y = rows
    expected = learned(made(entry), x, y)
    for form, give in FORMS.items():
        if form == "generator":  # read only once: a new model is not initialised from it
            continue
        for a, b in zip(learned(made(entry), *give(x / 255, y)), expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6, err_msg=form)


WAYS = {
    "fit": lambda model, *given: model.fit(*given, verbose=0),
    "evaluate": lambda model, *given: model.evaluate(*given, verbose=0),
    "validation_data": lambda model, *given: model.fit(
        np.zeros([8, 8, 8, 1], np.uint8),
        np.arange(8) % 3,
        validation_data=given if len(given) > 1 else given[0],
        verbose=0,
    ),
}


@pytest.mark.parametrize("entry", SOME)
def test_what_cannot_be_learned_is_refused_in_every_form(entry, made, rows):
    x, y = rows
    model = made(entry)
    before = [v.numpy() for v in model.trainable_variables]
    bad = [(change(x), y, message) for change, message in REFUSED_IMAGES.values()]
    bad += [(x, change(y), message) for change, message in REFUSED_LABELS.values()]
    for wrong_x, wrong_y, message in bad:
        for form in ("numpy", "tensor", "tf.data of tuples", "PyDataset", "generator"):
            for way in ("fit", "evaluate"):
                with pytest.raises(zoo.UserError, match=message):
                    WAYS[way](model, *FORMS[form](wrong_x, wrong_y))
        for method in (model.train_on_batch, model.test_on_batch):
            with pytest.raises(zoo.UserError, match=message):
                method(wrong_x, wrong_y)
    for variable, value in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    x_wrong, message = REFUSED_IMAGES["[-1, 1]"]
    for form in ("numpy", "tf.data of tuples"):
        with pytest.raises(zoo.UserError, match=message):
            WAYS["validation_data"](model, *FORMS[form](x_wrong(x), y))


@pytest.mark.parametrize("entry", ["cvae", "classifier"])
def test_unknown_labels_are_refused_where_every_row_needs_one(entry, made, rows):
    x, y = rows
    for form in ("numpy", "tf.data of tuples"):
        with pytest.raises(zoo.UserError, match="have no label"):
            WAYS["fit"](made(entry), *FORMS[form](x, np.full_like(y, -1)))


def test_weights_of_rows_are_refused(made, rows):
    x, y = rows
    ones, model = np.ones(ROWS), made("cvae")
    for given, options in (
        ((x, y), {"sample_weight": ones}),
        ((x, y), {"class_weight": {0: 1.0}}),
        ((slices((x, y, ones)),), {}),
        ((x, y), {"validation_data": (x, y, ones)}),
    ):
        with pytest.raises(zoo.UserError, match="eights of rows"):
            model.fit(*given, verbose=0, **options)
    with pytest.raises(zoo.UserError, match="weights of rows"):
        model.train_on_batch(x, y, sample_weight=ones)


def test_metrics_of_labels_are_those_of_the_labelled_rows(made, rows):
    x, y = rows
    x = np.where(x > 127, 255, 0).astype(np.uint8)  # which noise does not change
    model = made("m2")
    some = np.where(np.arange(ROWS) % 2, -1, y)
    of_labelled = loss(model, slices((x[::2], y[::2])))
    for form in ("numpy", "tf.data of tuples"):
        found = model.evaluate(*FORMS[form](x, some), verbose=0, return_dict=True)
        np.testing.assert_allclose(found["error"], of_labelled["error"], rtol=1e-5)
    unknown = model.evaluate(x, np.full_like(y, -1), verbose=0, return_dict=True)
    assert np.isnan(unknown["error"]) and np.isfinite(unknown["loss"])


def test_predictions_are_of_the_images_themselves(made, rows):
    x, _ = rows
    model = made("vae")
    expected = model.reconstruct((x / 255).astype(np.float32))
    for give in (x, x / 255, x.tolist(), slices(x), slices(x / 255)):
        np.testing.assert_allclose(model.predict(give, verbose=0), expected, atol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(x), expected, atol=1e-5)
    with pytest.raises(zoo.UserError, match="moves"):
        model.predict(slices(x / 127.5 - 1), verbose=0)


def test_m1_m2_needs_a_trained_m1(tiny_data, rows):
    model = models.create(configs.get_tiny("m1_m2", dataset="tiny"), tiny_data.spec)
    model.compile(optimizer="adam")
    with pytest.raises(zoo.UserError, match=r"untrained.*m1='saved_models/vae_mog_mnist'"):
        model.fit(*rows, verbose=0)


@pytest.mark.thorough
def test_gmvae_fits_its_clusters(tiny_data):
    config = configs.get_tiny("gmvae", dataset="tiny", cluster_at=0.5)
    model = models.create(config, tiny_data.spec)
    model.compile(optimizer="adam")
    spreads = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: spreads.append(
            np.ptp(model.prior_layer.loc.numpy(), 0).max()
        )
    )
    model.fit(tiny_data.train.x, epochs=4, batch_size=8, verbose=0, callbacks=watch)
    assert max(spreads[:2]) < 1e-5 and min(spreads[2:]) > 0.1


def test_models_of_rows_need_rows_that_can_be_read_twice():
    model = zoo.create("gmm", Spec((2,), 0), num_components=2)
    model.compile(optimizer="adam")
    with pytest.raises(zoo.UserError, match="can be read only once"):
        model.fit((np.zeros([4, 2]) for _ in range(2)), verbose=0)


@pytest.mark.thorough
def test_trained_weights_are_not_initialised_again(tiny_data, tmp_path, rows):
    """An export does not count steps, so that the model cannot know by them that it is trained."""
    config = configs.get_tiny("vae_vamp", dataset="tiny", learning_rate=0.0)
    model = models.create(config, tiny_data.spec)
    model.compile_for_run(None)
    model.prior_layer.pseudo_inputs.assign(tf.fill(model.prior_layer.pseudo_inputs.shape, 0.25))
    again = zoo.load(zoo.export(model, tmp_path)).to_keras()
    before = [v.numpy() for v in again.trainable_variables]
    again.fit(*rows, batch_size=8, verbose=0)
    for variable, value in zip(again.trainable_variables, before, strict=True):
        np.testing.assert_allclose(variable.numpy(), value, atol=1e-6)


@pytest.mark.thorough
def test_a_model_that_was_initialised_takes_a_generator():
    model = zoo.create("gmm", Spec((2,), 0), num_components=2)
    model.compile(optimizer="adam")
    x = np.random.default_rng(0).normal(size=[40, 2]).astype(np.float32)
    model.initialize_from_data(data.InMemory(x))
    batches = (x[i % 40 : i % 40 + 10] for i in itertools.count(0, 10))
    model.fit(batches, steps_per_epoch=4, verbose=0)
    assert model.steps_taken() == 4
