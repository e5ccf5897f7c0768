"""One file an entry: `get_config()` is what `--model=NAME` trains, `get_tiny()` what tests run."""

import importlib
import pkgutil
import re

import ml_collections

from zoo.configs import common
from zoo.errors import UserError, near_miss


def entries() -> list[str]:
    """Returns the names of everything that can be trained."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "common")


def _module(name: str):
    if name not in entries():
        raise UserError(
            f"Unknown model {name!r}.{near_miss(name, entries())} Known models: "
            f"{', '.join(entries())}."
        )
    return importlib.import_module(f"{__name__}.{name}")


def get(name: str, /, **overrides) -> ml_collections.ConfigDict:
    """Returns the locked config of entry `name` with `overrides` in it.

    Raises:
      UserError: for an unknown entry or field (with the near miss), or a value of the wrong type.
    """
    return _update(_module(name).get_config().lock(), overrides)


def get_tiny(name: str, /, **overrides) -> ml_collections.ConfigDict:
    """Returns the variant of entry `name` that trains within seconds, for tests."""
    return _update(_module(name).get_tiny().lock(), overrides)


def describe(name: str) -> str:
    """Returns the docstring of entry `name`: what it is, its paper, command, time and result."""
    return _module(name).__doc__.strip()


def changed(config: ml_collections.ConfigDict) -> dict:
    """Returns the fields whose values are not those of the entry itself."""
    own = get(config.model)
    return {field: value for field, value in config.items() if value != own[field]}


def written(fields: dict) -> list[str]:
    """Returns "field=value" for each, fit for a file's name."""
    return [
        re.sub(r"[^\w=.,+-]", "", f"{field}={value}").strip(",") for field, value in fields.items()
    ]


def command_flags(config: ml_collections.ConfigDict) -> str:
    """Returns the flags with which a script makes this config, the model and dataset first."""
    fields = changed(config)
    dataset = fields.pop("dataset", None)
    flags = [f"--model={config.model}", *([f"--dataset={dataset}"] if dataset else [])]
    return " ".join([*flags, *(f"--config.{name}={value}" for name, value in fields.items())])


def check(config: ml_collections.ConfigDict) -> None:
    """Raises a UserError that names the first field whose value is out of its range."""
    for field, value in config.items():
        if isinstance(value, tuple) and not all(isinstance(n, int) and n > 0 for n in value):
            raise UserError(f"Config field {field}={value!r}: expected whole numbers above 0.")
        low, high = common.LIMITS.get(field, (value, value))
        if not low <= value <= high:
            raise UserError(f"Config field {field}={value!r}: expected {low} to {high}.")
        if value not in common.CHOICES.get(field, (value,)):
            expected = ", ".join(repr(choice) for choice in common.CHOICES[field])
            raise UserError(f"Config field {field}={value!r}: expected one of {expected}.")


def check_field(config: ml_collections.ConfigDict, field: str) -> None:
    """Raises a UserError that names the near miss if the config has no such field."""
    if field not in config:
        raise UserError(
            f"Unknown config field {field!r} of model {config.model!r}."
            f"{near_miss(field, config)} Known fields: {', '.join(sorted(config))}."
        )


def _update(config, overrides):
    for field, value in overrides.items():
        check_field(config, field)
        try:
            config[field] = tuple(value) if isinstance(config[field], tuple) else value
        except TypeError as error:
            raise UserError(
                f"Config field {field!r} is a {type(config[field]).__name__}, got {value!r}."
            ) from error
    return config
