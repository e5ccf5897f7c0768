"""What every model of the zoo is: a Keras model with a loss per example and signatures to serve."""

from collections.abc import Iterator

import keras
import ml_collections
import tensorflow as tf

from zoo import seeds
from zoo.configs.spec import Spec
from zoo.data import Split
from zoo.exports import signature_inputs
from zoo.exports.signature_inputs import Input, Sizes
from zoo.models import optimizers
from zoo.models.capabilities import Batch, Capability, Config, Rules
from zoo.models.keras_interface import KerasInterface, MeanOrNan
from zoo.models.stages import Stage


class GenerativeModel(KerasInterface):
    """A Keras model whose parts are tfp distributions.

    A subclass builds its networks in `__init__` and defines `loss_terms`. Where learning is not a
    gradient step on one loss (two players, EM), it defines its own `compile_for_run` and `learn`.
    Symbols are the papers': x data, y label, z latent. All terms are in nats per example.

    Attributes:
      config: the model's config.
      spec: shape of x and number of labels.
      step: int32 [], the number of training steps taken; the noise of each is folded from it.
      conditional: whether `sample` takes labels.
      rules: fixed facts about the class.
      group_size: the rows of a replica's batch must be a multiple of this.
      annealing_steps: first steps of a run, in which the loss is still changing; patience starts
        after them.
      convolutional: whether most time goes to convolutions, which XLA slows down on a CPU.
      stage: the first stage of a model that is made of another one, else None.
      unsteady_signatures: names of those whose answers the last bit of a product may change
        entirely, so that other machines give other answers.
    """

    conditional = False
    rules = Rules()
    group_size = 1
    annealing_steps = 0
    convolutional = False
    stage: Stage | None = None
    unsteady_signatures: frozenset[str] = frozenset()

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
    def config_problems(cls, config: Config) -> Iterator[str]:
        """Yields a sentence with a remedy for each incompatible setting of a config."""
        if config.patience and not cls.rules.keeps_best:
            yield (
                f"patience={config.patience} is not for {config.model!r}, whose last weights are "
                "kept: choose --config.patience=0."
            )
        if config.precision not in cls.rules.precisions:
            yield (
                f"precision={config.precision!r} is not for model {config.model!r}: choose "
                f"--config.precision={' or '.join(cls.rules.precisions)}."
            )

    @classmethod
    def data_problems(cls, config: Config, spec: Spec) -> Iterator[str]:
        """Yields a sentence with a remedy for each thing that the data lack."""
        if len(spec.shape) != 3 and not cls.rules.takes_vectors:
            yield (
                f"{config.model!r} takes images [H, W, C], this data set has rows of shape "
                f"{list(spec.shape)}: choose --model=gmm, or a set of images."
            )
        if len(spec.shape) == 3 and config.get("standardize"):
            yield "--config.standardize=True is for rows of numbers, not for images: leave it out."
        if cls.rules.needs_labels and spec.num_classes < 2:
            yield (
                f"Model {config.model!r} needs labels; dataset {config.dataset!r} names "
                f"{spec.num_classes} classes. A folder needs one subfolder per class."
            )

    def loss_terms(
        self, batch: Batch, seed: tf.Tensor, training: bool = False
    ) -> dict[str, tf.Tensor]:
        """Returns {"loss": [B], ...}, the loss of each example and its parts.

        Models of two players have a loss for each of them, and no "loss".

        Args:
          batch: {"x": float32 [B, ...], "y": int32 [B]}.
          seed: int32 [2]; determines all noise.
          training: whether to apply what belongs to training alone, such as augmentation.
        """
        raise NotImplementedError

    def signatures(self) -> dict[str, tf.types.experimental.PolymorphicFunction]:
        """Returns the functions to export by name; see `signature`."""
        raise NotImplementedError

    def make_weights(self, batch: Batch) -> None:
        """Builds the layers by running them once on a batch."""
        terms = self.loss_terms(batch, seeds.root(0))
        # What Keras' fit and evaluate show: means over all examples so far.
        names = (*terms, *self.rules.diagnostics)
        self.term_means = {
            name: (MeanOrNan if name in self.rules.label_terms else keras.metrics.Mean)(name)
            for name in names
        }
        self.built = True

    @property
    def terms_shown(self) -> list[str]:
        """Names of the terms that the progress bar shows."""
        return list(self.term_means)

    def steps_taken(self) -> int:
        """Returns `step` as a Python number, under any strategy."""
        return int(tf.convert_to_tensor(self.step.value))

    def compiled_method(self, name: str):
        """Returns a method as a tf.function, the same one at each call."""
        # Past Keras' attribute tracking, which would look for weights in it.
        graphs = self.__dict__.setdefault("_graphs", {})
        if name not in graphs:
            graphs[name] = tf.function(getattr(self, name), reduce_retracing=True, autograph=False)
        return graphs[name]

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the model can do."""
        return frozenset({Capability.LABELLED_SAMPLES} if self.conditional else ())

    @property
    def of_images(self) -> bool:
        """Whether x is an image [H, W, C] rather than a vector."""
        return len(self.spec.shape) == 3

    def one_hot(self, y: tf.Tensor | None) -> tf.Tensor | None:
        """Returns labels y [B] as vectors [B, K]; None for None."""
        return None if y is None else tf.one_hot(y, self.spec.num_classes)

    @property
    def sizes(self) -> Sizes:
        """Sizes of the inputs of signatures."""
        return Sizes(
            self.config.get("latent_dim", 0), self.num_clusters, self.config.get("levels", 0)
        )

    @property
    def num_clusters(self) -> int:
        """Number of clusters, of a model that has any."""
        return self.config.get("prior_components", 0)

    # --- Learning ---------------------------------------------------------------------------

    def load_first_stage(self, trained: "GenerativeModel") -> None:
        """Takes over the weights of its first stage.

        Called once, before `initialize_from_data`.
        """

    def rows_to_learn(self, split: Split) -> Split:
        """Returns the training rows as the steps of a run see them."""
        return split

    def initialize_from_data(self, split: Split) -> None:
        """Initialises a new model from its training rows, before the first step."""
        del split
        self.is_new = False

    def start_from(self, split: Split) -> None:
        """Former name of `initialize_from_data`, until version 0.4."""
        self.initialize_from_data(split)

    def start_epoch(self, epoch: int, epochs: int, split: Split) -> None:
        """Called before the first step of each epoch.

        Must be deterministic given the weights: a resumed run calls it again.

        Args:
          epoch: number of the epoch, from 0.
          epochs: number of epochs of the run.
          split: the training rows.
        """

    def compile_for_run(self, total_steps: int | None) -> None:
        """Compiles the model with the optimizers of its config.

        Args:
          total_steps: length of the run; None for a run without end, at the highest rate.
        """
        self.compile(optimizer=optimizers.adam(self.config, total_steps))
        self.optimizer.build(self.trainable_variables)

    def averaged_variables(self) -> list[keras.Variable]:
        """Returns the variables whose moving averages evaluation and export use."""
        return self.trainable_variables

    def optimizers(self) -> dict[str, keras.Optimizer]:
        """Returns the optimizers by the names that checkpoints have for them."""
        return {"optimizer": self.optimizer}

    def take_step(self, batch: Batch) -> dict[str, tf.Tensor]:
        """Takes one step on one replica's batch; returns the terms of that step."""
        seed = seeds.stream(self.config.seed, seeds.Stream.MODEL, self.step, seeds.replica_id())
        terms = self.learn(batch, seed)
        self.step.assign_add(1)
        return terms

    def learn(self, batch: Batch, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Changes the weights by one step on this replica's batch.

        Returns the means of that step, named as in `loss_terms` and `rules.diagnostics`.
        """
        with tf.GradientTape() as tape:
            terms = self.loss_terms(batch, seed, training=True)
            means = {name: tf.reduce_mean(term) for name, term in terms.items()}
        variables = self.trainable_variables
        optimizers.descend(means["loss"], tape, self.optimizer, variables, self.config.clip_norm)
        return means

    def end_epoch(self) -> None:
        """Called after each pass over the data, within the strategy; EM's M-step, for example."""

    def converged(self) -> bool:
        """Whether further passes would change nothing that matters; asked after each pass."""
        return False

    def warning(self, terms: dict[str, float], split: str) -> str | None:
        """Returns a warning about the pass that has ended, if there is reason for one.

        Args:
          terms: means over the last steps, or over the validation split.
          split: "train" or "validation".
        """

    # --- Serving ----------------------------------------------------------------------------

    def served_variables(self) -> list[keras.Variable]:
        """Returns the variables that an export holds."""
        return self.variables

    def signature(self, function, *inputs: str, output: str = ""):
        """Returns `function` as a tf.function of the named inputs, all checked and row-wise.

        Args:
          function: takes tensors in the order of `inputs`; returns a tensor if `output` names it,
            else {name: tensor}.
          *inputs: names that `signature_inputs` knows.
          output: name of a single output.
        """
        known_inputs = self.inputs(inputs)

        def checked(*tensors):
            in_range = [
                check
                for known, tensor in zip(known_inputs, tensors, strict=True)
                for check in _in_range(known, tensor)
            ]
            # The function is outside: each of its constants would be listed as waiting, too.
            with tf.control_dependencies(in_range):
                given = [tf.identity(tensor) for tensor in tensors]
            outputs = function(*given)
            return {output: outputs} if output else outputs

        specs = [
            tf.TensorSpec([None, *known.shape], known.dtype, known.name) for known in known_inputs
        ]
        return tf.function(checked, specs, autograph=False)

    def inputs(self, names) -> list[Input]:
        """Returns the inputs of a signature by their names."""
        return signature_inputs.build(names, self.spec, self.sizes)


def _in_range(known, tensor):
    """Returns operations that fail in a graph if a value of an input is out of range, or NaN."""
    message, checks = f"{known.name} is expected in {known.range()}", []
    if known.low is not None:
        low = tf.constant(known.low, known.dtype)
        checks.append(tf.debugging.assert_greater_equal(tensor, low, message))
    if known.high is not None:
        high = tf.constant(known.high, known.dtype)
        checks.append(tf.debugging.assert_less_equal(tensor, high, message))
    return checks
