"""What models refuse: settings that do not go together, and data that lack what a model needs.

Each function yields a sentence, remedy included, for each thing that is wrong. The `conflicts` and
`misfits` of a model pass them on, and zoo.models.check reports all of them at once.
"""

import math
from collections.abc import Iterator

from zoo.data import Spec
from zoo.distributions import likelihoods, posteriors
from zoo.networks import adversarial as networks
from zoo.types import Config


def model_conflicts(config: Config, keeps_best: bool, precisions: tuple[str, ...]) -> Iterator[str]:
    """Of any model: whether it keeps its best weights, and the precisions that it learns in."""
    if config.patience and not keeps_best:
        yield (
            f"patience={config.patience} is not for {config.model!r}, whose last weights are "
            "kept: choose --config.patience=0."
        )
    if config.precision not in precisions:
        yield (
            f"precision={config.precision!r} is not for model {config.model!r}: choose "
            f"--config.precision={' or '.join(precisions)}."
        )


def model_misfits(
    config: Config, spec: Spec, takes_vectors: bool, needs_labels: bool
) -> Iterator[str]:
    """Of any model: whether it takes rows other than images, and whether it needs labels."""
    if len(spec.shape) != 3 and not takes_vectors:
        yield (
            f"{config.model!r} takes images [H, W, C], this data set has rows of shape "
            f"{list(spec.shape)}: choose --model=gmm, or a set of images."
        )
    if needs_labels and spec.num_classes < 2:
        yield (
            f"Model {config.model!r} needs labels; dataset {config.dataset!r} names "
            f"{spec.num_classes} classes. A folder needs one subfolder per class."
        )


def vae_conflicts(config: Config, conditional: bool) -> Iterator[str]:
    """Of a posterior, a prior, a likelihood and a bound."""
    pixels, likelihood = config.pixels, likelihoods.KINDS[config.likelihood]
    if pixels != likelihood.fits:
        kinds = likelihoods.KINDS.items()
        others = [name for name, kind in kinds if pixels == kind.fits and kind.of_images]
        yield (
            f"likelihood={config.likelihood!r} is not a density of {pixels} pixels: choose "
            f"--config.pixels={likelihood.fits}, or for {pixels} pixels --config.likelihood="
            f"{', '.join(others[:-1])}{' or ' * bool(others[:-1])}{others[-1]}."
        )
    if config.free_bits and (config.posterior, config.prior) != ("diagonal", "standard"):
        yield (
            f"free_bits={config.free_bits} needs a KL in closed form for each dimension, which "
            f"posterior={config.posterior!r} with prior={config.prior!r} does not have: choose "
            "'diagonal' with 'standard', or free_bits=0."
        )
    if config.importance_samples > 1 and config.free_bits:
        yield (
            "free_bits is part of the ELBO: choose --config.importance_samples=1 or "
            "--config.free_bits=0."
        )
    if config.doubly_reparametrized and config.importance_samples == 1:
        yield (
            "doubly_reparametrized=True is a gradient of the importance-weighted bound: choose "
            "--config.importance_samples=2 or more."
        )
    needs_density = {
        "doubly_reparametrized=True": config.doubly_reparametrized,
        "prior='vamp'": config.prior == "vamp",
    }
    for field, given in needs_density.items():
        if given and not posteriors.KINDS[config.posterior].closed_form:
            yield (
                f"{field} needs q(z|x) in closed form at any z, which "
                f"posterior={config.posterior!r} does not have: choose 'diagonal' or 'tril'."
            )
    if config.prior == "vamp" and conditional:
        yield (
            f"prior='vamp' is made of q(z|x), which model {config.model!r} has given labels "
            "only: choose 'standard' or 'mog'."
        )


def vae_misfits(config: Config, spec: Spec) -> Iterator[str]:
    """Of a likelihood, networks and the shape of the data."""
    of_images = likelihoods.KINDS[config.likelihood].of_images
    if len(spec.shape) == 1 and of_images:
        yield (
            f"likelihood={config.likelihood!r} is a density of pixels, {config.dataset!r} has rows "
            "of numbers: choose --config.likelihood=normal --config.pixels=scaled."
        )
    networks = {field: config[field] for field in ("network", "class_network") if field in config}
    for field, kind in networks.items():
        if len(spec.shape) == 1 and kind == "conv":
            yield (
                f"{field}='conv' is for images, dataset {config.dataset!r} has rows of numbers: "
                f"choose --config.{field}=mlp."
            )
    yield from standardize_misfits(config, spec)
    if len(spec.shape) == 3 and not of_images:
        yield (
            f"likelihood={config.likelihood!r} is a density of real numbers such as codes, not "
            "of images: choose --config.likelihood=bernoulli or gaussian."
        )


def standardize_misfits(config: Config, spec: Spec) -> Iterator[str]:
    """Of units of columns and the shape of the data."""
    if len(spec.shape) == 3 and config.standardize:
        yield "--config.standardize=True is for rows of numbers, not for images: leave it out."


def gmvae_conflicts(config: Config) -> Iterator[str]:
    """Of a prior that EM starts."""
    if config.prior != "mog_full":
        yield (
            f"prior={config.prior!r} has no clusters that EM can start: model "
            f"{config.model!r} takes 'mog_full'."
        )


def gmm_conflicts(config: Config) -> Iterator[str]:
    """Of EM with an M-step per batch."""
    if 0 < config.stepwise <= 0.5:
        yield (
            f"stepwise={config.stepwise} does not converge: choose above 0.5, up to 1, or 0 "
            "for an M-step after each pass."
        )


def adversarial_conflicts(config: Config) -> Iterator[str]:
    """Of codes and networks of two players."""
    if config.codes == "informative" and "categories" not in config:
        yield (
            f"codes='informative' are not for {config.model!r}, which has no categories: "
            "choose --config.codes=normal, or --model=infogan."
        )
    if config.network not in networks.KINDS:
        yield (
            f"network={config.network!r} is not a network of a GAN: choose "
            f"--config.network={' or '.join(networks.KINDS)}."
        )


def adversarial_misfits(config: Config, spec: Spec) -> Iterator[str]:
    """Of a network and the shape of the data."""
    if config.network == "conv" and len(spec.shape) != 3:
        yield (
            f"network='conv' makes images, dataset {config.dataset!r} has rows of shape "
            f"{list(spec.shape)}: choose --config.network=mlp."
        )


def gan_conflicts(config: Config) -> Iterator[str]:
    """Of a loss and what keeps D's slope bounded."""
    if config.loss == "wasserstein" and not (config.gradient_penalty or config.spectral_norm):
        yield (
            "loss='wasserstein' is a distance only where D's slope is bounded: choose "
            "--config.gradient_penalty=10 or --config.spectral_norm."
        )
    if config.batch_norm and config.batch_size < 2 * config.d_steps:
        yield (
            f"batch_norm=True normalises over the rows of an update, of which batch_size="
            f"{config.batch_size} leaves one: choose --config.batch_size={2 * config.d_steps} or "
            "more, or --config.batch_norm=False."
        )


def infogan_conflicts(config: Config) -> Iterator[str]:
    """Of codes that are read off images, and of D's settings that do not fit beside Q."""
    named = config.categories + config.uniform_codes
    if config.latent_dim <= named:
        yield (
            f"latent_dim={config.latent_dim} has no room for noise beside categories="
            f"{config.categories} and uniform_codes={config.uniform_codes}: choose "
            f"--config.latent_dim={named + 1} or more."
        )
    if config.loss == "relativistic":
        yield (
            f"loss='relativistic' pairs real and generated rows, which is not for "
            f"{config.model!r}: choose --config.loss=non_saturating."
        )
    own = {
        "codes": "informative",
        "packing": 1,
        "minibatch_stddev": False,
        "spectral_norm": False,
        "r2": 0.0,
        "gradient_penalty": 0.0,
    }
    for field, value in own.items():
        if config[field] != value:
            yield (
                f"{field}={config[field]} is not for {config.model!r}: choose "
                f"--config.{field}={value}."
            )


def infogan_misfits(config: Config, spec: Spec, on_real_images: tuple[str, ...]) -> Iterator[str]:
    """Of the terms on real images, `on_real_images`, and the shape of the data."""
    for field in on_real_images:
        if config[field] and len(spec.shape) != 3:
            yield (
                f"{field}={config[field]} is on distorted images, dataset {config.dataset!r} "
                f"has rows of shape {list(spec.shape)}: choose --config.{field}=0."
            )


def improved_gan_conflicts(config: Config) -> Iterator[str]:
    """Of a loss, and of groups in a batch of two parts."""
    if config.loss not in ("minimax", "non_saturating"):
        yield (
            f"loss={config.loss!r} is not that of a classifier of K + 1 classes: choose "
            "--config.loss=non_saturating."
        )
    rows = config.labelled_rows, config.batch_size - config.labelled_rows
    if config.technique == "minibatch_discrimination" and math.gcd(*rows) % config.group:
        yield (
            f"A batch has {rows[0]} rows with labels and {rows[1]} without, which cannot be "
            f"compared in groups of {config.group}: choose a --config.group that divides both."
        )
