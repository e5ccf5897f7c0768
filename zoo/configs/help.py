"""What `--help` shows about a config: each field with its default, description and range."""

import textwrap

from zoo.configs.fields import ModelConfig

WIDTH = 100


def describe_fields(config: ModelConfig) -> str:
    """Returns a paragraph for each field of a config: the flag, its value and a description."""
    shown = [name for name in config if name not in ("model", "family", "dataset")]
    return "\n".join(_describe(name, config[name], config.known_fields[name]) for name in shown)


def _describe(name, value, known):
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
