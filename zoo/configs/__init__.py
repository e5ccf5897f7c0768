"""One file per model: `get_config()` is what `--model=NAME` trains, `get_tiny()` what tests run."""

from zoo.configs.adaptation import adapt
from zoo.configs.registry import (
    changed,
    check_field,
    command_flags,
    describe,
    entries,
    folder_name,
    get,
    get_tiny,
    out_of_range,
    parse,
    parse_fields,
    replaced,
    split_at_commas,
)

__all__ = [
    "adapt",
    "changed",
    "check_field",
    "command_flags",
    "describe",
    "entries",
    "folder_name",
    "get",
    "get_tiny",
    "out_of_range",
    "parse",
    "parse_fields",
    "replaced",
    "split_at_commas",
]
