"""VQ-VAE: an image as a grid of tokens, each of which stands for a vector of a codebook.

Van den Oord et al. 2017, Neural Discrete Representation Learning (arXiv 1711.00937), equation 3.
The encoder gives a vector z at each place of a grid, the nearest vector e of the codebook replaces
it, and the decoder gives p(x|e):

    L = -log p(x|e) + |sg[z] - e|^2 + beta |z - sg[e]|^2,    sg the stop-gradient.

The gradient at e goes to z unchanged: straight through. The second term moves the codebook; with
`quantizer=moving_average`, moving averages take its place (appendix A.1), and with
`finite_scalar`, where vectors are rounded number by number, both terms are zero.
"""

import tensorflow as tf

from zoo.distributions.likelihoods import Gaussian
from zoo.models import optimizers
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Capability, Rules
from zoo.networks import quantizers
from zoo.networks.quantizers import straight_through
from zoo.networks.token_grid import GridDecoder, GridEncoder
from zoo.seeds import Stream, stream


class VQVAE(GenerativeModel):
    """An encoder, a quantizer, and p(x|e), a Gaussian with a fixed standard deviation."""

    convolutional = True
    # Not bfloat16, in which neighbouring vectors of the codebook are the same.
    rules = Rules(learns_from_unlabelled=True, precisions=("float32",))

    # --- The objective ----------------------------------------------------------------------

    def loss_terms(self, batch, seed, training=False):
        """Returns "loss", "distortion" (in nats) and the quantizer's terms, [B] each."""
        return self.terms(batch["x"], self.vectors(batch["x"]))

    def terms(self, x, z):
        """Returns the loss of images x with the encoder's vectors z, and its parts, [B] each."""
        e = self.quantizer.embed(self.quantizer.tokens(z))
        distortion = -self.likelihood(straight_through(z, e)).log_prob(x)
        costs = self.quantizer.costs(z, e)
        return {"loss": distortion + sum(costs.values()), "distortion": distortion, **costs}

    def vectors(self, x):
        """Returns the encoder's vectors z, bounded, [B, h, w, D]."""
        return self.quantizer.bound(self.encoder(x))

    def likelihood(self, e):
        """p(x|e) of vectors e [B, h, w, D]"""
        return self.likelihood_layer.distribution(self.decoder(e))

    # --- Parts ------------------------------------------------------------------------------

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.quantizer = quantizers.KINDS[config.quantizer](config)
        self.likelihood_layer = Gaussian(config, spec)
        self.likelihood_layer.built = True  # has no weights and no call
        self.encoder = GridEncoder(
            config.width, config.encoder_depth, config.halvings, self.quantizer.dim
        )
        self.decoder = GridDecoder(
            config.width, config.decoder_depth, config.halvings, self.likelihood_layer.per_pixel
        )

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the grid of tokens."""
        height, width, _ = self.spec.shape
        return height // 2**self.config.halvings, width // 2**self.config.halvings

    @property
    def num_tokens(self) -> int:
        """Number of different tokens."""
        return self.quantizer.num_tokens

    @property
    def sizes(self):
        return super().sizes._replace(grid=self.grid, num_tokens=self.num_tokens)

    @property
    def capabilities(self):
        return super().capabilities | {Capability.TOKENS}

    # --- Learning ---------------------------------------------------------------------------

    def initialize_from_data(self, split):
        super().initialize_from_data(split)
        mean = split.mean(self.config.seed) / 255.0
        self.decoder.set_output_bias(self.likelihood_layer.initial_outputs(mean))

    def learn(self, batch, seed):
        with tf.GradientTape() as tape:
            z = self.vectors(batch["x"])
            terms = self.terms(batch["x"], z)
            means = {name: tf.reduce_mean(term) for name, term in terms.items()}
        variables = self.trainable_variables
        optimizers.descend(means["loss"], tape, self.optimizer, variables, self.config.clip_norm)
        # One seed for all replicas, whose codebooks are the same.
        self.quantizer.update(z, stream(self.config.seed, Stream.MODEL, self.step))
        return means

    # --- Serving ----------------------------------------------------------------------------

    def call(self, x, y=None, training=False):
        """Returns the reconstruction of x."""
        return self.reconstruct(self.to_batch((x, None), noise=False)["x"])

    def tokens(self, x):
        """Returns the tokens of images, int32 [B, h, w]."""
        return self.quantizer.tokens(self.vectors(x))

    def decode(self, tokens):
        """Returns the mean of p(x|e) of tokens [B, h, w]."""
        return self.likelihood_layer.image(self.likelihood(self.quantizer.embed(tokens)))

    def reconstruct(self, x):
        """Returns the image that the tokens of x stand for."""
        return self.decode(self.tokens(x))

    def signatures(self):
        return {
            "encode": self.signature(self.tokens, "x", output="tokens"),
            "decode": self.signature(self.decode, "tokens", output="x"),
            "reconstruct": self.signature(self.reconstruct, "x", output="x"),
        }

    # --- Checks -----------------------------------------------------------------------------

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        if config.pixels != Gaussian.fits:
            yield (
                f"pixels={config.pixels!r} is not for {config.model!r}, whose p(x|e) is a density: "
                f"choose --config.pixels={Gaussian.fits}."
            )
        if config.quantizer == "finite_scalar" and min(config.scalar_levels) < 3:
            yield (
                f"scalar_levels={config.scalar_levels} has fewer than three levels: choose 3 or "
                "more for each number, as in --config.scalar_levels=8,6,5."
            )

    @classmethod
    def data_problems(cls, config, spec):
        yield from super().data_problems(config, spec)
        factor = 2**config.halvings
        if len(spec.shape) == 3 and any(side % factor for side in spec.shape[:2]):
            height, width, _ = spec.shape
            size = factor * -(-max(height, width) // factor)
            yield (
                f"halvings={config.halvings} takes images whose sides are multiples of {factor}, "
                f"not {height}x{width}: choose --config.image_size={size}, or fewer halvings."
            )
