"""What every model has to do, in cases that cover every choice; see tests/entries.py.

A new entry is tested here without a line of its own.
"""

import re
import shutil

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import entries, tiny_exports
from tests.entries import PARAMETERS, SIGNATURES, arguments, tiny, tiny_case
from tests.processes import ROOT
from zoo import configs, models, seeds
from zoo.serving import loading
from zoo.serving.signature_methods import ABOUT
from zoo.training import loop

each_entry = pytest.mark.parametrize("entry", configs.entries())
# Where learning differs: in what a checkpoint holds, and in what replicas tell each other.
LEARNERS = ("cvae", "gmm", "gmm_stepwise", "gmvae", "improved_gan", "m2", "r3gan", "vqvae")


def cases(*chosen):
    """Parameters of a test: these cases; with --all, all others and all models as well."""
    names = [*entries.CASES, *entries.DEFAULTS]
    marks = [() if name in chosen else pytest.mark.thorough for name in names]
    return [pytest.param(n, marks=m, id=n) for n, m in zip(names, marks, strict=True)]


# Of float32, in sums of hundreds of nats.
ROUNDING = 1e-6

each_case = pytest.mark.parametrize("case", cases(*entries.CASES))
# Those among them with a family of learning of their own.
FAMILIES = ("cvae", "gmm", "gmvae", "improved_gan", "m2", "r3gan")
each_learner = pytest.mark.parametrize("case", cases(*LEARNERS))


def weights(model):
    return [v.numpy() for v in model.variables]


@each_entry
def test_has_a_tiny_variant(entry):
    assert set(configs.get_tiny(entry)) == set(configs.get(entry))


@each_entry
def test_is_listed_here(entry):
    assert entry in PARAMETERS and entry in SIGNATURES
    assert len(configs.describe(entry).splitlines()) >= 4


@each_entry
def test_every_choice_is_in_a_case(entry):
    """A new posterior, loss or penalty needs a case; one of an old field needs a new value."""
    known = configs.get(entry)
    covered = [tiny_case(name) for name in entries.CASES]
    for field in known:
        choices = set(known.known_fields[field].choices)
        missing = choices - {config[field] for config in covered if field in config}
        if missing:
            assert field in entries.ELSEWHERE, f"{field}: no case has {missing}"
            file, texts = entries.ELSEWHERE[field]
            assert all(text in (ROOT / file).read_text() for text in texts), (field, missing)
    assert known.family in {config.family for config in covered}


@each_entry
def test_parameter_count(entry):
    model = zoo.create(entry)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == PARAMETERS[entry]


@each_case
def test_one_step_lowers_the_loss_on_a_fixed_batch(case, tiny_data):
    model = models.create(tiny_case(case), tiny_data.spec)
    model.compile_for_run(1000)
    batch = next(iter(tiny_data.train.batches(40, pixels=model.config.pixels)))

    def loss():
        terms = model.loss_terms(batch, seeds.root(3))
        learned = ("loss",) if "loss" in terms else model.discriminator_loss_names
        return sum(float(tf.reduce_mean(terms[name])) for name in learned if name in terms)

    before = loss()
    model.take_step(batch)
    model.end_epoch()
    assert loss() < before


@each_learner
def test_resume_is_exact(case, tiny_data, tmp_path, steps_alone, monkeypatch):
    check_resume(tiny_case(case), tiny_data, tmp_path, monkeypatch)


@pytest.mark.parametrize("case", ["iwae", pytest.param("gmm", marks=pytest.mark.thorough)])
def test_resume_is_exact_when_compiled(case, tiny_data, tmp_path, steps_alone, monkeypatch):
    """`gmm` is not compiled, whatever its config says."""
    check_resume(tiny_case(case, jit=True), tiny_data, tmp_path, monkeypatch)


def check_resume(config, dataset, folder, monkeypatch):
    """A run that is killed amid an epoch, after a checkpoint, ends as one that is not."""
    config.checkpoint_every, config.num_epochs = 3, 2
    save = loop.Checkpoints.save

    def save_and_copy(self, step):
        save(self, step)
        if step == 6 and self.folder == folder / "whole" / "checkpoints":
            shutil.copytree(folder / "whole", folder / "parts")

    monkeypatch.setattr(loop.Checkpoints, "save", save_and_copy)
    whole = loop.train(config, dataset, folder / "whole")
    assert (folder / "parts").is_dir()  # otherwise both runs would be whole
    parts = loop.train(config, dataset, folder / "parts")
    assert parts.training["steps"] == whole.training["steps"] == 10
    for a, b in zip(weights(whole.model), weights(parts.model), strict=True):
        np.testing.assert_array_equal(a, b)


@each_learner
def test_two_replicas_equal_one(case, tiny_data, tmp_path, mirrored, no_noise, steps_alone):
    config = tiny_case(case, ema=0.0, num_epochs=4, clip_norm=0.5)
    one = loop.train(config, tiny_data, tmp_path / "one")
    two = loop.train(config, tiny_data, tmp_path / "two", mirrored)
    assert one.training["steps"] == two.training["steps"] == 20
    assert one.model.steps_taken() == two.model.steps_taken()
    relativistic = config.get("loss") == "relativistic"
    for v, a, b in zip(one.model.variables, weights(one.model), weights(two.model), strict=True):
        if relativistic and v is one.model.discriminator.last.bias:
            continue  # the loss does not depend on it: Adam follows what rounding leaves
        # Relative to the largest number where that is above 1: inverse scales of gmm.
        np.testing.assert_allclose(a, b, atol=1e-5 * max(1.0, np.abs(b).max(initial=0.0)))


@pytest.mark.parametrize("entry", ["cvae", "dcgan", "gmm"])
def test_a_term_that_is_not_finite_stops_the_run(
    entry, tiny_data, tmp_path, monkeypatch, steps_alone
):
    """The guard stands in the loop: a model that descends, two players, EM."""
    family = models.FAMILIES[tiny(entry).family]
    learn = family.learn

    def poisoned(self, batch, seed):
        poison = tf.where(self.step >= 3, np.inf, 0.0)
        return {name: term + poison for name, term in learn(self, batch, seed).items()}

    monkeypatch.setattr(family, "learn", poisoned)
    with pytest.raises(zoo.UserError, match=r"is inf at step 4\. .*ckpt-2"):
        loop.train(tiny(entry, checkpoint_every=2), tiny_data, tmp_path)


EXPORTED = [name for name in entries.CASES if name not in ("gan", "m1_m2", "vqvae", "wgan_gp")]


@pytest.fixture(scope="module", params=cases(*EXPORTED))
def exported(request, exports_folder):
    """The signatures that a case should have, its tiny model, and the export of it loaded."""
    config = tiny_case(request.param)
    expected = dict(SIGNATURES[config.model])
    if config.get("packing", 1) > 1 or config.get("minibatch_stddev"):
        del expected["discriminate"]  # a logit of several rows answers no single one
    path = tiny_exports.of_case(request.param, exports_folder)
    return expected, tiny_exports.create(config), loading.load(path)


def test_signatures_have_the_names_and_shapes_of_the_docs(exported):
    expected, model, loaded = exported
    assert loaded.signatures == {name: inputs for name, (inputs, _) in expected.items()}
    graphs = loaded.module.signatures
    assert set(graphs) == {"serving_default", ABOUT, *expected}
    assert set(graphs["serving_default"].structured_outputs) == set(
        expected.get("sample", next(iter(expected.values())))[1]
    )
    for name, (inputs, outputs) in expected.items():
        for rows in (1, 7):
            made = getattr(loaded, name)(*arguments(model, inputs, rows))
            made = made if isinstance(made, dict) else {next(iter(outputs)): made}
            assert {k: v.shape for k, v in made.items()} == {
                k: (rows, *shape) for k, shape in outputs.items()
            }
            assert set(graphs[name].structured_outputs) == set(outputs)
            assert all(np.all(np.isfinite(v)) for v in made.values())


@pytest.fixture
def eagerly():
    """Functions run op by op: without a graph, which takes long to build for one call."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_saved_model_equals_the_keras_model(exported, eagerly):
    expected, model, loaded = exported
    for name, (inputs, outputs) in expected.items():
        given = arguments(model, inputs, 5)
        there = getattr(loaded, name)(*given)
        there = there if isinstance(there, dict) else {next(iter(outputs)): there}
        here = model.signatures()[name](*given)
        for key in outputs:
            np.testing.assert_allclose(there[key], here[key], rtol=ROUNDING, atol=1e-5)


def test_rows_are_independent(exported):
    """TF Serving puts the rows of several clients into one batch."""
    expected, model, loaded = exported
    for name, (inputs, _) in expected.items():
        given = arguments(model, inputs, 5)
        whole = getattr(loaded, name)(*given)
        alone = getattr(loaded, name)(*[g[3:4] for g in given])
        tf.nest.map_structure(
            lambda a, b: np.testing.assert_allclose(a[3:4], b, rtol=ROUNDING, atol=1e-5),
            whole,
            alone,
        )


def test_exported_graph_holds_nothing_that_serving_lacks(exported):
    """No stateful random op, no function compiled by XLA, no Python."""
    _, _, loaded = exported
    for graph in loaded.module.signatures.values():
        definition = graph.graph.as_graph_def()
        functions = definition.library.function
        ops = {n.op for n in definition.node} | {n.op for f in functions for n in f.node_def}
        random = re.compile(r"(?!Stateless).*(Random|Multinomial|Normal|Uniform|Rng)")
        assert not [op for op in ops if random.match(op) and "Stateless" not in op]
        assert not [op for op in ops if "PyFunc" in op or "Xla" in op]
        assert not any(f.attr["_XlaMustCompile"].b for f in functions)


def test_to_keras_gives_the_model_back(exported):
    _, model, loaded = exported
    again = loaded.to_keras()
    for a, b in zip(model.served_variables(), again.served_variables(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("case", cases(*FAMILIES))
def test_the_keras_model_of_an_export_goes_on_learning(case, exports_folder, tiny_data):
    again = loading.load(tiny_exports.of_case(case, exports_folder)).to_keras()
    batches = tiny_data.train.batches(8, pixels=again.config.pixels)
    history = again.fit(batches, epochs=1, verbose=0)
    assert all(np.isfinite(v[0]) for v in history.history.values())
    assert again.steps_taken() == 5
