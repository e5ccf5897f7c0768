#!/usr/bin/env python3
"""Speed against named peers, all in one run, by turns, after a warm-up.

scripts/benchmark.py train --dataset=mnist    needs requirements-bench.txt and an idle machine
"""

from absl import flags

from zoo import cli

cli.define_data_flags()
_DATASET = flags.DEFINE_string("dataset", "mnist", "TFDS name of 28x28 grey images.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Epochs of each contender, after one of warm-up.")


def main():
    from zoo import data
    from zoo.benchmarks import training
    from zoo.errors import UserError

    if WHAT != "train":
        raise UserError(f"Say what to measure, scripts/benchmark.py train; given: {WHAT!r}.")
    loaded = data.load(_DATASET.value, **cli.data_places())
    result = training.compare(
        loaded.train,
        training.binarised(loaded.test),
        loaded.spec,
        _ROUNDS.value,
    )
    print(f"{'':16}{'steps/s':>10}{'zoo is':>12}{'test ELBO':>12}  after {result['steps']} steps")
    for name, rate in result["steps_per_second"].items():
        ratio, elbo = result["zoo_against"][name], result["elbo"][name]
        print(f"{name:16}{rate:10.1f}{ratio:10.2f} x{elbo:12.2f}")


if __name__ == "__main__":
    WHAT = cli.first_argument()
    cli.run(main)
