"""The first stage of models on the codes of another model: M1 of `zoo.models.m1_m2`.

M1 is loaded from an export, or trained first in a folder of the run, so that models know no files.
"""

import os
import pathlib

import tensorflow as tf

from zoo import data, files, models
from zoo.configs.spec import Spec
from zoo.errors import UserError
from zoo.exports import versions
from zoo.models.m1_m2 import M1_FAMILIES, describe_wrong_m1
from zoo.models.registry import FAMILIES, FIRST_STAGE, make_config
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
      UserError: for an unknown model or field, data that the model cannot take, or an M1 that
        cannot be loaded.
    """
    config = make_config(entry, spec, overrides)
    return models.create(config, spec, parts=load_parts(config, spec))


def load_parts(config, spec: Spec) -> dict[str, models.GenerativeModel] | None:
    """Returns the exported models that a config names; None if it names none.

    Raises:
      UserError: if one cannot be loaded, or does not fit.
    """
    names_export = "m1" in config and FAMILIES[config.family].first_stage(config, spec) is None
    return {FIRST_STAGE: load_m1(config.m1, spec)} if names_export else None


def load_m1(path: str, spec: Spec) -> models.GenerativeModel:
    """Returns the VAE of an export, with its weights.

    Args:
      path: the export.
      spec: shape of the images that it must take.

    Raises:
      UserError: if there is no export, or it cannot be M1 of such images.
    """
    if not path or not files.tensorflow_path(path).is_dir():
        raise UserError(describe_wrong_m1(path))
    try:
        model = LoadedModel(versions.find_version(path)).restore()
    except UserError as error:
        raise UserError(f"m1={path}: {error}") from error
    if model.config.family not in M1_FAMILIES or model.spec.shape != spec.shape:
        raise UserError(
            f"m1={path} is {model.config.model!r} of images {list(model.spec.shape)}; expected a "
            f"VAE without labels of images {list(spec.shape)}, as the data are."
        )
    return model


def make(
    dataset: data.Dataset,
    workdir: str | os.PathLike,
    strategy: tf.distribute.Strategy | None = None,
    judge=None,
) -> loop.FirstStage:
    """Returns the first stage of a run, from the arguments of `zoo.training.loop.train`.

    It is trained in the folder WORKDIR/m1.
    """

    def train(model):
        stage = model.first_stage(model.config, model.spec)
        if stage is None:
            return 0.0
        folder = pathlib.Path(workdir) / FIRST_STAGE
        run = loop.train(stage, dataset, folder, strategy, judge)
        with (strategy or tf.distribute.get_strategy()).scope():
            model.load_first_stage(run.model)
        return run.training["seconds"]

    return loop.FirstStage(create, train)
