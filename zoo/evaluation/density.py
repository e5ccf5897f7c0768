"""log p(x), exact or by importance sampling, and the mutual information of codes and images."""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tqdm

from zoo import seeds
from zoo.data import Split
from zoo.distributions import posteriors
from zoo.evaluation.map_rows import map_split
from zoo.evaluation.protocol import BATCH_SIZE, SEED
from zoo.models.base import GenerativeModel
from zoo.models.flow_matching import FlowMatching
from zoo.models.vae import VAE

# Number of codes decoded at once, over images and samples; bounds the memory.
CHUNK = 2_000
# Number of codes at which to evaluate the aggregate posterior; a flow needs D passes for each.
CODES, FLOW_CODES = 1_000, 50
# Number of rows whose density under a flow is computed, and of numbers up to which its divergence
# is exact.
FLOW_ROWS, EXACT_DIVERGENCE = 1_000, 32


def exact_log_likelihoods(model: GenerativeModel, split: Split) -> np.ndarray:
    """Returns log p(x) [N], or log p(x|y), of each row under a model that has it in closed form."""
    log_prob = model.compiled_method("log_prob")
    inputs = ("x", "y") if model.conditional else ("x",)
    return map_split(
        lambda batch: log_prob(*(batch[name] for name in inputs)), split, model.config.pixels
    )


def flow_log_likelihoods(model: FlowMatching, split: Split) -> np.ndarray:
    """Returns log p(x) [N] of the first FLOW_ROWS rows under a flow, in nats.

    Exact up to the solver's steps if x has at most EXACT_DIVERGENCE numbers, otherwise an unbiased
    estimate. For a conditional model it is log p(x|y).
    """
    log_prob, split = model.compiled_method("log_prob"), split.take(min(FLOW_ROWS, split.size))
    made, rows = [], split.batches(BATCH_SIZE, model.config.pixels, SEED).unbatch().batch(100)
    with tqdm.tqdm(total=split.size, unit="row", desc="log p(x)") as bar:
        for i, batch in rows.enumerate():
            x, y = batch["x"], batch["y"] if model.conditional else None
            probe = None
            if model.latent_dim > EXACT_DIVERGENCE:
                seed = seeds.stream(SEED, seeds.Stream.EVALUATION, i)
                probe = tf.sign(seeds.uniform([len(x), model.latent_dim], seed) - 0.5)
            made.append(log_prob(x, y, probe).numpy())
            bar.update(len(x))
    return np.concatenate(made)


def log_likelihoods(model: VAE, split: Split, samples: int, chunk: int = CHUNK) -> np.ndarray:
    """Returns the importance-sampled log p(x) [N] of each image, in nats.

    Burda et al. 2016 (arXiv 1509.00519), equation 8 with k = `samples`: a lower bound in
    expectation, whose gap closes as k grows. For a conditional model it is log p(x|y).

    Args:
      model: a VAE.
      split: the images; the noise of their pixels is the same for all metrics.
      samples: codes per image, K.
      chunk: number of codes decoded at once.
    """
    rows, at_once = sizes(samples, chunk)
    bound = importance_weighted_bound(model, samples, at_once)
    made, images = [], split.batches(BATCH_SIZE, model.config.pixels, SEED).unbatch().batch(rows)
    with tqdm.tqdm(total=split.size, unit="img", desc=f"log p(x), K={samples:,}") as bar:
        for i, batch in images.enumerate():
            seed = seeds.stream(SEED, seeds.Stream.EVALUATION, i)
            made.append(bound(batch["x"], batch["y"], seed).numpy())
            bar.update(len(made[-1]))
    return np.concatenate(made)


def importance_weighted_bound(model: VAE, samples: int, at_once: int) -> Callable:
    """Returns a function of x [B, ...], y [B] and a seed that estimates log p(x) [B].

    Args:
      model: a VAE.
      samples: codes per image.
      at_once: number of codes decoded at once.
    """

    @functools.partial(tf.function, reduce_retracing=True, autograph=False)
    def bound(x, y, seed):
        y = y if model.conditional else None
        q, p = model.posterior(x, y), model.prior()

        def more(i, top, total):
            noise = seeds.normal([at_once, tf.shape(x)[0], *p.event_shape], seeds.fold_in(seed, i))
            z = posteriors.reparametrize(q, noise)  # [k, B, D]
            likelihood = model.likelihood(z, y)

            # Only this part is compiled; for some priors it is many small operations. XLA on a CPU
            # takes about twice as long for matrix products, as in the likelihood.
            @functools.partial(tf.function, jit_compile=model.config.jit, autograph=False)
            def log_ratio():
                return p.log_prob(z) - q.log_prob(z)

            log_w = likelihood.log_prob(x) + log_ratio()  # [k, B]
            # The last chunk may hold more codes than needed.
            counted = i * at_once + tf.range(at_once) < samples
            log_w = tf.where(counted[:, None], log_w, -np.inf)
            higher = tf.maximum(top, tf.reduce_max(log_w, 0))
            total = total * tf.exp(top - higher) + tf.reduce_sum(tf.exp(log_w - higher), 0)
            return i + 1, higher, total

        start = (0, tf.fill(tf.shape(x)[:1], np.float32(-1e30)), tf.zeros(tf.shape(x)[:1]))
        count = -(-samples // at_once)
        _, top, total = tf.while_loop(lambda i, *_: i < count, more, start, parallel_iterations=1)
        return top + tf.math.log(total / samples)

    return bound


def sizes(samples: int, chunk: int) -> tuple[int, int]:
    """Returns numbers of images and of codes per image whose product is about `chunk` codes."""
    rows = max(min(BATCH_SIZE, chunk // min(samples, 100)), 1)
    return rows, max(chunk // rows, 1)


def mutual_information(model: VAE, split: Split) -> float:
    """Returns I(x; z) = E log q(z|x) - log q(z) in nats, x being one of the N images of the split.

    q(z) = 1/N sum_n q(z|x_n) is the aggregate posterior. I is at most log N; the rest of the
    rate is the marginal KL(q(z) || p(z)), the distance of the aggregate posterior from the prior
    (Hoffman and Johnson 2016, ELBO surgery).
    """
    inputs = ("x", "y") if model.conditional else ("x",)
    encode = model.compiled_method("posterior_params")
    params = tf.constant(
        map_split(lambda batch: encode(*map(batch.get, inputs)), split, model.config.pixels)
    )  # [N, ...]

    @functools.partial(tf.function, reduce_retracing=True)
    def log_ratio(own, seed):
        """Returns log q(z|x) - log q(z) [M] for one draw z per row of parameters [M, ...]."""
        q = model.posterior_layer.distribution(own)
        z = posteriors.reparametrize(q, seeds.normal([tf.shape(own)[0], *q.event_shape], seed))
        every = model.posterior_layer.distribution(params)
        codes = z[:, None]  # [M, 1, D]
        if not model.posterior_layer.closed_form:  # tfp's inverse of a flow does not broadcast
            codes = tf.repeat(codes, tf.shape(params)[0], 1)
        aggregated = tf.reduce_logsumexp(every.log_prob(codes), -1)  # of [M, N]
        size = tf.cast(tf.shape(params)[0], tf.float32)
        return q.log_prob(z) - (aggregated - tf.math.log(size))

    count = codes_for_information(model, split)
    chosen = tf.gather(params, np.arange(count) * split.size // count)
    seed = seeds.stream(SEED, seeds.Stream.EVALUATION)
    starts = range(0, count, 10)
    ratios = [log_ratio(chosen[i : i + 10], seeds.fold_in(seed, i)).numpy() for i in starts]
    return float(np.mean(np.concatenate(ratios), dtype=np.float64))


def codes_for_information(model, split: Split) -> int:
    """Returns the number of codes from which the mutual information is estimated."""
    return min(split.size, CODES if model.posterior_layer.closed_form else FLOW_CODES)
