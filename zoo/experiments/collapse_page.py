"""The page of the benchmark of mode collapse: a table and a figure for each dataset."""

import json
import pathlib

import matplotlib.figure
import numpy as np

from zoo import files
from zoo.data import densities
from zoo.drawing import figures, images, markdown
from zoo.exports import versions

PAGE = "collapse"
TITLE = "Mode collapse: does L2 regularisation help, and what does?"
QUESTION = """\
The generator G turns a random code into an image and sees the data only through the discriminator
D. Its loss does not ask for variety: one image that fools D minimises it for every code. Modes are
counted where they are known: eight Gaussians on a circle (`ring`), 25 on a grid (`grid`), and
digits on three channels (`stacked_mnist`), 1,000 triples of classes. A mode is found if a sample
lies within three standard deviations of its mean, or, for digits, if a classifier assigns a sample
to it. "High quality" is the share of samples that lie that close to a mode. The last column is the
KL divergence from the samples' distribution over the nearest modes to a uniform one; as many
samples of a perfect sampler have the value in the last row. Packing shows D two or four rows
together, minibatch stddev the variation among four.
"""
# What the published results showed.
ANSWER = """\
The answer: a gradient penalty on D helps, L2 regularisation does not solve the problem. With R1 +
R2 (penalties on D's squared gradient norm at real and at generated rows) each of five trials finds
all modes, and about 95% of the samples lie near one; r3gan, which has both penalties as well, does
the same. The plain GAN finds half of the grid.

L2 on G's weights makes it worse: on both datasets it finds fewer modes than the plain GAN, though
on the ring by less than the spread over trials. L2 on D's weights finds more modes, but not all; on
the grid it replaces one fault with another: D is too smooth to see where a mode ends, so G spreads
its samples over the plane, and hardly any lies near a mode. L2 limits the weights everywhere,
whereas R1 + R2 only limit how fast D changes near the rows.

Showing D several rows at once (packing, minibatch standard deviation) finds more modes of the ring
and the grid than the plain GAN. On the grid it also puts samples between modes, more with packing 4
than with packing 2. On stacked digits three variants were tried once. There modes overlap and the
classifier assigns every image to some class, so that even the plain GAN finds nearly all modes;
r3gan finds them all, and more evenly, though ten times less so than a perfect sampler.
"""


def write_page(results: dict, runs: pathlib.Path, folder: pathlib.Path) -> str:
    """Writes the results of one dataset and the page of all; returns the table of this dataset.

    Args:
      results: of `modes.run`.
      runs: the folder that it was given, with the samples to show.
      folder: of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = versions.export_name(PAGE, results["dataset"])
    files.write_json(folder / f"{name}.json", results)
    figures.save_figure(folder / f"{name}.png", draw(results, runs))
    files.write_text(folder / f"{PAGE}.md", build_page(folder))
    return table(results)


def build_page(folder: pathlib.Path) -> str:
    """Returns the page of all datasets whose results are in a folder."""
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
    return "\n".join([f"# {TITLE}\n", QUESTION, ANSWER, *sections])


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
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    if next(iter(shown.values())).ndim == 2:
        _draw_points(panels, shown, _true_modes(results["dataset"].partition("/")[0]))
        figure.supxlabel("x1")
        figure.supylabel("x2")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    else:
        for axes, (variant, x) in zip(panels, shown.items(), strict=False):
            axes.set_title(variant)
            axes.imshow(np.clip(images.grid(x[:64], 8), 0, 1))
            axes.set_axis_off()
    return figure


def _true_modes(name):
    mixture = densities.DENSITIES[name]().mixture
    return mixture.components_distribution.mean().numpy()


def _draw_points(panels, shown, means):
    """Samples of each variant over the true modes."""
    limit = 1.3 * np.abs(means).max()
    for axes, (variant, x) in zip(panels, shown.items(), strict=False):
        axes.plot(*means.T, "o", ms=9, mfc="none", mec="C3", lw=1, label="true modes")
        axes.plot(*x.T, ".", ms=2, color="C0", label="samples")
        axes.set_title(variant)
        axes.set_xlim(-limit, limit)
        axes.set_ylim(-limit, limit)
        axes.set_aspect("equal")
