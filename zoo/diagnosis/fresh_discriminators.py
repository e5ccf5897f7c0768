"""New discriminators, trained against a frozen G and tested on unseen rows.

If a fresh D distinguishes generated rows from real ones and the GAN's own does not, the own D is at
fault; if none does, G is good. A fresh D of the same architecture shows whether more training
would help, one of the zoo's usual architecture whether a larger network would. Both are plain
classifiers without penalties, since no G learns from them.
"""

import tensorflow as tf

from zoo import configs, data, models, seeds
from zoo.diagnosis.own_discriminator import area_under_curve
from zoo.diagnosis.players import FrozenPlayers
from zoo.models import optimizers
from zoo.objectives.gan_losses import classify

# Fields that determine D's architecture.
ARCHITECTURE = (
    *("family", "network", "d_hidden", "d_dense", "label"),
    *("packing", "spectral_norm", "minibatch_stddev"),
)
STEPS, BATCH, LEARNING_RATE = 300, 128, 1e-3
COMPARED_ROWS = {"unseen real rows": "held_out", "generated rows": "generated"}


def train(subject: FrozenPlayers, config):
    """Returns a model whose D has learned to distinguish training rows from generated ones.

    Args:
      subject: the players, whose generated rows are used.
      config: of the model; D's architecture matters.
    """
    real, fake = subject.train, subject.generated_to_train
    model = models.create(config, subject.dataset.spec)
    model.initialize_from_data(data.InMemory(real.x, real.y))
    at_once = model.discriminator.group_size
    size = -(-BATCH // at_once) * at_once
    arrays = {"real": real.x, "fake": fake.x, "y": real.y}
    arrays = {name: tf.constant(array) for name, array in arrays.items()}
    variables = model.discriminator.trainable_variables
    optimizer = optimizers.Adam(LEARNING_RATE)
    optimizer.build(variables)

    @tf.function
    def descend():
        for i in tf.range(STEPS):
            seed = seeds.stream(subject.seed, seeds.Stream.DIAGNOSIS, 2, i)
            rows, others = tf.unstack(
                tf.cast(seeds.uniform([2, size], seed) * len(real.x), tf.int32)
            )
            y = [tf.gather(arrays["y"], rows)] if model.conditional else []
            # A conditional D gets rows with the same labels.
            others = rows if model.conditional else others
            x, fakes = tf.gather(arrays["real"], rows), tf.gather(arrays["fake"], others)
            with tf.GradientTape() as tape:
                d_real, d_fake = model.discriminate(x, *y), model.discriminate(fakes, *y)
                loss = tf.reduce_mean(classify(d_real, d_fake))
            optimizers.descend(loss, tape, optimizer, variables)

    descend()
    return model


def own_config(subject: FrozenPlayers):
    """Returns the GAN's own config with other initial weights."""
    fields = {**subject.model.config.to_dict(), "seed": 2**30 + subject.seed}
    return configs.get(subject.model.config.model, **fields)


def usual_config(subject: FrozenPlayers):
    """Returns the config of the zoo's usual D for such rows."""
    entry = "cgan" if subject.model.conditional else "dcgan" if subject.model.of_images else "gan"
    seed = 2**30 + subject.seed
    return configs.get(entry, network=_usual_network(subject.dataset.spec.shape), seed=seed)


def _usual_network(shape):
    return "conv" if len(shape) == 3 and not any(side % 4 for side in shape[:2]) else "mlp"


def _architecture(config):
    return {field: config.get(field) for field in ARCHITECTURE}


def measure_fresh(subject: FrozenPlayers) -> tuple[dict[str, float], dict]:
    """Returns "auc_fresh" and "auc_usual", and the logits of both by kind of row."""
    figures, logits = {}, {}
    own, usual = own_config(subject), usual_config(subject)
    for name, config in (("fresh", own), ("usual", usual)):
        if name == "usual" and _architecture(own) == _architecture(usual):
            logits[name], figures["auc_usual"] = logits["fresh"], figures["auc_fresh"]
            continue
        model = train(subject, config)
        logits[name] = {
            kind: subject.logits(getattr(subject, rows), model)
            for kind, rows in COMPARED_ROWS.items()
        }
        figures[f"auc_{name}"] = area_under_curve(*logits[name].values())
    return figures, logits
