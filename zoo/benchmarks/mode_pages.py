"""The page of the benchmark of mode collapse: a table and a figure for each dataset."""

import json
import pathlib

import matplotlib.figure
import numpy as np

from zoo import files, markdown, versions
from zoo.drawing import images

PAGE = "collapse"
TITLE = "A generator may answer every code with one image: what helps, and would L2 regularisation?"
QUESTION = """\
The generator sees the data through the discriminator alone. Nothing in its loss asks for variety:
an image that D takes for real is as good an answer to all codes as it is to one. Modes are counted
where they are known: eight Gaussians on a circle (`ring`), 25 on a lattice (`grid`), and digits on
three channels (`stacked_mnist`), 1,000 triples of classes. A mode is found if a sample lies within
three standard deviations of its mean; of the digits, if a classifier calls a sample so. The last
column compares the samples' shares of the modes with equal shares; 0 is perfect.
"""
# What the published results showed.
ANSWER = """\
The answer: a penalty on D's slope helps, L2 regularisation does not. With R1 + R2 (the squared
slope of D at real and at generated rows) each of five trials finds all modes, and about 95% of
the samples lie near one; so does r3gan, which has these penalties, too. The plain GAN finds half
of the lattice.

L2 on G's weights makes it worse: a G of small weights is a smoother function of the code, which
reaches fewer places. L2 on D's weights trades one fault for the other: D is too smooth to see
where a mode ends, so G spreads its samples over the plane, and hardly any lies near a mode.
Weights are limited everywhere, while R1 + R2 limit D only in how fast it changes where the rows
are.

Showing D several rows at once (packing, minibatch standard deviation) does what it is made for,
more modes than the plain GAN, at the price of samples between them: the more rows at once, the
more of these within so many steps. On stacked digits, where the modes touch and the classifier
gives any image some class, even the plain GAN comes near all of them; only r3gan finds them all,
and far more evenly.
"""


def write(results: dict, runs: pathlib.Path, folder: pathlib.Path) -> str:
    """Leaves the results of one dataset and the page of all that are there; returns their table.

    Args:
      results: of `modes.run`.
      runs: the folder that it was given, with the samples to show.
      folder: of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = versions.export_name(PAGE, results["dataset"])
    files.write_json(folder / f"{name}.json", results)
    with files.atomic(folder / f"{name}.png") as temporary:
        draw(results, runs).savefig(temporary, format="png", dpi=100, bbox_inches="tight")
    sections = []
    for path in sorted(folder.glob(f"{PAGE}_*.json")):
        found = json.loads(path.read_text())
        trials = max(len(of) for of in found["trials"].values())
        sections.append(
            f"## {found['dataset']}\n\n"
            f"    scripts/benchmark.py modes --dataset={found['dataset']} --trials={trials}\n\n"
            f"{found['steps']:,} steps per trial, {found['samples']:,} samples; mean ± standard "
            f"deviation over trials.\n\n{table(found)}\n\n![Samples]({path.stem}.png)\n"
        )
    with files.atomic(folder / f"{PAGE}.md") as temporary:
        temporary.write_text("\n".join([f"# {TITLE}\n", QUESTION, ANSWER, *sections]))
    return table(results)


def table(results: dict) -> str:
    """Returns a row for each variant as Markdown, a perfect sampler last."""
    count = results["num_modes"]
    of = f"modes (of {count:,})"

    def row(variant, trials, decimals):
        def over(name, scale=1.0, digits=2):
            values = [scale * trial[name] for trial in trials]
            mean = f"{np.mean(values):.{digits}f}"
            return mean + f" ± {np.std(values):.{digits}f}" * (len(values) > 1)

        # Digits have no distance from their mode.
        measured = "high_quality" in trials[0]
        quality = {"high quality %": over("high_quality", 100, 1)} if measured else {}
        return {
            "variant": variant,
            of: over("modes", digits=decimals),
            "all found": f"{sum(t['modes'] == count for t in trials)} of {len(trials)}",
            **quality,
            "reverse KL (nats)": over("reverse_kl", digits=3),
        }

    rows = [row(variant, trials, 1) for variant, trials in results["trials"].items()]
    return markdown.table([*rows, row("a perfect sampler", [results["data"]], 0)])


def draw(results: dict, runs: pathlib.Path) -> matplotlib.figure.Figure:
    """Returns a figure of samples of each variant's first trial."""
    shown = {variant: np.load(runs / f"{variant}.npy") for variant in results["trials"]}
    columns = min(4, len(shown))
    rows = -(-len(shown) // columns)
    figure = matplotlib.figure.Figure(figsize=(3 * columns, 3.2 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    limit = 1.2 * max(np.quantile(np.abs(x), 0.99) for x in shown.values())
    for axes, (variant, x) in zip(panels, shown.items(), strict=False):
        axes.set_title(variant)
        if x.ndim == 4:
            axes.imshow(np.clip(images.grid(x[:64], 8), 0, 1))
            continue
        axes.plot(*x.T, ".", ms=2)
        axes.set_xlim(-limit, limit)
        axes.set_ylim(-limit, limit)
        axes.set_aspect("equal")
    return figure
