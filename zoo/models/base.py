"""What every model of the zoo is: a Keras model with a loss per row and signatures to serve."""

from collections.abc import Iterator

import keras
import ml_collections
import tensorflow as tf

from zoo import optimizers, seeds
from zoo.data import Spec, Split
from zoo.inputs import Input
from zoo.inputs import make as make_inputs
from zoo.models import refusals
from zoo.models.keras_habits import KerasHabits, MeanOrNan
from zoo.models.traits import Trait
from zoo.types import Batch, Config


class GenerativeModel(KerasHabits):
    """A Keras model whose parts are tfp distributions.

    A subclass builds its networks in `__init__` and defines `loss_terms`, or, where learning is no
    gradient step on one loss (two adversaries, EM), its own `compile_for_run` and `learn`.
    Symbols are the papers': x data, y label, z latent. All terms are in nats per example.

    Attributes:
      config: the entry's config.
      spec: shape of x and number of labels.
      step: int32 [], the number of training steps taken; the noise of each is folded from it.
      conditional: whether samples are drawn for a label.
    """

    conditional = False
    # Whether each pass takes every row, weighted, rather than whole batches (zoo.data.Split.epoch).
    every_row = False
    # Whether x may be a vector [D] rather than an image.
    takes_vectors = False
    # Whether rows may be float64.
    takes_float64 = False
    # Whether it learns from labels; and whether from rows without one (y = -1) as well.
    needs_labels = False
    learns_from_unlabelled = False
    # Whether a new model has to be initialised from rows by `start_from` before it learns.
    needs_start = False
    # Whether it can be M1, whose codes M2 learns: a VAE that needs no labels.
    is_m1 = False
    # Whether convolutions take its time, which on a CPU are slow when XLA compiles them.
    convolutional = False
    # What to try when numbers are not finite any more.
    remedy = "Try a lower --config.learning_rate or --config.clip_norm=1"
    # Whether weights may be stored in half precision; what is made of covariances may not.
    takes_half_weights = True
    # Values that `precision` takes.
    precisions: tuple[str, ...] = ("float32", "mixed_bfloat16")
    # Fields of numbers of rows that all replicas share evenly.
    shared_fields: tuple[str, ...] = ("batch_size",)
    # Terms of loss_terms that only rows with a label have.
    terms_of_labels: tuple[str, ...] = ()
    # The number of rows of a replica's batch has to be a multiple of this.
    rows_at_once = 1
    # Whether the weights of the best evaluation are kept, rather than the last ones.
    keeps_best = True
    # What `learn` returns beside the terms of loss_terms: how the two players get on, for example.
    learning_signals: tuple[str, ...] = ()
    # Steps in which the training loss is still becoming what is judged; patience starts after.
    annealing_steps = 0

    def __init__(self, config: ml_collections.ConfigDict, spec: Spec):
        super().__init__(name=config.model)
        self.config, self.spec = ml_collections.FrozenConfigDict(config), spec
        # Whether it has neither been initialised from data nor got trained weights.
        self.is_new = True
        self.step = self.add_weight(
            name="step",
            shape=(),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )

    @classmethod
    def conflicts(cls, config: Config) -> Iterator[str]:
        """Yields a sentence, remedy included, for each part of a config that fits no other."""
        yield from refusals.model_conflicts(config, cls.keeps_best, cls.precisions)

    @classmethod
    def misfits(cls, config: Config, spec: Spec) -> Iterator[str]:
        """Yields a sentence, remedy included, for each thing that the model lacks in the data."""
        yield from refusals.model_misfits(config, spec, cls.takes_vectors, cls.needs_labels)

    def loss_terms(
        self, batch: Batch, seed: tf.Tensor, training: bool = False
    ) -> dict[str, tf.Tensor]:
        """Returns {"loss": [B], ...}, the loss of each example and what it is made of.

        Args:
          batch: {"x": float32 [B, ...], "y": int32 [B]}.
          seed: int32 [2]; all noise is a function of it.
          training: whether to do what is done in training only (augmentation, say).
        """
        raise NotImplementedError

    def signatures(self) -> dict[str, tf.types.experimental.PolymorphicFunction]:
        """Returns the functions to export by name; see `signature`."""
        raise NotImplementedError

    def make_weights(self, batch: Batch) -> None:
        """Builds the layers by running them once on a batch."""
        terms = self.loss_terms(batch, seeds.root(0))
        # What Keras' fit and evaluate show: means over all examples so far.
        names = (*terms, *self.learning_signals)
        self.term_means = {
            name: (MeanOrNan if name in self.terms_of_labels else keras.metrics.Mean)(name)
            for name in names
        }
        self.built = True

    @property
    def terms_shown(self) -> list[str]:
        """Names of the terms that a progress bar has room for."""
        return list(self.term_means)

    def steps_taken(self) -> int:
        """Returns `step` as a Python number, under any strategy."""
        return int(tf.convert_to_tensor(self.step.value))

    def in_graph(self, method: str):
        """Returns the method as a tf.function, the same one at each call."""
        # Past Keras' attribute tracking, which would look for weights in it.
        graphs = self.__dict__.setdefault("_graphs", {})
        if method not in graphs:
            graphs[method] = tf.function(
                getattr(self, method), reduce_retracing=True, autograph=False
            )
        return graphs[method]

    @property
    def traits(self) -> frozenset[Trait]:
        """What the model can do."""
        return frozenset()

    @property
    def of_images(self) -> bool:
        """Whether x is an image [H, W, C] rather than a vector."""
        return len(self.spec.shape) == 3

    @property
    def num_clusters(self) -> int:
        """Number of clusters, of a model that has any."""
        return self.config.get("prior_components", 0)

    # --- Learning ---------------------------------------------------------------------------

    @classmethod
    def first_stage(cls, config: Config, spec: Spec) -> ml_collections.ConfigDict | None:
        """Returns the config of a model that has to be trained before this one, if there is one."""

    @classmethod
    def make_parts(cls, config: Config, spec: Spec) -> dict[str, "GenerativeModel"]:
        """Returns the models that this one is made of, as arguments of its constructor by name."""
        return {}

    def take_first_stage(self, trained: "GenerativeModel") -> None:
        """Called once before `start_from`, with the model of `first_stage`."""

    def rows_to_learn(self, split: Split) -> Split:
        """Returns what the steps of a run see of its training rows."""
        return split

    def start_from(self, split: Split) -> None:
        """Initialises a new model from its training rows, before the first step."""
        del split
        self.is_new = False

    def start_epoch(self, epoch: int, epochs: int, split: Split) -> None:
        """Called before the first step of each epoch.

        Must be deterministic given the weights: a resumed run calls it again.

        Args:
          epoch: number of the epoch, from 0.
          epochs: of the run.
          split: its training rows.
        """

    def compile_for_run(self, total_steps: int | None) -> None:
        """Compiles the model with the optimizers of its config.

        Args:
          total_steps: of the run; None to go on training without end, at the highest rate.
        """
        self.compile(optimizer=optimizers.adam(self.config, total_steps))
        self.optimizer.build(self.trainable_variables)

    def averaged_variables(self) -> list[keras.Variable]:
        """Returns the variables of which evaluation and export use the moving average."""
        return self.trainable_variables

    def optimizers(self) -> dict[str, keras.Optimizer]:
        """Returns the optimizers by name, as they are kept in checkpoints."""
        return {"optimizer": self.optimizer}

    def learn(self, batch: Batch, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Changes the weights by one step on this replica's batch.

        Returns the means of that step under the names of `loss_terms` and `learning_signals`.
        """

        def loss():
            terms = self.loss_terms(batch, seed, training=True)
            means = {name: tf.reduce_mean(term) for name, term in terms.items()}
            return means["loss"], means

        return optimizers.descend(
            loss, self.optimizer, self.trainable_variables, self.config.clip_norm
        )[0]

    def end_epoch(self) -> None:
        """Called after each pass over the data, within the strategy; EM's M-step, for example."""

    def converged(self) -> bool:
        """Whether a further pass would change nothing that counts; asked after each."""
        return False

    def remark(self, terms: dict[str, float], split: str) -> str | None:
        """Returns what a person should know of the pass that has ended, if there is something.

        Args:
          terms: means over the last steps, or over the validation split.
          split: "train" or "validation".
        """

    def take_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """One step on one replica's batch; returns the terms of that step."""
        seed = seeds.stream(self.config.seed, seeds.Stream.MODEL, self.step, seeds.replica_id())
        metrics = self.learn(batch, seed)
        self.step.assign_add(1)
        return metrics

    # --- Serving ----------------------------------------------------------------------------

    def served_variables(self) -> list[keras.Variable]:
        """Returns the variables that an export holds."""
        return self.variables

    def signature(self, function, *inputs: str):
        """Returns `function` as a tf.function of the named inputs, all checked and row-wise.

        Args:
          function: takes tensors in the order of `inputs`, returns {name: tensor}.
          *inputs: names that `zoo.inputs` knows.
        """
        given = self.inputs(inputs)

        def checked(*tensors):
            in_range = [
                check
                for known, tensor in zip(given, tensors, strict=True)
                for check in _in_range(known, tensor)
            ]
            with tf.control_dependencies(in_range):
                return function(*[tf.identity(tensor) for tensor in tensors])

        specs = [tf.TensorSpec([None, *known.shape], known.dtype, known.name) for known in given]
        return tf.function(checked, specs, autograph=False)

    def inputs(self, names) -> list[Input]:
        """Returns the inputs of a signature by their names."""
        return make_inputs(names, self.spec, self.config.get("latent_dim", 0), self.num_clusters)


def _in_range(given, tensor):
    """Operations that fail in a graph where a value of an input is out of range, or NaN."""
    message, checks = f"{given.name} is expected in {given.range()}", []
    if given.low is not None:
        low = tf.constant(given.low, given.dtype)
        checks.append(tf.debugging.assert_greater_equal(tensor, low, message))
    if given.high is not None:
        high = tf.constant(given.high, given.dtype)
        checks.append(tf.debugging.assert_less_equal(tensor, high, message))
    return checks
