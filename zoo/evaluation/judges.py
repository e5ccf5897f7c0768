"""The judge: a trained classifier whose features and classes tell what samples are worth."""

import hashlib
import pathlib
from typing import NamedTuple

import numpy as np

from zoo import files
from zoo.evaluation.protocol import BATCH_SIZE, in_batches

# Beside the versions of the judge's export; TF Serving looks at folders with whole numbers alone.
CACHE = ".features"


class Features(NamedTuple):
    """What a judge sees in N images.

    Attributes:
      features: activations of its last hidden layer, float32 [N, F].
      probs: of the classes, float32 [N, K].
    """

    features: np.ndarray
    probs: np.ndarray


class Judge:
    """A classifier, loaded from its export, that was not trained on what it judges.

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

    def see(self, x: np.ndarray) -> Features:
        """Returns the features of images in [0, 1], float32 [N, H, W, C], in chunks."""
        return Features(in_batches(self.loaded.features, x), in_batches(self.loaded.classify, x))

    def see_split(self, split) -> Features:
        """Returns the features of all images of a split, from the cache if they were seen before.

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
        seen = [self.see(batch["x"].numpy()) for batch in split.batches(BATCH_SIZE)]
        found = Features(*(np.concatenate(parts) for parts in zip(*seen, strict=True)))
        try:
            with files.atomic(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, **found._asdict())
        except OSError:
            pass
        return found
