"""How often the diagnosis of a GAN is right: verdicts on planted faults, over seeds."""

import json
import pathlib

from zoo import data, files
from zoo.diagnosis import diagnose
from zoo.diagnosis.verdict import VERDICTS, decide
from zoo.drawing import markdown
from zoo.errors import UserError
from zoo.evaluation.judges import Judge
from zoo.experiments.faults import FAULTS, ROWS, plant

PAGE = "discriminator"
TITLE = "Is the discriminator right?"
QUESTION = """\
A good D may mean a bad G. A poor D may mean a good G, an untrained D, or a D that is too small. D's
accuracy alone does not distinguish these cases; other discriminators do. D and G are frozen, and a
fresh D is trained to distinguish G's rows from real ones and tested on rows that neither has seen.

- If no fresh D can distinguish them, G is good, and D is right not to.
- If a fresh D can and the GAN's own cannot, D is at fault: it was trained too little if a fresh D
  of the same architecture can, otherwise its architecture is too small.
- If both can, it depends on how G's rows lie among real ones: near all types of them (healthy), or
  far from them (a bad G).
- These are checked first: whether G makes a single row, rows of few classes or copies of training
  rows, and whether D has memorised its training rows and ranks them above unseen real rows.

`scripts/diagnose.py` measures all of this for a run or an export and writes a page with plots, the
verdict and its reasons. Its reliability was measured on planted faults:
"""
# What the published run showed.
ANSWER = """\
The answer: D's accuracy does not show it, but a fresh D does. A frozen D and a D that faces a
perfect G are both at chance; a fresh D distinguishes the first G's rows from real ones but not the
second's. Copies of training rows fool every D as well, so the distance to training rows has to be
checked too; and a D that has memorised its rows is good only on these.

The thresholds of the verdicts and the strength of the faults were set with seed 0; the other seeds
were evaluated once. All faults are of one model on one dataset.

"""


def run_faults(dataset: data.Dataset, judge: Judge, seeds: int, runs: pathlib.Path) -> dict:
    """Plants each fault with each seed, and diagnoses; what is in the folder is not done again.

    Returns:
      {"dataset", "figures": {fault: {seed: {name: value}}}}, as in results.json of the folder.

    Raises:
      UserError: for data that faults cannot be planted on, or a folder of other data.
    """
    check_dataset(dataset)
    path = runs / "results.json"
    results: dict = {"dataset": dataset.name, "figures": {}}
    if path.exists():
        results = json.loads(path.read_text())
        if results["dataset"] != dataset.name:
            raise UserError(
                f"{path} is of the dataset {results['dataset']!r}: choose another --workdir."
            )
    for seed in range(seeds):
        for name, fault in FAULTS.items():
            done = results["figures"].setdefault(name, {})
            if str(seed) in done:
                continue
            model, learned_from = plant(name, dataset, seed, runs)
            found = diagnose.diagnose(model, learned_from, judge, seed)
            done[str(seed)] = found.figures
            mark = "" if found.verdict.name == fault.verdict else f", not {fault.verdict!r}"
            print(f"{name}, seed {seed}: {found.verdict.name!r}{mark}", flush=True)
            files.write_json(path, results)
    return results


def check_dataset(dataset: data.Dataset) -> None:
    """Raises a UserError for data that faults cannot be planted on."""
    shape, rows = dataset.spec.shape, dataset.train.size
    if len(shape) != 3 or shape[2] != 1 or dataset.spec.num_classes < 2 or rows <= ROWS:
        raise UserError(
            f"Faults are planted on grey images with labels, more than {ROWS:,} to train on; "
            f"{dataset.name!r} has {rows:,} rows of {list(shape)}, {dataset.spec.num_classes} "
            "classes: choose --dataset=mnist."
        )


def confusion(results: dict) -> list[dict]:
    """Returns a row for each fault: how many seeds get which verdict."""
    rows = []
    for name, done in results["figures"].items():
        verdicts = [decide(figures).name for figures in done.values()]
        right = sum(verdict == FAULTS[name].verdict for verdict in verdicts)
        counts = {verdict: verdicts.count(verdict) or None for verdict in VERDICTS}
        rows.append({"planted": name, **counts, "right": f"{right} of {len(verdicts)}"})
    return rows


def write_page(results: dict, folder: pathlib.Path) -> str:
    """Writes PAGE.md and PAGE.json into a folder; returns the confusion matrix as Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / f"{PAGE}.json", results)
    files.write_text(folder / f"{PAGE}.md", build_page(results))
    return markdown.table(confusion(results))


def build_page(results: dict) -> str:
    """Returns the page: the question, the confusion matrix, the answer, the measured figures."""
    shown = ("auc", "auc_fresh", "auc_usual", "auc_training_unseen", "coverage", "copies")
    figures = [
        {
            "planted": name,
            **{key: _range([found[key] for found in done.values()]) for key in shown},
        }
        for name, done in results["figures"].items()
    ]
    return f"""\
# {TITLE}

{QUESTION}
    scripts/benchmark.py faults --dataset={results["dataset"]}

{markdown.table(confusion(results))}

{ANSWER}
Lowest and highest values over seeds. `auc` is the probability that the GAN's own D ranks an unseen
real row above a generated one; `auc_fresh` and `auc_usual` are the same for fresh D's of the same
and of the usual architecture; `auc_training_unseen` is the probability that the own D ranks a
training row above an unseen one. `coverage` is the share of unseen real rows near generated ones,
`copies` the share of generated rows that are copies of training rows.

{markdown.table(figures)}
"""


def _range(values):
    return f"{min(values):.2f} to {max(values):.2f}"
