"""How often the diagnosis of a GAN is right: verdicts on planted faults, over seeds."""

import json
import pathlib

from zoo import data, diagnosis, files, markdown
from zoo.diagnosis.planted import FAULTS, ROWS, plant
from zoo.errors import UserError
from zoo.evaluation.judges import Judge

PAGE = "discriminator"
TITLE = "Is the discriminator right?"
QUESTION = """\
A good D may mean a bad G. A poor D may mean a good G, or that D is untrained, or too small. Seen
from one figure, D's accuracy, these cases are the same. They differ in what other discriminators
make of the same rows: D is frozen, and so is G, and a fresh D is trained to tell G's rows from real
ones and tested on rows that neither has seen.

- If no fresh D tells them apart, G is good, and a D that is blind is right to be.
- If a fresh D does and the GAN's own does not, the fault is D's: with a fresh one of the same
  architecture it was too little training, without one the architecture.
- If both do, what matters is how G's rows lie among real ones: near all kinds of them (healthy), or
  far from them (a bad G).
- Before all that, G may make one row, rows of few classes, or training rows; and D may know its
  training rows by heart, which shows when it puts them above real rows that it has not seen.

`scripts/diagnose.py` measures all of it on a run or an export, and writes a page with plots, the
verdict and its reasons. How far it can be trusted was measured on faults that were planted:
"""
# What the published run showed.
ANSWER = """\
The answer: one cannot know it from D's accuracy, and one can from a fresh D. The own D of a
frozen player and the own D next to a perfect G are both blind; a fresh D tells the first G from
real rows and not the second. Images of training rows fool every D, too, so nearness to training
rows has to be looked at as well; and a D that knows its rows by heart looks good on them alone.

The thresholds of the verdicts, and how strong a fault has to be, were set by seed 0; the other
seeds were looked at once. All faults are of one model on one set of images.

"""


def run(dataset: data.Dataset, judge: Judge, seeds: int, runs: pathlib.Path) -> dict:
    """Plants each fault with each seed, and diagnoses; what is in the folder is not done again.

    Returns:
      {"dataset", "figures": {fault: {seed: {name: value}}}}, as in results.json of the folder.

    Raises:
      UserError: for data that faults cannot be planted on, or a folder of other data.
    """
    check(dataset)
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
            found = diagnosis.diagnose(model, learned_from, judge, seed)
            done[str(seed)] = found.figures
            mark = "" if found.verdict.name == fault.verdict else f", not {fault.verdict!r}"
            print(f"{name}, seed {seed}: {found.verdict.name!r}{mark}", flush=True)
            files.write_json(path, results)
    return results


def check(dataset: data.Dataset) -> None:
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
        verdicts = [diagnosis.decide(figures).name for figures in done.values()]
        right = sum(verdict == FAULTS[name].verdict for verdict in verdicts)
        counts = {verdict: verdicts.count(verdict) or None for verdict in diagnosis.VERDICTS}
        rows.append({"planted": name, **counts, "right": f"{right} of {len(verdicts)}"})
    return rows


def write(results: dict, folder: pathlib.Path) -> str:
    """Leaves PAGE.md and PAGE.json in a folder; returns the confusion matrix as Markdown."""
    table = markdown.table(confusion(results))
    shown = ("auc", "auc_fresh", "auc_usual", "auc_training_unseen", "coverage", "copies")
    figures = [
        {
            "planted": name,
            **{key: _range([found[key] for found in done.values()]) for key in shown},
        }
        for name, done in results["figures"].items()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / f"{PAGE}.json", results)
    with files.atomic(folder / f"{PAGE}.md") as temporary:
        temporary.write_text(
            f"# {TITLE}\n\n{QUESTION}\n"
            f"    scripts/benchmark.py faults --dataset={results['dataset']}\n\n"
            f"{table}\n\n{ANSWER}\nLowest and highest figures over seeds: the probability that a D "
            "puts an unseen real row above a generated one (`auc` the own D, `auc_fresh`, "
            "`auc_usual` the fresh ones), or a training row above an unseen one; the share of "
            "unseen real rows near generated ones, and of generated rows that are copies.\n\n"
            f"{markdown.table(figures)}\n"
        )
    return table


def _range(values):
    return f"{min(values):.2f} to {max(values):.2f}"
