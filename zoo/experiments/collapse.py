"""Mode collapse: how many modes of known data GANs find, with and without what is said to help.

As in PacGAN (Lin et al. 2018, arXiv 1712.04086, section 4): `ring` has 8 Gaussians on a circle,
`grid` 25 on a lattice, `stacked_mnist` 1,000 triples of digits. Trials of a variant differ in
their first weights, codes and order of rows. They run one after another through one compiled graph,
since compiling takes as long as training.
"""

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tqdm

from zoo import configs, data, files, models
from zoo.data import densities, stacked
from zoo.errors import UserError
from zoo.evaluation import draws, modes
from zoo.evaluation.map_rows import map_arrays
from zoo.training import steps
from zoo.training.averages import MovingAverages

# Fields that all variants have in common.
POINTS = {
    "latent_dim": 2,
    "d_hidden": (128, 128, 128),
    "g_hidden": (128, 128, 128, 128),
    "batch_size": 128,
    "r1": 0.0,
    "learning_rate": 2e-3,
    "d_learning_rate": 2e-3,
    "adam_beta_2": 0.999,
}
IMAGES = {"batch_size": 64, "r1": 0.0}


def make_variants(r1_r2: float) -> dict[str, dict]:
    """Returns {variant: its own fields}; `r1_r2` weighs both of D's slopes where they count."""
    slopes = {"r1": r1_r2, "r2": r1_r2}
    relativistic = {"loss": "relativistic", "batch_norm": False, "adam_beta_1": 0.0}
    return {
        "gan": {},
        "L2 on G": {"l2": 1e-3},
        "L2 on D": {"d_l2": 1e-3},
        "R1 + R2": slopes,
        "packing 2": {"packing": 2},
        "packing 4": {"packing": 4},
        "minibatch stddev": {"minibatch_stddev": True},
        "r3gan": {**relativistic, **slopes},
    }


# Variants for stacked digits, which take a quarter of an hour each.
FEW = ("gan", "packing 2", "r3gan")
# Densities whose modes are components of equal weight and one scale.
GAUSSIANS = ("ring", "grid")
# Samples of the first trial that are kept to be shown.
SHOWN = 500
# Steps between two looks at the progress bar and at signals.
STEPS_AT_ONCE = 500


class Task(NamedTuple):
    """Data whose modes are known.

    Attributes:
      dataset: to learn.
      entry: of which the variants are settings.
      fields: of its config that they have in common.
      variants: {name: its own fields} of those that are compared.
      steps: of each trial.
      num_modes: how many there are.
      samples: how many of them are looked at.
      measure: maps samples to {"modes", "high_quality", "reverse_kl"}.
    """

    dataset: data.Dataset
    entry: str
    fields: dict
    variants: dict[str, dict]
    steps: int
    num_modes: int
    samples: int
    measure: Callable[[np.ndarray], dict]

    def config(self, variant: str, seed: int = 0):
        """Returns the config of a variant."""
        fields = {**self.fields, **self.variants[variant], "seed": seed}
        return configs.get(self.entry, dataset=self.dataset.name, **fields)

    def measure_data(self) -> dict:
        """Returns what a perfect sampler gets: the same measured on as many rows of the data."""
        rows = self.dataset.train.take(self.samples).batches(self.samples)
        return self.measure(np.concatenate([batch["x"] for batch in rows.as_numpy_iterator()]))


def make_task(dataset: data.Dataset, steps: int = 0, judge=None) -> Task:
    """Returns the task of a dataset.

    Args:
      dataset: `ring`, `grid`, or stacked images.
      steps: of each trial; as many as the task has if 0.
      judge: zoo.evaluation.judges.Judge of the images of one channel, for the latter.

    Raises:
      UserError: for a dataset whose modes are not known.
    """
    count = dataset.spec.num_classes
    kind = dataset.name.partition("/")[0]
    if kind in GAUSSIANS:
        components = densities.DENSITIES[kind]().mixture.components_distribution
        means, scale = components.mean().numpy(), float(components.stddev()[0, 0])

        def measure_points(x):
            return modes.measure_modes(*modes.nearest_components(x, means, scale), num_modes=count)

        every = make_variants(0.3)
        return Task(dataset, "gan", POINTS, every, steps or 30_000, count, 2_500, measure_points)

    if not dataset.name.startswith(stacked.PREFIX):
        raise UserError(
            f"The modes of {dataset.name!r} are not known: choose --dataset="
            f"{', '.join(GAUSSIANS)} or {stacked.PREFIX}mnist."
        )

    def measure_digits(x):
        found = modes.classes_of_channels(x, lambda channel: map_arrays(judge.classify, channel))
        return modes.measure_modes(found, num_modes=count)

    few = {name: fields for name, fields in make_variants(0.05).items() if name in FEW}
    return Task(dataset, "dcgan", IMAGES, few, steps or 12_000, count, 26_000, measure_digits)


def train_trials(
    task: Task, variant: str, trials: range
) -> Iterator[tuple[int, models.GenerativeModel]]:
    """Trains a variant several times; yields the number of each trial and its model.

    Trial t has the first weights of the seed t, and the noise and the rows of the steps from t S
    on, where S is the steps of a trial: its outcome does not depend on the other trials.
    """
    strategy = tf.distribute.get_strategy()
    model = models.create(task.config(variant), task.dataset.spec)
    model.compile_for_run(task.steps)
    averages = MovingAverages(model.averaged_variables(), model.config.ema)
    run_steps, _ = steps.function(model, strategy, averages)
    moments = [v for optimizer in model.optimizers().values() for v in optimizer.variables]
    at_first = [v.numpy() for v in moments]
    for trial in trials:
        fresh = models.create(task.config(variant, trial), task.dataset.spec)
        for variable, other in zip(model.variables, fresh.variables, strict=True):
            variable.assign(other)
        for variable, value in zip(moments, at_first, strict=True):
            variable.assign(value)
        for average, variable in zip(averages.averages, averages.variables_averaged, strict=True):
            average.assign(variable)
        first = trial * task.steps
        model.step.assign(first)
        batches = iter(steps.batches(task.dataset.train, model, first, strategy))
        title = f"{variant}, trial {trial + 1}"
        with tqdm.tqdm(total=task.steps, desc=title, unit="step", mininterval=1) as bar:
            for start in range(0, task.steps, STEPS_AT_ONCE):
                count = min(STEPS_AT_ONCE, task.steps - start)
                run_steps(batches, tf.constant(count))
                bar.update(count)
        with averages.applied():
            yield trial, model


def run_trials(task: Task, trials: int, folder: pathlib.Path) -> dict:
    """Trains and measures the trials that are not in the folder yet.

    Args:
      task: what to learn, and how to measure it.
      trials: of each variant.
      folder: of results.json, and of a picture of the first trial's samples for each variant.

    Returns:
      What results.json holds: {"dataset", "steps", "samples", "num_modes", "data": what a perfect
      sampler gets, "trials": {variant: [what each trial's samples get]}}.
    """
    path = folder / "results.json"
    protocol = {"dataset": task.dataset.name, "steps": task.steps, "samples": task.samples}
    results: dict = {
        **protocol,
        "num_modes": task.num_modes,
        "data": task.measure_data(),
        "trials": {},
    }
    if path.exists():
        before = json.loads(path.read_text())
        differ = [f"{k}={before[k]} there, {v} now" for k, v in protocol.items() if before[k] != v]
        if differ:
            raise UserError(
                f"{path} holds trials of another benchmark ({', '.join(differ)}): choose another "
                "--workdir."
            )
        results["trials"] = {v: before["trials"].get(v, []) for v in task.variants}
    folder.mkdir(parents=True, exist_ok=True)
    for variant in task.variants:
        done = results["trials"].setdefault(variant, [])
        for trial, model in train_trials(task, variant, range(len(done), trials)):
            x = draws.draw(model, task.samples)
            done.append(task.measure(x))
            print(f"{variant}, trial {trial + 1}: {describe(done[-1])}", flush=True)
            if trial == 0:
                np.save(folder / f"{variant}.npy", x[:SHOWN])
            files.write_json(path, results)
    return results


def describe(found: dict) -> str:
    """Returns what `Task.measure` gave as a line to print."""
    quality = f", {found['high_quality']:.1%} of high quality" if "high_quality" in found else ""
    return f"{found['modes']} modes{quality}, reverse KL {found['reverse_kl']:.3g} nats"
