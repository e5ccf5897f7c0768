"""Markdown tables of results."""

from collections.abc import Sequence


def table(rows: Sequence[dict]) -> str:
    """Returns rows of equal keys as a table; numbers are rounded, None is an empty cell."""
    lines = [rows[0], ["---"] * len(rows[0]), *(map(cell, row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def cell(value) -> str:
    """Returns a value as a cell shows it; a list of shares in percent."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(f"{100 * share:.1f}" for share in value)
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|")  # a bar would end the cell
