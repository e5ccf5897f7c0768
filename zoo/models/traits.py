"""What a model can do, stated by the model: what is measured, drawn and offered follows from it."""

import enum


class Trait(enum.Enum):
    """A capability; the value is how documentation names it."""

    SAMPLES = "samples"  # sample(seed[, y])
    LABELLED_SAMPLES = "samples of a label"  # sample takes y
    CLUSTER_SAMPLES = "samples of a cluster"  # sample_cluster(seed, cluster)
    CODES = "codes of a prior"  # prior(), decode(z[, y]), way(z0, z1, t)
    DISCRIMINATOR = "a discriminator"  # judge(x[, y]), discriminator_terms(turn)
    RESTYLES = "restyling"  # restyle(x, y, y_new)
    POSTERIOR = "a posterior over codes"  # posterior(x[, y]), prior(), likelihood(z[, y])
    LOG_PROB = "an exact log-likelihood"  # log_prob(x), num_parameters()
    BYTES = "a likelihood of byte images"  # its nats can be counted in bits per dimension
    CLUSTERS = "clusters"  # responsibilities(x)
    CLASSES = "classes"  # the term "error" of loss_terms
    M1_CODES = "codes of a VAE that M2 classifies"  # codes(x), rows_to_learn(split)
    COMPONENTS = "Gaussian components"  # mixture.as_arrays()

    # Of what a model is measured on, rather than of the model.
    IMAGES = "images"
    GREY = "grey images"
    LABELS = "labels"
    JUDGE = "a judge"
