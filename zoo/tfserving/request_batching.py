"""Batches the rows of waiting requests into one run of the model."""

import asyncio
import bisect
import collections
import concurrent.futures
import contextlib
from typing import Any, NamedTuple

import numpy as np

from zoo.tfserving.contract import errors, signatures
from zoo.tfserving.servables import Servable
from zoo.tfserving.server_configs import Batching

# Requests that may wait, over all models.
MAX_WAITING = 1000


class _Task(NamedTuple):
    inputs: dict[str, np.ndarray]
    rows: int
    future: asyncio.Future
    since: float


class _Queue:
    """Tasks that may share a batch, in order of arrival."""

    def __init__(self):
        self.tasks: collections.deque[_Task] = collections.deque()
        self.rows = 0

    def append(self, task):
        self.tasks.append(task)
        self.rows += max(task.rows, 1)

    def drop_done(self):
        """Removes the tasks whose client is gone."""
        self.tasks = collections.deque(t for t in self.tasks if not t.future.done())
        self.rows = sum(max(t.rows, 1) for t in self.tasks)

    def take(self, max_rows: int) -> list[_Task]:
        """Removes and returns the next batch: at most `max_rows` rows, or a single task."""
        taken, rows = [], 0
        while self.tasks and (not taken or rows + self.tasks[0].rows <= max_rows):
            task = self.tasks.popleft()
            self.rows -= max(task.rows, 1)
            if not task.future.done():  # else the client is gone
                taken.append(task)
                rows += task.rows
        return taken


class BatchScheduler:
    """Runs signatures in threads: one request at a time or, given `batching`, in batches.

    Requests share a batch if model, version, signature, outputs and the shapes of rows are equal.
    A scheduler has to be created in the event loop that uses it.
    """

    def __init__(self, batching: Batching | None = None, threads: int = 4):
        self._batching, self._loop = batching, asyncio.get_running_loop()
        threads = batching.num_threads if batching else threads
        self._threads = concurrent.futures.ThreadPoolExecutor(threads, "servable")
        self._free = threads
        self._queues: dict[Any, _Queue] = {}
        self._timers: dict[Any, asyncio.TimerHandle] = {}
        self._running: set[asyncio.Task] = set()

    async def run(
        self,
        servable: Servable,
        key: str,
        inputs: dict[str, np.ndarray],
        outputs: tuple[str, ...],
    ) -> dict[str, np.ndarray]:
        """Returns the outputs of a signature for the inputs of one request.

        Raises:
          ServingError: as `Servable.run`; INVALID_ARGUMENT if inputs to be batched have no
            common dimension 0; RESOURCE_EXHAUSTED if the queue is full.
        """
        if self._batching is None:
            queue_key, rows = (servable, key, outputs, None), 1
        else:
            rows = _count_rows(inputs)
            largest = self._batching.max_batch_size
            if rows > largest and not self._batching.split_large:
                raise errors.invalid(
                    f"Task size {rows} is larger than maximum input batch size {largest}"
                )
            shapes = tuple((i.dtype.str, i.shape[1:]) for i in inputs.values())
            queue_key = (servable, key, outputs, shapes)
        if self._is_full(queue_key, rows):
            self._drop_done()
        if self._is_full(queue_key, rows):
            raise errors.ServingError(
                errors.StatusCode.RESOURCE_EXHAUSTED,
                "The batch scheduling queue to which this task was submitted is full",
            )
        queue = self._queues.setdefault(queue_key, _Queue())
        future = self._loop.create_future()
        queue.append(_Task(inputs, rows, future, self._loop.time()))
        self._start()
        return await future

    def _drop_done(self):
        for queue_key, queue in list(self._queues.items()):
            queue.drop_done()
            if not queue.tasks:
                del self._queues[queue_key]

    def _is_full(self, queue_key, rows):
        if self._batching is None:
            waiting, most = 0, MAX_WAITING
        else:
            waiting = self._queues[queue_key].rows if queue_key in self._queues else 0
            most = self._batching.max_batch_size * self._batching.max_enqueued_batches
        everywhere = sum(len(queue.tasks) for queue in self._queues.values())
        return (waiting > 0 and waiting + rows > most) or everywhere >= MAX_WAITING

    def _start(self):
        """Gives waiting tasks to free threads, the oldest first."""
        ready = sorted(self._queues, key=lambda k: self._queues[k].tasks[0].since)
        for queue_key in ready:
            while self._free and queue_key in self._queues:
                queue = self._queues[queue_key]
                if not self._is_due(queue, self._loop.time()):
                    self._wake(queue_key, queue.tasks[0].since + self._batching.timeout)
                    break
                tasks = queue.take(self._batching.max_batch_size if self._batching else 1)
                if not queue.tasks:
                    del self._queues[queue_key]
                if tasks:
                    self._free -= 1
                    task = self._loop.create_task(self._run_batch(queue_key, tasks))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)

    def _is_due(self, queue, now):
        if self._batching is None or self._batching.timeout == 0:
            return True
        full = queue.rows >= self._batching.max_batch_size
        return full or now >= queue.tasks[0].since + self._batching.timeout

    def _wake(self, queue_key, when):
        def start():
            self._timers.pop(queue_key, None)
            self._start()

        if queue_key not in self._timers:
            self._timers[queue_key] = self._loop.call_at(when, start)

    async def _run_batch(self, queue_key, tasks):
        servable, key, outputs, _ = queue_key
        work = [task.inputs for task in tasks]
        try:
            results = await self._loop.run_in_executor(
                self._threads, self._compute, servable, key, work, outputs
            )
            for task, result in zip(tasks, results, strict=True):
                if task.future.done():
                    continue
                if isinstance(result, BaseException):
                    task.future.set_exception(result)
                else:
                    task.future.set_result(result)
        except Exception as error:  # no thread could be started, for example
            for task in tasks:
                if not task.future.done():
                    task.future.set_exception(error)
        finally:
            self._free += 1
            self._start()

    def _compute(self, servable, key, work, outputs):
        """Returns the outputs or the error of each request; runs in a thread."""
        if len(work) > 1:
            # If a batch fails, each request runs alone: a bad row must not fail the others.
            with contextlib.suppress(Exception):
                return self._compute_joined(servable, key, work, outputs)
        results = []
        for inputs in work:
            try:
                if self._batching is None:
                    results.append(servable.run(key, inputs, outputs))
                else:
                    results += self._compute_joined(servable, key, [inputs], outputs)
            except Exception as error:
                results.append(error)
        return results

    def _compute_joined(self, servable, key, work, outputs):
        sizes = [_count_rows(inputs) for inputs in work]
        total = sum(sizes)
        joined = {
            name: np.concatenate([inputs[name] for inputs in work]) if len(work) > 1 else array
            for name, array in work[0].items()
        }
        padding = self._padded(total) - total if total else 0
        if padding:
            joined = {n: np.pad(a, _pads(a, padding), "edge") for n, a in joined.items()}
        values = servable.run(key, joined, outputs)
        for name, value in values.items():
            if not value.ndim or len(value) != total + padding:
                raise errors.ServingError(
                    errors.StatusCode.FAILED_PRECONDITION,
                    f"Batched output tensor {name} has shape {list(value.shape)}: its 0th "
                    f"dimension does not equal the {total + padding} rows of the batch",
                )
        ends = np.cumsum(sizes)
        return [
            {name: value[end - size : end] for name, value in values.items()}
            for size, end in zip(sizes, ends, strict=True)
        ]

    def _padded(self, rows):
        allowed = self._batching.allowed_sizes
        place = bisect.bisect_left(allowed, rows)
        return allowed[place] if place < len(allowed) else rows

    def close(self) -> None:
        """Waits for running batches and ends the threads."""
        self._threads.shutdown()


def _pads(array, rows):
    """Returns the padding for np.pad: `rows` rows after the last one."""
    return [(0, rows)] + [(0, 0)] * (array.ndim - 1)


def _count_rows(inputs):
    rows = signatures.rows(inputs)
    if rows is None:
        raise errors.invalid(
            "Batching Run() input tensors must have equal 0th-dimension size and at least one "
            "dimension"
        )
    return rows
