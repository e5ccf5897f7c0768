"""Errors for the user of the zoo, and how their messages are worded."""

import ast
import difflib
import re
from collections.abc import Iterable


class UserError(Exception):
    """Invalid input: one line names it, what was expected, and the remedy.

    The message names settings as flags of the scripts; `word` puts them in the caller's terms.
    """

    def __str__(self):
        return word(super().__str__())


class Diverged(UserError):
    """A run diverged: its numbers are not finite any more."""


class Stopped(Exception):
    """A run was asked to stop; it has saved a checkpoint and can be resumed."""


class _Wording:
    """Whether messages name settings as flags of the scripts or as arguments in Python."""

    flags = False


def speak_of_flags(flags: bool = True) -> None:
    """Makes messages name settings as flags from now on, as scripts do; or as in Python."""
    _Wording.flags = flags


def word(text: str) -> str:
    """Returns a text that names settings as flags in the words of its reader.

    In a script it stays as it is; in Python "--config.pixels=dequantized" reads
    "pixels='dequantized'" and "--workdir" reads "workdir".
    """
    return text if _Wording.flags else re.sub(_FLAG, _as_argument, text)


# Command lines are not changed.
_FLAG = r"scripts/\w+\.py(?: --\S+)*|--(?:config\.)?(\w+)(?:=(\"[^\"]*\"|[\w./+-]*[\w/]))?"


def _as_argument(match):
    name, value = match.groups()
    if name is None:
        return match[0]
    if value is None:
        return name
    written = value.strip('"')
    try:
        ast.literal_eval(written)
    except (ValueError, SyntaxError):
        written = repr(written)
    return f"{name}={written}"


def near_miss(name: str, known: Iterable[str]) -> str:
    """Returns " Did you mean 'cvae'?" for the known name closest to `name`, or ""."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.65)
    return f" Did you mean {close[0]!r}?" if close else ""


def first_line(error: BaseException) -> str:
    """Returns the first line of an error's message, or the error's type if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
