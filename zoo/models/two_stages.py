"""Models that are made of another one, which was trained before and is frozen."""

from zoo.errors import UserError
from zoo.models.base import GenerativeModel
from zoo.models.capabilities import Config
from zoo.models.stages import Stage


class TwoStages(GenerativeModel):
    """Made of a trained model, `first`, whose field, loading and checks `stage` describes."""

    stage: Stage

    @property
    def first(self) -> GenerativeModel:
        """The first stage."""
        raise NotImplementedError

    @classmethod
    def frozen(cls, config: Config, first: GenerativeModel | None) -> GenerativeModel:
        """Returns the first stage, which learns no more.

        Raises:
          UserError: if there is none.
        """
        name = cls.stage.name
        if first is None:
            raise UserError(
                f"{name}={config[name]!r} is an export, which has to be loaded first: make the "
                f"model with zoo.create({config.model!r}, spec, {name}={config[name]!r})."
            )
        first.trainable = False
        return first

    def load_first_stage(self, trained):
        for mine, its in zip(self.first.variables, trained.variables, strict=True):
            mine.assign(its)

    def check_can_fit(self, split):
        super().check_can_fit(split)
        if self.first.is_new and self.first.steps_taken() == 0:
            name, model = self.stage.name, self.config.model
            raise UserError(
                f"{self.stage.title} of this {model!r} is untrained: name an exported "
                f"{self.stage.kind}, as in zoo.create({model!r}, spec, "
                f"{name}={self.stage.example!r}), or train both with scripts/train.py."
            )

    def get_config(self):
        return {**super().get_config(), "parts": {self.stage.name: self.first.get_config()}}

    @classmethod
    def config_problems(cls, config):
        yield from super().config_problems(config)
        yield from cls.stage.problems(config)
