"""Questions about VAEs and mixtures, each answered by variants that are trained side by side.

An experiment is a module with a docstring that asks, the names of its VARIANTS (`variants.py`),
`report`, which measures the trained models and returns the rows of a table and a figure, and the
ANSWER that the published run gave. `pages.run` runs it. Here are the names, without TensorFlow.
"""

import pkgutil

from zoo.errors import UserError, near_miss

NO_EXPERIMENTS = ("measuring", "pages", "variants")


def names() -> list[str]:
    """Returns the names of all experiments."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name not in NO_EXPERIMENTS)


def check_name(name: str) -> None:
    """Raises a UserError that names the near miss if there is no such experiment."""
    if name not in names():
        raise UserError(
            f"Unknown experiment {name!r}.{near_miss(name, names())} Known: {', '.join(names())}; "
            "the name comes before all flags."
        )
