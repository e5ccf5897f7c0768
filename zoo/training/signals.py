"""Handling of SIGTERM and SIGINT while something runs."""

import contextlib
import signal
from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def handled_by(handler: Callable) -> Iterator[None]:
    """Installs a handler of SIGTERM and SIGINT while the body runs.

    Outside of the main thread nothing is installed: signals are handled elsewhere.
    """
    try:
        previous = {number: signal.signal(number, handler) for number in SIGNALS}
    except ValueError:  # not the main thread
        previous = {}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


@contextlib.contextmanager
def received() -> Iterator[list[int]]:
    """Yields a list that gets the number of each signal; SIGINT twice interrupts at once."""
    numbers: list[int] = []

    def handler(number, frame):
        del frame
        if numbers and number == signal.SIGINT:
            raise KeyboardInterrupt  # pressed twice
        numbers.append(number)

    with handled_by(handler):
        yield numbers
