"""Images per second of log-likelihoods by importance sampling: the zoo's against PyTorch.

The VAE is that of the training benchmark, 784-400-20 on binarised images, untrained: the time does
not depend on the weights.
"""

import numpy as np
import tensorflow as tf

from zoo import configs, data, models, seeds
from zoo.benchmarks import profile
from zoo.benchmarks.contenders import Contender, Peer, need_torch, time_by_turns
from zoo.benchmarks.training import HIDDEN, LATENT
from zoo.configs.spec import Spec
from zoo.evaluation import density
from zoo.evaluation.protocol import SEED
from zoo.training import strategy as strategies

SAMPLES, IMAGES = 5000, 40
# Number of codes at once in PyTorch: of one image, as its users would write it.
CHUNK = 2500


class Zoo(Peer):
    """`zoo.evaluation` on images of a split."""

    name = "zoo"

    def __init__(self, test: data.InMemory, spec: Spec):
        strategies.create("default")
        config = configs.get("vae", network="mlp", hidden=(HIDDEN,), latent_dim=LATENT)
        self.model = models.create(config, spec)
        rows, at_once = density.sizes(SAMPLES, density.CHUNK)
        self.bound = density.importance_weighted_bound(self.model, SAMPLES, at_once)
        images = test.take(IMAGES).batches(IMAGES, "binarized", SEED)
        self.batches = [
            (batch["x"], batch["y"], seeds.stream(SEED, seeds.Stream.EVALUATION, i))
            for i, batch in images.unbatch().batch(rows).enumerate()
        ]

    def run(self):
        for batch in self.batches:
            self.bound(*batch).numpy()

    def gigaflop(self) -> float | None:
        """GFLOP per image."""
        return profile.count_gigaflop(self.model.decode, tf.TensorSpec([SAMPLES, LATENT]))


class Torch(Peer):
    """PyTorch, eager, without gradients."""

    name = "torch eager"

    def __init__(self, test: data.InMemory, spec: Spec):
        del spec
        import torch

        self.torch, n = torch, torch.nn
        self.encode = n.Sequential(n.Linear(784, HIDDEN), n.ReLU(), n.Linear(HIDDEN, 2 * LATENT))
        self.decode = n.Sequential(n.Linear(LATENT, HIDDEN), n.ReLU(), n.Linear(HIDDEN, 784))
        x = test.x[:IMAGES].reshape(IMAGES, 784)
        self.x = torch.from_numpy((x > 127).astype(np.float32))

    def run(self):
        with self.torch.no_grad():
            return [self._log_likelihood(x) for x in self.x]

    def _log_likelihood(self, x):
        functional = self.torch.nn.functional
        m, s = self.encode(x).chunk(2, -1)
        weights = []
        for _ in range(SAMPLES // CHUNK):
            noise = self.torch.randn(CHUNK, LATENT)
            z = m + s.exp() * noise
            logits = self.decode(z)
            entropy = functional.binary_cross_entropy_with_logits(
                logits, x.expand_as(logits), reduction="none"
            )
            ratio = 0.5 * noise.square() + s - 0.5 * z.square()
            weights.append(ratio.sum(-1) - entropy.sum(-1))
        return self.torch.logsumexp(self.torch.cat(weights), 0) - np.log(SAMPLES)


def compare(test: data.InMemory, spec: Spec, rounds: int) -> dict:
    """Measures both in turns.

    Args:
      test: 28x28 grey images.
      spec: the spec of these images.
      rounds: timed rounds of each, after one to warm up.

    Returns:
      {"seconds": {contender: of each round}, "gigaflop": of an image}.
    """
    need_torch()
    contenders = [Contender(make, test, spec) for make in (Zoo, Torch)]
    gigaflop, _ = contenders[0].call("gigaflop")
    return {"seconds": time_by_turns(contenders, rounds, 1, "run"), "gigaflop": gigaflop}
