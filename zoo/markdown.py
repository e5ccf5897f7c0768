"""Markdown tables of results."""

from collections.abc import Sequence


def table(rows: Sequence[dict]) -> str:
    """Returns rows of equal keys as a table; numbers are rounded, None is an empty cell."""
    lines = [rows[0], ["---"] * len(rows[0]), *(map(_cell, row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _cell(value):
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
