"""What is written from metrics: tables, cards, the catalogue, and whether they are up to date."""

import json
import shutil

import pytest
import yaml

import zoo
from tests.entries import METRICS
from tests.processes import ROOT, call
from zoo import configs, models
from zoo.configs.spec import Spec
from zoo.exports import versions
from zoo.reports import catalogue, overview, pages, questions, results
from zoo.serving import card, export

FIGURES = {
    "nll": 84.2,
    "nll_standard_error": 0.2,
    "elbo": -87.0,
    "active_units": 25,
    "frechet_classifier_distance": 7.25,
    "frechet_floor": 2.5,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of two trained models."""
    folder = tmp_path_factory.mktemp("saved_models")
    measured = {**METRICS, "dataset": "mnist", "importance_samples": 5000, "metrics": FIGURES}
    measured["training"] = {**METRICS["training"], "seconds": 90.0, "hardware": "a CPU"}
    for entry in ("vae", "cvae"):
        config = configs.get_tiny(entry, dataset="mnist")
        model = models.create(config, Spec((8, 8, 1), 3))
        export.export(model, folder, measured)
    return folder


@pytest.fixture
def project(trained, tmp_path):
    """A project with a README, docs and two trained models."""
    shutil.copytree(trained, tmp_path / "saved_models")
    (tmp_path / "docs").mkdir()
    readme = f"# Title\n{catalogue.BEGIN}\nold\n{catalogue.END}\nMore.\n"
    (tmp_path / "README.md").write_text(readme)
    return tmp_path


def built(project):
    return pages.build_pages(project / "saved_models", project)


def test_all_is_written_once(project):
    written = pages.write_pages(built(project))
    assert project / "docs" / "results.md" in written
    assert pages.find_stale(built(project)) == [] == pages.write_pages(built(project))
    readme = (project / "README.md").read_text()
    assert readme.startswith("# Title\n") and readme.endswith("\nMore.\n") and "old" not in readme
    assert "| [vae_mnist](saved_models/vae_mnist) | 84.20 (standard error 0.20) | 84.45" in readme
    results = (project / "docs" / "results.md").read_text()
    assert "vae_mnist) | mnist | negative log-likelihood, nats per row | 84.20 |" in results
    assert "| 86.76 | Burda" in results and "2 min on a CPU" in results
    listed = (project / "saved_models" / "README.md").read_text()
    assert "[cvae_mnist](cvae_mnist)" in listed and 'src="vae_mnist/samples.png"' in listed


def test_log_likelihoods_over_seeds_stand_below_those_of_exports(project):
    assert "### Over seeds" not in results.build_page(project / "saved_models", project / "docs")
    sweep = project / "docs" / "sweeps" / "vae_mog_mnist"
    sweep.mkdir(parents=True)
    runs = [{"seed": i, "nll": 84.0 + i, "elbo": -86.0 - i} for i in range(3)]
    runs.append({"seed": 3, "failed": "the loss is NaN"})
    (sweep / "sweep.json").write_text(json.dumps(runs))
    page = results.build_page(project / "saved_models", project / "docs")
    row = "| [vae_mog](sweeps/vae_mog_mnist) | 85.00 ± 0.82 | -87.00 ± 0.82 | 3 |"
    assert row in page.partition("### Over seeds")[2]


def test_the_readme_has_few_rows_for_each_question():
    rows = overview.build_table(versions.SAVED_MODELS, ROOT / "docs").splitlines()[2:]
    assert len(rows) <= 10
    questions = [row.split("**")[1] for row in rows if "**" in row]
    assert questions == ["Likelihood", "Few labels", "Clusters", "Samples", "Modes"]
    # Runs with 600 labels and more are in docs/results.md.
    assert sum("seeds)" in row and "Kingma" in row for row in rows) == 3


def test_what_changed_by_hand_is_stale(project):
    pages.write_pages(built(project))
    path = project / "saved_models" / "vae_mnist" / "README.md"
    path.write_text(path.read_text().replace("84.2", "80.1"))
    (project / "docs" / "metrics.md").unlink()
    assert set(pages.find_stale(built(project))) == {path, project / "docs" / "metrics.md"}
    flags = (f"--saved_models={project / 'saved_models'}", f"--root={project}")
    done = call("report.py", "--check", *flags)
    assert done.returncode == 2 and "vae_mnist/README.md" in done.stderr


def test_what_cannot_be_reported_is_named(project):
    extra = project / "saved_models" / "vae_mnist" / "1" / "assets.extra"
    metrics = json.loads((extra / "metrics.json").read_text())
    del metrics["metrics"]
    (extra / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(zoo.UserError, match=r"vae_mnist/1 has no metrics.*run scripts/evaluate.py"):
        built(project)
    (extra / "config.json").write_text("{")
    with pytest.raises(zoo.UserError, match="not exported by the zoo, or is damaged"):
        built(project)
    with pytest.raises(zoo.UserError, match="README has no lines"):
        catalogue.readme("# Title", project / "saved_models", project / "docs")


@pytest.mark.parametrize("source", ["sweep: absent: seed, nll", "tables: absent"])
def test_a_table_without_its_source_is_named(project, source):
    page = project / "docs" / "questions" / "page.md"
    page.parent.mkdir()
    page.write_text(f"<!-- {source} -->\n<!-- end of table -->\n")
    with pytest.raises(zoo.UserError, match=r"There is no .*absent.* to take a table from"):
        questions.fill_pages(project / "docs", project / "saved_models", {})


@pytest.mark.parametrize("name", sorted(zoo.list_models()))
def test_cards_of_committed_models_are_what_hubs_read(name):
    text = (versions.SAVED_MODELS / name / "README.md").read_text()
    _, head, body = text.split("---\n", 2)
    head = yaml.safe_load(head)
    assert head["license"] == "apache-2.0" and head["datasets"]
    for part in ("## Training", "## Figures", "## Use", "```python", "curl -d"):
        assert part in body
    assert f'zoo.load("{name}")' in body


def test_the_committed_pages_are_up_to_date():
    assert pages.find_stale(pages.build_pages(versions.SAVED_MODELS, ROOT)) == []


def test_a_card_without_metrics_says_so(tmp_path):
    model = models.create(configs.get_tiny("classifier", dataset="pets"), Spec((8, 8, 1), 3))
    base = export.export(model, tmp_path).parent
    text = (base / "README.md").read_text()
    assert "not measured" in text and "model-index" not in text
    description = json.loads((base / "1" / "assets.extra" / "config.json").read_text())
    assert (
        card.write_card("pets", description, {"training": {"steps": 0}}).count("not measured") == 1
    )
