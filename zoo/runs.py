"""A run from beginning to end: train, evaluate, draw, export."""

import pathlib

import numpy as np
import tensorflow as tf

from zoo import data, evaluation, files, versions, workdirs
from zoo.drawing import images, pictures
from zoo.errors import UserError
from zoo.evaluation import styles, summary
from zoo.evaluation.protocol import SEED
from zoo.models.traits import Trait
from zoo.serving import export
from zoo.training import loop
from zoo.training import strategy as strategies


def train_and_export(
    config,
    dataset: data.Dataset,
    workdir: pathlib.Path,
    export_dir: pathlib.Path,
    strategy: tf.distribute.Strategy,
    judge=None,
) -> pathlib.Path | None:
    """Trains (or goes on), prints the test metrics, leaves pictures, exports.

    Args:
      config: of the entry.
      dataset: to train and evaluate on.
      workdir: of the run; gets metrics.json and pictures as well.
      export_dir: gets ENTRY_DATASET/VERSION.
      strategy: to train under.
      judge: zoo.evaluation.Judge for the metrics of samples, or None.

    Returns:
      The path of the export; None where another worker writes it.
    """
    if export_dir.exists() and not export_dir.is_dir():
        raise UserError(f"--export_dir={export_dir} is a file: choose a folder.")
    if not strategies.is_chief(strategy):
        loop.train(config, dataset, workdir, strategy, judge)
        return None
    for folder in (workdir, export_dir):  # before the work
        files.check_writable(folder)
    with workdirs.held(workdir):
        return _train_and_export(config, dataset, workdir, export_dir, strategy, judge)


def _train_and_export(config, dataset, workdir, export_dir, strategy, judge):
    run = loop.train(config, dataset, workdir, strategy, judge)
    base = export_dir / versions.export_name(config.model, config.dataset)
    done = workdirs.exported(workdir)
    if run.was_complete and done and done.parent == base.resolve():
        print(f"This run is complete and exported to {done}; a longer one needs its own --workdir.")
        return done
    subject = evaluation.Subject(run.model, dataset, judge)
    metrics = evaluation.report(subject, {**run.training, "hardware": strategies.hardware()})
    files.write_json(workdir / "metrics.json", metrics)
    if judge:
        workdirs.remember_judge(workdir, judge.folder)
    print(summary.describe(metrics))
    draw(run.model, dataset, workdir)
    path = export.export(run.model, export_dir, metrics)
    # Within the workdir a relative path, so that a copy of the run speaks of its own export.
    inside = path.resolve().is_relative_to(workdir.resolve())
    record = path.resolve().relative_to(workdir.resolve()) if inside else path.resolve()
    files.write_json(workdir / "exported.json", {"path": str(record)})
    print(f"Exported to {path}; pictures in {workdir}.")
    print(f"Next: scripts/{_next_command(run.model, path)}")
    return path


def _next_command(model, path):
    """What to type to see what the model can do."""
    if Trait.SAMPLES in model.traits and model.of_images:
        return f"sample.py --saved_model={path.parent} --out={path.parent}.png"
    return f"serve.py --model_config_file={path.parents[1] / 'models.config'}"


def draw(model, dataset: data.Dataset, folder: pathlib.Path) -> None:
    """Writes samples.png into a folder, and reconstructions.png and restyle.png of image models."""
    pictures.save_samples(folder / "samples.png", model, dataset.test)
    if not model.of_images:
        return
    if Trait.POSTERIOR in model.traits:
        save_reconstructions(folder / "reconstructions.png", model, dataset.test)
    if Trait.RESTYLES in model.traits:
        batch = styles.one_per_class(dataset)
        restyle = model.in_graph("restyle")
        rows = images.restyle_rows(restyle, batch["x"], batch["y"], model.spec)
        grid = images.grid(rows, model.spec.num_classes + 1)
        images.save_png(folder / "restyle.png", grid, header=("image", *model.spec.label_names))


def save_reconstructions(path: pathlib.Path, model, split: data.Split, columns: int = 10) -> None:
    """Writes images of a split, each above its reconstruction, as a PNG file."""
    count = min(split.size, 3 * columns) // columns * columns or split.size
    batch = next(iter(split.take(count).batches(count, model.config.pixels, SEED)))
    x, y = (batch[name].numpy() for name in ("x", "y"))
    given = (x, y) if model.conditional else (x,)
    again = model.in_graph("reconstruct")(*given).numpy()
    columns = min(columns, count)
    rows = [part[i : i + columns] for i in range(0, count, columns) for part in (x, again)]
    names = ("image", "reconstruction") * (count // columns)
    images.save_png(path, images.grid(np.concatenate(rows), columns), row_names=names)
