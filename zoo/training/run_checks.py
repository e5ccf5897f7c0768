"""Checks before a run begins: its folder and its batches; and the line that describes it."""

import json

import numpy as np

from zoo import models
from zoo.errors import UserError
from zoo.training import strategy as strategies
from zoo.training import workdirs

# The uses of a dataset's splits.
USES = ("train on", "validate on", "test on")


def describe(model, dataset, workdir) -> str:
    """Returns a line with model, data, devices and folder."""
    counted = model.trainable_variables or model.served_variables()
    parameters = sum(int(np.prod(v.shape)) for v in counted)
    spec = dataset.spec
    rows = [f"{split.size:,} to {use}" for use, split in zip(USES, dataset[2:], strict=True)]
    return (
        f"{model.config.model}: {parameters:,} parameters; {dataset.name}: {', '.join(rows)}, "
        f"{'x'.join(map(str, spec.shape))}, {spec.num_classes or 'no'} classes; "
        f"{strategies.hardware()}; {workdir}"
    )


def check_same_run(workdir, model, dataset) -> dict:
    """Checks that a workdir is not one of another config or other data.

    Returns the description of this run.

    Raises:
      UserError: names the difference.
    """
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


def check_batch(model, rows, name, strategy) -> None:
    """Raises a UserError for a batch that replicas, players or the data do not allow."""
    config, replicas = model.config, strategy.num_replicas_in_sync
    for field in model.rules.fields_split_over_replicas:
        if config[field] < 1 or config[field] % replicas:
            raise UserError(
                f"{field}={config[field]} cannot be split evenly over {replicas} replicas: "
                f"choose a multiple of {replicas}."
            )
        if config[field] // replicas % model.group_size:
            raise UserError(
                f"{field}={config[field]} over {replicas} replicas cannot be shared evenly: model "
                f"{config.model!r} takes {model.group_size} rows at once (d_steps, packing, "
                "minibatch_stddev and groups multiply). Choose a multiple of "
                f"{replicas * model.group_size}."
            )
    if not rows.steps_per_epoch(config.batch_size, model.rules.keep_remainder):
        raise UserError(
            f"batch_size={config.batch_size} is more than the {rows.size} training images of "
            f"{name!r}: choose --config.batch_size={rows.size} or less."
        )
