"""How the time of a step grows with data, components and batch."""

from collections.abc import Callable

import numpy as np

from zoo import data
from zoo.benchmarks import mixtures, training
from zoo.benchmarks.contenders import Contender, time_by_turns
from zoo.configs.spec import Spec

BATCHES = (32, 64, 128, 256, 512)
COMPONENTS = (10, 20, 40, 80)
PARTS = (8, 4, 2, 1)  # of all rows


def measure(train: data.InMemory, spec: Spec, rounds: int) -> dict[str, dict]:
    """Returns {work: {"sizes", "seconds", "slope"}}, all sizes of one kind in turns.

    Args:
      train: images.
      spec: the spec of these images.
      rounds: of each size, after one to warm up; their median counts.
    """
    x = mixtures.project(train)
    rows = [len(x) // part for part in PARTS]
    return {
        "an iteration of EM by rows (50 components)": _of_sizes(
            rows, lambda size: Contender(mixtures.Zoo, mixtures.Case(x[:size])), rounds, "iterate"
        ),
        "an iteration of EM by components": _of_sizes(
            COMPONENTS, lambda k: Contender(mixtures.Zoo, mixtures.Case(x, k)), rounds, "iterate"
        ),
        "16 steps of a VAE by batch": _of_sizes(
            BATCHES,
            lambda batch: Contender(training.Zoo, train, spec, batch),
            rounds,
            "run",
            16,
        ),
    }


def slope(sizes, seconds) -> float:
    """Returns the exponent of the power law that fits the times best."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _of_sizes(sizes, start: Callable[[int], Contender], rounds, method, *arguments):
    contenders = [start(size) for size in sizes]
    for contender, size in zip(contenders, sizes, strict=True):
        contender.name = str(size)
    timed = time_by_turns(contenders, rounds, 1, method, *arguments)
    seconds = [float(np.median(timed[str(size)])) for size in sizes]
    for contender in contenders:
        contender.close()
    return {"sizes": list(sizes), "seconds": seconds, "slope": slope(sizes, seconds)}
