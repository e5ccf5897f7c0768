"""The one training loop: gradient models, two adversaries and EM all run through it.

Many steps run in one call of a graph (`steps.py`), each of them the model's `take_step`; between
such calls Python looks at what came out, writes checkpoints and notices signals. Everything
random is a function of (config, step), so a run that is killed and started again ends with the
weights of one that was not, bit for bit.
"""

import contextlib
import dataclasses
import json
import os
import time

import numpy as np
import tensorflow as tf

from zoo import data, evaluation, files, images, models, workdirs
from zoo.errors import Stopped, UserError
from zoo.training import guards, steps
from zoo.training import strategy as strategies
from zoo.training.averages import MovingAverages
from zoo.training.checkpoint import Checkpoints
from zoo.training.log import Log

# The validation term that chooses the weights of a model without a loss, where there is a judge.
FRECHET = "frechet_classifier_distance"
# How cards say which weights were kept.
SELECTIONS = {
    "loss": "had the lowest loss on the validation split",
    FRECHET: "had the lowest Frechet classifier distance on the validation split",
    None: "are the last",
}
# Folder, in a workdir, of the run of a model that has to be trained before.
FIRST_STAGE = "m1"
# What the splits of a dataset are for.
USES = ("train on", "validate on", "test on")
# Steps at the end of an epoch from which a model tells how it is; half of them if it has fewer.
RECENT_STEPS = 100
# Seconds that steps run without Python looking at signals or the bar.
SECONDS_PER_CALL = 1.0


class State(tf.Module):
    """What a run knows beside its weights and optimizers; part of each checkpoint."""

    def __init__(self):
        super().__init__()
        self.best_value = tf.Variable(np.inf, dtype=tf.float64)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.best_step = tf.Variable(0, dtype=tf.int64)
        self.evaluations_since_best = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self.selection = tf.Variable("", dtype=tf.string)

    def summary(self) -> dict:
        """Returns what a metrics file tells of the run."""
        return {
            "steps": int(self.step),
            "best_step": int(self.best_step),
            "seconds": round(float(self.seconds), 1),
            "selection": self.selection.numpy().decode(),
        }


@dataclasses.dataclass
class Run:
    """A finished run: the model with the weights to use, and how it came about."""

    model: models.GenerativeModel
    training: dict
    was_complete: bool


def train(
    config,
    dataset: data.Dataset,
    workdir: str | os.PathLike,
    strategy: tf.distribute.Strategy | None = None,
    judge=None,
) -> Run:
    """Trains a model, or goes on where an earlier call with the same arguments was stopped.

    Args:
      config: of the entry.
      dataset: splits to train, validate and test on.
      workdir: gets config.json, checkpoints/, best/, metrics.jsonl and tensorboard/.
      strategy: of zoo.training.strategy.create; the default strategy if None.
      judge: zoo.evaluation.Judge, to choose the weights of a model without a validation loss.

    Raises:
      UserError: for a workdir of another config or other data, or in use by another process; a
        batch that does not fit data or replicas; a checkpoint that cannot be written; a loss that
        is not finite.
      Stopped: after SIGTERM or SIGINT, when the checkpoint is written.
    """
    strategy = strategy or tf.distribute.get_strategy()
    workdir = files.tensorflow_path(workdir)
    if not strategies.is_chief(strategy):
        return _train(config, dataset, workdir, strategy, judge)
    with workdirs.held(workdir):
        return _train(config, dataset, workdir, strategy, judge)


def _train(config, dataset, workdir, strategy, judge):
    chief = strategies.is_chief(strategy)
    if dataset.train.size == 0:
        raise UserError(f"Dataset {dataset.name!r} has no rows to train on.")

    with strategy.scope():
        model = models.create(config, dataset.spec)
        dataset.check_labels(all_known=model.needs_labels and not model.learns_from_unlabelled)
        rows = model.rows_to_learn(dataset.train)
        _check_batch(model, rows, dataset.name, strategy)
        steps_per_epoch = rows.steps_per_epoch(config.batch_size, model.every_row)
        total_steps = steps_per_epoch * config.num_epochs
        model.compile_for_run(total_steps)
        averages = MovingAverages(model.averaged_variables(), config.ema)
    state = State()
    description = _refuse_other_run(workdir, model, dataset)
    checkpoints = Checkpoints(
        workdir / "checkpoints",
        weights=weights(model),
        averages=averages,
        state=state,
        **model.optimizers(),
    )
    best = Checkpoints(workdir / "best", keep=1, weights=weights(model))
    resumed = checkpoints.restore()
    if not resumed:
        stage = model.first_stage(config)
        first = train(stage, dataset, workdir / FIRST_STAGE, strategy, judge) if stage else None
        with strategy.scope():
            if first:
                model.take_first_stage(first.model)
                state.seconds.assign(first.training["seconds"])
            model.start_from(dataset.train)
    if chief and not (workdir / "config.json").exists():
        files.write_json(workdir / "config.json", description)
    if _mean_over_workers(model.steps_taken(), strategy) != model.steps_taken():
        raise UserError(
            f"The workers do not start at the same step, this one at {model.steps_taken()}: all "
            f"of them must reach the same {workdir}."
        )
    if chief:
        print(_first_line(model, dataset, workdir))
    if resumed and chief and model.steps_taken() < total_steps:
        print(f"Going on from step {model.steps_taken()} of {total_steps} in {workdir}.")

    run_steps, names = steps.function(model, strategy, averages)
    end_epoch = tf.function(lambda: strategy.run(model.end_epoch), autograph=False)
    log = Log(workdir, model.steps_taken(), total_steps, config.batch_size, chief, model.of_images)
    saved_step = model.steps_taken()

    def complete(step):
        return step >= total_steps or _out_of_patience(state, config) or model.converged()

    was_complete = complete(saved_step)
    steps_per_call, epoch_terms = 1, []
    iterator = iter(steps.batches(rows, model, saved_step, strategy))

    with contextlib.closing(log), guards.signals() as stop:
        while not complete(step := model.steps_taken()):
            started = time.monotonic()
            epoch, step_in_epoch = divmod(step, steps_per_epoch)
            if step_in_epoch == 0:
                with strategy.scope():
                    model.start_epoch(epoch, dataset.train)
            n = min(
                steps_per_call,
                steps_per_epoch - step_in_epoch,
                config.checkpoint_every - step % config.checkpoint_every,
            )
            terms = run_steps(iterator, tf.constant(n)).numpy()  # [n, terms]
            guards.check_finite(terms, names, step, checkpoints, model.remedy)
            epoch_terms.append(terms)
            means = _means(terms, names)
            log.progress(n, {k: v for k, v in means.items() if k in model.terms_shown})
            step += n

            state.step.assign(step)
            if step % steps_per_epoch == 0:
                end_epoch()
                terms = np.concatenate(epoch_terms).astype(np.float64)
                epoch_terms = []
                log.metrics(step, "train", _means(terms, names))
                recent = terms[-min(RECENT_STEPS, -(-len(terms) // 2)) :]
                log.remark(epoch, model.remark(_means(recent, names), "train"))
                last = step == total_steps or model.converged()
                if (epoch + 1) % config.eval_every == 0 or last:
                    with averages.applied():
                        terms, selection = _measure(model, dataset.validation, judge)
                        _keep_if_best(model, terms, selection, state, best, log, strategy)
                        log.remark(epoch, model.remark(terms, "validation"))
            elapsed = time.monotonic() - started
            state.seconds.assign_add(elapsed)
            if strategy.extended._in_multi_worker_mode():
                steps_per_call = 16  # every worker must run the same number
            else:
                steps_per_call = int(np.clip(SECONDS_PER_CALL * n / elapsed, 1, 4 * n))

            stopping = _any_worker(stop, strategy)
            if step % config.checkpoint_every == 0 or step == total_steps or stopping:
                guards.check_weights(model, step, checkpoints)
                if chief:
                    checkpoints.save(step)
                saved_step = step
            if stopping:
                raise Stopped(
                    f"Stopped at step {step} of {total_steps}; the same command goes on from there."
                )
        if chief and saved_step != model.steps_taken():
            checkpoints.save(model.steps_taken())
    if chief and model.converged() and not was_complete:
        print(f"Converged after {model.steps_taken() // steps_per_epoch} passes over the data.")
    _any_worker(stop, strategy)  # the chief's files are complete when all have come here
    best.restore()
    return Run(model, state.summary(), was_complete)


def load_run(workdir: str | os.PathLike) -> tuple[models.GenerativeModel, dict]:
    """Returns the model of a run with its best weights, and {"steps", "best_step", "seconds"}."""
    workdir = files.tensorflow_path(workdir)
    model, state = models.from_description(workdirs.read_description(workdir)), State()
    if not Checkpoints(workdir / "best", keep=1, weights=weights(model)).restore():
        raise UserError(f"The run in {workdir} has no weights yet: train it for an epoch first.")
    Checkpoints(workdir / "checkpoints", state=state).restore()
    return model, state.summary()


def weights(model: models.GenerativeModel) -> list[tf.Variable]:
    """Returns all variables of the model, without those of its optimizers."""
    return [v.value for v in model.variables]


def _means(terms, names):
    """{name: mean} of the terms of some steps, [n, terms]."""
    return dict(zip(names, terms.mean(0).tolist(), strict=True))


def _first_line(model, dataset, workdir):
    """What trains, on what, on which devices and where."""
    counted = model.trainable_variables or model.served_variables()
    parameters = sum(int(np.prod(v.shape)) for v in counted)
    spec = dataset.spec
    rows = [f"{split.size:,} to {use}" for use, split in zip(USES, dataset[2:], strict=True)]
    return (
        f"{model.config.model}: {parameters:,} parameters; {dataset.name}: {', '.join(rows)}, "
        f"{'x'.join(map(str, spec.shape))}, {spec.num_classes or 'no'} classes; "
        f"{strategies.hardware()}; {workdir}"
    )


def _refuse_other_run(workdir, model, dataset):
    """Refuses a workdir of another config or other data; returns the description of this run."""
    new = json.loads(json.dumps({**models.description(model), "data": dataset.fingerprint()}))
    if not (workdir / "config.json").exists():
        return new
    old = workdirs.read_description(workdir)
    one, other = ({**made.pop("config"), **made} for made in (dict(old), dict(new)))
    data_before, data_now = one.pop("data", None), other.pop("data")
    differ = [f"{k}: {one.get(k)!r} there, {v!r} now" for k, v in other.items() if one.get(k) != v]
    if differ:
        raise UserError(
            f"{workdir} holds a run of another config ({'; '.join(differ)}). Choose another "
            "--workdir, or give the same config to go on with that run."
        )
    if data_before != data_now:
        rows = [
            f"{d['train']:,} + {d['validation']:,} + {d['test']:,}" if d else "unknown"
            for d in (data_before, data_now)
        ]
        changed = "other rows" if rows[0] == rows[1] else f"{rows[0]} rows there, {rows[1]} now"
        raise UserError(
            f"{workdir} holds a run on other data: {dataset.name!r} has changed since ({changed}). "
            "Choose another --workdir, or bring the data back to go on with that run."
        )
    return new


def _check_batch(model, rows, name, strategy):
    config, replicas = model.config, strategy.num_replicas_in_sync
    for field in model.shared_fields:
        if config[field] < 1 or config[field] % replicas:
            raise UserError(
                f"{field}={config[field]} cannot be split evenly over {replicas} replicas: "
                f"choose a multiple of {replicas}."
            )
        if config[field] // replicas % model.rows_at_once:
            raise UserError(
                f"{field}={config[field]} over {replicas} replicas cannot be shared evenly: model "
                f"{config.model!r} takes {model.rows_at_once} rows at once (d_steps, packing, "
                "minibatch_stddev and groups multiply). Choose a multiple of "
                f"{replicas * model.rows_at_once}."
            )
    if not rows.steps_per_epoch(config.batch_size, model.every_row):
        raise UserError(
            f"batch_size={config.batch_size} is more than the {rows.size} training images of "
            f"{name!r}: choose --config.batch_size={rows.size} or less."
        )


def _measure(model, validation, judge):
    """The terms on the validation split, and which of them chooses the weights, if any."""
    terms = evaluation.mean_terms(model, validation)
    if "loss" in terms:
        return terms, "loss"
    if judge is None or not model.of_images:
        return terms, None
    terms |= evaluation.validate_samples(model, judge, validation)
    return terms, FRECHET if model.keeps_best else None


def _keep_if_best(model, terms, selection, state, best, log, strategy):
    """Keeps the weights if no earlier ones were better; without a selection, always."""
    state.selection.assign(SELECTIONS[selection])
    # All workers must come to the same decision, to the last digit.
    value = _mean_over_workers(terms[selection], strategy) if selection else np.inf
    if selection and not value < float(state.best_value):
        annealing = state.step <= model.annealing_steps
        state.evaluations_since_best.assign_add(0 if annealing else 1)
    else:
        state.best_value.assign(value)
        state.best_step.assign(state.step)
        state.evaluations_since_best.assign(0)
        if log.chief:
            best.save(int(state.step))
    grid = images.sample_grid(model) if log.chief else None
    log.metrics(int(state.step), "validation", terms, grid)


def _out_of_patience(state, config):
    return bool(config.patience) and int(state.evaluations_since_best) >= config.patience


def _any_worker(stop, strategy):
    """Whether any worker was asked to stop: all of them leave at the same step."""
    return _mean_over_workers(float(bool(stop)), strategy) > 0


def _mean_over_workers(value, strategy):
    """The mean of a number that each worker has; all wait here for each other."""
    if not strategy.extended._in_multi_worker_mode():
        return value
    mine = tf.constant(float(value), tf.float64)
    return float(strategy.reduce("mean", strategy.run(lambda: mine), axis=None))
