"""Checkpoints: a damaged one is detected, and the previous one used instead."""

import os
import pathlib
import shutil

import tensorflow as tf
from absl import logging

from zoo import files, models
from zoo.errors import UserError, first_line
from zoo.training import workdirs
from zoo.training.state import State


class Checkpoints:
    """The last few checkpoints of some trackable objects in one folder.

    TensorFlow writes a checkpoint's data under a temporary name and lists the checkpoint only when
    it is complete, so a process killed while it writes costs that checkpoint and no other.
    """

    def __init__(self, folder: str | os.PathLike, keep: int = 3, **objects):
        self.folder = pathlib.Path(folder)
        self.checkpoint = tf.train.Checkpoint(**objects)
        self.last_good: str | None = None
        _mend_list(self.folder)
        self.manager = tf.train.CheckpointManager(self.checkpoint, str(folder), max_to_keep=keep)

    def save(self, step: int) -> None:
        """Writes a checkpoint for `step`.

        Raises:
          UserError: if it cannot be written, for example on a full disk; older checkpoints stay.
        """
        for leftover in self.folder.glob("*_temp"):
            shutil.rmtree(leftover, ignore_errors=True)
        before = set(self.folder.glob("*"))
        try:
            self.last_good = self.manager.save(checkpoint_number=step)
        except (tf.errors.OpError, OSError) as error:
            for leftover in set(self.folder.glob(f"ckpt-{step}[._]*")) - before:
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            raise UserError(
                f"Could not write the checkpoint of step {step} in {self.folder}: "
                f"{first_line(error)}. The newest whole checkpoint is "
                f"{self.last_good or 'none yet'}; make room and start the same command again."
            ) from error

    def restore(self) -> bool:
        """Restores the newest checkpoint that can be read; returns False if there is none at all.

        Raises:
          UserError: if there are checkpoints but none can be read.
        """
        # Read again: another worker may have written them.
        found = tf.train.get_checkpoint_state(str(self.folder))
        paths = list(reversed(found.all_model_checkpoint_paths)) if found else []
        for path in paths:
            try:
                _read_all(path)
                status = self.checkpoint.restore(path).assert_existing_objects_matched()
                status.expect_partial()
            except Exception as error:  # TensorFlow's reader raises IndexError and others
                logging.warning("Checkpoint %s cannot be used: %s", path, first_line(error))
                continue
            self.last_good = path
            if path != paths[0]:
                logging.warning("Going back to the checkpoint before: %s", path)
            return True
        if paths:
            raise UserError(
                f"None of the checkpoints in {self.folder} can be read. Restore the folder from a "
                "copy, or choose another --workdir to start again."
            )
        return False


def _mend_list(folder):
    """Rebuilds the list of checkpoints if it is damaged or missing but checkpoints exist."""
    try:
        listed = tf.train.get_checkpoint_state(str(folder)) is not None
    except Exception:  # protobuf may raise anything
        listed = False
    if listed:
        return
    whole = []
    for index in sorted(folder.glob("ckpt-*.index"), key=lambda p: int(p.stem.split("-")[1])):
        try:
            _read_all(str(index.with_suffix("")))
            whole.append(str(index.with_suffix("")))
        except Exception as error:
            logging.warning("Checkpoint %s cannot be used: %s", index, first_line(error))
    if whole:
        logging.warning("The list of checkpoints in %s is damaged: rebuilt.", folder)
        tf.compat.v1.train.update_checkpoint_state(str(folder), whole[-1], whole)
    else:
        (folder / "checkpoint").unlink(missing_ok=True)


def _read_all(path):
    """Reads every tensor, which checks it against its checksum."""
    reader = tf.train.load_checkpoint(path)
    for name in reader.get_variable_to_shape_map():
        reader.get_tensor(name)


def weights(model: models.GenerativeModel) -> list[tf.Variable]:
    """Returns all variables of a model, without those of its optimizers."""
    return [v.value for v in model.variables]


def load_run(workdir: str | os.PathLike) -> tuple[models.GenerativeModel, dict]:
    """Returns the model of a run with its best weights, and {"steps", "best_step", "seconds"}.

    Raises:
      UserError: if the folder holds no run, or the run has no weights yet.
    """
    workdir = files.tensorflow_path(workdir)
    model, state = models.from_description(workdirs.read_description(workdir)), State()
    if not Checkpoints(workdir / "best", keep=1, weights=weights(model)).restore():
        raise UserError(f"The run in {workdir} has no weights yet: train it for an epoch first.")
    Checkpoints(workdir / "checkpoints", state=state).restore()
    return model, state.summary()
