"""M1, the VAE whose codes M2 learns: named by a config, trained first or loaded from an export."""

import json
from collections.abc import Iterator

import tensorflow as tf

from zoo import configs, files, manifests, versions
from zoo.data import Spec
from zoo.errors import UserError, near_miss
from zoo.types import Config

# Fields that M1 shares with the model if it is trained with it.
SHARED = (
    "dataset",
    "image_size",
    "channels",
    "fit",
    "background",
    "label_column",
    "validation_fraction",
    "seed",
)


def to_train_first(config: Config, spec: Spec) -> Config | None:
    """Returns the config of the M1 to train before, or None if `config.m1` is an export."""
    if config.m1 not in configs.entries():
        return None
    m1 = configs.get(config.m1, **{field: config[field] for field in SHARED})
    fields = configs.parse_fields(m1, config.m1_fields)
    return configs.adapt(configs.get(config.m1, **{**m1, **fields}), spec.shape, fields)[0]


def conflicts(config: Config) -> Iterator[str]:
    """Yields a sentence if M1's name or the fields for it cannot be used."""
    from zoo import models  # which knows all families, those that use this file among them

    if config.m1 in _entries():
        try:
            fields = configs.parse_fields(configs.get(config.m1), config.m1_fields)
            if both := sorted(fields.keys() & {"model", "family", *SHARED}):
                yield f"m1_fields has {', '.join(both)}, which M1 shares with {config.model!r}."
            else:
                models.check(configs.get(config.m1, **fields))
        except UserError as error:
            yield f"m1_fields={config.m1_fields!r}: {error}"
    elif config.m1 in configs.entries():
        yield _no_m1(config.m1)
    elif config.m1_fields:
        yield (
            f"m1_fields={config.m1_fields!r} is for an M1 that is trained first, m1={config.m1!r} "
            "is none: leave it out."
        )


def _entries():
    """The entries that can be M1."""
    from zoo import models

    return [e for e in configs.entries() if models.FAMILIES[configs.get(e).family].is_m1]


def _no_m1(given):
    return (
        f"m1={given!r} is neither a folder nor an entry that can be M1."
        f"{near_miss(given, _entries())} Give the path of an exported VAE, or one of "
        f"{', '.join(_entries())} to train it first."
    )


def load(path: str, spec: Spec):
    """Returns the VAE of an export, with its weights.

    Args:
      path: of the export.
      spec: shape of the images that it has to take.

    Raises:
      UserError: if there is none, or none that can be M1 of such images.
    """
    from zoo import models

    if not path or not files.tensorflow_path(path).is_dir():
        raise UserError(_no_m1(path))
    try:
        version = versions.find(path)
        manifests.check(version)
    except UserError as error:
        raise UserError(f"m1={path}: {error}") from error
    try:
        description = json.loads((version / "assets.extra" / "config.json").read_text())
        module = tf.saved_model.load(str(version))
        model = models.from_description(description, module.weights)
    except (OSError, ValueError, LookupError, AttributeError, tf.errors.OpError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"m1={path}: not exported by the zoo, or damaged ({reason}).") from error
    if not model.is_m1 or model.spec.shape != spec.shape:
        raise UserError(
            f"m1={path} is {model.config.model!r} of images {list(model.spec.shape)}; needed is a "
            f"VAE without labels of images {list(spec.shape)}, as the data are."
        )
    return model
