"""The libraries that benchmarks need beside the zoo's own."""

import importlib.util

from zoo.errors import UserError


def need_torch() -> None:
    """Raises a UserError that says how to get PyTorch if it is missing."""
    if importlib.util.find_spec("torch") is None:
        raise UserError("PyTorch is missing: pip install -r requirements-bench.txt.")
