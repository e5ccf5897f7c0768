"""Contenders of a benchmark, each in a process of its own, out of the others' way."""

import multiprocessing
import os
import pathlib
import re
import time

# Seconds before each call, in which the threads of the one before stop waiting for more work.
PAUSE = 0.3


class Contender:
    """An object in another process, whose methods are called and timed from here.

    Args:
      make: makes the object there; has a `name`, and `unset`, what its process is not to have of
        this one's environment.
      *arguments: of `make`.
    """

    def __init__(self, make, *arguments):
        self.name = make.name
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        process = spawn.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
        kept = {name: os.environ.pop(name) for name in make.unset if name in os.environ}
        process.start()
        os.environ.update(kept)
        theirs.close()  # so that the process's end is noticed

    def call(self, method: str, *arguments):
        """Returns what the method returns, and the seconds it took."""
        time.sleep(PAUSE)
        self._pipe.send((method, arguments))
        return self._pipe.recv()

    def memory(self) -> tuple[int, int]:
        """Returns the bytes that its process held when all was made, and the most since (Linux)."""
        self._pipe.send((None, ()))
        return self._pipe.recv()[0]


def _serve(pipe, make, arguments):
    made = make(*arguments)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is held now
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
