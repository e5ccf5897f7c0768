"""The first stage of models that are made of another model (`zoo.models.stages`).

It is loaded from an export, or trained first in a folder of the run, so that models know no files.
"""

import os
import pathlib

import tensorflow as tf

from zoo import data, files, models
from zoo.configs.spec import Spec
from zoo.errors import UserError
from zoo.exports import versions
from zoo.models.registry import FAMILIES, make_config
from zoo.models.stages import Stage
from zoo.serving.loading import LoadedModel
from zoo.training import loop


def create(
    entry,
    spec: Spec = Spec((28, 28, 1), 10),  # noqa: B008  (a NamedTuple does not change)
    **overrides,
) -> models.GenerativeModel:
    """Returns a new model with initial weights, which are a function of its config.

    Args:
      entry: name of a model, whose config is adapted to the data (`zoo.configs.adapt`); or a whole
        config, which is used unchanged.
      spec: shape of one x, and number of labels.
      **overrides: config fields, as in create("cvae", latent_dim=2).

    Raises:
      UserError: for an unknown model or field, data that the model cannot take, or a first stage
        that cannot be loaded.
    """
    config = make_config(entry, spec, overrides)
    return models.create(config, spec, parts=load_parts(config, spec))


def load_parts(config, spec: Spec) -> dict[str, models.GenerativeModel] | None:
    """Returns the exported models that a config names; None if it names none.

    Raises:
      UserError: if one cannot be loaded, or does not fit.
    """
    stage = FAMILIES[config.family].stage
    if stage is None or stage.make_config(config, spec) is not None:
        return None
    return {stage.name: load(stage, config[stage.name], spec)}


def load(stage: Stage, path: str, spec: Spec) -> models.GenerativeModel:
    """Returns the model of an export, with its weights; of two stages, the first one.

    Args:
      stage: what it has to be.
      path: the export.
      spec: shape of the images that it must take.

    Raises:
      UserError: if there is no export, or it cannot be this stage for such images.
    """
    if not path or not files.tensorflow_path(path).is_dir():
        raise UserError(stage.describe_wrong(path))
    try:
        model = LoadedModel(versions.find_version(path)).restore()
    except UserError as error:
        raise UserError(f"{stage.name}={path}: {error}") from error
    if model.stage == stage:
        model = model.first
    if model.config.family not in stage.families or model.spec.shape != spec.shape:
        raise UserError(
            f"{stage.name}={path} is {model.config.model!r} of images {list(model.spec.shape)}; "
            f"expected a {stage.kind} of images {list(spec.shape)}, as the data are."
        )
    return model


def make(
    dataset: data.Dataset,
    workdir: str | os.PathLike,
    strategy: tf.distribute.Strategy | None = None,
    judge=None,
) -> loop.FirstStage:
    """Returns the first stage of a run, from the arguments of `zoo.training.loop.train`.

    It is trained in a folder of the workdir, named after the stage.
    """

    def train(model):
        stage = model.stage
        rows = dataset.train.size
        first = stage.make_config(model.config, model.spec, rows) if stage else None
        if first is None:
            return 0.0
        folder = pathlib.Path(workdir) / stage.name
        run = loop.train(first, dataset, folder, strategy, judge)
        with (strategy or tf.distribute.get_strategy()).scope():
            model.load_first_stage(run.model)
        return run.training["seconds"]

    return loop.FirstStage(create, train)
