"""Every metric of the zoo, in the order in which tables show them.

A metric says what it needs; what a model or its data do not have, is not measured. Scripts, cards,
the results page and BUILD.md all walk METRICS: a new metric is a function in the file of its kind
and an entry here.
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np

from zoo.data import Dataset
from zoo.evaluation import baselines, clustering, codes, density, draws, paths, samples, styles
from zoo.evaluation.judges import Features, Judge
from zoo.evaluation.protocol import NEIGHBOURS, SAMPLES
from zoo.evaluation.terms import mean_terms
from zoo.models.traits import Trait
from zoo.objectives import bounds


@dataclasses.dataclass
class Subject:
    """A model and what it is measured with.

    Attributes:
      model: a Keras model of the zoo.
      dataset: that it was trained on; figures are of its test split.
      judge: for the metrics of samples, or None.
      importance_samples: codes per image for the log-likelihood of a VAE; 0 leaves out all that
        takes minutes.
      chunk: codes that are decoded at once for it.
      figures: what has been measured so far, by name.
    """

    model: object
    dataset: Dataset
    judge: Judge | None = None
    importance_samples: int = 0
    chunk: int = density.CHUNK
    figures: dict = dataclasses.field(default_factory=dict)

    @property
    def traits(self) -> frozenset[Trait]:
        """What the model can do, and what its data are."""
        found = set(self.model.traits)
        found |= {Trait.IMAGES} if self.model.of_images else set()
        found |= {Trait.GREY} if self.model.spec.shape[2:] == (1,) else set()
        found |= {Trait.LABELS} if self.model.spec.num_classes > 1 else set()
        found |= {Trait.JUDGE} if self.judge else set()
        return frozenset(found)

    @functools.cached_property
    def terms(self) -> dict[str, float]:
        """Means of the model's loss terms on the test split."""
        return mean_terms(self.model, self.dataset.test)

    @functools.cached_property
    def real(self) -> Features:
        """What the judge sees in test images, as many as samples are compared with."""
        return self.judge.see_split(self.dataset.test.take(SAMPLES))

    @functools.cached_property
    def other_real(self) -> Features:
        """What it sees in as many training images, a stand-in for perfect samples."""
        return self.judge.see_split(self.dataset.train.take(len(self.real.features)))

    @functools.cached_property
    def fake(self) -> Features:
        """What it sees in as many samples, drawn with the labels of those test images."""
        split = self.dataset.test.take(SAMPLES)
        return self.judge.see(draws.draw(self.model, split.size, draws.labels_of(split)))


@dataclasses.dataclass(frozen=True)
class Metric:
    """One measurement, which gives one figure or several.

    Attributes:
      name: by which it is asked for.
      figures: {name of a figure: its label}; "{unit}" in a label is "image" or "row".
      about: what it is, for the documentation.
      needs: without which it is not measured.
      measure: maps a Subject to {name of a figure: value}.
      protocol: maps a Subject with its figures to a sentence, how it was measured; or None.
      slow: whether it takes minutes, so that it is measured only where log-likelihoods are.
    """

    name: str
    figures: dict[str, str]
    about: str
    needs: frozenset[Trait]
    measure: Callable[[Subject], dict]
    protocol: Callable[[Subject], str | None] = lambda subject: None
    slow: bool = False

    def applies_to(self, subject: Subject) -> bool:
        """Whether the subject has what it needs."""
        return self.needs <= subject.traits and (subject.importance_samples > 0 or not self.slow)


def _of_log_likelihoods(log_p):
    error = float(np.std(log_p) / np.sqrt(len(log_p)))
    return {"nll": -float(np.mean(log_p, dtype=np.float64)), "nll_standard_error": error}


def _importance_sampled(subject):
    return _of_log_likelihoods(
        density.log_likelihoods(
            subject.model, subject.dataset.test, subject.importance_samples, subject.chunk
        )
    )


def _importance_sampled_protocol(subject):
    of = "-log p(x given y)" if subject.model.conditional else "-log p(x)"
    return (
        f"The negative log-likelihood, {of}, is by importance sampling with "
        f"{subject.importance_samples:,} codes per image; the standard error is that of the mean "
        "over images."
    )


def _exact(subject):
    return _of_log_likelihoods(density.exact_log_likelihoods(subject.model, subject.dataset.test))


def _bits_per_dim(subject):
    figures, model = subject.figures, subject.model
    nats = figures["nll"] if "nll" in figures else -figures["elbo"]
    bits = bounds.bits_per_dim(
        nats, math.prod(model.spec.shape), discrete=model.config.pixels != "dequantized"
    )
    return {"bits_per_dim": bits}


def _bits_protocol(subject):
    bound = "negative log-likelihood" if "nll" in subject.figures else "ELBO"
    return f"Bits per dimension are of bytes, from the {bound}."


def _elbo(subject):
    terms = subject.terms
    return {
        "elbo": -(terms["rate"] + terms["distortion"]),
        "rate": terms["rate"],
        "distortion": terms["distortion"],
        "active_units": codes.active_units(subject.model, subject.dataset.test),
    }


def _information(subject):
    information = density.mutual_information(subject.model, subject.dataset.test)
    return {
        "mutual_information": information,
        "marginal_kl": subject.terms["rate"] - information,
    }


def _information_protocol(subject):
    size = subject.dataset.test.size
    count = density.codes_for_information(subject.model, subject.dataset.test)
    return (
        "The mutual information is that of a code and the number of its image, at most "
        f"log {size:,} = {np.log(size):.2f}, from {count:,} codes."
    )


def _distances(subject, name, distance):
    """The distance of samples from real images, and of other real images from them: the floor."""
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
        f"{subject.judge.accuracy:.2%}): {count:,} samples with {count:,} test images; the floor "
        "of a distance is that of as many training images."
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
    features = subject.judge.see(x.reshape(-1, *x.shape[2:])).features
    figures = paths.smoothness(features.reshape(*x.shape[:2], -1))
    return {name: figure for name, figure in figures.items() if not np.isnan(figure)}


def _nearest(subject):
    train = subject.judge.see_split(subject.dataset.train.take(NEIGHBOURS)).features
    ratio = samples.nearest_distance_ratio(train, subject.real.features, subject.fake.features)
    return {"nearest_distance_ratio": ratio}


def _conditional(subject):
    classify = subject.judge.classify
    return {"conditional_accuracy": draws.conditional_accuracy(subject.model, classify, SAMPLES)}


def _restyled(subject):
    x, y, restyled = styles.restyle_all(subject.model, subject.dataset.test)
    asked = np.tile(np.arange(restyled.shape[1]), len(x))
    called = subject.judge.see(restyled.reshape(-1, *x.shape[1:])).probs.argmax(-1)

    def kept(measure):
        of_restyled = np.stack([measure(column) for column in np.moveaxis(restyled, 1, 0)], 1)
        return styles.correlation(measure(x), of_restyled, y)

    figures = {
        "restyled_accuracy": float(np.mean(called == asked)),
        "slant_kept": kept(styles.slant),
        "thickness_kept": kept(styles.thickness),
    }
    return {name: figure for name, figure in figures.items() if not np.isnan(figure)}


def _accuracy_protocol(subject):
    count = subject.model.config.get("labels")
    if not count:
        return None
    return f"The model learned from {count:,} labels, as many of each class as can be."


def _baselines_protocol(subject):
    return (
        "Logistic regression and support vector machine (RBF kernel) learn M1's codes from the "
        "same labels, with the settings that scikit-learn gives them."
    )


SAMPLED_IMAGES = frozenset({Trait.SAMPLES, Trait.IMAGES, Trait.JUDGE})

METRICS = (
    Metric(
        "importance_sampled_nll",
        {
            "nll": "Negative log-likelihood (nats per {unit})",
            "nll_standard_error": "... its standard error",
        },
        "-log p(x) by importance sampling with `--importance_samples=5000` codes per image, and "
        "the standard error of its mean over images. For 10,000 MNIST images it takes under ten "
        "minutes on two cores; 0 leaves it out",
        frozenset({Trait.POSTERIOR}),
        _importance_sampled,
        _importance_sampled_protocol,
        slow=True,
    ),
    Metric(
        "exact_nll",
        {
            "nll": "Negative log-likelihood (nats per {unit})",
            "nll_standard_error": "... its standard error",
        },
        "-log p(x), and the standard error of its mean over rows",
        frozenset({Trait.LOG_PROB}),
        _exact,
        lambda subject: (
            "The negative log-likelihood, -log p(x), is exact; the standard error is that of the "
            "mean over the test split."
        ),
    ),
    Metric(
        "elbo",
        {
            "elbo": "ELBO (nats per {unit})",
            "rate": "Rate, KL(q ‖ p) (nats)",
            "distortion": "Distortion, -E log p(x given z) (nats)",
            "active_units": "Active units",
        },
        "the bound, KL(q(z given x) to p(z)) and -E log p(x given z), from one code per image, or "
        "as many as it was trained with, all at beta = 1; latent dimensions whose mean varies with "
        "the image by more than 0.01 (variance); a full covariance mixes the dimensions, so that "
        "all of them vary",
        frozenset({Trait.POSTERIOR}),
        _elbo,
    ),
    Metric(
        "information",
        {
            "mutual_information": "Of the rate, mutual information I(x; z) (nats)",
            "marginal_kl": "... and marginal KL(q(z) ‖ p(z)) (nats)",
        },
        "the two parts of the rate: what a code tells of its image (at most the logarithm of the "
        "number of images), and how far the codes of all images together are from the prior",
        frozenset({Trait.POSTERIOR}),
        _information,
        _information_protocol,
        slow=True,
    ),
    Metric(
        "bits_per_dim",
        {"bits_per_dim": "Bits per dimension"},
        "the log-likelihood (or the bound, where it was not measured) in bits per value of the "
        "image, where the pixels are bytes: `pixels=dequantized`, or a likelihood of bytes",
        frozenset({Trait.BYTES, Trait.IMAGES}),
        _bits_per_dim,
        _bits_protocol,
    ),
    Metric(
        "clustering",
        {
            "clustering_accuracy": "Clustering accuracy",
            "nmi": "... normalised mutual information of clusters and labels",
        },
        "share of rows whose most probable cluster stands for their label, each cluster for one "
        "label at most; normalised mutual information of the two",
        frozenset({Trait.CLUSTERS, Trait.LABELS}),
        lambda subject: clustering.measure(subject.model, subject.dataset.test),
        lambda subject: (
            "Clusters are the most probable ones; labels only name them, one label per cluster "
            "(Hungarian matching)."
        ),
    ),
    Metric(
        "accuracy",
        {"accuracy": "Accuracy"},
        "share of test images that are classified correctly",
        frozenset({Trait.CLASSES}),
        lambda subject: {"accuracy": 1.0 - subject.terms["error"]},
        _accuracy_protocol,
    ),
    Metric(
        "baselines",
        {
            "logistic_regression_error": "Error of a logistic regression on M1's codes",
            "svm_error": "Error of a support vector machine on M1's codes",
        },
        "shares of test images that classifiers of M1's codes get wrong, which learn from the same "
        "labels",
        frozenset({Trait.M1_CODES, Trait.LABELS}),
        lambda subject: baselines.measure(
            subject.model, subject.dataset.train, subject.dataset.test
        ),
        _baselines_protocol,
    ),
    Metric(
        "restyled",
        {
            "restyled_accuracy": "Restyled images that show what was asked for",
            "slant_kept": "... correlation of their slant with the source's",
            "thickness_kept": "... correlation of their stroke width with the source's",
        },
        f"each of {styles.SOURCES:,} test images drawn with every label: share that the judge "
        "calls the label asked for, and how slant and stroke width go with those of the source, "
        "all as deviations from their label's mean; they mean something for white strokes on black",
        frozenset({Trait.RESTYLES, Trait.IMAGES, Trait.GREY, Trait.JUDGE}),
        _restyled,
        lambda subject: (
            f"Restyled are the first {min(styles.SOURCES, subject.dataset.test.size):,} test "
            "images, each with every label."
        ),
    ),
    Metric(
        "conditional_accuracy",
        {"conditional_accuracy": "Conditional accuracy"},
        f"share of {SAMPLES:,} samples for label y that the judge calls y",
        SAMPLED_IMAGES | {Trait.LABELLED_SAMPLES},
        _conditional,
        lambda subject: (
            f"Conditional accuracy: the share of {SAMPLES:,} samples for label y that "
            f"`{subject.judge.name}` (test accuracy {subject.judge.accuracy:.2%}) calls y."
        ),
    ),
    Metric(
        "frechet_classifier_distance",
        {
            "frechet_classifier_distance": "Frechet classifier distance",
            "frechet_floor": "... its floor",
        },
        "squared Frechet distance of samples to test images in the judge's features, and that of "
        "training images to test images; not comparable with the FID of an Inception network",
        SAMPLED_IMAGES,
        _frechet,
        _frechet_protocol,
    ),
    Metric(
        "kernel_classifier_distance",
        {
            "kernel_classifier_distance": "Kernel classifier distance",
            "kernel_floor": "... its floor",
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
        f"how samples and test images lie among each other's {samples.K} nearest neighbours in the "
        "same features: share of samples near test images, share of test images near samples; "
        "both again with balls around test images alone",
        SAMPLED_IMAGES,
        lambda subject: samples.neighbourhoods(subject.real.features, subject.fake.features),
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
        "mean distance of samples to their nearest training image, over that of test images: near "
        "1 for new images, far below for training images learned by heart",
        SAMPLED_IMAGES,
        _nearest,
    ),
    Metric(
        "smoothness",
        {
            "path_length": "Length of ways between samples, over the distance of their ends",
            "largest_step": "... their largest step, over the mean step",
        },
        f"{paths.WAYS} ways between codes of the prior, of {paths.STEPS} steps each, in the "
        "judge's features: 1 and 1 where samples change in a straight line and gradually; the "
        f"largest step is {paths.STEPS} where all changes at once",
        SAMPLED_IMAGES | {Trait.CODES},
        _smoothness,
        lambda subject: (
            f"Ways between samples are {paths.WAYS}, of {paths.STEPS} steps each, between codes "
            f"drawn from the prior{'; each keeps a label' * subject.model.conditional}."
        ),
    ),
)
# Labels of all figures, in order.
LABELS = {name: label for metric in METRICS for name, label in metric.figures.items()}
