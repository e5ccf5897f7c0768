"""Configs by the name of their model, their fields by name, and values from flags."""

import ast
import importlib
import pathlib
import pkgutil
import re
import shlex
from collections.abc import Iterable

import ml_collections
import numpy as np
from absl import flags

from zoo.configs.fields import ModelConfig
from zoo.errors import UserError, near_miss

FOLDER = str(pathlib.Path(__file__).parent)
# Files there that are not models.
PARTS = ("adaptation", "common", "fields", "help", "registry", "spec")
# Largest number in a tuple; tuples hold units of layers.
LARGEST_SIZE = 10**6
PARSERS: dict[type, flags.ArgumentParser] = {
    bool: flags.BooleanParser(),
    int: flags.IntegerParser(),
    float: flags.FloatParser(),
    str: flags.ArgumentParser(),
}
NAMES = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}


def entries() -> list[str]:
    """Returns the names of everything that can be trained."""
    return sorted(m.name for m in pkgutil.iter_modules([FOLDER]) if m.name not in PARTS)


def _module(name: str):
    if name not in entries():
        raise UserError(
            f"Unknown model {name!r}.{near_miss(name, entries())} Known models: "
            f"{', '.join(entries())}."
        )
    return importlib.import_module(f"zoo.configs.{name}")


def get(name: str, /, **overrides) -> ModelConfig:
    """Returns the locked config of model `name` with `overrides` in it.

    Raises:
      UserError: for an unknown model or field (with the near miss), or a value of the wrong type.
    """
    return _update(_module(name).get_config().lock(), overrides)


def get_tiny(name: str, /, **overrides) -> ModelConfig:
    """Returns a variant of model `name` that trains within seconds, for tests; not compiled."""
    return _update(_module(name).get_tiny().lock(), {"jit": False, **overrides})


def describe(name: str) -> str:
    """Returns the docstring of model `name`: paper, command, time and expected result."""
    return _module(name).__doc__.strip()


def changed(config: ml_collections.ConfigDict) -> dict:
    """Returns the fields that differ from the defaults of the model."""
    own = get(config.model)
    return {field: value for field, value in config.items() if value != own[field]}


def folder_name(*names: str, fields: dict) -> str:
    """Returns names and fields with their values as one name that needs no quoting.

    For example "cvae_mnist-hidden_64_32-seed_1".
    """
    written = (f"{field} {str(value).strip('()')}" for field, value in fields.items())
    return "-".join(re.sub(r"[^\w.+-]+", "_", part).strip("_") for part in (*names, *written))


def command_flags(config: ml_collections.ConfigDict) -> str:
    """Returns the flags that give a script this config, model and dataset first."""
    fields = changed(config)
    dataset = fields.pop("dataset", None)
    flags = [f"--model={config.model}", *([f"--dataset={dataset}"] if dataset else [])]
    flags += [f"--config.{name}={value}" for name, value in fields.items()]
    return shlex.join(flags)  # quotes the parentheses of tuples


def out_of_range(config: ml_collections.ConfigDict) -> dict[str, str]:
    """Returns {field: sentence} for the fields whose values are out of their ranges."""
    # The config may come from a file, as a plain ConfigDict.
    own, problems = get(config.model), {}
    for field, value in config.items():
        check_field(own, field)
        known = own.known_fields[field]
        if isinstance(value, tuple) and not all(_is_size(n) for n in value):
            expected = f"whole numbers from 1 to {LARGEST_SIZE}"
        elif known.low is not None and not known.low <= value <= known.high:
            expected = f"{known.low} to {known.high}"
        elif known.choices and value not in known.choices:
            expected = f"one of {', '.join(map(repr, known.choices))}"
        else:
            continue
        problems[field] = f"Config field {field}={value!r}: expected {expected}. {known.doc}"
    return problems


def _is_size(value):
    return type(value) is int and 1 <= value <= LARGEST_SIZE


def replaced(config: ml_collections.ConfigDict, fields: Iterable[str]) -> ml_collections.ConfigDict:
    """Returns the config with the default values of some fields."""
    own = get(config.model)
    return ml_collections.ConfigDict({**config.to_dict(), **{f: own[f] for f in fields}})


def parse(config: ml_collections.ConfigDict, field: str, text: str):
    """Returns the value of a field that a text on the command line means.

    Raises:
      UserError: for an unknown field, or a text that does not fit its type.
    """
    check_field(config, field)
    default = config[field]
    try:
        if isinstance(default, tuple):
            value = ast.literal_eval(text)
            return tuple(value) if isinstance(value, tuple | list) else (value,)
        return PARSERS[type(default)].parse(text)
    except (ValueError, SyntaxError, TypeError, flags.IllegalFlagValueError) as error:
        raise UserError(
            f"--config.{field}={text}: expected {_kind(default)}, such as {default!r}."
        ) from error


def split_at_commas(text: str) -> list[str]:
    """Splits a text at its commas, except those inside a tuple."""
    return re.split(r",(?![^(]*\))", text)


def parse_fields(config: ml_collections.ConfigDict, text: str) -> dict:
    """Returns {field: value} for a text such as "num_epochs=20,hidden=(300,300)".

    Raises:
      UserError: as `parse`, or for a text that is not a list of fields.
    """
    parts = [part.partition("=") for part in split_at_commas(text) if part.strip()]
    for field, equals, _ in parts:
        if not equals:
            raise UserError(f"{text!r}: {field!r} is not a field, write field=value,field=value.")
    return {name.strip(): parse(config, name.strip(), value) for name, _, value in parts}


def _kind(value):
    return "whole numbers" if isinstance(value, tuple) else NAMES[type(value)]


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
        config[field] = _to_type(config, field, value)
    return config


def _to_type(config, field, value):
    """Returns a Python or NumPy value in the type of the field."""
    default = config[field]
    if isinstance(value, str) and not isinstance(default, str):
        return parse(config, field, value)
    value = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, tuple | list) else (value,)
    if type(default) is float and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise UserError(f"Config field {field!r} takes {_kind(default)}, got {value!r}.")
    return value
