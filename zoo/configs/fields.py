"""A field of a config: its default, what it is, and the values that it takes, in one place."""

from typing import Any, NamedTuple

import ml_collections


class Field(NamedTuple):
    """What `add` puts into a config.

    Attributes:
      default: the value, of the field's type.
      doc: what it is, its unit if it has one.
      low, high: the lowest and the highest number, both included. NaN is within no bounds.
      choices: all values that it takes; any within the bounds if empty.
    """

    default: Any
    doc: str
    low: float | None = None
    high: float | None = None
    choices: tuple = ()


_known: dict[str, Field] = {}


def field(default, doc: str, low=None, high=None, choices=()) -> Field:
    """Returns a field; see `Field`."""
    return Field(default, doc, low, high, choices)


def add(config: ml_collections.ConfigDict, **fields: Field) -> None:
    """Adds fields to a config.

    Raises:
      ValueError: if another family has a field of that name with other bounds or choices.
    """
    for name, new in fields.items():
        old = _known.setdefault(name, new)
        if old[2:] != new[2:]:
            raise ValueError(f"Field {name!r} has {old[2:]} elsewhere, {new[2:]} here.")
        config[name] = new.default


def find(name: str) -> Field:
    """Returns the field of a name, of a config that was made before."""
    return _known[name]
