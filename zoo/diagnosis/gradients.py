"""The gradient that reaches G: that of its loss with respect to the rows that it made."""

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.diagnosis.players import BATCH, FrozenPlayers, labels_for_update
from zoo.models.gan import Examples


def measure_gradients(subject: FrozenPlayers) -> dict[str, float]:
    """Returns "gradient", the root mean square of its norm over rows, and "saturated".

    The latter is the share of D's logits that are saturated.
    """
    model, real, fake = subject.model, subject.held_out, subject.generated
    at_once = model.discriminator.group_size
    rows = max(min(BATCH, len(real.x)) // at_once, 1) * at_once
    examples = Examples(
        model.standardize(tf.constant(real.x[:rows])),
        model.standardize(tf.constant(fake.x[:rows])),
        labels_for_update(model, real.y[:rows]),
        None if fake.z is None else tf.constant(fake.z[:rows]),
        seeds.stream(subject.seed, seeds.Stream.DIAGNOSIS, 3),
    )
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(examples.fake)
        losses = model.generator_loss(examples)
        loss = tf.reduce_sum(losses) * (rows / tf.cast(tf.size(losses), tf.float32))
    gradients = tf.reshape(tape.gradient(loss, examples.fake), [rows, -1])
    terms = model.discriminator_terms(examples)
    return {
        "gradient": float(np.sqrt(np.mean(np.sum(np.square(gradients), 1)))),
        "saturated": float(tf.reduce_mean(terms["saturated"])),
    }
