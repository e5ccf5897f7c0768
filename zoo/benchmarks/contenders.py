"""Contenders of a benchmark, each in a separate process."""

import importlib.util
import multiprocessing
import os
import pathlib
import re
import statistics
import time

from zoo.errors import UserError

# Seconds before each call, in which the previous contender's threads stop spinning.
PAUSE = 0.3


class Peer:
    """Base class of what is compared; it is created, and its methods run, in a separate process.

    Attributes:
      name: its name in tables.
      unset: environment variables to remove for its process.
    """

    name = ""
    unset: tuple[str, ...] = ()


class Contender:
    """A peer in another process; calls and times its methods.

    Args:
      make: its class.
      *arguments: for `make`.
    """

    def __init__(self, make: type[Peer], *arguments):
        self.name = make.name
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
        kept = {name: os.environ.pop(name) for name in make.unset if name in os.environ}
        self._process.start()
        os.environ.update(kept)
        theirs.close()  # so that recv notices the end of the process

    def call(self, method: str, *arguments):
        """Returns what the method returns, and the seconds it took."""
        time.sleep(PAUSE)
        self._pipe.send((method, arguments))
        return self._pipe.recv()

    def close(self) -> None:
        """Ends its process."""
        self._pipe.close()
        self._process.join()

    def memory(self) -> tuple[int, int]:
        """Returns the bytes that its process held when all was made, and the peak since (Linux)."""
        self._pipe.send((None, ()))
        return self._pipe.recv()[0]


def time_by_turns(contenders: list[Contender], rounds: int, warm_up: int, method: str, *arguments):
    """Calls a method of each contender in each round; returns {name: seconds [rounds]}.

    Args:
      contenders: in the order of their turns.
      rounds: number of timed rounds.
      warm_up: number of untimed rounds before.
      method: name of the method.
      *arguments: for the method.
    """
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(warm_up + rounds):
        for contender in contenders:
            _, taken = contender.call(method, *arguments)
            if number >= warm_up:
                seconds[contender.name].append(taken)
    return seconds


def compare_rates(seconds: dict[str, list[float]], count: int) -> dict:
    """Returns the medians over rounds of the times of `time_by_turns`.

    Args:
      seconds: of each contender and round, the zoo first.
      count: steps of a round.

    Returns:
      {"steps_per_second": {name: rate}, "zoo_against": {name: ratio of the zoo's rate to it}}.
    """
    zoo = next(iter(seconds.values()))
    return {
        "steps_per_second": {n: count / statistics.median(taken) for n, taken in seconds.items()},
        "zoo_against": {
            name: statistics.median(b / a for a, b in zip(zoo, taken, strict=True))
            for name, taken in seconds.items()
        },
    }


def _serve(pipe, make, arguments):
    made = make(*arguments)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # resets the peak to the current memory
    at_first = _held("VmHWM")
    while True:
        try:
            method, given = pipe.recv()
        except EOFError:
            return
        started = time.perf_counter()
        result = (at_first, _held("VmHWM")) if method is None else getattr(made, method)(*given)
        pipe.send((result, time.perf_counter() - started))


def _held(what):
    kilobytes = re.search(rf"{what}:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())
    return 1024 * int(kilobytes[1])


def need_torch() -> None:
    """Raises a UserError that says how to get PyTorch if it is missing."""
    if importlib.util.find_spec("torch") is None:
        raise UserError("PyTorch is missing: pip install -r requirements-bench.txt.")
