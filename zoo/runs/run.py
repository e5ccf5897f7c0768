"""A whole run: train, evaluate, draw, export."""

import pathlib

import numpy as np
import tensorflow as tf

from zoo import data, files
from zoo.drawing import codebook, images, pictures
from zoo.errors import UserError
from zoo.evaluation import evaluate, styles, summary
from zoo.evaluation.map_rows import map_arrays, map_split
from zoo.evaluation.protocol import SEED
from zoo.evaluation.subject import Subject
from zoo.exports import versions
from zoo.models.capabilities import Capability
from zoo.runs import first_stage
from zoo.serving import export
from zoo.training import loop, workdirs
from zoo.training import strategy as strategies

# Test images from which the codebook is drawn.
CODEBOOK_IMAGES = 5000


def train_and_export(
    config,
    dataset: data.Dataset,
    workdir: pathlib.Path,
    export_dir: pathlib.Path,
    strategy: tf.distribute.Strategy,
    judge=None,
) -> pathlib.Path | None:
    """Trains or resumes a run, prints the test metrics, draws pictures and exports.

    Args:
      config: of the model.
      dataset: to train and evaluate on.
      workdir: of the run; also gets metrics.json and pictures.
      export_dir: gets MODEL_DATASET/VERSION.
      strategy: to train under.
      judge: zoo.evaluation.judges.Judge for the metrics of samples, or None.

    Returns:
      The path of the export; None if another worker writes it.
    """
    if export_dir.exists() and not export_dir.is_dir():
        raise UserError(f"--export_dir={export_dir} is a file: choose a folder.")
    first = first_stage.make(dataset, workdir, strategy, judge)
    if not strategies.is_chief(strategy):
        loop.train(config, dataset, workdir, strategy, judge, first)
        return None
    for folder in (workdir, export_dir):  # before the work
        files.check_writable(folder)
    with workdirs.locked(workdir):
        run = loop.train(config, dataset, workdir, strategy, judge, first)
        base = export_dir / versions.export_name(config.model, config.dataset)
        done = versions.read_exported(workdir)
        if run.was_complete and done and done.parent == base.resolve():
            print(
                f"This run is complete and exported to {done}; a longer one needs its own "
                "--workdir."
            )
            return done
        training = {**run.training, "hardware": strategies.hardware()}
        metrics = evaluate.build_report(Subject(run.model, dataset, judge), training)
        files.write_json(workdir / "metrics.json", metrics)
        if judge:
            workdirs.record_judge(workdir, judge.folder)
        print(summary.describe_metrics(metrics))
        draw(run.model, dataset, workdir)
        path = export.export(run.model, export_dir, metrics)
        versions.record_export(workdir, path)
        print(f"Exported to {path}; pictures in {workdir}.")
        print(f"Next: scripts/{_next_command(run.model, path)}")
        return path


def _next_command(model, path):
    """Returns a command that shows what the model can do."""
    if Capability.SAMPLES in model.capabilities and model.of_images:
        return f"sample.py --saved_model={path.parent} --out={path.parent}.png"
    return f"serve.py --model_config_file={path.parents[1] / 'models.config'}"


def draw(model, dataset: data.Dataset, folder: pathlib.Path) -> None:
    """Writes samples.png into a folder, and what else a model of images can draw."""
    pictures.save_samples(folder / "samples.png", model, dataset.test)
    if not model.of_images:
        return
    if model.capabilities & {Capability.POSTERIOR, Capability.TOKENS}:
        save_reconstructions(folder / "reconstructions.png", model, dataset.test)
    if Capability.TOKENS in model.capabilities:
        save_codebook(folder / "codebook.png", model, dataset.test)
    if Capability.COMPLETES in model.capabilities:
        save_completions(folder / "completions.png", model, dataset.test)
    if Capability.RESTYLES in model.capabilities:
        batch = styles.one_per_class(dataset)
        restyle = model.compiled_method("restyle")
        rows = images.restyle_rows(restyle, batch["x"], batch["y"], model.spec)
        grid = images.grid(rows, model.spec.num_classes + 1)
        images.save_png(folder / "restyle.png", grid, header=("image", *model.spec.label_names))


def save_completions(path: pathlib.Path, model, split: data.Split, count: int = 8) -> None:
    """Writes images of a split, their upper halves, and completions of those as a PNG file."""
    batch = next(iter(split.take(count).batches(count, model.config.pixels, SEED)))
    y = batch["y"].numpy() if model.conditional else None
    complete = model.compiled_method("complete")
    rows, header = images.completion_rows(complete, batch["x"].numpy(), y, "top", count)
    images.save_png(path, images.grid(rows, len(header)), header=header)


def save_codebook(path: pathlib.Path, model, split: data.Split, columns: int = 32) -> None:
    """Writes what images of a split look like where a token stands, the frequent tokens first."""
    few = split.take(min(CODEBOOK_IMAGES, split.size))
    x = map_split(lambda batch: batch["x"], few, "scaled")
    tokens = map_arrays(model.compiled_method("tokens"), x)
    patches = codebook.by_use(x, tokens, model.num_tokens)
    images.save_png(path, images.grid(patches, columns))


def save_reconstructions(path: pathlib.Path, model, split: data.Split, columns: int = 10) -> None:
    """Writes images of a split, each above its reconstruction, as a PNG file."""
    count = min(split.size, 3 * columns) // columns * columns or split.size
    batch = next(iter(split.take(count).batches(count, model.config.pixels, SEED)))
    x, y = (batch[name].numpy() for name in ("x", "y"))
    takes_label = model.conditional and Capability.POSTERIOR in model.capabilities
    inputs = (x, y) if takes_label else (x,)
    decoded = model.compiled_method("reconstruct")(*inputs).numpy()
    columns = min(columns, count)
    rows = [part[i : i + columns] for i in range(0, count, columns) for part in (x, decoded)]
    names = ("image", "reconstruction") * (count // columns)
    images.save_png(path, images.grid(np.concatenate(rows), columns), row_names=names)
