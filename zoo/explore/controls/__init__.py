"""The controls of the page: which ones a model has follows from its signatures."""

from zoo.explore.controls import completion, handwriting, judging, latent, mixture, samples, ways
from zoo.explore.controls.control import Control

# A model's first one stands beside its samples: what makes it special comes first.
SPECIAL: tuple[type[Control], ...] = (
    handwriting.Handwriting,
    mixture.PlaneMixture,
    mixture.Points,
    ways.Morph,
    latent.Recognisable,
    ways.FromNoise,
    samples.Guidance,
    completion.Completion,
    completion.Levels,
    completion.Tokens,
    judging.Clusters,
    mixture.Components,
    judging.Probabilities,
    latent.LatentMap,
    judging.Opinion,
    mixture.ClusterSamples,
    ways.Interpolation,
    ways.Walk,
    completion.Reconstruction,
)
SAMPLES: type[Control] = samples.Samples


def find_controls(entry) -> list[type[Control]]:
    """Returns the controls of a model, samples first and then the special one; maybe none."""
    return [control for control in (SAMPLES, *SPECIAL) if control.fits(entry)]
