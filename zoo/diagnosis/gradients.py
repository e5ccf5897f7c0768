"""What D leaves G to learn from: the gradient of G's loss by the rows that it made."""

import numpy as np
import tensorflow as tf

from zoo import seeds
from zoo.diagnosis.subject import BATCH, Subject, labels_of_turn
from zoo.models.adversarial import Turn


def measure(subject: Subject) -> dict[str, float]:
    """Returns "gradient", root mean square over rows of its norm, and "saturated", D's logits."""
    model, real, fake = subject.model, subject.held_out, subject.generated
    at_once = model.discriminator.rows_at_once
    rows = max(min(BATCH, len(real.x)) // at_once, 1) * at_once
    turn = Turn(
        tf.constant(real.x[:rows]),
        tf.constant(fake.x[:rows]),
        labels_of_turn(model, real.y[:rows]),
        None if fake.z is None else tf.constant(fake.z[:rows]),
        seeds.stream(subject.seed, seeds.Stream.DIAGNOSIS, 3),
    )
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(turn.fake)
        losses = model.generator_loss(turn)
        loss = tf.reduce_sum(losses) * (rows / tf.cast(tf.size(losses), tf.float32))
    slopes = tf.reshape(tape.gradient(loss, turn.fake), [rows, -1])
    terms = model.discriminator_terms(turn)
    return {
        "gradient": float(np.sqrt(np.mean(np.sum(np.square(slopes), 1)))),
        "saturated": float(tf.reduce_mean(terms["saturated"])),
    }
