"""What a model can do, and the fixed facts about its class that training depends on."""

import dataclasses
import enum
from typing import TypeAlias

import ml_collections
import tensorflow as tf

# {"x": float32 [B, ...], "y": int32 [B]}, with "weight" float32 [B] where passes take every row.
Batch: TypeAlias = dict[str, tf.Tensor]
# The fields of a model, see zoo/configs; a model's own config is frozen.
Config: TypeAlias = ml_collections.ConfigDict


class Capability(enum.Enum):
    """Something that a model can do, with the methods it has for it.

    Metrics, pictures and pages ask for these; the value is their name in documentation.
    """

    SAMPLES = "samples"  # sample(seed[, y]) -> x [B, ...]
    LABELLED_SAMPLES = "samples of a label"  # sample takes y
    CLUSTER_SAMPLES = "samples of a cluster"  # sample_cluster(seed, cluster)
    CODES = "codes of a prior"  # prior(), decode(z[, y]), interpolate_codes(z0, z1, t)
    DISCRIMINATOR = "a discriminator"  # discriminate(x[, y]), discriminator_terms(examples)
    COMPLETES = "completion"  # complete(x, mask, seed[, y]) draws the pixels whose mask is 0
    RESTYLES = "restyling"  # restyle(x, y, y_new)
    POSTERIOR = "a posterior over codes"  # posterior(x[, y]), prior(), likelihood(z[, y])
    LOG_PROB = "an exact log-likelihood"  # log_prob(x[, y]) [B]
    FLOW_LOG_PROB = "a flow's log-likelihood"  # log_prob(x[, y], probe) [B], latent_dim
    FAST_SAMPLES = "samples in few steps"  # sample_fast(seed[, y])
    BYTES = "a likelihood of byte images"  # its nats can be counted in bits per dimension
    CLUSTERS = "clusters"  # responsibilities(x)
    CLASSES = "classes"  # the term "error" of loss_terms
    M1_CODES = "codes of a VAE that M2 classifies"  # codes(x), rows_to_learn(split)
    TOKENS = "tokens"  # tokens(x), decode(tokens), reconstruct(x), num_tokens
    TOKEN_LOG_PROB = "a likelihood of tokens"  # tokens_log_prob(tokens[, y]) [B]
    COMPONENTS = "Gaussian components"  # mixture.as_arrays(), num_parameters()


@dataclasses.dataclass(frozen=True)
class Rules:
    """Facts about a class of models that data checks, the training loop and exports read.

    Attributes:
      takes_vectors: whether x may be a vector [D] instead of an image.
      takes_float64: whether rows may be float64.
      needs_labels: whether it learns from labels.
      learns_from_unlabelled: whether it also learns from rows without a label, y = -1.
      needs_initial_data: whether a new model must be initialised from data before it learns.
      keep_remainder: whether each pass takes every row, in weighted batches, instead of dropping
        the rows that do not fill a batch.
      compiles: whether XLA can compile a step; shapes that depend on the data cannot.
      keeps_best: whether the weights of the best evaluation are kept instead of the last ones.
      takes_half_weights: whether weights may be stored in half precision.
      precisions: values that the field `precision` takes.
      fields_split_over_replicas: fields that count rows, which the replicas share evenly.
      label_terms: terms of `loss_terms` that only rows with a label have.
      diagnostics: what `learn` returns beside the terms of `loss_terms`.
      call_takes_labels: whether Keras' `call` and `predict` take labels beside x.
      remedy: what to try when numbers are not finite any more.
    """

    takes_vectors: bool = False
    compiles: bool = True
    takes_float64: bool = False
    needs_labels: bool = False
    learns_from_unlabelled: bool = False
    needs_initial_data: bool = False
    keep_remainder: bool = False
    keeps_best: bool = True
    takes_half_weights: bool = True
    precisions: tuple[str, ...] = ("float32", "mixed_bfloat16")
    fields_split_over_replicas: tuple[str, ...] = ("batch_size",)
    label_terms: tuple[str, ...] = ()
    diagnostics: tuple[str, ...] = ()
    call_takes_labels: bool = False
    remedy: str = "Try a lower --config.learning_rate or --config.clip_norm=1"
