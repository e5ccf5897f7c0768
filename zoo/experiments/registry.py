"""The experiments by name, without TensorFlow.

An experiment is a module whose docstring asks a question. It has the names of its VARIANTS
(`variants.py`), a function `compare_variants`, which measures the trained models and returns the
rows of a table and a figure, and the ANSWER that the published run gave. `pages.run_experiment`
runs it. Mode collapse and planted faults have their own trials and pages.
"""

import pathlib
import pkgutil

from zoo.errors import UserError, near_miss

FOLDER = str(pathlib.Path(__file__).parent)
# Files there that are not experiments.
PARTS = (
    *("ablations", "collapse", "collapse_page", "faults", "measuring", "pages"),
    *("planted_faults", "registry", "variants"),
)


def names() -> list[str]:
    """Returns the names of all experiments."""
    modules = (module.name for module in pkgutil.iter_modules([FOLDER]))
    return sorted(name for name in modules if name not in PARTS)


def check_name(name: str) -> None:
    """Raises a UserError that names the near miss if there is no such experiment."""
    if name not in names():
        raise UserError(
            f"Unknown experiment {name!r}.{near_miss(name, names())} Known: {', '.join(names())}; "
            "the name comes before all flags."
        )
