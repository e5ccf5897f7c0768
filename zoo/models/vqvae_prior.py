"""A prior over the tokens of a VQ-VAE: with it, new images can be drawn.

Van den Oord et al. 2017, Neural Discrete Representation Learning (arXiv 1711.00937), section 3.3:
the VQ-VAE is trained first and frozen; then the tokens t of its grid, row by row, are modelled by

    p(t|y) = prod_i p(t_i | t_1 .. t_(i-1), y),

here a causal transformer instead of the paper's PixelCNN. An image is decoded from drawn tokens.

A transformer trained for minutes knows strokes better than digits. Its samples are therefore
guided away from q(t_i | tokens near t_i), a weak model without the label that is trained beside it:
token i is drawn from p^w q^(1 - w), normalized over plausible tokens, with the guidance w (Karras
et al. 2024, Guiding a Diffusion Model with a Bad Version of Itself, arXiv 2406.02507; for text, Li
et al. 2023, Contrastive Decoding, arXiv 2210.15097).
"""

import math

import tensorflow as tf

from zoo import seeds
from zoo.models.capabilities import Capability, Rules
from zoo.models.stages import Stage
from zoo.models.two_stages import TwoStages
from zoo.models.vqvae import VQVAE
from zoo.networks.causal_transformer import HEADS, CausalTransformer


class VQVAEPrior(TwoStages):
    """p(t|y), and the VQ-VAE between tokens t and images x; without labels p(t)."""

    stage = Stage(
        name="vqvae",
        title="the VQ-VAE",
        kind="VQ-VAE",
        families={"vqvae": VQVAE},
        example="saved_models/vqvae_prior_mnist",
    )
    convolutional = True
    unsteady_signatures = frozenset({"sample"})
    rules = Rules(learns_from_unlabelled=True, precisions=("float32",))

    def loss_terms(self, batch, seed, training=False):
        """Returns -log p(t|y) "token_nll", -log q(t) "local_nll" and their sum "loss", nats [B]."""
        tokens = self.vqvae.tokens(batch["x"])
        given = self.token_nats(tokens, batch["y"], seed if training else None)
        token_nll = tf.reduce_sum(given, [1, 2])
        local_nll = tf.reduce_sum(self.local_nats(tokens), [1, 2])
        return {"loss": token_nll + local_nll, "token_nll": token_nll, "local_nll": local_nll}

    def tokens_log_prob(self, tokens, y=None):
        """Returns log p(t|y) [B] of tokens [B, h, w], in nats."""
        return -tf.reduce_sum(self.token_nats(tokens, y), [1, 2])

    def token_nats(self, tokens, y=None, seed=None):
        """Returns -log p(t_i | t_1 .. t_(i-1), y) of each of tokens [B, h, w], of their shape.

        With a seed, features of the network are dropped, as in training.
        """
        return self._nats(
            tokens, lambda flat: self.network.logits(flat, self._label(flat, y), seed)
        )

    def local_nats(self, tokens):
        """Returns -log q(t_i | tokens near t_i) of each of tokens [B, h, w], of their shape."""
        return self._nats(tokens, self.network.local_logits)

    def _nats(self, tokens, logits):
        flat = tf.reshape(tokens, [-1, math.prod(self.vqvae.grid)])
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(flat, logits(flat))
        return tf.reshape(nats, tf.shape(tokens))

    def _label(self, rows, y):
        """The label that the network takes; one more is that of rows without."""
        unknown = tf.fill(tf.shape(rows)[:1], self.num_labels)
        return unknown if y is None or not self.conditional else tf.where(y < 0, unknown, y)

    # --- The two models ---------------------------------------------------------------------

    def __init__(self, config, spec, vqvae: VQVAE | None = None):
        super().__init__(config, spec)
        self.vqvae = self.frozen(config, vqvae)
        self.conditional = config.class_conditional and spec.num_classes > 1
        self.num_labels = spec.num_classes if self.conditional else 0
        self.network = CausalTransformer(
            self.vqvae.num_tokens,
            self.vqvae.grid,
            self.num_labels + 1,
            config.width,
            config.depth,
            config.dropout,
        )

    @property
    def first(self):
        return self.vqvae

    @property
    def num_tokens(self) -> int:
        """Number of different tokens."""
        return self.vqvae.num_tokens

    @property
    def sizes(self):
        return self.vqvae.sizes

    @property
    def capabilities(self):
        can = {Capability.SAMPLES, Capability.TOKENS, Capability.TOKEN_LOG_PROB}
        return super().capabilities | can

    # --- Serving ----------------------------------------------------------------------------

    def tokens(self, x):
        """Returns the tokens of images, int32 [B, h, w]."""
        return self.vqvae.tokens(x)

    def decode(self, tokens):
        """Returns the image that tokens [B, h, w] stand for."""
        return self.vqvae.decode(tokens)

    def reconstruct(self, x):
        """Returns the image that the tokens of x stand for."""
        return self.vqvae.reconstruct(x)

    def sample_tokens(self, seed, y=None):
        """Returns tokens int32 [B, h, w], row i from noise that depends on seed[i] alone.

        Probabilities are proportional to (p^w q^(1 - w))^(1 / temperature), with the guidance w,
        over plausible tokens (`zoo.networks.causal_transformer.guide`); with w = 1, over all.
        """
        noise = seeds.row_uniform(seed, math.prod(self.vqvae.grid))
        tokens = self.network.generate(
            noise, self._label(noise, y), self.config.temperature, self.config.guidance
        )
        return tf.reshape(tokens, [-1, *self.vqvae.grid])

    def sample(self, seed, y=None):
        """Returns the images of drawn tokens; see `sample_tokens`."""
        return self.decode(self.sample_tokens(seed, y))

    def score(self, x, y=None):
        """Returns log p(t|y) [B] of the tokens of images, in nats."""
        return self.tokens_log_prob(self.tokens(x), y)

    def signatures(self):
        y = ("y",) if self.conditional else ()
        return {
            "sample": self.signature(self.sample, "seed", *y, output="x"),
            **self.vqvae.signatures(),
            "score": self.signature(self.score, "x", *y, output="log_prob"),
        }

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        if config.width % HEADS:
            yield (
                f"width={config.width} is not a multiple of {HEADS}, the number of heads: choose "
                f"--config.width={HEADS * -(-config.width // HEADS)}."
            )
