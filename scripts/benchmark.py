#!/usr/bin/env python3
"""Speed against named peers, all in one run, by turns, after a warm-up, on an idle machine.

scripts/benchmark.py train --dataset=mnist    steps of a VAE; needs requirements-bench.txt
scripts/benchmark.py gmm --dataset=mnist      iterations of EM
"""

from absl import flags

from zoo import cli
from zoo.errors import UserError

cli.define_data_flags()
_DATASET = flags.DEFINE_string("dataset", "mnist", "TFDS name of 28x28 grey images.")
_ROUNDS = flags.DEFINE_integer("rounds", None, "Epochs or iterations of each contender.", 1)


def train(loaded):
    from zoo.benchmarks import training

    test = training.binarised(loaded.test)
    result = training.compare(loaded.train, test, loaded.spec, _ROUNDS.value or 5)
    print(f"{'':16}{'steps/s':>10}{'zoo is':>12}{'test ELBO':>12}  after {result['steps']} steps")
    for name, rate in result["steps_per_second"].items():
        ratio, elbo = result["zoo_against"][name], result["elbo"][name]
        print(f"{name:16}{rate:10.1f}{ratio:10.2f} x{elbo:12.2f}")


def gmm(loaded):
    import numpy as np

    from zoo import data
    from zoo.benchmarks import mixtures

    images = np.concatenate([loaded.train.x, loaded.validation.x])
    x = mixtures.project(data.InMemory(images))
    result = mixtures.compare(x, _ROUNDS.value or 20)
    print(f"{len(x):,} rows of {mixtures.DIM}, {mixtures.COMPONENTS} full covariances, float32:")
    print(f"{'':16}{'s/iteration':>12}{'peak memory':>14}{'of it in EM':>14}")
    for name, seconds in result["seconds"].items():
        before, peak = (held / 1e6 for held in result["memory"][name])
        print(f"{name:16}{seconds:12.3f}{peak:11.0f} MB{peak - before:11.0f} MB")
    print(f"zoo is {result['faster']:.2f} times faster")
    for precision, difference in result["difference"].items():
        print(f"largest difference of zoo's {precision}: {difference:.2g} nats a row")


MEASURES = {"train": train, "gmm": gmm}


def prepare():
    if WHAT not in MEASURES:
        known = " or ".join(MEASURES)
        raise UserError(f"Say what to measure, scripts/benchmark.py {known}; given: {WHAT!r}.")


def main():
    from zoo import data

    MEASURES[WHAT](data.load(_DATASET.value, **cli.data_places()))


if __name__ == "__main__":
    WHAT = cli.first_argument()
    cli.run(main, prepare)
