"""Every experiment runs from training to page; the ablations leave out what they say."""

import json

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

import zoo
from tests import tiny_exports
from tests.processes import ROOT, call
from zoo import configs, models, seeds
from zoo.experiments import (
    ablations,
    code_priors,
    measuring,
    mixtures,
    pages,
    registry,
    turns,
    variants,
)
from zoo.exports import versions
from zoo.training import loop

SMALL = {
    "hidden": (8,),
    "latent_dim": 3,
    "kl_warmup": 0.0,
    "batch_size": 8,
    "flow_steps": 1,
    "warmup": 0.0,
    "ema": 0.0,
    "jit": False,
}


@pytest.fixture(scope="module")
def module_patch():
    """`monkeypatch` for a whole module."""
    patch = pytest.MonkeyPatch()
    yield patch
    patch.undo()


@pytest.fixture(scope="module")
def small(module_patch):
    """Variants small enough for 40 images."""
    patch = module_patch
    patch.setattr(variants, "COMMON", SMALL)
    patch.setattr(measuring, "IMPORTANCE_SAMPLES", 20)
    few = [name for name in mixtures.VARIANTS if name not in list(variants.MIXTURES)[2:]]
    patch.setattr(mixtures, "VARIANTS", few)
    patch.setattr(code_priors, "VARIANTS", code_priors.VARIANTS[:2])
    small_players = {"d_hidden": (8,), "g_hidden": (8,), "batch_size": 8, "jit": False}
    for fields in variants.CODES.values():
        for field, value in small_players.items():
            patch.setitem(fields, field, value)
    patch.setattr(turns, "TURNS", 3)
    for mixture in variants.MIXTURES.values():
        patch.setitem(mixture, "num_components", 2)
        patch.setitem(mixture, "num_epochs", 2)


@pytest.fixture(scope="module")
def exported(exports_folder, module_patch):
    """Tiny exports instead of the zoo's own."""
    for entry in dict.fromkeys((*variants.EXPORTED, "classifier")):
        path = tiny_exports.of_entry(entry, exports_folder)
    module_patch.setattr(versions, "SAVED_MODELS", path.parents[1])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Shared by all experiments, as in a real run."""
    return tmp_path_factory.mktemp("runs")


TRAINS = "kl_terms"
# Trains GANs within its report, or loads exports.
LONG = (
    *("code_priors", "levels", "neighbours", "noise_to_image", "one_pixel", "styles", "turns"),
    *("tokens", "walks"),
)


@pytest.fixture
def untrained(monkeypatch):
    """Models are made and not trained: what an experiment measures of them is the same code."""

    def create(config, dataset, workdir, strategy):
        model = models.create(config, dataset.spec)
        model.compile_for_run(total_steps=None)
        model.initialize_from_data(dataset.train)
        return loop.Run(model, {}, False)

    monkeypatch.setattr(loop, "train", create)


@pytest.mark.parametrize("name", [n for n in registry.names() if n not in (TRAINS, *LONG)])
def test_untrained_models_leave_a_page_a_table_and_a_figure(
    name, small, runs, tiny_data, tmp_path, untrained
):
    check_page(name, runs, tiny_data, tmp_path)


@pytest.mark.thorough
def test_an_experiment_trains_and_leaves_a_page_a_table_and_a_figure(
    small, runs, tiny_data, tmp_path
):
    check_page(TRAINS, runs, tiny_data, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("name", registry.names())
def test_every_experiment_trains(name, small, exported, runs, tiny_data, tmp_path):
    check_page(name, runs, tiny_data, tmp_path)


def check_page(name, runs, tiny_data, tmp_path):
    table = pages.run_experiment(name, tiny_data, runs, tmp_path, num_epochs=1)
    page = (tmp_path / f"{name}.md").read_text()
    epochs = " --num_epochs=1" if pages.takes_epochs(name) else ""
    assert table in page and f"experiment.py {name} --dataset=tiny{epochs}\n" in page
    rows = json.loads((tmp_path / f"{name}.json").read_text())["rows"]
    assert len(table.splitlines()) == len(rows) + 2
    numbers = [v for row in rows for v in row.values() if isinstance(v, float)]
    assert numbers and np.all(np.isfinite(numbers))
    assert PIL.Image.open(tmp_path / f"{name}.png").width > 300


def test_only_the_published_run_has_an_answer():
    for name in registry.names():
        of_others = pages.build_page(name, {"rows": [{"a": 1}], "dataset": "mine", "epochs": 50})
        assert "The answer" not in of_others
        results = ROOT / "docs" / "questions" / f"{name}.json"
        if results.exists():
            published = pages.build_page(name, json.loads(results.read_text()))
            assert "The answer: " in published
            assert published == results.with_suffix(".md").read_text()


def test_figures_in_an_answer_follow_the_table():
    results = json.loads((ROOT / "docs" / "questions" / "walks.json").read_text())
    assert "largest step is 1.769 to 3.112 times" in " ".join(
        pages.build_page("walks", results).split()
    )
    for row in results["rows"]:
        row["largest step"] += 1.0
    assert "largest step is 2.769 to 4.112 times" in " ".join(
        pages.build_page("walks", results).split()
    )
    del results["rows"][-1]["largest step"]
    with pytest.raises(KeyError, match="largest step"):
        pages.build_page("walks", results)


def test_epochs_are_refused_where_no_variant_takes_them():
    assert pages.takes_epochs("kl_terms") and not pages.takes_epochs("walks")
    done = call("experiment.py", "walks", "--num_epochs=3")
    assert done.returncode == 2 and "--num_epochs does nothing for walks" in done.stderr


def test_unknown_experiment_names_the_near_miss(tiny_data, tmp_path):
    with pytest.raises(zoo.UserError, match="Did you mean 'kl_terms'"):
        pages.run_experiment("kl_term", tiny_data, tmp_path, tmp_path, 1)


def test_ablations_leave_out_one_term_of_the_loss_and_none_of_the_rate(tiny_data):
    ablations.register()

    def terms(family):
        config = configs.get("vae", **{**SMALL, "family": family})
        model = models.create(config, tiny_data.spec)
        batch = next(iter(tiny_data.train.batches(8, "binarized")))
        q = model.posterior(batch["x"])
        squares = 0.5 * tf.reduce_sum(q.mean() ** 2, -1)
        variance = 0.5 * tf.reduce_sum(q.variance() - 1 - tf.math.log(q.variance()), -1)
        made = model.loss_terms(batch, seeds.root(0))
        np.testing.assert_allclose(made["rate"], squares + variance, rtol=1e-4)
        return made["loss"] - made["distortion"], squares, variance

    penalty, squares, _ = terms("vae_without_variance_terms")
    np.testing.assert_allclose(penalty, squares, atol=1e-4)
    penalty, _, variance = terms("vae_without_squared_mean")
    np.testing.assert_allclose(penalty, variance, atol=1e-4)
