"""What the controls ask of models, local or on a server: arrays in, arrays out."""

import numpy as np

from zoo.distributions import codes
from zoo.drawing import codebook
from zoo.explore import examples
from zoo.explore.collection import Entry
from zoo.serving.signature_methods import SignatureCalls

# Codes that the principal directions are found from.
CODES = 400
# Largest number of directions.
DIRECTIONS = 6
# Images of an interpolation, with its ends.
STEPS = 11


class Directions:
    """The directions of code space that change a model's images most.

    They are the left singular vectors of the linear map that fits images to codes best, in units
    of the codes' standard deviations: of all steps of that length, the first changes pixels most,
    the second most of what is orthogonal to it, and so on.

    Args:
      model: with the signature `decode`.
      mean: of the codes, [D].
      deviation: their standard deviation, [D].
      limit: largest absolute value of a code.
      seed: of the codes that the directions are found from.
    """

    def __init__(self, model: SignatureCalls, mean, deviation, limit=np.inf, seed: int = 0):
        self.model, self.mean, self.deviation, self.limit = model, mean, deviation, limit
        steps = np.random.default_rng(seed).normal(size=(CODES, mean.size)).astype(np.float32)
        labels = np.resize(np.arange(max(model.spec.num_classes, 1)), CODES)
        x = decode(model, self._codes(steps), labels)
        changes = (x - x.mean(0)).reshape(CODES, -1)
        gains = steps.T @ changes / CODES  # [D, P], as E s s^T = I
        left, _, _ = np.linalg.svd(gains, full_matrices=False)
        self.vectors = left.T[: min(DIRECTIONS, mean.size)].astype(np.float32)

    def start(self, seed: int) -> np.ndarray:
        """Returns the steps [D] of a code with all positions at 0."""
        steps = np.random.default_rng(seed).normal(size=self.mean.size)
        return (steps - self.vectors.T @ (self.vectors @ steps)).astype(np.float32)

    def codes(self, start: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Returns codes [N, D] at positions [N, directions], in standard deviations."""
        positions = np.asarray(positions, np.float32)
        return self._codes(start + positions @ self.vectors[: positions.shape[1]])

    def map(self, start: np.ndarray, label: int, side: int, reach: float) -> np.ndarray:
        """Returns images over the first two directions, row by row, [side^2, H, W, C]."""
        across = np.linspace(-reach, reach, side)
        grid = np.stack(np.meshgrid(across, -across), -1).reshape(-1, 2)
        z = self.codes(start, grid[:, : len(self.vectors)])
        return decode(self.model, z, np.full(len(z), label))

    def _codes(self, steps):
        z = self.mean + self.deviation * steps
        return np.clip(z, -self.limit, self.limit).astype(np.float32)


def find_directions(model: SignatureCalls, entry: Entry) -> Directions:
    """Returns the directions of the codes that a model draws, or gives to test images."""
    size, shape = model.inputs["z"].shape[0], entry.spec.shape
    if _has_uniform_codes(entry):
        return Directions(model, np.zeros(size), np.full(size, 3**-0.5), 1.0)
    x = examples.load(entry.dataset, shape)
    known = "encode" in model.signatures and "scale" in model.output_names("encode")
    if not known or len(x) != entry.spec.num_classes:
        return Directions(model, np.zeros(size), np.ones(size))
    labels = np.repeat(np.arange(len(x), dtype=np.int32), x.shape[1])
    given = [labels] if "y" in model.signatures["encode"] else []
    q = model.encode(x.reshape(-1, *shape), *given)
    variance = q["loc"].var(0) + np.square(q["scale"]).mean(0)
    return Directions(model, q["loc"].mean(0), np.sqrt(variance))


def draw_code(entry: Entry, seed: int) -> np.ndarray:
    """Returns a code [D] of a generator's distribution."""
    rng, size = np.random.default_rng(seed), entry.inputs["z"].shape
    z = rng.uniform(-1, 1, size) if _has_uniform_codes(entry) else rng.normal(size=size)
    return z.astype(np.float32)


def walk(model: SignatureCalls, entry: Entry, seeds, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns codes [STEPS, D] between those of two seeds, and their images."""
    z0, z1 = (draw_code(entry, seed)[None] for seed in seeds)
    between = codes.line if _has_uniform_codes(entry) else codes.arc
    z = between(z0, z1, np.linspace(0, 1, STEPS)).astype(np.float32)
    return z, decode(model, z, np.full(len(z), label))


def _has_uniform_codes(entry):
    return entry.config.get("codes") == "uniform"


def decode(model: SignatureCalls, z: np.ndarray, y) -> np.ndarray:
    """Returns images of codes [N, D], with labels y [N] where the model takes them."""
    labels = [np.asarray(y, np.int32)] if "y" in model.signatures["decode"] else []
    return model.decode(np.asarray(z, np.float32), *labels)


def sample(model: SignatureCalls, seeds, labels) -> np.ndarray:
    """Returns samples of these seeds, with labels [N] where the model takes them."""
    given = [np.asarray(labels, np.int32)] if model.conditional else []
    return model.sample(np.asarray(list(seeds), np.int32), *given)


def sample_guided(model: SignatureCalls, seeds, label: int, guidance: float) -> np.ndarray:
    """Returns samples of these seeds that follow a label as strictly as `guidance` says."""
    count = len(seeds)
    labels, weights = np.full(count, label, np.int32), np.full(count, guidance, np.float32)
    return model.sample_guided(np.asarray(seeds, np.int32), labels, weights)


def restyle(model: SignatureCalls, x: np.ndarray, label: int) -> np.ndarray:
    """Returns an image [H, W, C] that shows `label` in its style with every label, [K, H, W, C]."""
    count = model.spec.num_classes
    return model.restyle(_repeat(x, count), np.full(count, label, np.int32), np.arange(count))


def interpolate(model: SignatureCalls, first: np.ndarray, last: np.ndarray, label: int):
    """Returns the images [STEPS, H, W, C] from one image to another."""
    t = np.linspace(0, 1, STEPS, dtype=np.float32)
    labels = [np.full(STEPS, label, np.int32)] if "y" in model.signatures["interpolate"] else []
    return model.interpolate(_repeat(first, STEPS), _repeat(last, STEPS), t, *labels)


def reconstruct(model: SignatureCalls, x: np.ndarray, label: int) -> np.ndarray:
    """Returns the reconstruction [H, W, C] of an image, as `label` where the model takes one."""
    labels = [np.array([label], np.int32)] if "y" in model.signatures["reconstruct"] else []
    return model.reconstruct(x[None], *labels)[0]


def morph(model: SignatureCalls, z: np.ndarray, label: int, new_label: int) -> np.ndarray:
    """Returns the images [STEPS, H, W, C] of a code [D] on the way from a label to another."""
    labels = (np.full(STEPS, value, np.int32) for value in (label, new_label))
    t = np.linspace(0, 1, STEPS, dtype=np.float32)
    return model.morph(_repeat(z, STEPS), *labels, t)


def discriminate(model: SignatureCalls, x: np.ndarray, labels) -> np.ndarray:
    """Returns D's logits [N] of images [N, H, W, C]."""
    given = [np.asarray(labels, np.int32)] if "y" in model.signatures["discriminate"] else []
    return np.ravel(model.discriminate(x, *given))


def classify(model: SignatureCalls, x: np.ndarray) -> np.ndarray:
    """Returns the class probabilities [K] of one image."""
    several = len(model.output_names("classify")) > 1
    found = model.classify(x[None])
    return (found["probs"] if several else found)[0]


def keep_upper(x: np.ndarray, kept: float, count: int) -> np.ndarray:
    """Returns the mask [count, H, W, 1] that keeps the upper share `kept` of an image."""
    mask = np.zeros((count, *x.shape[:2], 1), np.float32)
    mask[:, : round(kept * x.shape[0])] = 1
    return mask


def complete(model: SignatureCalls, x: np.ndarray, mask: np.ndarray, seed: int, label: int):
    """Returns an image with the rest of it drawn again, once for each mask [N, H, W, 1]."""
    count = len(mask)
    given = {"x": _repeat(x, count), "mask": mask, "seed": np.arange(seed, seed + count)}
    if "y" in model.signatures["complete"]:
        given["y"] = np.full(count, label)
    return model.complete(**given)


def redraw(model: SignatureCalls, x: np.ndarray, level: int, seed: int, count: int) -> np.ndarray:
    """Returns an image with the codes below `level` drawn again, `count` times."""
    seeds = np.arange(seed, seed + count, dtype=np.int32)
    return model.redraw(_repeat(x, count), np.full(count, level, np.int32), seeds)


def replace_tokens(model: SignatureCalls, x: np.ndarray, replaced: int, seed: int, count: int):
    """Returns an image with `replaced` of its tokens replaced by random ones, `count` times.

    Returns:
      Images [count, H, W, C] and their tokens [count, h, w]; other tokens are replaced in each.
    """
    tokens = np.repeat(np.asarray(model.encode(x[None]), np.int32), count, 0)
    known = int(model.inputs["tokens"].high or 0) + 1
    tokens = codebook.replace_tokens(tokens, replaced, known, np.random.default_rng(seed))
    return model.decode(tokens), tokens


def trajectory(model: SignatureCalls, seed: int, label: int, steps: int) -> np.ndarray:
    """Returns the way [steps, H, W, C] from noise to a sample."""
    t = np.linspace(0, 1, steps, dtype=np.float32)
    labels = [np.full(steps, label, np.int32)] if model.conditional else []
    return model.trajectory(np.full(steps, seed, np.int32), t, *labels)


def count_clusters(entry: Entry) -> int:
    """Returns the number of clusters of a model with the signature `sample_cluster`."""
    return int(entry.inputs["cluster"].high or 0) + 1


def sample_clusters(model: SignatureCalls, entry: Entry, seed: int, count: int) -> np.ndarray:
    """Returns `count` samples of each cluster, [K, count, H, W, C]; a column shares its seed."""
    clusters = count_clusters(entry)
    seeds = np.tile(np.arange(seed, seed + count, dtype=np.int32), clusters)
    x = model.sample_cluster(seeds, np.repeat(np.arange(clusters, dtype=np.int32), count))
    return x.reshape(clusters, count, *x.shape[1:])


def _repeat(x, count):
    return np.repeat(np.asarray(x, np.float32)[None], count, 0)
