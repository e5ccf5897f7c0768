"""An export on disk: FOLDER/NAME/VERSION, a SavedModel with the zoo's own files in assets.extra.

TF Serving reads nothing in assets.extra but the warm-up requests. No TensorFlow.
"""

import contextlib
import functools
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from zoo import files
from zoo.errors import UserError
from zoo.exports import manifests

EXTRA = "assets.extra"
CONFIG = f"{EXTRA}/config.json"
METRICS = f"{EXTRA}/metrics.json"
WARM_UP = f"{EXTRA}/tf_serving_warmup_requests"
GOLDEN_ANSWERS = f"{EXTRA}/golden_answers.npz"


class Contents(NamedTuple):
    """What config.json and metrics.json hold.

    Attributes:
      description: config, spec, signatures and inputs of the model.
      metrics: figures with their protocol, and the training.
    """

    description: dict
    metrics: dict


@contextlib.contextmanager
def as_export(where) -> Iterator[None]:
    """Raises a UserError about `where` if the body finds other files than those of an export."""
    try:
        yield
    except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f"{where} was not exported by the zoo, or is damaged ({error}): export it again; "
            "load SavedModels of others with tf.saved_model.load."
        ) from error


def read_contents(read_text: Callable[[str], str], where) -> Contents:
    """Returns the contents of an export that lies anywhere.

    Args:
      read_text: maps a path within the version to the file's text.
      where: the version, for messages.

    Raises:
      UserError: if it was not exported by the zoo, or is damaged.
    """
    with as_export(where):
        contents = Contents(*(json.loads(read_text(path)) for path in (CONFIG, METRICS)))
        is_dict = isinstance(contents.description["config"], dict)
        if not is_dict or not isinstance(contents.metrics["training"], dict):
            raise ValueError("not what an export writes")
        return contents


class ExportFolder:
    """An exported version.

    Attributes:
      path: of the SavedModel.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)

    @property
    def name(self) -> str:
        """Name of the model's folder."""
        return self.path.parent.name

    @functools.cached_property
    def contents(self) -> Contents:
        """config.json and metrics.json.

        Raises:
          UserError: if the folder was not exported by the zoo, or is damaged.
        """
        return read_contents(lambda path: (self.path / path).read_text(), self.path)

    @property
    def description(self) -> dict:
        """config.json: config, spec, signatures and inputs of the model."""
        return self.contents.description

    @property
    def metrics(self) -> dict:
        """metrics.json: figures with their protocol, and the training."""
        return self.contents.metrics

    def count_bytes(self) -> int:
        """Returns the size of all files together."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    def check(self, name: str | None = None) -> None:
        """Checks the files against the manifest.

        Args:
          name: of the model that it has to be; any if None.

        Raises:
          UserError: names the first file that differs.
        """
        manifests.check_files(self.path, name)

    def read_model_name(self) -> str:
        """Returns the name in the manifest, which the folder may not have any more.

        Raises:
          UserError: if there is no manifest, or a damaged one.
        """
        return manifests.read_model_name(self.path)

    def write_contents(self, contents: Contents) -> None:
        """Writes config.json and metrics.json."""
        files.write_json(self.path / CONFIG, contents.description)
        self.write_metrics(contents.metrics)

    def write_metrics(self, metrics: dict) -> None:
        """Writes metrics.json. `write_manifest` has to follow."""
        files.write_json(self.path / METRICS, metrics)
        self.__dict__.pop("contents", None)

    def write_manifest(self, name: str) -> None:
        """Writes the manifest of all files, for the model of this name."""
        manifests.write_manifest(self.path, name)
