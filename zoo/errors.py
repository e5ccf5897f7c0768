"""The one exception that a user of the zoo is meant to read."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the caller gave is wrong: one line names it, what was expected, and the remedy."""


class Stopped(Exception):
    """A run was asked to stop, has saved a checkpoint, and can be started again."""


def near_miss(name: str, known: Iterable[str]) -> str:
    """Returns " Did you mean 'cvae'?" for the known name closest to `name`, or ""."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
