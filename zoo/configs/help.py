"""What `--help` shows of a config: each field with its default, what it is and what it takes."""

import textwrap

import ml_collections

from zoo.configs import fields

WIDTH = 100


def describe_fields(config: ml_collections.ConfigDict) -> str:
    """Returns a paragraph for each field of a config, as a flag with its value, by name."""
    shown = [name for name in config if name not in ("model", "family", "dataset")]
    return "\n".join(_describe(name, config[name]) for name in shown)


def _describe(name, value):
    known = fields.find(name)
    text = known.doc
    if known.choices:
        text += f" One of {', '.join(map(repr, known.choices))}."
    elif known.low is not None:
        text += f" From {_short(known.low)} to {_short(known.high)}."
    indent = " " * 6
    wrapped = textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
    return f"  --config.{name}={_as_typed(value)}\n{wrapped}"


def _as_typed(value):
    """A value as a shell takes it."""
    return f'"{value}"' if isinstance(value, tuple) or value == "" else value


def _short(number):
    return f"{number:g}" if isinstance(number, float) else number
