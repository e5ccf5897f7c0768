"""The page of speeds says what the measurements say."""

import pytest

from zoo.benchmarks import growth, speed_page

TRAIN = {
    "work": "steps of a VAE",
    "rate": 200.0,
    "unit": "steps/s",
    "against": {"keras fit": 1.5},
    "gigaflop": 0.25,
    "limit": 100.0,
    "machine": "2 CPU cores",
    "command": "train --dataset=mnist",
}


def test_a_measurement_is_a_row_and_a_newer_one_replaces_it(tmp_path):
    speed_page.record(tmp_path, "train", **TRAIN)
    speed_page.record(tmp_path, "train", **{**TRAIN, "rate": 240.0})
    (row,) = (
        line for line in (tmp_path / "speed.md").read_text().splitlines() if "of a VAE" in line
    )
    assert "240 steps/s" in row and "1.50 x keras fit" in row and "60%" in row
    assert "`scripts/benchmark.py train --dataset=mnist`" in row


def test_growth_is_the_slope_of_logarithms(tmp_path):
    sizes = [10, 20, 40]
    seconds = [3e-3 * size**1.5 for size in sizes]
    slope = growth.slope(sizes, seconds)
    assert slope == pytest.approx(1.5)
    slopes = {"EM by rows": {"sizes": sizes, "seconds": seconds, "slope": slope}}
    speed_page.record(tmp_path, "growth", slopes=slopes, command="growth", machine="2 cores")
    assert (
        "| EM by rows | 10, 20, 40 | 0.0949, 0.268, 0.759 | 1.50 |"
        in (tmp_path / "speed.md").read_text()
    )
