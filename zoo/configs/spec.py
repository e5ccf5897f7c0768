"""What a model must know of its data. No TensorFlow."""

from typing import NamedTuple

from zoo.errors import UserError, near_miss


class Spec(NamedTuple):
    """What a model must know of its data.

    Attributes:
      shape: of one x.
      num_classes: number of labels, 0 if there are none.
      class_names: of the labels in their order; none if the set has no names.
    """

    shape: tuple[int, ...]
    num_classes: int
    class_names: tuple[str, ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The class names, or the numbers of the labels if the dataset has no names."""
        return self.class_names or tuple(str(label) for label in range(self.num_classes))

    @classmethod
    def from_fields(cls, fields: dict) -> "Spec":
        """Returns the spec that a config.json holds; files of earlier versions have no names."""
        names = tuple(fields.get("class_names", ()))
        return cls(tuple(fields["shape"]), fields["num_classes"], names)

    def to_fields(self) -> dict:
        """Returns the spec as JSON has it."""
        return {**self._asdict(), "shape": list(self.shape), "class_names": list(self.class_names)}

    def label(self, given: int | str) -> int:
        """Returns the number of a class that is given by its number or its name.

        Raises:
          UserError: for a name that no class has, or a number out of range.
        """
        if given in self.class_names:
            return self.class_names.index(given)
        try:
            number = int(given)
        except ValueError as error:
            known = f" Known: {', '.join(self.class_names)}." if self.class_names else ""
            raise UserError(
                f"A label is a whole number or the name of a class, given: {given!r}."
                f"{near_miss(str(given), self.class_names)}{known}"
            ) from error
        if not 0 <= number < self.num_classes:
            raise UserError(f"Label {given} is out of range: expected 0 .. {self.num_classes - 1}.")
        return number
