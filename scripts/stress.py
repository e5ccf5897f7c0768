#!/usr/bin/env python3
"""Stress-tests scripts/serve.py: many clients, changing versions, malformed requests.

scripts/stress.py versions --seconds=60      versions come and go while 32 clients send requests
scripts/stress.py nonsense --count=20000     malformed requests
"""

import sys

from absl import flags

from zoo.cli import command_line
from zoo.errors import UserError

_SECONDS = flags.DEFINE_float("seconds", 60.0, "Seconds of the versions test.", 8.0)
_COUNT = flags.DEFINE_integer("count", 20_000, "Number of malformed requests.", 10)


def versions():
    from zoo.benchmarks import stress

    swap = stress.swap_versions(_SECONDS.value)
    print(
        f"{swap.requests:,} requests from {stress.CLIENTS} clients, {swap.failed} failed or wrong."
    )
    print(f"The new version answered {swap.seconds:.1f} s after it was there.")
    print("A broken version left the old one serving:", "yes" if swap.broken_kept else "no")
    print("A removed version was unloaded:", "yes" if swap.unloaded else "no")
    return not swap.failed and swap.seconds < 3 and swap.broken_kept and swap.unloaded


def nonsense():
    from zoo.benchmarks import stress

    result = stress.send_nonsense(_COUNT.value)
    counts = sorted(result.answers.items(), key=lambda item: -item[1])
    print(f"{result.requests:,} requests: {', '.join(f'{n:,} times {a}' for a, n in counts)}.")
    before, after = (held / 1e6 for held in result.memory)
    print(f"The server held {before:,.0f} MB after a tenth of them, {after:,.0f} MB after all.")
    print("A right request is answered afterwards:", "yes" if result.alive else "no")
    for sender, what, answer in result.faults[:20]:
        print(f"fault: {sender} {what!r} -> {answer}")
    return not result.faults and result.alive and after < 1.1 * before


MEASURES = {"versions": versions, "nonsense": nonsense}


def prepare():
    if WHAT not in MEASURES:
        raise UserError(f"Choose a test: scripts/stress.py {'|'.join(MEASURES)}; given: {WHAT!r}.")


def main():
    if not MEASURES[WHAT]():
        sys.exit(1)


if __name__ == "__main__":
    WHAT = command_line.first_argument()
    command_line.run(main, prepare)
