#!/usr/bin/env python3
"""Compares speed with named peers, in one run and by turns, on an idle machine.

scripts/benchmark.py train --dataset=mnist    steps of a VAE; needs requirements-bench.txt
scripts/benchmark.py gan --dataset=mnist      steps of a DCGAN; needs requirements-bench.txt
scripts/benchmark.py gmm --dataset=mnist      iterations of EM
scripts/benchmark.py nll --dataset=mnist      images of an NLL; needs requirements-bench.txt
scripts/benchmark.py serving                  requests to scripts/serve.py
scripts/benchmark.py growth --dataset=mnist   how EM and a VAE grow with data, components and batch
scripts/benchmark.py profile --model=vae      where the time of an entry's training goes

With --docs=docs the first four and growth leave what they found on docs/speed.md.

What is not about time:

scripts/benchmark.py modes --dataset=ring     modes that GANs find; and grid, stacked_mnist
scripts/benchmark.py faults --dataset=mnist   how often scripts/diagnose.py is right
scripts/benchmark.py formats                  which exports convert to LiteRT and ONNX
"""

import pathlib

from absl import flags

from zoo import configs, files
from zoo.cli import command_line, shared_flags
from zoo.errors import UserError
from zoo.exports import versions

shared_flags.define_data_flags()
shared_flags.define_judge_flag()
_DATASET = flags.DEFINE_string("dataset", "mnist", "TFDS name of 28x28 grey images.")
_MODEL = flags.DEFINE_string("model", "vae", "Model to profile.")
_ROUNDS = flags.DEFINE_integer(
    "rounds", None, "Epochs or iterations per contender; seconds for serving.", 1
)
_TRIALS = flags.DEFINE_integer("trials", 5, "Trials per GAN or fault.", 1)
_STEPS = flags.DEFINE_integer("steps", 0, "Steps per mode-collapse trial; 0: as published.", 0)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Folder of the trials; default runs/BENCHMARK_DATASET."
)
_DOCS = flags.DEFINE_string("docs", None, "Folder of the page; default the workdir.")


def load():
    from zoo import data

    return data.load(_DATASET.value, **shared_flags.data_places())


def record(name, work, rate, unit, against, gigaflop, limit):
    """Leaves a comparison on the page of speeds, if there is to be one."""
    from zoo.benchmarks import speed_page

    share = speed_page.share(rate, gigaflop, limit)
    if share is not None:
        print(f"limit {limit:.0f} GFLOP/s, of which the zoo's products reach {share:.0%}")
    if _DOCS.value:
        folder = files.user_path(_DOCS.value)
        result = {"work": work, "rate": rate, "unit": unit, "against": against}
        result |= {"gigaflop": gigaflop, "limit": limit, "machine": speed_page.machine()}
        speed_page.record(folder, name, **result, command=command())


def command():
    """What was asked for."""
    rounds = f" --rounds={_ROUNDS.value}" if _ROUNDS.value else ""
    return f"{WHAT} --dataset={_DATASET.value}{rounds}"


def train():
    from zoo.benchmarks import profile, training

    loaded = load()
    test = training.binarised(loaded.test)
    limit = profile.measure_limit()
    result = training.compare(loaded.train, test, loaded.spec, _ROUNDS.value or 5)
    print(f"{'':16}{'steps/s':>10}{'zoo is':>12}{'test ELBO':>12}  after {result['steps']} steps")
    for name, rate in result["steps_per_second"].items():
        ratio, elbo = result["zoo_against"][name], result["elbo"][name]
        print(f"{name:16}{rate:10.1f}{ratio:10.2f} x{elbo:12.2f}")
    rates, against = result["steps_per_second"], result["zoo_against"]
    peers = {name: ratio for name, ratio in against.items() if name != training.Zoo.name}
    work = "training steps of a VAE, 784-400-20, batch 128"
    rate = rates[training.Zoo.name]
    record("train", work, rate, "steps/s", peers, result["gigaflop"], limit)


def gan():
    from zoo.benchmarks import gan_training, profile

    loaded = load()
    limit = profile.measure_limit()
    for r1 in (0.0, 0.1):
        result = gan_training.compare(loaded.train, loaded.spec, _ROUNDS.value or 10, r1)
        print(f"{f'R1 = {r1:g}':20}{'steps/s':>10}{'zoo is':>12}")
        for name, rate in result["steps_per_second"].items():
            print(f"{name:20}{rate:10.2f}{result['zoo_against'][name]:10.2f} x", flush=True)
        against = result["zoo_against"]
        peers = {name: ratio for name, ratio in against.items() if name != gan_training.Zoo.name}
        work = f"training steps of a DCGAN, batch 128, R1 = {r1:g}"
        rate = result["steps_per_second"][gan_training.Zoo.name]
        record(f"gan_r1_{r1:g}", work, rate, "steps/s", peers, result["gigaflop"], limit)


def gmm():
    import numpy as np

    from zoo import data
    from zoo.benchmarks import mixtures, profile

    loaded, rounds = load(), _ROUNDS.value or 12
    limit = profile.measure_limit()
    images = np.concatenate([loaded.train.x, loaded.validation.x])
    projected = mixtures.project(data.InMemory(images))
    blobs = next(data.load("blobs/1000000").train.batches(1_000_000).as_numpy_iterator())["x"]
    cases = {
        "gmm": (mixtures.Case(projected), rounds),
        "gmm_diag": (mixtures.Case(projected, covariance="diag"), rounds),
        "gmm_rows": (mixtures.Case(blobs, num_components=32), max(rounds // 2, 4)),
    }
    for name, (case, rounds) in cases.items():
        result = mixtures.compare(case, rounds)
        show_mixtures(case, result)
        peers = {mixtures.ScikitLearn.name: result["faster"]}
        rate = 1 / result["seconds"][mixtures.Zoo.name]
        gigaflop = case.count_gigaflop()
        record(name, case.describe(), rate, "iterations/s", peers, gigaflop, limit)


def show_mixtures(case, result):
    print(f"{case.describe()}:")
    print(f"{'':16}{'s/iteration':>12}{'s to bound':>12}{'memory':>10}{'in EM':>10}{'error':>12}")
    for name, seconds in result["seconds"].items():
        before, peak = (held / 1e6 for held in result["memory"][name])
        to_bound = result["to_bound"][name]
        print(
            f"{name:16}{seconds:12.3f}{'-' if to_bound is None else f'{to_bound:.2f}':>12}"
            f"{peak:7.0f} MB{peak - before:7.0f} MB{result['difference'][name]:12.2g}"
        )
    print(f"zoo is {result['faster']:.2f} times faster; error: nats from scikit-learn's float64")


def nll():
    import statistics

    from zoo.benchmarks import likelihoods, profile

    loaded = load()
    limit = profile.measure_limit()
    result = likelihoods.compare(loaded.test, loaded.spec, _ROUNDS.value or 5)
    rates = {n: likelihoods.IMAGES / statistics.median(s) for n, s in result["seconds"].items()}
    for name, rate in rates.items():
        print(f"{name:16}{rate:8.2f} images/s, {1e4 / 60 / rate:.1f} minutes for 10,000 images")
    rate = rates.pop(likelihoods.Zoo.name)
    peers = {name: rate / other for name, other in rates.items()}
    work = f"images of an NLL with {likelihoods.SAMPLES:,} codes each, 784-400-20"
    record("nll", work, rate, "images/s", peers, result["gigaflop"], limit)


def growth():
    from zoo.benchmarks import growth as benchmark
    from zoo.benchmarks import speed_page

    loaded = load()
    slopes = benchmark.measure(loaded.train, loaded.spec, _ROUNDS.value or 7)
    for work, of in slopes.items():
        seconds = ", ".join(f"{s:.3g}" for s in of["seconds"])
        print(f"{work}: {of['sizes']} take {seconds} s, exponent {of['slope']:.2f}")
    if _DOCS.value:
        result = {"slopes": slopes, "machine": speed_page.machine(), "command": command()}
        speed_page.record(files.user_path(_DOCS.value), "growth", **result)


def profile():
    from zoo import data
    from zoo.benchmarks import profile as benchmark

    config = configs.get(_MODEL.value, dataset=_DATASET.value)
    loaded = data.load(config.dataset, **shared_flags.data_places())
    found = benchmark.profile(config, loaded.train, loaded.spec, 64, _ROUNDS.value or 5)
    print(f"{_MODEL.value}, batch {config.batch_size}: {found.milliseconds:.2f} ms per step")
    if found.gigaflop:
        print(
            f"its products and convolutions are {found.gigaflop:.3g} GFLOP: reached "
            f"{found.reached:.0f} of {found.limit:.0f} GFLOP/s, {found.share:.0%}; at the limit a "
            f"step takes {1e3 * found.gigaflop / found.limit:.2f} ms"
        )
    else:
        print(f"the limit is {found.limit:.0f} GFLOP/s; how much a step multiplies is not known")
    total = sum(found.busy.values())
    print(f"busy, over all threads: {total:.2f} ms per step, {found.products():.0%} in products")
    for name, milliseconds in list(found.busy.items())[:20]:
        print(f"{milliseconds:9.3f} ms {milliseconds / total:5.0%}  {name}")


def serving():
    from zoo.benchmarks import serving

    def show(model, signature, result):
        rate = result.pop("in process")
        print(f"{model} {signature}: {rate:,.0f} rows/s in process, 32 rows per call")
        for protocol, load in result.items():
            print(
                f"  {protocol}: {load.rate:,.0f} rows/s from 32 clients, {load.rate / rate:.0%} of "
                f"it; p50 {load.p50 * 1e3:.1f} ms, p99 {load.p99 * 1e3:.1f} ms, "
                f"{load.p99 / load.p50:.1f} times as long",
                flush=True,
            )

    serving.compare(_ROUNDS.value or 10, show)


def places(what, dataset):
    """The folders of the trials and of the page."""
    default = pathlib.Path("runs") / versions.export_name(what, dataset.name)
    workdir = files.tensorflow_path(_WORKDIR.value or default)
    return workdir, files.user_path(_DOCS.value or workdir)


def faults():
    from zoo.experiments import planted_faults as benchmark
    from zoo.training import strategy

    strategy.create("default")
    dataset = load()
    benchmark.check_dataset(dataset)
    config = configs.get("dcgan", dataset=dataset.name)
    judge = shared_flags.load_judge(config, dataset.spec)
    if judge is None:
        raise UserError(f"Diagnoses of {dataset.name!r} need a classifier of it: give --judge.")
    workdir, docs = places("faults", dataset)
    results = benchmark.run_trials(dataset, judge, _TRIALS.value, workdir)
    print(benchmark.write_page(results, docs))
    print(f"Written to {docs / benchmark.PAGE}.md.")


def load_judge(dataset):
    """The judge of the images that stand on the channels of a stacked set; None for points."""
    from zoo.data import stacked

    if not dataset.name.startswith(stacked.PREFIX):
        return None
    base, spec = stacked.base(dataset)
    judge = shared_flags.load_judge(configs.get("dcgan", dataset=base), spec)
    if judge is None:
        raise UserError(f"Modes of {dataset.name!r} need a classifier of {base!r}: give --judge.")
    return judge


def modes():
    from zoo.experiments import collapse as benchmark
    from zoo.experiments import collapse_page
    from zoo.training import strategy

    strategy.create("default")  # with all that train.py sets
    dataset = load()
    workdir, docs = places("modes", dataset)
    task = benchmark.make_task(dataset, _STEPS.value, load_judge(dataset))
    results = benchmark.run_trials(task, _TRIALS.value, workdir)
    print(collapse_page.write_page(results, workdir, docs))
    print(f"Written to {docs / collapse_page.PAGE}.md.")


def formats():
    from zoo.benchmarks import formats as benchmark

    folder = files.user_path(_DOCS.value or "runs")
    benchmark.measure(folder, lambda line: print(line, flush=True))
    print(f"Written to {folder / benchmark.PAGE}.md.")


MEASURES = {
    "train": train,
    "gan": gan,
    "gmm": gmm,
    "nll": nll,
    "growth": growth,
    "profile": profile,
    "serving": serving,
    "modes": modes,
    "faults": faults,
    "formats": formats,
}


def prepare():
    if WHAT not in MEASURES:
        known = "|".join(MEASURES)
        raise UserError(f"Say what to measure, scripts/benchmark.py {known}; given: {WHAT!r}.")


def main():
    MEASURES[WHAT]()


if __name__ == "__main__":
    WHAT = command_line.first_argument()
    command_line.run(main, prepare)
