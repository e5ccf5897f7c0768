"""Metrics of labels: clusters, classes, and images that should show a label."""

import numpy as np

from zoo.evaluation import accuracy_score, baselines, clustering, draws, styles
from zoo.evaluation.protocol import SAMPLES
from zoo.evaluation.subject import SAMPLED_IMAGES, Condition, Metric
from zoo.models.capabilities import Capability


def _conditional(subject):
    classify = subject.judge.classify
    return {"conditional_accuracy": draws.conditional_accuracy(subject.model, classify, SAMPLES)}


def _accuracy_score(subject):
    score = accuracy_score.accuracy_score(subject.model, subject.dataset)
    if score is None:
        subject.left_out["classification_accuracy_score"] = (
            "The classification accuracy score needs labelled training and test images."
        )
        return {}
    return {"classification_accuracy_score": score}


def _restyled(subject):
    x, y, restyled = styles.restyle_all(subject.model, subject.dataset.test)
    asked = np.tile(np.arange(restyled.shape[1]), len(x))
    called = subject.judge.features(restyled.reshape(-1, *x.shape[1:])).probs.argmax(-1)

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
    return f"The model learned from {count:,} labels, balanced across classes."


def _baselines_protocol(subject):
    return (
        "Logistic regression and support vector machine (RBF kernel) learn M1's codes from the "
        "same labels, with scikit-learn's default settings."
    )


METRICS = (
    Metric(
        "clustering",
        {
            "clustering_accuracy": "Clustering accuracy",
            "nmi": "... normalised mutual information of clusters and labels",
        },
        "accuracy of the most probable cluster as a label, with one label per cluster (Hungarian "
        "matching); normalised mutual information of clusters and labels",
        frozenset({Capability.CLUSTERS, Condition.LABELS}),
        lambda subject: clustering.measure_clusters(subject.model, subject.dataset.test),
        lambda subject: (
            "Clusters are the most probable ones; labels only name them, one label per cluster "
            "(Hungarian matching)."
        ),
    ),
    Metric(
        "accuracy",
        {"accuracy": "Accuracy"},
        "share of test images that are classified correctly",
        frozenset({Capability.CLASSES}),
        lambda subject: {"accuracy": 1.0 - subject.terms["error"]},
        _accuracy_protocol,
    ),
    Metric(
        "baselines",
        {
            "logistic_regression_error": "Error of a logistic regression on M1's codes",
            "svm_error": "Error of a support vector machine on M1's codes",
        },
        "test errors of classifiers of M1's codes that learn from the same labels",
        frozenset({Capability.M1_CODES, Condition.LABELS}),
        lambda subject: baselines.measure_baselines(
            subject.model, subject.dataset.train, subject.dataset.test
        ),
        _baselines_protocol,
    ),
    Metric(
        "restyled",
        {
            "restyled_accuracy": "Restyled images with the requested label",
            "slant_kept": "... correlation of their slant with the source's",
            "thickness_kept": "... correlation of their stroke width with the source's",
        },
        f"each of {styles.SOURCES:,} test images redrawn with every label: the share that the "
        "judge assigns to that label, and the correlations of slant and stroke width with the "
        "source's, as deviations from their label's mean; meaningful for white strokes on black "
        "only",
        frozenset({Capability.RESTYLES, Condition.IMAGES, Condition.GREY, Condition.JUDGE}),
        _restyled,
        lambda subject: (
            f"The first {min(styles.SOURCES, subject.dataset.test.size):,} test images are "
            "restyled to every label."
        ),
    ),
    Metric(
        "conditional_accuracy",
        {"conditional_accuracy": "Conditional accuracy"},
        f"share of {SAMPLES:,} samples for label y that the judge assigns to y",
        SAMPLED_IMAGES | {Capability.LABELLED_SAMPLES},
        _conditional,
        lambda subject: (
            f"Conditional accuracy: the share of {SAMPLES:,} samples for label y that "
            f"`{subject.judge.name}` (test accuracy {subject.judge.accuracy:.2%}) calls y."
        ),
    ),
    Metric(
        "classification_accuracy_score",
        {"classification_accuracy_score": "Classification accuracy score"},
        "accuracy on test images of a classifier that has learned from samples alone, as many as "
        f"there are training images (at most {accuracy_score.SAMPLES:,}) with the same labels; "
        "low if samples of a label show something else or lack variants of it",
        frozenset(
            {
                Capability.SAMPLES,
                Capability.LABELLED_SAMPLES,
                Condition.IMAGES,
                Condition.LABELS,
            }
        ),
        _accuracy_score,
        lambda subject: (
            "Classification accuracy score: a `classifier` is trained on as many samples as there "
            f"are labelled training images (at most {accuracy_score.SAMPLES:,}), in "
            f"{accuracy_score.EPOCHS} passes or {accuracy_score.STEPS:,} steps, and tested on the "
            "test images."
        ),
        slow=True,
    ),
)
