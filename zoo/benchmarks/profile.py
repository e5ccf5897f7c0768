"""Profiles training: time by operation, and speed as a share of the limit of matrix products.

A step takes at least the time of its matrix products and convolutions at the rate of large matrix
products on this machine; the rest is what optimisation could save (the roofline
model: Williams, Waterman and Patterson 2009, CACM 52).
"""

import collections
import pathlib
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from zoo import data, models
from zoo.configs.spec import Spec
from zoo.training import steps
from zoo.training import strategy as strategies
from zoo.training.averages import MovingAverages

# Size of the square matrices whose product gives the limit.
SIDE = 2048
# Events in which a thread waits for others.
WAITING = ("BlockUntilReady", "TFE_", "Eager", "KernelAndDeviceFunc", "SlinkyThreadPool::Await")
# Events that are part of the enclosing operation.
INSIDE = ("ParallelFor",)
# Operations that call others an unknown number of times, or that are not counted.
HIDING = re.compile(r"While|If$|Case$|PartitionedCall|Einsum|Conv3D|DepthwiseConv|MapDefun")
# Names of matrix products and convolutions in XLA and TensorFlow.
PRODUCTS = re.compile(r"MatMul|Conv2D|[Cc]onv(olution)?[_.\d]*$|^dot|_dot_|Einsum")


class Profile(NamedTuple):
    """The measurements of `profile`.

    Attributes:
      milliseconds: per step, the median.
      gigaflop: of the matrix products and convolutions of a step; None if some have no known size.
      limit: GFLOP/s of a large matrix product.
      busy: {operation: milliseconds per step}, over all threads, longest first.
    """

    milliseconds: float
    gigaflop: float | None
    limit: float
    busy: dict[str, float]

    @property
    def reached(self) -> float | None:
        """GFLOP/s of the step."""
        return self.gigaflop and self.gigaflop / self.milliseconds * 1e3

    @property
    def share(self) -> float | None:
        """The fraction of the limit that the step reaches."""
        return self.reached and self.reached / self.limit

    def products(self) -> float:
        """Returns the share of matrix products and convolutions in the busy time."""
        of_products = sum(ms for name, ms in self.busy.items() if PRODUCTS.search(name))
        return of_products / sum(self.busy.values())


def profile(config, train: data.Split, spec: Spec, num_steps: int, rounds: int) -> Profile:
    """Runs the steps of a training as the zoo's loop does, and returns where their time goes.

    Args:
      config: of an entry that needs no first stage.
      train: rows to train on.
      spec: the spec of these images.
      num_steps: steps per round.
      rounds: number of timed rounds; one more is recorded.
    """
    strategy = strategies.create("default")
    model = models.create(config, spec)
    model.compile_for_run(total_steps=None)
    model.initialize_from_data(train)
    run_steps, _ = steps.function(model, strategy, MovingAverages([], 0.0))
    batches = iter(steps.batches(train, model, 0, strategy))
    gigaflop = count_step(model, batches.element_spec)

    def run():
        run_steps(batches, tf.constant(num_steps)).numpy()

    run()  # compiles
    limit = measure_limit()
    seconds = [_seconds(run) for _ in range(rounds)]
    busy = {name: 1e3 * s / num_steps for name, s in record(run).items()}
    return Profile(1e3 * statistics.median(seconds) / num_steps, gigaflop, limit, busy)


def measure_limit(rounds: int = 5) -> float:
    """Returns GFLOP/s of a large float32 product, TensorFlow's or NumPy's, whichever is faster."""
    a = np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(np.float32)
    tensor = tf.constant(a)
    ways: list[Callable] = [lambda: a @ a, lambda: tf.matmul(tensor, tensor).numpy()]
    for way in ways:
        way()
    return 2e-9 * SIDE**3 / min(_seconds(way) for way in ways for _ in range(rounds))


def _seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


# --- Products of a step ------------------------------------------------------------------------


def count_gigaflop(function: Callable, *specs) -> float | None:
    """Returns 1e9 operations in the matrix products and convolutions of a call.

    None if there are none, or if a loop, a branch, a function or an unknown size hides the number.
    """
    graph = tf.function(function, autograph=False).get_concrete_function(*specs).graph
    flop = 0
    for op in graph.get_operations():
        if HIDING.search(op.type):
            return None
        if re.fullmatch(r"(Batch)?MatMul(V2)?|Conv2D(Backprop(Input|Filter))?", op.type):
            sizes = [_size(tensor) for tensor in (*op.inputs, *op.outputs)]
            if None in sizes:
                return None
            flop += _flop(op)
    return flop / 1e9 if flop else None


def count_step(model, batch_spec) -> float | None:
    """Returns `count_gigaflop` of a training step on a batch of such tensors."""
    return count_gigaflop(lambda batch: model.take_step(data.to_float(batch, "scaled")), batch_spec)


def _size(tensor):
    return tensor.shape.num_elements()


def _flop(op):
    """Floating-point operations of a product or convolution: two per multiplication."""
    if "MatMul" in op.type:
        rows_first = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
        inner = op.inputs[0].shape[-2 if rows_first else -1]
        return 2 * _size(op.outputs[0]) * inner
    # In a convolution and in both of its gradients, each output value meets a whole filter.
    if op.type == "Conv2D":
        kernel, output = op.inputs[1].shape, op.outputs[0]
    elif op.type == "Conv2DBackpropInput":
        kernel, output = op.inputs[1].shape, op.inputs[2]
    else:
        kernel, output = op.outputs[0].shape, op.inputs[2]
    return 2 * _size(output) * kernel[0] * kernel[1] * kernel[2]


# --- Time by operation -------------------------------------------------------------------------


def record(run: Callable[[], None]) -> dict[str, float]:
    """Returns {operation: seconds} of a call, over all threads, longest first.

    Nested operations count separately; those of one kind count together.
    """
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            run()
        (path,) = pathlib.Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
    busy: collections.Counter[str] = collections.Counter()
    for plane in space.planes:
        for line in plane.lines:
            kinds = {
                e.metadata_id: name_kind(plane.event_metadata[e.metadata_id].name)
                for e in line.events
            }
            events = [e for e in line.events if kinds[e.metadata_id] not in INSIDE]
            for name, picoseconds in own_times(events):
                if not kinds[name].startswith(WAITING):
                    busy[kinds[name]] += picoseconds
    return {name: picoseconds / 1e12 for name, picoseconds in busy.most_common()}


def own_times(events):
    """Yields (name, time) of the events of a thread, without the time of those within them."""
    within: list[list] = []  # [end, name, own time], each within the one before
    for event in sorted(events, key=lambda e: (e.offset_ps, -e.duration_ps)):
        while within and within[-1][0] <= event.offset_ps:
            yield within.pop()[1:]
        if within:
            within[-1][2] -= event.duration_ps
        end = event.offset_ps + event.duration_ps
        within.append([end, event.metadata_id, event.duration_ps])
    yield from (of[1:] for of in within)


def name_kind(name: str) -> str:
    """Returns 'dot' for XLA's dot.12, 'MatMul' for TensorFlow's encoder/dense/MatMul:MatMul."""
    name = name.split(":")[-1] if re.fullmatch(r"[^:]+:\w+", name) else name.split("/")[-1]
    return re.sub(r"([._]\d+)+$", "", name)
