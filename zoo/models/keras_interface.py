"""Keras' own `fit`, `evaluate`, `predict`, `save` and `load_model` for the zoo's models."""

from typing import Any

import keras
import tensorflow as tf

from zoo import data, seeds
from zoo.errors import UserError
from zoo.models import given_data, keras_state


class KerasInterface(keras.Model):
    """Takes data in all of Keras' forms, and is saved and loaded like any Keras model.

    Batches may be {"x", "y"}, (x, y) or x alone; images bytes or floats in [0, 1], with or without
    an axis for one channel. A subclass has `config`, `spec`, `rules`, `take_step` and `loss_terms`.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable("zoo")(cls)

    def call(self, x, y=None, training=False):
        """Returns the model's answer to rows x, if there is an obvious one."""
        raise UserError(
            f"Model {self.config.model!r} has no single answer to rows: call "
            f"{', '.join(f'model.{name}' for name in self.signatures())}."
        )

    def compile(self, *args, **kwargs):
        """Keras' `compile`; optimizers given by name compute in float32."""
        with keras_state.settings(floatx="float32"):
            super().compile(*args, **kwargs)

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        **kwargs,
    ):
        """Keras' `fit`, with data in any of Keras' forms, all of which are checked.

        Images are bytes or floats in [0, 1]. A new model is initialised from the rows, as it is in
        `scripts/train.py`; of a dataset that is read in batches, from its first 10,000. Schedules
        that need to know the end of the run, and the choice of the best weights, are part of
        `scripts/train.py` only.

        Raises:
          UserError: for data that the model cannot learn from, and for weights of rows or classes.
        """
        _refuse_weights(kwargs)
        x, y, split = self._checked(x, y)
        if self._is_untrained():
            self.check_can_fit(split)
            if split:
                self.initialize_from_data(split)
        if split:
            callbacks = [_Epochs(self, split, epochs), *_as_list(callbacks)]
        if not given_data.is_array(x):
            kwargs.setdefault("shuffle", False)  # or Keras warns that it does not shuffle
        if validation_data is not None:
            validation_data = self._checked_validation(validation_data)
        with given_data.sentences():
            return super().fit(
                x,
                y,
                batch_size,
                epochs,
                verbose,
                callbacks,
                validation_split,
                validation_data,
                **kwargs,
            )

    def evaluate(self, x=None, y=None, *args, **kwargs):
        """Keras' `evaluate`, with the checks of `fit`.

        Terms of labels are means over the rows that have one; NaN if none has.
        """
        _refuse_weights(kwargs)
        x, y, _ = self._checked(x, y, first_rows=False)
        with given_data.sentences():
            return super().evaluate(x, y, *args, **kwargs)

    def predict(self, x, *args, **kwargs):
        """Keras' `predict`, with the checks of `fit`: the answers of `call`, without noise."""
        x, y, _ = self._checked(x, None, first_rows=False, labels=self.rules.call_takes_labels)
        if y is not None:
            x = {"x": x, "y": y}
        with given_data.sentences():
            return super().predict(x, *args, **kwargs)

    def train_on_batch(self, x, y=None, **kwargs):
        """Keras' `train_on_batch`, with the checks of `fit`."""
        _refuse_weights(kwargs)
        x, y, split = self._checked(x, y)
        if self._is_untrained():
            self.check_can_fit(split)
        return super().train_on_batch(x, y, **kwargs)

    def test_on_batch(self, x, y=None, **kwargs):
        """Keras' `test_on_batch`, with the checks of `fit`."""
        _refuse_weights(kwargs)
        return super().test_on_batch(*self._checked(x, y)[:2], **kwargs)

    def predict_on_batch(self, x):
        """Keras' `predict_on_batch`, with the checks of `fit`."""
        x, y, _ = self._checked(x, None, labels=self.rules.call_takes_labels)
        return super().predict_on_batch(x if y is None else {"x": x, "y": y})

    def check_can_fit(self, split: data.InMemory | None) -> None:
        """Raises a UserError if `fit` cannot train this new model.

        Args:
          split: the rows that the model can be initialised from; None if they can be read only
            once.
        """
        if split is None and (self.rules.needs_initial_data or not self.of_images):
            raise UserError(
                f"A new {self.config.model!r} is initialised from its training rows, and these can "
                "be read only once: give arrays or a tf.data.Dataset, or call "
                "model.initialize_from_data(zoo.data.InMemory(x, y)) before."
            )

    def _is_untrained(self):
        return self.is_new and self.steps_taken() == 0

    def train_step(self, data):
        """Keras' hook for `fit`; the zoo's own loop calls `take_step`."""
        batch = self.to_batch(data, self.step)
        return self._mean_so_far(self.take_step(batch), tf.shape(batch["x"])[0])

    def test_step(self, data):
        """Keras' hook for `evaluate` and `validation_data`."""
        batch = self.to_batch(data)
        seed = seeds.stream(self.config.seed, seeds.Stream.EVALUATION)
        known = tf.cast(batch["y"] >= 0, tf.float32)
        terms = self.loss_terms(batch, seed, training=False)
        for name, term in terms.items():
            weight = known if name in self.rules.label_terms else tf.ones_like(term)
            self.term_means[name].update_state(term, sample_weight=weight)
        return {name: self.term_means[name].result() for name in terms}

    def predict_step(self, data):
        """Keras' hook for `predict`: the answers of `call`."""
        batch = self.to_batch(data, labels=self.rules.call_takes_labels, noise=False)
        return self(batch["x"], batch["y"]) if self.rules.call_takes_labels else self(batch["x"])

    def to_batch(
        self,
        given: Any,
        step: tf.Tensor | int = 0,
        labels: bool | None = None,
        noise: bool = True,
    ) -> dict[str, tf.Tensor]:
        """Returns {"x": float [B, ...], "y": int32 [B]} from what Keras passes to a step.

        Args:
          given: a batch in one of the forms above.
          step: seeds the noise of `config.pixels`.
          labels: whether labels are needed; as in training if None.
          noise: whether to add that noise; else images are scaled to [0, 1].

        Raises:
          UserError: for rows of another shape, or labels that are missing or of another type.
        """
        x, y = given_data.take_apart(given)
        x, shape = tf.convert_to_tensor(x), self.spec.shape
        if self.of_images and x.shape.rank == len(shape) and shape[-1] == 1:
            x = x[..., None]
        if x.shape.rank is not None and not x.shape[1:].is_compatible_with(shape):
            raise UserError(
                f"Model {self.config.model!r} takes rows of shape {list(shape)}, given are rows of "
                f"shape {x.shape[1:].as_list()}."
            )
        x = tf.ensure_shape(x, [None, *shape])
        if y is None and (self.rules.needs_labels if labels is None else labels):
            raise UserError(f"Model {self.config.model!r} needs labels: give (x, y).")
        if y is None:
            y = tf.fill(tf.shape(x)[:1], -1 if self.rules.learns_from_unlabelled else 0)
        y = tf.convert_to_tensor(y)
        if not (y.dtype.is_integer or y.dtype.is_floating):
            raise UserError(f"Labels must be whole numbers from 0, got {y.dtype.name}.")
        if y.shape.rank not in (None, 1) and y.shape[1:].num_elements() != 1:
            raise UserError(
                f"Labels must have shape [B], one per row, got {y.shape.as_list()}: "
                "np.argmax(y, 1) makes them of one-hot rows."
            )
        if self.of_images:
            seed = seeds.stream(self.config.seed, seeds.Stream.PIXELS, step, seeds.replica_id())
            x = data.to_pixels(x, self.config.pixels if noise else "scaled", seed)
        return {"x": x, "y": tf.reshape(tf.cast(y, tf.int32), [-1])}

    def _needs(self, labels=None):
        return given_data.Needs(
            self.spec,
            self.config.model,
            self.rules.needs_labels if labels is None else labels,
            self.rules.learns_from_unlabelled,
            self.rules.takes_float64,
        )

    def _checked(self, x, y, first_rows=True, labels=None):
        """Returns x and y for Keras, and the rows to initialise a new model from, or None."""
        needs = self._needs(labels)
        if y is not None or isinstance(x, tuple | dict):
            x, y = given_data.take_apart(x, y)
        if given_data.is_array(x):
            split = given_data.check_arrays(x, y, needs)
            return split.x, None if y is None else split.y, split
        new = first_rows and self._is_untrained()
        if isinstance(x, tf.data.Dataset):
            split = given_data.first_rows(x, needs) if new else None
            return given_data.check_dataset(x, needs), y, split
        if isinstance(x, keras.utils.PyDataset):
            split = given_data.first_rows(x, needs) if new else None
            return given_data.CheckedPyDataset(x, needs), y, split
        if given_data.is_generator(x):
            return given_data.check_batches(x, needs), y, None
        return x, y, None

    def _checked_validation(self, given):
        if isinstance(given, tuple | dict) or given_data.is_array(given):
            x, y, _ = self._checked(*given_data.take_apart(given), first_rows=False)
            return x if y is None else (x, y)
        return self._checked(given, None, first_rows=False)[0]

    def _mean_so_far(self, terms, rows):
        for name, term in terms.items():
            self.term_means[name].update_state(term, sample_weight=tf.cast(rows, tf.float32))
        return {name: self.term_means[name].result() for name in terms}

    # --- Saving -------------------------------------------------------------------------------

    def get_config(self):
        """Returns all that `from_config` needs: config, shape and labels."""
        return {"config": self.config.to_dict(), **self.spec.to_fields()}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Returns a new model; Keras' `load_model` then gives it its weights."""
        from zoo import models  # which imports this module

        return models.from_description(config)

    def get_compile_config(self):
        return {"from": "config"} if self.compiled else None

    def compile_from_config(self, config):
        del config  # the optimizers are those of the model's own config
        self.compile_for_run(total_steps=None)


class MeanOrNan(keras.metrics.Mean):
    """A mean that is NaN, rather than 0, if no row was counted."""

    def result(self):
        return tf.where(self.count > 0, super().result(), float("nan"))


class _Epochs(keras.callbacks.Callback):
    """Calls the model's hook between the epochs of a run."""

    def __init__(self, model, split, epochs):
        super().__init__()
        self._zoo_model, self._split, self._epochs = model, split, epochs

    def on_epoch_begin(self, epoch, logs=None):
        self._zoo_model.start_epoch(epoch, self._epochs, self._split)


def _as_list(callbacks):
    """Returns callbacks in any of Keras' forms (none, one, several, a CallbackList) as a list."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks.callbacks
    return keras.tree.flatten(callbacks) if callbacks else []


def _refuse_weights(kwargs):
    given = [name for name in ("sample_weight", "class_weight") if kwargs.get(name) is not None]
    if given:
        raise UserError(
            f"{' and '.join(given)}: the zoo's models do not use weights of rows or classes. "
            "Repeat rows that are to count more; --model=gmm takes weights as "
            "zoo.data.InMemory(x, weight=w)."
        )
