"""The first stage of a model that is made of another one, which was trained before.

The field that is named after the stage has the path of an export, or the name of an entry to train
first; `zoo.runs.first_stage` loads or trains it.
"""

import dataclasses
from collections.abc import Iterator, Mapping

import ml_collections

from zoo import configs
from zoo.configs.spec import Spec
from zoo.errors import UserError, near_miss
from zoo.models.capabilities import Config

# Fields that the first stage shares with the model if it is trained with it.
SHARED = (
    "dataset",
    "image_size",
    "channels",
    "fit",
    "background",
    "label_column",
    "validation_fraction",
    "seed",
)


@dataclasses.dataclass(frozen=True)
class Stage:
    """The first stage of a model: what it is, and the config of one that is trained with it.

    Attributes:
      name: of the config's field, of the constructor's argument and of the folder in a workdir.
      title: what messages call it.
      kind: a description of the exports that fit.
      families: {name: class} of the models that fit.
      example: path of an export that fits.
    """

    name: str
    title: str
    kind: str
    families: Mapping[str, type]
    example: str

    @property
    def fields_name(self) -> str:
        """Name of the field with settings for a first stage that is trained with the model."""
        return f"{self.name}_fields"

    def entries(self) -> list[str]:
        """Returns the names of the models that fit."""
        return [name for name in configs.entries() if configs.get(name).family in self.families]

    def make_config(
        self, config: Config, spec: Spec, rows: int = 0
    ) -> ml_collections.ConfigDict | None:
        """Returns the config of the model to train first; None if the field is an export.

        Args:
          config: of the model that is made of it.
          spec: of the data.
          rows: number of training rows, if it is known.
        """
        entry = config[self.name]
        if entry not in configs.entries():
            return None
        first = configs.get(entry, **{field: config[field] for field in SHARED})
        fields = configs.parse_fields(first, config[self.fields_name])
        whole = configs.get(entry, **{**first, **fields})
        return configs.adapt(whole, spec.shape, fields, rows)[0]

    def describe_wrong(self, value: str) -> str:
        """Returns the sentence for a field with neither an export nor an entry that fits."""
        return (
            f"{self.name}={value!r} is neither a folder nor a model that can be {self.title}."
            f"{near_miss(value, self.entries())} Give the path of an exported {self.kind}, or one "
            f"of {', '.join(self.entries())} to train it first."
        )

    def problems(self, config: Config) -> Iterator[str]:
        """Yields what is wrong with the two fields of a config."""
        value, fields = config[self.name], config[self.fields_name]
        if value in self.entries():
            yield from self._fields_problems(config)
        elif value in configs.entries():
            yield self.describe_wrong(value)
        elif fields:
            yield (
                f"{self.fields_name}={fields!r} is for training {self.title} first, but "
                f"{self.name}={value!r} names no model: leave it out."
            )

    def _fields_problems(self, config):
        """Yields what is wrong with the fields of a first stage that is trained with the model."""
        given = f"{self.fields_name}={config[self.fields_name]!r}"
        try:
            entry = config[self.name]
            fields = configs.parse_fields(configs.get(entry), config[self.fields_name])
            if both := sorted(fields.keys() & {"model", "family", *SHARED}):
                yield (
                    f"{self.fields_name} has {', '.join(both)}, which {self.title} shares with "
                    f"{config.model!r}."
                )
                return
            first = configs.get(entry, **fields)
            problems = [*configs.out_of_range(first).values()]
            problems = problems or [*self.families[first.family].config_problems(first)]
            for problem in problems:
                yield f"{given}: {problem}"
        except UserError as error:
            yield f"{given}: {error}"
