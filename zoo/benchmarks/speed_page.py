"""The page on speed, from the files that scripts/benchmark.py writes."""

import json
import pathlib

from zoo import files
from zoo.drawing import markdown
from zoo.training import strategy as strategies

FOLDER, PAGE = "speed", "speed.md"
INSTRUCTIONS = {"avx512_bf16": "AVX-512 with bfloat16", "avx512f": "AVX-512", "avx2": "AVX2"}
INTRODUCTION = """\
# Speed

Each row was measured in one run on an otherwise idle machine: contenders alternate after a warm-up,
each in its own process. The limit is the rate of a large float32 matrix product in the same run;
the share is the part of it that the matrix products and convolutions of the row reach, averaged
over the whole time. Times and ratios differ between machines: they depend on how well each library
uses the processor. `scripts/benchmark.py profile --model=vae` shows where the time of a model's
training goes.
"""
GROWTH = """\
## Growth

Time grows as a power of the size. The exponent is the slope in a log-log plot: 1 is proportional,
less than 1 means that larger sizes use the machine better.
"""


def record(folder: pathlib.Path, name: str, **result) -> None:
    """Writes a measurement to `folder`/speed and rewrites the page.

    Args:
      folder: of the page.
      name: of the measurement; an earlier one of this name is replaced.
      **result: the fields that `_row` or `_growth` reads.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    files.write_json(folder / FOLDER / f"{name}.json", result)
    files.write_text(folder / PAGE, build_page(folder))


def build_page(folder: pathlib.Path) -> str:
    """Returns the page of all measurements in `folder`/speed."""
    found = [json.loads(path.read_text()) for path in sorted((folder / FOLDER).glob("*.json"))]
    rows = [_row(result) for result in found if "slopes" not in result]
    growth = [row for result in found if "slopes" in result for row in _growth(result)]
    parts = [INTRODUCTION]
    if rows:
        parts.append(markdown.table(rows) + "\n")
    if growth:
        parts += [GROWTH, markdown.table(growth) + "\n"]
    return "\n".join(parts)


def machine() -> str:
    """Returns a description of this machine, with its widest vector instructions (Linux)."""
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    widest = [name for flag, name in INSTRUCTIONS.items() if flag in flags]
    return ", ".join([strategies.hardware(), *widest[:1]])


def share(rate: float, gigaflop: float | None, limit: float) -> float | None:
    """Returns this rate of calls as a share of the limit, if that is known."""
    return gigaflop and rate * gigaflop / limit


def _row(result):
    of_limit = share(result["rate"], result["gigaflop"], result["limit"])
    peers = (f"{ratio:.2f} x {peer}" for peer, ratio in result["against"].items())
    return {
        "Work": result["work"],
        "Zoo": f"{result['rate']:.4g} {result['unit']}",
        "Against": ", ".join(peers),
        "Limit (GFLOP/s)": f"{result['limit']:.0f}",
        "Share of the limit": None if of_limit is None else f"{of_limit:.0%}",
        "Command": f"`scripts/benchmark.py {result['command']}`",
        "Machine": result["machine"],
    }


def _growth(result):
    for work, of in result["slopes"].items():
        seconds = ", ".join(f"{s:.3g}" for s in of["seconds"])
        yield {
            "Work": work,
            "Sizes": ", ".join(f"{size:,}" for size in of["sizes"]),
            "Seconds": seconds,
            "Exponent": f"{of['slope']:.2f}",
            "Command": f"`scripts/benchmark.py {result['command']}`",
            "Machine": result["machine"],
        }
