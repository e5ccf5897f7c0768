"""Models by name: `create("cvae")`.

The module itself can be called: `zoo.models()` lists those that are trained.
"""

import contextlib
import random
import sys
import types
from collections.abc import Sequence

import keras
import ml_collections
import tensorflow as tf

from zoo import configs, keras_state
from zoo.data import Spec
from zoo.errors import UserError, near_miss
from zoo.models import ablations
from zoo.models.base import GenerativeModel
from zoo.models.classifier import Classifier
from zoo.models.cvae import CVAE
from zoo.models.gan import GAN, ConditionalGAN
from zoo.models.gmm import GMM
from zoo.models.gmvae import GMVAE
from zoo.models.improved_gan import ImprovedGAN
from zoo.models.infogan import InfoGAN
from zoo.models.m1_m2 import M1M2
from zoo.models.m1_m2_conv import M1M2Conv
from zoo.models.m2 import M2
from zoo.models.vae import VAE

FAMILIES: dict[str, type[GenerativeModel]] = {
    "classifier": Classifier,
    "conditional_gan": ConditionalGAN,
    "cvae": CVAE,
    "gan": GAN,
    "gmm": GMM,
    "gmvae": GMVAE,
    "improved_gan": ImprovedGAN,
    "infogan": InfoGAN,
    "m1_m2": M1M2,
    "m1_m2_conv": M1M2Conv,
    "m2": M2,
    "vae": VAE,
    "vae_without_squared_mean": ablations.WithoutSquaredMean,
    "vae_without_variance_terms": ablations.WithoutVarianceTerms,
}


def create(
    entry: str | ml_collections.ConfigDict,
    spec: Spec = Spec((28, 28, 1), 10),  # noqa: B008  (a NamedTuple does not change)
    **overrides,
) -> GenerativeModel:
    """Returns a new model with its weights made, a function of its config.

    Args:
      entry: name of an entry, whose values are adapted to the data (`zoo.configs.adapt`); or a
        whole config, which is taken as it is.
      spec: shape of one x, and number of labels.
      **overrides: config fields, as in create("cvae", latent_dim=2).

    Raises:
      UserError: for an unknown entry or field, or data that the model cannot take.
    """
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
    return _make(config, spec, FAMILIES[config.family].make_parts(config, spec))


def _make(config, spec, parts):
    with _keras_state(config):
        model = FAMILIES[config.family](config, spec, **parts)
        batch = {"x": tf.zeros([1, *spec.shape]), "y": tf.zeros([1], tf.int32)}
        model.make_weights(batch)
    return model


@contextlib.contextmanager
def _keras_state(config):
    """Keras' global state as the model's config asks for it, whatever keras.json says.

    Changes Python's random generator while the body runs: Keras draws the seeds of its
    initializers from it.
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
    # Conflicts are looked for among values that exist.
    usable = configs.replaced(config, out_of_range)
    problems = [*out_of_range.values(), *family.conflicts(usable)]
    problems += family.misfits(usable, spec) if spec else []
    if len(problems) == 1:
        raise UserError(problems[0])
    if problems:
        listed = " ".join(f"({i}) {problem}" for i, problem in enumerate(problems, 1))
        raise UserError(f"{len(problems)} settings cannot be used: {listed}")


def description(model: GenerativeModel) -> dict:
    """Returns what a config.json holds: all that `from_description` needs."""
    return model.get_config()


def from_description(fields: dict, weights: Sequence | None = None) -> GenerativeModel:
    """Returns a new model from what a config.json holds.

    Args:
      fields: what `description` returns.
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


class _Callable(types.ModuleType):
    """A module that lists trained models where it is called."""

    def __call__(self, place=None):
        from zoo import listings

        return listings.models(place)


sys.modules[__name__].__class__ = _Callable
