"""Metrics of samples, in the features of an evaluation classifier, the judge."""

import numpy as np

from zoo.evaluation import paths, samples
from zoo.evaluation.headline_metrics import FRECHET
from zoo.evaluation.protocol import NEIGHBOURS, SAMPLES
from zoo.evaluation.subject import SAMPLED_IMAGES, Metric
from zoo.models.capabilities import Capability


def _distances(subject, name, distance):
    """The distance of samples to real images, and the best possible: that of other real images."""
    real = subject.real.features
    return {
        f"{name}_classifier_distance": distance(real, subject.fake.features),
        f"{name}_floor": distance(real, subject.other_real.features),
    }


def _frechet(subject):
    return _distances(subject, "frechet", samples.frechet_distance)


def _frechet_protocol(subject):
    count = min(SAMPLES, subject.dataset.test.size)
    return (
        f"Samples are compared by the features of `{subject.judge.name}` (test accuracy "
        f"{subject.judge.accuracy:.2%}): {count:,} samples with {count:,} test images; the best "
        "possible distance is that of as many training images."
    )


def _few_steps(subject):
    fake = subject.judge.features(subject.draw_samples("sample_fast"))
    return {"fast_frechet": samples.frechet_distance(subject.real.features, fake.features)}


def _few_steps_protocol(subject):
    config = subject.model.config
    steps = (
        f"`sample` takes {config.steps} steps of {config.solver!r}, `sample_fast` "
        f"{config.fast_steps}"
    )
    if not subject.model.conditional or config.guidance == 1:
        return f"{steps}."
    return (
        f"{steps}, with guidance {config.guidance:g} from t = {config.guidance_start:g} to "
        f"{config.guidance_end:g}."
    )


def _kernel(subject):
    return _distances(subject, "kernel", samples.kernel_distance)


def _classes(subject):
    shares = samples.class_shares(subject.fake.probs)
    return {
        "class_shares": [float(share) for share in shares],
        "rarest_class": float(shares.min()),
        "class_entropy": samples.entropy(shares),
    }


def _class_protocol(subject):
    shares = samples.class_shares(subject.real.probs)
    return (
        f"The judge's classes of the test images have the entropy {samples.entropy(shares):.3f} "
        f"nats, and the rarest has a share of {shares.min():.1%}."
    )


def _smoothness(subject):
    x = paths.walk(subject.model)
    features = subject.judge.features(x.reshape(-1, *x.shape[2:])).features
    figures = paths.smoothness(features.reshape(*x.shape[:2], -1))
    return {name: figure for name, figure in figures.items() if not np.isnan(figure)}


def _neighbourhoods(subject):
    found = samples.neighbourhoods(subject.real.features, subject.fake.features)
    if not found:
        subject.left_out["neighbourhoods"] = (
            f"More than {samples.MANY_COPIES:.0%} of the test images stand more than "
            f"{samples.K} times: precision, recall, density and coverage are left out."
        )
    return found


def _nearest(subject):
    train = subject.judge.features_of_split(subject.dataset.train.take(NEIGHBOURS)).features
    copies = samples.share_of_copies(train, subject.real.features)
    if copies > samples.MANY_COPIES:
        subject.left_out["nearest_training_image"] = (
            f"{copies:.0%} of the test images are training images as well: the distance to the "
            "nearest training image is left out, and the other metrics are those of images that "
            "the model has seen."
        )
        return {}
    ratio = samples.nearest_distance_ratio(train, subject.real.features, subject.fake.features)
    return {"nearest_distance_ratio": ratio}


METRICS = (
    Metric(
        FRECHET,
        {
            FRECHET: "Fréchet classifier distance",
            "frechet_floor": "... best possible (training images)",
        },
        "squared Fréchet distance between samples and test images in the judge's features, and the "
        "same for training images, the best possible; never comparable with FID, which uses an "
        "Inception network",
        SAMPLED_IMAGES,
        _frechet,
        _frechet_protocol,
    ),
    Metric(
        "fast_samples",
        {"fast_frechet": "Fréchet classifier distance of `sample_fast`"},
        "the same distance for samples in fewer steps",
        SAMPLED_IMAGES | {Capability.FAST_SAMPLES},
        _few_steps,
        _few_steps_protocol,
    ),
    Metric(
        "kernel_classifier_distance",
        {
            "kernel_classifier_distance": "Kernel classifier distance",
            "kernel_floor": "... best possible (training images)",
        },
        "unbiased squared maximum mean discrepancy in the same features, cubic kernel",
        SAMPLED_IMAGES,
        _kernel,
    ),
    Metric(
        "neighbourhoods",
        {
            "precision": "Precision",
            "recall": "Recall",
            "density": "Density",
            "coverage": "Coverage",
        },
        f"nearest-neighbour metrics (k = {samples.K}) in the same features: precision, the share "
        "of samples near test images; recall, the share of test images near samples; density and "
        "coverage, the same with balls around test images only",
        SAMPLED_IMAGES,
        _neighbourhoods,
        lambda subject: f"Precision, recall, density and coverage are for k = {samples.K}.",
    ),
    Metric(
        "classes",
        {
            "class_shares": "Classes of samples, by the judge (%)",
            "rarest_class": "Share of the rarest class",
            "class_entropy": "Entropy of the classes (nats)",
        },
        "histogram of the judge's classes of the samples",
        SAMPLED_IMAGES,
        _classes,
        _class_protocol,
    ),
    Metric(
        "nearest_training_image",
        {"nearest_distance_ratio": "Distance to the nearest training image, over test images'"},
        "mean distance of samples to their nearest training image, divided by that of test images: "
        "near 1 for new images, far below for memorised training images",
        SAMPLED_IMAGES,
        _nearest,
    ),
    Metric(
        "smoothness",
        {
            "path_length": "Interpolation: path length over the distance between its ends",
            "largest_step": "... largest step over the mean step",
        },
        f"{paths.WAYS} interpolations between codes of the prior, of {paths.STEPS} steps each, in "
        "the judge's features: 1 and 1 if samples change along a straight line and evenly; the "
        f"largest step is {paths.STEPS} if everything changes at once",
        SAMPLED_IMAGES | {Capability.CODES},
        _smoothness,
        lambda subject: (
            f"Interpolation: {paths.WAYS} paths of {paths.STEPS} steps between codes drawn from "
            f"the prior{'; each keeps a label' * subject.model.conditional}."
        ),
    ),
)
