"""The evaluation classifier, `Judge`: its features and classes measure the quality of samples."""

import hashlib
import pathlib
from typing import NamedTuple

import numpy as np

from zoo import files
from zoo.evaluation.map_rows import map_arrays
from zoo.evaluation.protocol import BATCH_SIZE

# Beside the versions of the classifier's export; TF Serving reads only folders with whole numbers.
CACHE = ".features"


class Features(NamedTuple):
    """Outputs of the evaluation classifier for N images.

    Attributes:
      features: activations of its last hidden layer, float32 [N, F].
      probs: of the classes, float32 [N, K].
    """

    features: np.ndarray
    probs: np.ndarray


class Judge:
    """An evaluation classifier, loaded from its export; it was not trained on samples.

    Args:
      loaded: zoo.load of an export with the signatures `features` and `classify`.
    """

    def __init__(self, loaded):
        self.loaded = loaded
        self.folder: pathlib.Path = loaded.path.parent
        self.version = loaded.path.name
        self.name = self.folder.name
        self.accuracy = loaded.metrics["metrics"]["accuracy"]

    def classify(self, x: np.ndarray) -> np.ndarray:
        """Returns the probabilities of the classes [B, K] of images [B, H, W, C]."""
        return self.loaded.classify(x)

    def features(self, x: np.ndarray) -> Features:
        """Returns the features of images in [0, 1], float32 [N, H, W, C], in chunks."""
        return Features(map_arrays(self.loaded.features, x), map_arrays(self.loaded.classify, x))

    def features_of_split(self, split) -> Features:
        """Returns the features of all images of a split, from a cache if possible.

        The cache stands beside the judge's export, under a fingerprint of the images; where it
        cannot be written, the features are computed each time.
        """
        digest = hashlib.blake2b(digest_size=12)
        for batch in split.batches_of_bytes(BATCH_SIZE):
            digest.update(batch["x"].numpy())
        path = self.folder / CACHE / f"{self.version}-{digest.hexdigest()}.npz"
        if path.exists():
            try:
                with np.load(path) as arrays:
                    return Features(arrays["features"], arrays["probs"])
            except (OSError, ValueError, KeyError):  # damaged: computed again and overwritten
                pass
        seen = [self.features(batch["x"].numpy()) for batch in split.batches(BATCH_SIZE)]
        found = Features(*(np.concatenate(parts) for parts in zip(*seen, strict=True)))
        try:
            with files.atomic(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, **found._asdict())
        except OSError:
            pass
        return found
