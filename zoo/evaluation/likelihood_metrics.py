"""Metrics of likelihoods and codes: NLL, ELBO, mutual information, bits per dimension."""

import math

import numpy as np

from zoo.evaluation import codes, density
from zoo.evaluation.subject import Condition, Metric
from zoo.models.capabilities import Capability
from zoo.models.flow_matching import LIKELIHOOD_STEPS
from zoo.objectives import bounds


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


def _flow(subject):
    return _of_log_likelihoods(density.flow_log_likelihoods(subject.model, subject.dataset.test))


def _flow_protocol(subject):
    of = "-log p(x given y)" if subject.model.conditional else "-log p(x)"
    exact = math.prod(subject.model.spec.shape) <= density.EXACT_DIVERGENCE
    how = (
        "exact at each step"
        if exact
        else "an unbiased estimate from one probe each, whose noise is in the standard error"
    )
    count = min(density.FLOW_ROWS, subject.dataset.test.size)
    return (
        f"The negative log-likelihood, {of}, is that of the flow without guidance, for the first "
        f"{count:,} test examples, in {LIKELIHOOD_STEPS} steps of order 4; the divergence is {how}."
    )


def _bits_per_dim(subject):
    figures, model = subject.figures, subject.model
    if "nll" not in figures and "elbo" not in figures:
        subject.left_out["bits_per_dim"] = (
            "Bits per dimension are not given without the log-likelihood, `flow_nll`."
        )
        return {}
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


METRICS = (
    Metric(
        "importance_sampled_nll",
        {
            "nll": "Negative log-likelihood (nats per {unit})",
            "nll_standard_error": "... its standard error",
        },
        "-log p(x) by importance sampling with `--importance_samples=5000` codes per image, and "
        "the standard error of its mean over images. For 10,000 MNIST images and a VAE of dense "
        "layers it takes under ten minutes on two cores, for several levels of codes or a decoder "
        "of pixels in turn longer; 0 skips it",
        frozenset({Capability.POSTERIOR}),
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
        frozenset({Capability.LOG_PROB}),
        _exact,
        lambda subject: (
            f"The negative log-likelihood, -log p(x{' given y' * subject.model.conditional}), is "
            "exact; the standard error is that of the "
            "mean over the test split."
        ),
    ),
    Metric(
        "flow_nll",
        {
            "nll": "Negative log-likelihood (nats per {unit})",
            "nll_standard_error": "... its standard error",
        },
        "-log p(x) by the change of variables along the flow, and the standard error of its mean; "
        f"for the first {density.FLOW_ROWS:,} test examples. Images have to be dequantized",
        frozenset({Capability.FLOW_LOG_PROB}),
        _flow,
        _flow_protocol,
        slow=True,
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
        frozenset({Capability.POSTERIOR}),
        _elbo,
    ),
    Metric(
        "information",
        {
            "mutual_information": "Mutual information I(x; z), part of the rate (nats)",
            "marginal_kl": "... and marginal KL(q(z) ‖ p(z)) (nats)",
        },
        "the two parts of the rate: mutual information of code and image (at most the logarithm of "
        "the number of images), and KL from the aggregate posterior to the prior",
        frozenset({Capability.POSTERIOR}),
        _information,
        _information_protocol,
        slow=True,
    ),
    Metric(
        "bits_per_dim",
        {"bits_per_dim": "Bits per dimension"},
        "the log-likelihood, or the bound if that was not measured, in bits per value of the "
        "image; for pixels that are bytes (`pixels=dequantized`, or a likelihood of bytes)",
        frozenset({Capability.BYTES, Condition.IMAGES}),
        _bits_per_dim,
        _bits_protocol,
    ),
)
