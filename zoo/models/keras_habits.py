"""What Keras' own `fit`, `evaluate`, `predict`, `save` and `load_model` ask of a model."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo import data, seeds
from zoo.errors import UserError


class KerasHabits(keras.Model):
    """Takes data as people give them to Keras, and is saved and loaded as Keras models are.

    Batches may be {"x", "y"}, (x, y) or x alone; images bytes or floats in [0, 1], with or without
    an axis for one channel. A subclass has `config` and `spec`, `take_step` and `loss_terms`.
    """

    # Whether `call` takes the labels of rows beside them.
    answers_with_label = False

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable("zoo")(cls)

    def call(self, x, y=None, training=False):
        """Returns the model's answer to rows x, if there is one that goes without saying."""
        raise UserError(
            f"Model {self.config.model!r} has no single answer to rows: call "
            f"{', '.join(f'model.{name}' for name in self.signatures())}."
        )

    def fit(self, x=None, y=None, *args, validation_data=None, **kwargs):
        """Keras' `fit`; arrays are checked before the first step.

        A new model of rows of numbers starts from the arrays, as it does in `scripts/train.py`: EM
        from some of the rows, their standardization from mean and deviation.
        """
        x, y, split = self._checked(x, y)
        if split and not self.of_images and self.steps_taken() == 0:
            self.start_from(split)
        if isinstance(x, tf.data.Dataset):
            kwargs.setdefault("shuffle", False)  # or Keras warns that it leaves the order alone
        if isinstance(validation_data, tuple):
            validation_data = self._checked(*validation_data)[:2]
        return super().fit(x, y, *args, validation_data=validation_data, **kwargs)

    def evaluate(self, x=None, y=None, *args, **kwargs):
        """Keras' `evaluate`; arrays are checked before."""
        return super().evaluate(*self._checked(x, y)[:2], *args, **kwargs)

    def train_step(self, data):
        """Keras' hook for `fit`; the zoo's own loop calls `take_step`."""
        batch = self.to_batch(data, self.step)
        return self._mean_so_far(self.take_step(batch), tf.shape(batch["x"])[0])

    def test_step(self, data):
        """Keras' hook for `evaluate` and `validation_data`."""
        batch = self.to_batch(data)
        seed = seeds.stream(self.config.seed, seeds.Stream.EVALUATION)
        terms = self.loss_terms(batch, seed, training=False)
        means = {name: tf.reduce_mean(term) for name, term in terms.items()}
        return self._mean_so_far(means, tf.shape(batch["x"])[0])

    def predict_step(self, data):
        """Keras' hook for `predict`: the answers of `call`."""
        batch = self.to_batch(data, labels=self.answers_with_label)
        return self(batch["x"], batch["y"]) if self.answers_with_label else self(batch["x"])

    def to_batch(
        self, given: Any, step: tf.Tensor | int = 0, labels: bool | None = None
    ) -> dict[str, tf.Tensor]:
        """Returns {"x": float [B, ...], "y": int32 [B]} of what Keras hands to a step.

        Args:
          given: a dict or a tuple of one of the kinds above.
          step: of which the noise is that bytes get where `config.pixels` asks for it.
          labels: whether they are needed; as for training if None.

        Raises:
          UserError: for rows of another shape, or labels that are missing.
        """
        x, y, _ = keras.utils.unpack_x_y_sample_weight(given)
        if isinstance(x, dict):
            x, y = x.get("x"), x.get("y")
        elif isinstance(x, tuple | list):
            x, y = x
        if x is None:
            raise UserError('Batches are expected as {"x", "y"}, (x, y) or x alone.')
        x, shape = tf.convert_to_tensor(x), self.spec.shape
        if self.of_images and x.shape.rank == len(shape) and shape[-1] == 1:
            x = x[..., None]
        if x.shape.rank is not None and not x.shape[1:].is_compatible_with(shape):
            raise UserError(
                f"Model {self.config.model!r} takes rows of shape {list(shape)}, given are rows of "
                f"shape {x.shape[1:].as_list()}."
            )
        if y is None and (self.needs_labels if labels is None else labels):
            raise UserError(f"Model {self.config.model!r} needs labels: give (x, y).")
        y = tf.zeros(tf.shape(x)[0], tf.int32) if y is None else tf.cast(y, tf.int32)
        if self.of_images and x.dtype != tf.uint8:
            x = tf.cast(x, tf.float32)
        noise = seeds.stream(self.config.seed, seeds.Stream.PIXELS, step, seeds.replica_id())
        return {**data.to_float({"x": x}, self.config.pixels, noise), "y": tf.reshape(y, [-1])}

    def _checked(self, x, y):
        """The given arrays, if they can be learned from, and as a split.

        Datasets pass, without a split.
        """
        if isinstance(x, tuple) and len(x) == 2 and y is None:
            x, y = x
        if isinstance(x, dict) and y is None:
            x, y = x.get("x"), x.get("y")
        if not isinstance(x, np.ndarray | list):
            return x, y, None
        x = np.asarray(x)
        as_images = x[..., None] if self.of_images and x.ndim == len(self.spec.shape) else x
        split = data.InMemory(as_images, y)
        given = data.Dataset("given", self.spec, split, split, split)
        given.check_labels(self.needs_labels and not self.learns_from_unlabelled)
        if not self.takes_float64:
            given.check_float32()
        return x, None if y is None else split.y, split

    def _mean_so_far(self, terms, rows):
        for name, term in terms.items():
            self.term_means[name].update_state(term, sample_weight=tf.cast(rows, tf.float32))
        return {name: self.term_means[name].result() for name in terms}

    # --- Saving -------------------------------------------------------------------------------

    def get_config(self):
        """Returns what `from_config` makes a model of: entry, fields, shape and labels."""
        return {"config": self.config.to_dict(), **self.spec.to_fields()}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Returns a new model; Keras' `load_model` then gives it its weights."""
        from zoo import models  # which knows all classes, this one among them

        return models.from_description(config)

    def get_compile_config(self):
        return {"from": "config"} if self.compiled else None

    def compile_from_config(self, config):
        del config  # the optimizers are those of the model's own config
        self.compile_for_run(total_steps=None)
