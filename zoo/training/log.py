"""What a run logs: a progress bar, metrics.jsonl, TensorBoard."""

import contextlib
import json
import os
import pathlib
import sys

import tensorflow as tf
import tqdm
from tensorflow.core.util import event_pb2

from zoo import files
from zoo.evaluation.headline_metrics import FRECHET

# Terms on the validation split that the bar shows.
SHOWN = ("loss", FRECHET)


class Log:
    """The progress bar and the two logs of a run; silent on workers other than the chief."""

    def __init__(
        self,
        workdir: str | os.PathLike,
        step: int,
        total_steps: int,
        batch_size: int,
        chief: bool,
        of_images: bool,
    ):
        self.chief, self.batch_size = chief, batch_size
        self.validation: dict[str, float] = {}
        self.path = pathlib.Path(workdir) / "metrics.jsonl"
        if chief:
            self._forget_after(step)
            folder = pathlib.Path(workdir) / "tensorboard"
            for path in folder.glob("events.out.tfevents.*"):
                _forget_events(path, step)
            self.writer = tf.summary.create_file_writer(str(folder))
        self.bar = tqdm.tqdm(
            total=total_steps * batch_size,
            initial=step * batch_size,
            unit="img" if of_images else "row",
            unit_scale=True,
            disable=not chief,
            mininterval=0.5 if sys.stderr.isatty() else 20,
        )

    def _forget_after(self, step):
        """Removes the lines after `step`, which a resumed run writes again."""
        if self.path.exists():
            lines = self.path.read_text().splitlines()
            kept = [line + "\n" for line in lines if _step_of(line) <= step]
            files.write_text(self.path, "".join(kept))

    def progress(self, steps: int, terms: dict[str, float]) -> None:
        """Moves the bar on by `steps`, the terms of the loss and the last validation beside it."""
        shown = {**terms, **self.validation}
        self.bar.set_postfix({k: f"{v:.4g}" for k, v in shown.items()}, refresh=False)
        self.bar.update(steps * self.batch_size)

    def metrics(self, step: int, split: str, terms: dict[str, float], images=None) -> None:
        """Appends a line to metrics.jsonl and the same to TensorBoard, with a grid of images."""
        if not self.chief:
            return
        if split == "validation":
            self.validation = {f"validation_{k}": v for k, v in terms.items() if k in SHOWN}
        with open(self.path, "a") as file:
            file.write(json.dumps({"step": step, "split": split, **terms}) + "\n")
        with self.writer.as_default(step):
            for name, value in terms.items():
                tf.summary.scalar(f"{name}/{split}", value)
            if images is not None:
                tf.summary.image("samples", images[None])
        self.writer.flush()

    def warn(self, epoch: int, text: str | None) -> None:
        """Prints a model's warning about an epoch, if there is one, above the bar."""
        if text and self.chief:
            self.bar.write(f"Epoch {epoch + 1}: {text}")

    def close(self) -> None:
        self.bar.close()
        if self.chief:
            self.writer.close()


def _forget_events(path, step):
    """Removes the events after `step`, which a resumed run writes again."""
    kept, dropped = [], False
    with contextlib.suppress(tf.errors.DataLossError):  # the last event may be half
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            late = event_pb2.Event.FromString(record).step > step
            dropped |= late
            if not late:
                kept.append(record)
    if dropped:
        with files.atomic(path) as temporary, tf.io.TFRecordWriter(str(temporary)) as writer:
            for record in kept:
                writer.write(record)


def _step_of(line):
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):  # the last line of a killed run may be half
        return float("inf")
