"""The fields of a config: defaults, descriptions and the values that each takes."""

from typing import Any, NamedTuple

import ml_collections


class Field(NamedTuple):
    """A field of a config.

    Attributes:
      default: the value, of the field's type.
      doc: a description, with the unit if there is one.
      low, high: the lowest and the highest number, both included. NaN is within no bounds.
      choices: all values that it takes; any within the bounds if empty.
    """

    default: Any
    doc: str
    low: float | None = None
    high: float | None = None
    choices: tuple = ()


class ModelConfig(ml_collections.ConfigDict):
    """The config of a model as its file in this folder makes it, with descriptions of its fields.

    Copies made by ml_collections are plain ConfigDicts; `registry.get` returns one of these.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Past ConfigDict, which would make it a field.
        object.__setattr__(self, "_known_fields", {})

    @property
    def known_fields(self) -> dict[str, Field]:
        """{name: Field}."""
        return self._known_fields


def field(default, doc: str, low=None, high=None, choices=()) -> Field:
    """Returns a field; see `Field`."""
    return Field(default, doc, low, high, choices)


def add(config: ModelConfig, **fields: Field) -> None:
    """Adds fields to a config, or replaces those of the same name."""
    for name, new in fields.items():
        config.known_fields[name] = new
        config[name] = new.default
