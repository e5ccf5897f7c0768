"""The one training loop: gradient models, two players and EM all run through it.

Many steps run in one call of a graph (`steps.py`), each of them the model's `take_step`; between
such calls Python reads the terms, writes checkpoints and handles signals. Everything random is a
function of (config, step), so a run that is killed and started again ends with the weights of one
that was not, bit for bit.
"""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from zoo import data, files, models
from zoo.drawing import images
from zoo.errors import Stopped, UserError
from zoo.evaluation.draws import validate_samples
from zoo.evaluation.terms import mean_terms
from zoo.training import guards, run_checks, signals, steps, workdirs
from zoo.training import strategy as strategies
from zoo.training.averages import MovingAverages
from zoo.training.checkpoint import Checkpoints, weights
from zoo.training.log import Log
from zoo.training.state import FRECHET, SELECTIONS, State

# Steps at the end of an epoch on which warnings are based; half of the epoch if it has fewer.
RECENT_STEPS = 100
# Seconds that steps run before Python handles signals and moves the progress bar.
SECONDS_PER_CALL = 1.0


class FirstStage(NamedTuple):
    """What a model on the codes of another one needs of it.

    Attributes:
      create: makes the model from (config, spec).
      train: called with a new model before its first step; trains the first stage, and returns the
        seconds that this took.
    """

    create: Callable[..., models.GenerativeModel] = models.create
    train: Callable[[models.GenerativeModel], float] = lambda model: 0.0


@dataclasses.dataclass
class Run:
    """A finished run.

    Attributes:
      model: with the weights to use.
      training: steps, best_step, selection and seconds of the run.
      was_complete: whether no step was left to take.
    """

    model: models.GenerativeModel
    training: dict
    was_complete: bool


def train(
    config,
    dataset: data.Dataset,
    workdir: str | os.PathLike,
    strategy: tf.distribute.Strategy | None = None,
    judge=None,
    first_stage: FirstStage = FirstStage(),  # noqa: B008
) -> Run:
    """Trains a model, or resumes an earlier call with the same arguments that was stopped.

    Args:
      config: of the model.
      dataset: splits to train, validate and test on.
      workdir: gets config.json, checkpoints/, best/, metrics.jsonl and tensorboard/.
      strategy: of zoo.training.strategy.create; the default strategy if None.
      judge: zoo.evaluation.judges.Judge, to choose the weights of a model without a loss.
      first_stage: for models on the codes of another model (`zoo.runs.first_stage`).

    Raises:
      UserError: for a workdir of another config or other data, or in use by another process; a
        batch that does not fit data or replicas; a checkpoint that cannot be written; a loss that
        is not finite.
      Stopped: after SIGTERM or SIGINT, when the checkpoint is written.
    """
    strategy = strategy or tf.distribute.get_strategy()
    workdir = files.tensorflow_path(workdir)
    chief = strategies.is_chief(strategy)
    with workdirs.locked(workdir) if chief else contextlib.nullcontext():
        run = _OpenRun(config, dataset, workdir, strategy, judge, first_stage)
        was_complete = run.is_complete()
        with contextlib.closing(run.log), signals.received() as stop:
            while not run.is_complete():
                run.take_steps()
                stopping = _any_worker(stop, strategy)
                run.save_if_due(stopping)
                if stopping:
                    raise Stopped(
                        f"Stopped at step {run.step} of {run.total_steps}; the same command "
                        "resumes from there."
                    )
            run.save_last()
        if chief and run.model.converged() and not was_complete:
            print(f"Converged after {run.step // run.steps_per_epoch} passes over the data.")
        _any_worker(stop, strategy)  # all wait until the chief's files are complete
        run.best.restore()
        return Run(run.model, run.state.summary(), was_complete)


class _OpenRun:
    """A run while it trains: its model, its files, its progress.

    Attributes:
      step: number of steps taken, by this process's count.
    """

    def __init__(self, config, dataset, workdir, strategy, judge, first_stage):
        self.config, self.dataset, self.strategy, self.judge = config, dataset, strategy, judge
        self.chief = strategies.is_chief(strategy)
        if dataset.train.size == 0:
            raise UserError(f"Dataset {dataset.name!r} has no rows to train on.")
        # 1. The model, and what it needs of the data.
        self._make_model(first_stage.create)
        # 2. The folder must not hold another run. Before anything is trained or written.
        description = run_checks.check_same_run(workdir, self.model, dataset)
        # 3. The newest checkpoint, or initial weights.
        self.state = State()
        self.checkpoints = Checkpoints(
            workdir / "checkpoints",
            weights=weights(self.model),
            averages=self.averages,
            state=self.state,
            **self.model.optimizers(),
        )
        self.best = Checkpoints(workdir / "best", keep=1, weights=weights(self.model))
        resumed = self.checkpoints.restore()
        if not resumed:
            self._initialize(first_stage.train)
        # 4. The description, only now: a run that could not be initialised leaves none.
        if self.chief and not (workdir / "config.json").exists():
            files.write_json(workdir / "config.json", description)
        # 5. All workers start at the same step.
        self.step = self.saved_step = self.model.steps_taken()
        if strategies.mean_over_workers(self.step, strategy) != self.step:
            raise UserError(
                f"The workers do not start at the same step, this one at {self.step}: all of them "
                f"must reach the same {workdir}."
            )
        if self.chief:
            print(run_checks.describe(self.model, dataset, workdir))
        if resumed and self.chief and self.step < self.total_steps:
            print(f"Going on from step {self.step} of {self.total_steps} in {workdir}.")
        # 6. The graph of a step and the batches from this step on.
        self._make_graph()
        # 7. The log, which forgets what was logged after this step.
        self.log = Log(
            workdir,
            self.step,
            self.total_steps,
            config.batch_size,
            self.chief,
            self.model.of_images,
        )

    def _make_model(self, create):
        config, dataset = self.config, self.dataset
        with self.strategy.scope():
            self.model = model = create(config, dataset.spec)
            rules = model.rules
            dataset.check_labels(all_known=rules.needs_labels and not rules.learns_from_unlabelled)
            if not rules.takes_float64:
                dataset.check_float32()
            self.rows = model.rows_to_learn(dataset.train)
            run_checks.check_batch(model, self.rows, dataset.name, self.strategy)
            self.steps_per_epoch = self.rows.steps_per_epoch(
                config.batch_size, rules.keep_remainder
            )
            self.total_steps = self.steps_per_epoch * config.num_epochs
            model.compile_for_run(self.total_steps)
            self.averages = MovingAverages(model.averaged_variables(), config.ema)

    def _initialize(self, train_first_stage):
        """Gives a new model its weights: those of an earlier stage, then those from the data."""
        seconds = train_first_stage(self.model)
        with self.strategy.scope():
            if seconds:
                self.state.seconds.assign(seconds)
            self.model.initialize_from_data(self.dataset.train)

    def _make_graph(self):
        model, strategy = self.model, self.strategy
        self.run_steps, self.names = steps.function(model, strategy, self.averages)
        self.end_pass = tf.function(lambda: strategy.run(model.end_epoch), autograph=False)
        self.batches = iter(steps.batches(self.rows, model, self.step, strategy))
        self.steps_per_call, self.epoch_terms = 1, []

    def is_complete(self) -> bool:
        """Whether no further step is to be taken."""
        patience, waited = self.config.patience, int(self.state.evaluations_since_best)
        impatient = bool(patience) and waited >= patience
        return self.step >= self.total_steps or impatient or self.model.converged()

    def take_steps(self) -> None:
        """Takes some steps in one call of the graph, and ends the epoch after its last one."""
        started = time.monotonic()
        epoch, step_in_epoch = divmod(self.step, self.steps_per_epoch)
        if step_in_epoch == 0:
            with self.strategy.scope():
                self.model.start_epoch(epoch, self.config.num_epochs, self.dataset.train)
        every = self.config.checkpoint_every
        n = min(
            self.steps_per_call, self.steps_per_epoch - step_in_epoch, every - self.step % every
        )
        terms = self.run_steps(self.batches, tf.constant(n)).numpy()  # [n, terms]
        guards.check_finite(terms, self.names, self.step, self.checkpoints, self.model.rules.remedy)
        self.epoch_terms.append(terms)
        means = _means(terms, self.names)
        self.log.progress(n, {k: v for k, v in means.items() if k in self.model.terms_shown})
        self.step += n
        self.state.step.assign(self.step)
        if self.step % self.steps_per_epoch == 0:
            self.end_epoch()
        self.count_time(n, time.monotonic() - started)

    def end_epoch(self) -> None:
        """Logs a pass over the data and, if due, evaluates the model on the validation split."""
        model, epoch = self.model, self.step // self.steps_per_epoch
        self.end_pass()
        terms = np.concatenate(self.epoch_terms).astype(np.float64)
        self.epoch_terms = []
        self.log.metrics(self.step, "train", _means(terms, self.names))
        recent = terms[-min(RECENT_STEPS, -(-len(terms) // 2)) :]
        self.log.warn(epoch - 1, model.warning(_means(recent, self.names), "train"))
        last = self.step == self.total_steps or model.converged()
        if epoch % self.config.eval_every == 0 or last:
            with self.averages.applied():
                terms, selection = validate(model, self.dataset.validation, self.judge)
                self._keep_if_best(terms, selection)
                self.log.warn(epoch - 1, model.warning(terms, "validation"))

    def _keep_if_best(self, terms, selection):
        """Keeps the weights unless earlier ones were better; without a selection, always."""
        state = self.state
        state.selection.assign(SELECTIONS[selection])
        # All workers must come to the same decision, to the last digit.
        value = (
            strategies.mean_over_workers(terms[selection], self.strategy) if selection else np.inf
        )
        if selection and not value < float(state.best_value):
            annealing = state.step <= self.model.annealing_steps
            state.evaluations_since_best.assign_add(0 if annealing else 1)
        else:
            state.best_value.assign(value)
            state.best_step.assign(state.step)
            state.evaluations_since_best.assign(0)
            if self.chief:
                self.best.save(int(state.step))
        grid = images.sample_grid(self.model) if self.chief else None
        self.log.metrics(int(state.step), "validation", terms, grid)

    def count_time(self, n: int, elapsed: float) -> None:
        """Adds the seconds that n steps took, and chooses how many the next call runs."""
        self.state.seconds.assign_add(elapsed)
        if strategies.spans_workers(self.strategy):
            self.steps_per_call = 16  # every worker must run the same number
        else:
            self.steps_per_call = int(np.clip(SECONDS_PER_CALL * n / elapsed, 1, 4 * n))

    def save_if_due(self, stopping: bool) -> None:
        """Writes a checkpoint if one is due, at the end, and before the run stops."""
        if (
            self.step % self.config.checkpoint_every == 0
            or self.step == self.total_steps
            or stopping
        ):
            guards.check_weights(self.model, self.step, self.checkpoints)
            if self.chief:
                self.checkpoints.save(self.step)
            self.saved_step = self.step

    def save_last(self) -> None:
        """Writes the checkpoint of a run that ended before its last step was due."""
        if self.chief and self.saved_step != self.step:
            self.checkpoints.save(self.step)


def _means(terms, names):
    """{name: mean} of the terms of some steps, [n, terms]."""
    return dict(zip(names, terms.mean(0).tolist(), strict=True))


def validate(model, validation: data.Split, judge) -> tuple[dict[str, float], str | None]:
    """Returns the terms on the validation split, and which of them selects the weights, if any."""
    terms = mean_terms(model, validation)
    if "loss" in terms:
        return terms, "loss"
    if judge is None or not model.of_images:
        return terms, None
    terms |= validate_samples(model, judge, validation)
    return terms, FRECHET if model.rules.keeps_best else None


def _any_worker(stop, strategy):
    """Whether any worker was asked to stop: all of them leave at the same step."""
    return strategies.mean_over_workers(float(bool(stop)), strategy) > 0
