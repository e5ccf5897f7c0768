"""Models by name: `create("cvae")`."""

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence

import keras
import ml_collections
import tensorflow as tf

from zoo import configs
from zoo.configs.spec import Spec
from zoo.errors import UserError, near_miss
from zoo.models import keras_state
from zoo.models.base import GenerativeModel
from zoo.models.cgan import ConditionalGAN
from zoo.models.classifier import Classifier
from zoo.models.cvae import CVAE
from zoo.models.flow_matching import FlowMatching
from zoo.models.gan import GAN
from zoo.models.gmm import GMM
from zoo.models.gmvae import GMVAE
from zoo.models.hvae import HVAE
from zoo.models.improved_gan import ImprovedGAN
from zoo.models.infogan import InfoGAN
from zoo.models.m1_m2 import M1M2
from zoo.models.m1_m2_conv import M1M2Conv
from zoo.models.m2 import M2
from zoo.models.made import MADE
from zoo.models.pixelcnn import PixelCNN
from zoo.models.vae import VAE
from zoo.models.vqvae import VQVAE
from zoo.models.vqvae_prior import VQVAEPrior

FAMILIES: dict[str, type[GenerativeModel]] = {
    "classifier": Classifier,
    "conditional_gan": ConditionalGAN,
    "cvae": CVAE,
    "flow_matching": FlowMatching,
    "gan": GAN,
    "gmm": GMM,
    "gmvae": GMVAE,
    "hvae": HVAE,
    "improved_gan": ImprovedGAN,
    "infogan": InfoGAN,
    "m1_m2": M1M2,
    "m1_m2_conv": M1M2Conv,
    "m2": M2,
    "made": MADE,
    "pixelcnn": PixelCNN,
    "vae": VAE,
    "vqvae": VQVAE,
    "vqvae_prior": VQVAEPrior,
}


def create(
    entry: str | ml_collections.ConfigDict,
    spec: Spec = Spec((28, 28, 1), 10),  # noqa: B008  (a NamedTuple does not change)
    parts: Mapping[str, GenerativeModel] | None = None,
    **overrides,
) -> GenerativeModel:
    """Returns a new model with its weights made, a function of its config.

    Args:
      entry: name of a model, whose config is adapted to the data (`zoo.configs.adapt`); or a whole
        config, which is taken as it is.
      spec: shape of one x, and number of labels.
      parts: trained models that this one is made of, by the names of the constructor's arguments;
        new ones of the config if None.
      **overrides: config fields, as in create("cvae", latent_dim=2).

    Raises:
      UserError: for an unknown model or field, or data that the model cannot take.
    """
    config = make_config(entry, spec, overrides)
    if parts is None:
        stage = FAMILIES[config.family].stage
        first = stage.make_config(config, spec) if stage else None
        parts = {stage.name: create(first, spec)} if stage and first else {}
    return _make(config, spec, parts)


def make_config(entry, spec: Spec, overrides: Mapping) -> ml_collections.ConfigDict:
    """Returns the checked config of `create`, which has the same arguments and errors."""
    if not isinstance(spec, Spec):
        raise UserError(
            f"spec={spec!r}: expected zoo.Spec(shape=(28, 28, 1), num_classes=10), for example."
        )
    if isinstance(entry, str):
        # Not trained on any dataset yet, unless one is named.
        config = configs.get(entry, **{"dataset": "", **overrides})
        config, _ = configs.adapt(config, spec.shape, overrides)
    else:
        config = entry
    check(config, spec)
    return config


def _make(config, spec, parts):
    with _global_state_for(config), keras_state.new_names():
        model = FAMILIES[config.family](config, spec, **parts)
        batch = {"x": tf.zeros([1, *spec.shape]), "y": tf.zeros([1], tf.int32)}
        model.make_weights(batch)
    return model


@contextlib.contextmanager
def _global_state_for(config) -> Iterator[None]:
    """Sets Keras' settings and Python's random generator for a config while the body runs.

    Keras draws the seeds of its initializers from Python's generator, which gets its own state
    back. Keras' settings would otherwise be those of the user's keras.json.
    """
    if keras.config.backend() != "tensorflow":
        raise UserError(
            f"Keras uses the backend {keras.config.backend()!r}, the zoo needs TensorFlow: set "
            "KERAS_BACKEND=tensorflow in the environment, or in ~/.keras/keras.json."
        )
    state = random.getstate()
    random.seed(config.seed)
    try:
        with keras_state.settings(
            floatx="float32", image_data_format="channels_last", dtype_policy=config.precision
        ):
            yield
    finally:
        random.setstate(state)


def check(config: ml_collections.ConfigDict, spec: Spec | None = None) -> None:
    """Raises a UserError that names every problem of a config, with data if a spec is given."""
    if config.family not in FAMILIES:
        raise UserError(
            f"Unknown family {config.family!r} of model {config.model!r}."
            f"{near_miss(config.family, FAMILIES)} Known: {', '.join(sorted(FAMILIES))}."
        )
    family, out_of_range = FAMILIES[config.family], configs.out_of_range(config)
    # Incompatible settings are looked for among values that exist.
    usable = configs.replaced(config, out_of_range)
    problems = [*out_of_range.values(), *family.config_problems(usable)]
    problems += family.data_problems(usable, spec) if spec else []
    if len(problems) == 1:
        raise UserError(problems[0])
    if problems:
        listed = " ".join(f"({i}) {problem}" for i, problem in enumerate(problems, 1))
        raise UserError(f"{len(problems)} settings cannot be used: {listed}")


def description(model: GenerativeModel) -> dict:
    """Returns what `from_description` needs, for a config.json."""
    return model.get_config()


def from_description(fields: dict, weights: Sequence | None = None) -> GenerativeModel:
    """Returns a new model from its description.

    Args:
      fields: from `description`.
      weights: of `served_variables`; those of the config's seed if None.
    """
    config = configs.get(fields["config"]["model"], **fields["config"])
    spec = Spec.from_fields(fields)
    check(config, spec)
    parts = {name: from_description(part) for name, part in fields.get("parts", {}).items()}
    model = _make(config, spec, parts)
    for variable, saved in zip(model.served_variables(), weights or (), strict=bool(weights)):
        variable.assign(saved)
    if weights:
        model.is_new = False
    return model
