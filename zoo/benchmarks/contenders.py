"""Contenders of a benchmark, each in a process of its own, out of the others' way."""

import multiprocessing
import resource
import time


class Contender:
    """An object in another process, whose methods are called and timed from here.

    Args:
      make: makes the object there; has a `name`.
      *arguments: of `make`.
    """

    def __init__(self, make, *arguments):
        self.name = make.name
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        spawn.Process(target=_serve, args=(theirs, make, arguments), daemon=True).start()
        theirs.close()  # so that the process's end is noticed

    def call(self, method: str, *arguments):
        """Returns what the method returns, and the seconds it took."""
        self._pipe.send((method, arguments))
        return self._pipe.recv()

    def peak_memory(self) -> int:
        """Returns the most bytes that its process has held."""
        self._pipe.send((None, ()))
        return self._pipe.recv()[0]


def _serve(pipe, make, arguments):
    made = make(*arguments)
    while True:
        try:
            method, given = pipe.recv()
        except EOFError:
            return
        started = time.perf_counter()
        if method is None:
            result = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        else:
            result = getattr(made, method)(*given)
        pipe.send((result, time.perf_counter() - started))
